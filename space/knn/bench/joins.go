package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// least is the cosine at which pairs are looked for.
const least = 0.92

// Join is what a self-join took and found.
type Join struct {
	Least   float64 `json:"least"`
	Seconds float64 `json:"seconds"`
	Pairs   int     `json:"pairs"`
	Sampled int     `json:"sampled"` // items whose partners were looked for by all products
	Recall  float64 `json:"recall"`  // of their pairs
}

// WithinReport is what range queries took and found: "is this a copy of something here?"
type WithinReport struct {
	Least   float64 `json:"least"`
	Queries int     `json:"queries"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Recall  float64 `json:"recall"`
}

// copies of items are put in for the joins: one in copyEvery has one, at cosines from about .9 to 1.
const copyEvery = 20

// altered is a copy of a row: noise is added, of at most about half its length.
func altered(r *rand.Rand, row []float32) space.Vector {
	noise := 0.45 * r.Float64() / sqrt(float64(len(row)))
	out := slices.Clone(row)
	for i := range out {
		out[i] += float32(noise * r.NormFloat64())
	}
	v, err := space.Normalize(out)
	if err != nil {
		panic(err)
	}
	return v
}

// within measures range queries by altered copies of items.
func (m *meter) within(ctx context.Context) error {
	r := rand.New(rand.NewPCG(m.opts.Seed, 77))
	var times []time.Duration
	found, wanted := 0, 0
	for range 100 {
		q := altered(r, m.data.row(r.IntN(m.opts.N)))
		start := time.Now()
		got, err := m.index.Within(ctx, q, least, nil)
		times = append(times, time.Since(start))
		if err != nil {
			return err
		}
		want, err := m.exactWithin(ctx, q)
		if err != nil {
			return err
		}
		for _, id := range want {
			for _, n := range got {
				if n.ID == id {
					found++
				}
			}
		}
		wanted += len(want)
	}
	slices.Sort(times)
	m.report.Within = &WithinReport{least, len(times), ms(times[len(times)/2]), ms(times[len(times)-1]), float64(found) / float64(max(1, wanted))}
	return nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// exactWithin are the ids of all items at or above least, of up to 500, by all products.
func (m *meter) exactWithin(ctx context.Context, q space.Vector) ([]string, error) {
	nearest, err := m.index.Search(ctx, exactQuery(q, 500))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, n := range nearest {
		if n.Cosine >= least {
			ids = append(ids, n.ID)
		}
	}
	return ids, nil
}

// join measures the self-join, with altered copies of every twentieth item put in.
func (m *meter) join(ctx context.Context) error {
	if !m.opts.Join {
		return nil
	}
	r := rand.New(rand.NewPCG(m.opts.Seed, 78))
	copies := map[string]space.Vector{}
	for i := 0; i < m.opts.N; i += copyEvery {
		v := altered(r, m.data.row(i))
		if _, err := m.index.Add("copy-"+rowID(i), v.Components()); err != nil {
			return err
		}
		if len(copies) < 200 {
			copies["copy-"+rowID(i)] = v
		}
	}
	report := Join{Least: least, Sampled: len(copies)}
	partners := map[string]map[string]bool{}
	start := time.Now()
	err := m.index.SelfJoin(ctx, least, nil, func(a, b string, _ float64) error {
		report.Pairs++
		for _, p := range [][2]string{{a, b}, {b, a}} {
			if _, sampled := copies[p[0]]; sampled {
				if partners[p[0]] == nil {
					partners[p[0]] = map[string]bool{}
				}
				partners[p[0]][p[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	report.Seconds = time.Since(start).Seconds()
	found, wanted := 0, 0
	for id, v := range copies {
		want, err := m.exactWithin(ctx, v)
		if err != nil {
			return err
		}
		for _, other := range want {
			if other == id {
				continue
			}
			wanted++
			if partners[id][other] {
				found++
			}
		}
	}
	report.Recall = float64(found) / float64(max(1, wanted))
	m.report.Join = &report
	for i := 0; i < m.opts.N; i += copyEvery {
		m.index.Remove("copy-" + rowID(i))
	}
	return nil
}

func exactQuery(q space.Vector, k int) knn.Query { return knn.Query{Vector: q, K: k, Exact: true} }

func sqrt(x float64) float64 { return math.Sqrt(x) }

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
	var times []time.Duration
	hits, wanted := 0, 0
	for i, q := range m.data.altered(m.opts.Seed) {
		start := time.Now()
		got, err := m.index.Within(ctx, q, least, nil)
		times = append(times, time.Since(start))
		if err != nil {
			return err
		}
		hits += found(got, m.truth.Within[i])
		wanted += len(m.truth.Within[i])
	}
	slices.Sort(times)
	m.report.Within = &WithinReport{least, len(times), ms(times[len(times)/2]), ms(times[len(times)-1]), float64(hits) / float64(max(1, wanted))}
	return nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// copyOf is the altered copy of the j-th row that has one.
func (d *data) copyOf(j int, seed uint64) space.Vector {
	return altered(rand.New(rand.NewPCG(seed^0x636f7079, uint64(j))), d.row(j*copyEvery))
}

func (d *data) copies() int { return (d.n + copyEvery - 1) / copyEvery }

func copyID(j int) string { return "copy-" + rowID(j*copyEvery) }

// sampledCopies is how many copies' partners are looked for by all products.
const sampledCopies = 200

// join measures the self-join, with altered copies of every twentieth item put in.
func (m *meter) join(ctx context.Context) error {
	if !m.opts.Join {
		return nil
	}
	for j := range m.data.copies() {
		if _, err := m.index.Add(copyID(j), m.data.copyOf(j, m.opts.Seed).Components()); err != nil {
			return err
		}
	}
	want, err := m.truePartners(ctx, min(sampledCopies, m.data.copies()))
	if err != nil {
		return err
	}
	report := Join{Least: least, Sampled: len(want)}
	hits, wanted := 0, 0
	start := time.Now()
	err = m.index.SelfJoin(ctx, least, nil, func(a, b string, _ float64) error {
		report.Pairs++
		if want[a][b] {
			hits++
		}
		if want[b][a] {
			hits++
		}
		return nil
	})
	if err != nil {
		return err
	}
	report.Seconds = time.Since(start).Seconds()
	for _, partners := range want {
		wanted += len(partners)
	}
	report.Recall = float64(hits) / float64(max(1, wanted))
	m.report.Join = &report
	for j := range m.data.copies() {
		m.index.Remove(copyID(j))
	}
	return nil
}

// truePartners are, by id, the partners of the first copies among items and copies, by all products.
func (m *meter) truePartners(ctx context.Context, n int) (map[string]map[string]bool, error) {
	d := m.data
	copies := make([]space.Vector, n)
	for j := range copies {
		copies[j] = d.copyOf(j, m.opts.Seed)
	}
	items, others := newRankings(copies, 0), newRankings(copies, 0)
	err := d.blocks(ctx, d.n, d.set.Image, func(block *knn.Flat, from int) error {
		return collectWithin(ctx, block, from, copies, items)
	})
	if err != nil {
		return nil, err
	}
	fill := func(j int, out []float32) { copy(out, d.copyOf(j, m.opts.Seed).Components()) }
	err = d.blocks(ctx, d.copies(), fill, func(block *knn.Flat, from int) error {
		return collectWithin(ctx, block, from, copies, others)
	})
	partners := map[string]map[string]bool{}
	for j := range copies {
		of := map[string]bool{}
		for _, row := range items[j].rows {
			of[rowID(int(row.number))] = true
		}
		for _, row := range others[j].rows {
			if int(row.number) != j {
				of[copyID(int(row.number))] = true
			}
		}
		partners[copyID(j)] = of
	}
	return partners, err
}

func sqrt(x float64) float64 { return math.Sqrt(x) }

package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// meter measures an index that is built.
type meter struct {
	index  *knn.Index
	data   *data
	opts   Options
	report *Report
	truth  *truth
}

func (m *meter) all(ctx context.Context) error {
	for _, kind := range kinds {
		if err := m.curves(ctx, kind); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{m.latencies, m.within, m.join} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

var kinds = []space.Kind{space.Image, space.Text}

// shares of the lists that are probed, and depths of the rerank, of the curves.
var (
	shares  = []float64{0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.25}
	reranks = []int{100, 200, 400, 800, 1600}
)

// curves measures each tier at many efforts, and at the one that calibration chose.
func (m *meter) curves(ctx context.Context, kind space.Kind) error {
	if m.index.Tier() == knn.TierExact {
		return m.point(ctx, Point{Index: "clipd exact", Kind: kind, Chosen: true}, nil)
	}
	// What is asked is remembered; then the effort is chosen as a collection would choose it. The other half of the
	// queries is measured, so that none is both.
	half := len(m.data.of(kind)) / 2
	for _, v := range m.data.of(kind)[:half] {
		if _, err := m.index.Search(ctx, knn.Query{Vector: v, K: k, Kind: kind}); err != nil {
			return err
		}
	}
	m.index.Settle()
	if err := m.index.Calibrate(ctx); err != nil {
		return err
	}
	chosen := m.index.Effort(kind)
	if kind == space.Text {
		m.report.Text = chosen
	} else {
		m.report.Image = chosen
	}
	if m.index.Tier() == knn.TierLists {
		for _, share := range shares {
			for _, rerank := range reranks {
				e := knn.Effort{Probes: int(math.Ceil(share * float64(m.index.Lists()))), Rerank: rerank}
				if err := m.point(ctx, Point{Index: "clipd lists", Kind: kind}, &e); err != nil {
					return err
				}
			}
		}
		if err := m.point(ctx, Point{Index: "clipd lists", Kind: kind, Chosen: true}, &chosen); err != nil {
			return err
		}
	}
	for _, rerank := range reranks {
		e := knn.Effort{Probes: m.index.Lists(), Rerank: rerank}
		if err := m.point(ctx, Point{Index: "clipd codes", Kind: kind}, &e); err != nil {
			return err
		}
	}
	return m.point(ctx, Point{Index: "clipd exact", Kind: kind}, nil)
}

// point measures recall and speed of one effort; without one, of exact search.
func (m *meter) point(ctx context.Context, p Point, effort *knn.Effort) error {
	p.Param = "all products"
	if effort != nil {
		p.Param = fmt.Sprintf("probes %d, rerank %d", effort.Probes, effort.Rerank)
	}
	queries, truth := m.data.of(p.Kind), m.truth.of(p.Kind)
	half := len(queries) / 2
	queries, truth = queries[half:], truth[half:]
	var asked, hits, wanted atomic.Int64
	start := time.Now()
	end := start.Add(time.Duration(m.opts.Seconds * float64(time.Second)))
	err := inParallel(math.MaxInt, m.opts.Callers, func(i int) error {
		if time.Now().After(end) && (effort == nil || i >= len(queries)) {
			return errEnough
		}
		q := knn.Query{Vector: queries[i%len(queries)], K: k, Kind: p.Kind, Exact: effort == nil}
		var answer []knn.Neighbour
		var err error
		if effort == nil {
			answer, err = m.index.Search(ctx, q)
		} else {
			answer, err = m.index.SearchWith(ctx, q, *effort)
		}
		asked.Add(1)
		if i < len(queries) {
			wanted.Add(int64(len(truth[i])))
			hits.Add(int64(found(answer, truth[i])))
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	p.QPS = float64(asked.Load()) / time.Since(start).Seconds()
	p.Recall = float64(hits.Load()) / float64(max(1, wanted.Load()))
	m.report.Points = append(m.report.Points, p)
	return nil
}

var errEnough = errors.New("enough")

// inParallel calls work for 0 … n-1 by some callers, until an error.
func inParallel(n, callers int, work func(i int) error) error {
	return inParallelBy(n, callers, func(_, i int) error { return work(i) })
}

// inParallelBy tells work which of the callers it is called by, too.
func inParallelBy(n, callers int, work func(caller, i int) error) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	errs := make([]error, callers)
	var failed atomic.Bool
	for c := range callers {
		wait.Go(func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[c] = work(c, i); errs[c] != nil {
					failed.Store(true)
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// latencies measures single searches: idle, while vectors come in, and with filters.
func (m *meter) latencies(ctx context.Context) error {
	of := func(kind space.Kind) func(int) knn.Query {
		queries := m.data.of(kind)
		return func(i int) knn.Query { return knn.Query{Vector: queries[i%len(queries)], K: k, Kind: kind} }
	}
	text := of(space.Text)
	for _, kind := range kinds {
		if err := m.latency(ctx, string(kind)+" queries, idle", of(kind)); err != nil {
			return err
		}
	}
	if err := m.whileVectorsComeIn(ctx, func() error { return m.latency(ctx, "text queries, 1,000 vectors/s come in", text) }); err != nil {
		return err
	}
	for i, step := range filterSteps {
		if err := m.filtered(ctx, step, text, m.truth.Filtered[i]); err != nil {
			return err
		}
	}
	return nil
}

// filtered measures searches with a filter that keeps one item in step.
func (m *meter) filtered(ctx context.Context, step int, query func(int) knn.Query, truth [][]uint32) error {
	allow := roaring.New()
	for i := 0; i < m.data.n; i += step {
		if slot, known := m.index.Slot(rowID(i)); known {
			allow.Add(slot)
		}
	}
	filtered := func(i int) knn.Query {
		q := query(i)
		q.Allow = allow
		return q
	}
	hits, wanted := 0, 0
	for i, want := range truth {
		got, err := m.index.Search(ctx, filtered(i))
		if err != nil {
			return err
		}
		hits += found(got, want)
		wanted += len(want)
	}
	what := fmt.Sprintf("text queries, a filter keeps %g %%, recall %.3f", 100/float64(step), float64(hits)/float64(max(1, wanted)))
	return m.latency(ctx, what, filtered)
}

func (m *meter) latency(ctx context.Context, what string, query func(i int) knn.Query) error {
	var times []time.Duration
	end := time.Now().Add(time.Duration(3 * m.opts.Seconds * float64(time.Second)))
	for i := 0; time.Now().Before(end); i++ {
		start := time.Now()
		if _, err := m.index.Search(ctx, query(i)); err != nil {
			return err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return times[int(share*float64(len(times)-1))].Seconds() * 1000
	}
	m.report.Latencies = append(m.report.Latencies, Latency{what, len(times), at(0.5), at(0.99)})
	return nil
}

// whileVectorsComeIn does work while 1,000 vectors a second are added; they are removed afterwards.
func (m *meter) whileVectorsComeIn(ctx context.Context, work func() error) error {
	stop, done := make(chan struct{}), make(chan error, 1)
	added := 0
	go func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				done <- nil
				return
			case <-ticker.C:
			}
			for range 10 {
				if _, err := m.index.Add(fmt.Sprintf("new-%08d", added), m.data.row(added%m.data.n)); err != nil {
					done <- err
					return
				}
				added++
			}
		}
	}()
	err := work()
	close(stop)
	err = errors.Join(err, <-done)
	for i := range added {
		m.index.Remove(fmt.Sprintf("new-%08d", i))
	}
	return errors.Join(err, ctx.Err())
}

package knn

import (
	"context"
	"math"
	"sync"

	"github.com/clipd/clipd/space"
)

// asked remembers recent queries of each kind: efforts are measured on them.
type asked struct {
	mu          sync.Mutex
	text, image ring
}

// ring holds the last queries of a kind.
type ring struct {
	vectors [calibrationQueries]space.Vector
	seen    int
	next    int // calibrate when so many were seen
}

const (
	// calibrationQueries is how many queries an effort is measured on.
	calibrationQueries = 256
	// fewestQueries is how many have to be there.
	fewestQueries = 32
	// calibrationK is the k of the recall that is held.
	calibrationK = 10
)

func (a *asked) of(kind space.Kind) *ring {
	if kind == space.Text {
		return &a.text
	}
	return &a.image
}

// note remembers a query, and says whether it is time to calibrate.
func (a *asked) note(q Query) bool {
	if q.Exact {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.of(q.Kind)
	r.vectors[r.seen%calibrationQueries] = q.Vector
	r.seen++
	if r.next == 0 {
		r.next = fewestQueries
	}
	return r.seen >= r.next
}

// queries are those remembered of a kind; none where they are too few. due says whether more than the last time.
func (a *asked) queries(kind space.Kind) (vectors []space.Vector, due bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.of(kind)
	due = r.next > 0 && r.seen >= r.next
	if r.seen >= fewestQueries {
		vectors = append(vectors, r.vectors[:min(r.seen, calibrationQueries)]...)
		for r.next > 0 && r.next <= r.seen {
			r.next *= 4
		}
	}
	return vectors, due
}

// flat are the components of the remembered queries, one behind another.
func (a *asked) flat(kind space.Kind) []float32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []float32
	r := a.of(kind)
	for _, v := range r.vectors[:min(r.seen, calibrationQueries)] {
		all = append(all, v.Components()...)
	}
	return all
}

// restore takes over queries that were remembered, the good ones of them.
func (a *asked) restore(kind space.Kind, dim int, components []float32) {
	r := a.of(kind)
	for ; len(components) >= dim && r.seen < calibrationQueries; components = components[dim:] {
		if v, err := space.FromUnit(append([]float32(nil), components[:dim]...)); err == nil {
			r.vectors[r.seen] = v
			r.seen++
		}
	}
	r.next = max(fewestQueries, 4*r.seen)
}

// calibrateIfNeeded measures the efforts of those kinds of which more queries were asked.
func (x *Index) calibrateIfNeeded(ctx context.Context) error {
	for _, kind := range []space.Kind{space.Text, space.Image} {
		if queries, due := x.asked.queries(kind); due {
			if err := x.calibrateKind(ctx, kind, queries); err != nil {
				return err
			}
		}
	}
	return nil
}

// Calibrate measures, now, on the queries asked of late, how hard searches must try to hold Options.Recall.
func (x *Index) Calibrate(ctx context.Context) error {
	if x.state.Load().coded == nil {
		return nil
	}
	return x.calibrate(ctx)
}

func (x *Index) calibrate(ctx context.Context) error {
	for _, kind := range []space.Kind{space.Text, space.Image} {
		queries, _ := x.asked.queries(kind)
		if err := x.calibrateKind(ctx, kind, queries); err != nil {
			return err
		}
	}
	return nil
}

// calibrateKind measures on queries; where there are none, image queries are drawn from the items, and text queries
// keep the default: nothing in an index tells how far from it they lie. Items stand in for queries that may lie less well:
// of their neighbours half as many may be missed.
func (x *Index) calibrateKind(ctx context.Context, kind space.Kind, queries []space.Vector) error {
	c, target := x.state.Load().coded, x.opts.Recall
	trials := trialsOf(queries)
	if len(trials) == 0 && kind == space.Image {
		trials, target = c.drawn(calibrationQueries), (1+target)/2
	}
	if len(trials) == 0 {
		return nil
	}
	effort, err := c.measure(ctx, trials, target)
	if err != nil {
		return err
	}
	c.setEffort(kind, effort)
	x.opts.Logger.Info("vector index calibrated", "queries", kind, "probes", effort.Probes, "rerank", effort.Rerank,
		"recall", effort.Recall, "items", c.Len())
	return nil
}

// setEffort changes what searches of a kind go by.
func (x *coded) setEffort(kind space.Kind, effort Effort) {
	for {
		old := x.views.Load()
		fresh := *old
		if kind == space.Text {
			fresh.efforts.text = effort
		} else {
			fresh.efforts.image = effort
		}
		if x.views.CompareAndSwap(old, &fresh) {
			return
		}
	}
}

// trial is a query that recall is measured on.
type trial struct {
	vector space.Vector
	own    uint32          // the slot of the item that it is, which is no neighbour; or nowhere
	truth  map[uint32]bool // the slots of its true neighbours
}

func trialsOf(queries []space.Vector) []trial {
	trials := make([]trial, len(queries))
	for i, q := range queries {
		trials[i] = trial{vector: q, own: nowhere}
	}
	return trials
}

// k is how many neighbours are asked for, so that calibrationK of them are not the query itself.
func (t trial) k() int {
	if t.own != nowhere {
		return calibrationK + 1
	}
	return calibrationK
}

// found is the share of the true neighbours that an answer has.
func (t trial) found(answer []Neighbour) float64 {
	found := 0
	for _, n := range answer {
		if t.truth[n.Slot] {
			found++
		}
	}
	return float64(found) / float64(max(1, len(t.truth)))
}

// drawn are n items as queries, evenly over all slots.
func (x *coded) drawn(n int) []trial {
	x.gate.RLock()
	defer x.gate.RUnlock()
	var trials []trial
	if x.closed {
		return nil
	}
	slots := x.slots.liveSlots()
	n = min(n, len(slots))
	for i := range n {
		slot := slots[i*len(slots)/n]
		v, err := space.FromUnit(append([]float32(nil), x.components(slot)...))
		if err == nil {
			trials = append(trials, trial{vector: v, own: slot})
		}
	}
	return trials
}

// exactBytes: up to so many bytes of rows are read for the true neighbours of four queries; beyond, a scan of all
// codes with a deep rerank stands for them.
const exactBytes = 4 << 30

// findTruth finds the true neighbours of each query.
func (x *coded) findTruth(ctx context.Context, trials []trial) error {
	asked := make([]Query, len(trials))
	for i, t := range trials {
		asked[i] = Query{Vector: t.vector, K: t.k()}
	}
	var answers [][]Neighbour
	for len(asked) > 0 {
		some, err := x.nearlyExact(ctx, asked[:min(4, len(asked))])
		if err != nil {
			return err
		}
		answers, asked = append(answers, some...), asked[min(4, len(asked)):]
	}
	for i, answer := range answers {
		trials[i].truth = map[uint32]bool{}
		for _, n := range answer {
			if n.Slot != trials[i].own {
				trials[i].truth[n.Slot] = true
			}
		}
	}
	return nil
}

func (x *coded) nearlyExact(ctx context.Context, queries []Query) ([][]Neighbour, error) {
	if int64(x.slots.used.Load())*int64(4*x.dim) <= exactBytes {
		x.gate.RLock()
		defer x.gate.RUnlock()
		if x.closed {
			return nil, space.ErrClosed
		}
		return x.exact(ctx, queries)
	}
	answers := make([][]Neighbour, len(queries))
	for i, q := range queries {
		var err error
		if answers[i], err = x.search(ctx, q, &Effort{Probes: math.MaxInt, Rerank: 10_000}); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// reranks are the depths that a calibration tries. Fewer than 100 would spare 3 µs of some 50, and find less and less as
// items come in.
var reranks = []int{100, 200, 400, 800, 1600, 3200}

// calibratedCodes are scanned at least by a query: in 6 µs, far less than the rest of it takes. To spare any of them is
// worth no neighbour.
const calibratedCodes = 4 << 10

// The costs of scanning a code and of scoring a candidate by its bytes, in nanoseconds: 2 cores of an AMD EPYC (Zen 5,
// AVX-512 VNNI), 2026-11-25. Only their ratio counts.
const (
	codeCost   = 1.5
	rerankCost = 60
)

// sure is by how many standard errors the recall on the queries must be above the target: they are a sample, and the
// cheapest effort that holds it on them is one that they favour. With 200 text queries that is 0.005.
const sure = 0.75

// measured is a recall on queries.
type measured struct{ mean, deviation float64 }

// holds says whether the recall on other queries is likely to be at the target, too.
func (m measured) holds(target float64) bool { return m.mean-sure*m.deviation >= target }

// measure finds the cheapest effort that holds a recall on the queries, and likely on others.
func (x *coded) measure(ctx context.Context, trials []trial, target float64) (Effort, error) {
	if err := x.findTruth(ctx, trials); err != nil {
		return Effort{}, err
	}
	n := len(x.views.Load().layout.lists)
	perList := float64(x.Len()) / float64(n)
	best, cheapest := Effort{Probes: n, Rerank: reranks[len(reranks)-1]}, math.Inf(1)
	for _, rerank := range reranks {
		effort, held, err := x.fewestProbes(ctx, trials, Effort{Probes: n, Rerank: rerank}, target)
		if err != nil {
			return best, err
		}
		cost := codeCost*perList*float64(effort.Probes) + rerankCost*float64(rerank)
		if held && cost < cheapest {
			best, cheapest = effort, cost
		} else if math.IsInf(cheapest, 1) {
			best = effort
		}
	}
	return best, nil
}

// fewestProbes finds, by bisection, how few lists hold the target at a depth, beyond those that are free; all of them
// where that is not enough.
func (x *coded) fewestProbes(ctx context.Context, trials []trial, effort Effort, target float64) (_ Effort, held bool, err error) {
	found, err := x.recall(ctx, trials, effort)
	effort.Recall = found.mean
	if err != nil || !found.holds(target) {
		return effort, false, err
	}
	low, high := listsOf(calibratedCodes, x.Len(), effort.Probes)-1, effort.Probes // low is too few, high enough
	for high-low > max(1, low/16) {
		tried := effort
		tried.Probes = max(low+1, min((low+high)/2, 2*low+16))
		if found, err = x.recall(ctx, trials, tried); err != nil {
			return effort, false, err
		}
		if tried.Recall = found.mean; found.holds(target) {
			high, effort = tried.Probes, tried
		} else {
			low = tried.Probes
		}
	}
	return effort, true, nil
}

// recall is the share of the true neighbours that are found, the mean of all queries, with its standard error.
func (x *coded) recall(ctx context.Context, trials []trial, effort Effort) (measured, error) {
	var sum, squares float64
	for _, t := range trials {
		answer, err := x.search(ctx, Query{Vector: t.vector, K: t.k()}, &effort)
		if err != nil {
			return measured{}, err
		}
		share := t.found(answer)
		sum, squares = sum+share, squares+share*share
	}
	n := float64(max(1, len(trials)))
	mean := sum / n
	return measured{mean, math.Sqrt(max(0, squares/n-mean*mean) / n)}, nil
}

package knn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

const (
	// deviations by which a code's estimate may fall short of the truth where everything above a cosine is wanted: one
	// in 2,000 falls short by more.
	deviations = 3.3
	// bytesMargin is how far a score by bytes may be off.
	bytesMargin = 0.004
)

// allowance is what is added to a table's offset, so that estimates become upper bounds: the standard error of an
// estimate is 0.6 factors for a query of unit length (0.75 |r|/√dim, and a factor is 1.25 |r|/√dim).
const allowance = 0.6 * deviations

// withinShare: an item may lie off the query by this much of the greatest distance, along the line from the query's
// nearest centroid to another; see mayHold.
const withinShare = 0.6

// Within returns all items whose cosine with q is at or above least, nearest first, equals by id. In tiers that have
// codes it looks at every code of the lists that may hold such an item (mayHold), so that the chance to miss one is
// below 1 in 1,000. For a low least it returns much, slowly.
func (x *Index) Within(ctx context.Context, q space.Vector, least float64, allow *roaring.Bitmap) ([]Neighbour, error) {
	if q.Dim() != x.dim {
		return nil, fmt.Errorf("%w: the query has %d, the index %d", space.ErrDimension, q.Dim(), x.dim)
	}
	if !(least >= -1) {
		return nil, fmt.Errorf("%w: least cosine %g; want -1 to 1", space.ErrInvalidQuery, least)
	}
	s := x.state.Load()
	if s.coded == nil {
		return s.flat.Within(ctx, q, least, allow)
	}
	return s.coded.within(ctx, Query{Vector: q, Allow: allow}, float32(least))
}

// Within returns all items whose cosine with q is at or above least, nearest first, equals by id.
func (x *Flat) Within(ctx context.Context, q space.Vector, least float64, allow *roaring.Bitmap) ([]Neighbour, error) {
	if err := x.check(q); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	var found []Neighbour
	scores := make([]float32, chunkRows)
	for start := 0; start < len(x.ids); start += chunkRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, n := x.chunk(start)
		x.kernel.dots(q.Components(), rows, scores[:n])
		for i, score := range scores[:n] {
			if slot := uint32(start + i); float64(score) >= least && x.takesPart(slot, allow) {
				found = append(found, Neighbour{x.ids[slot], slot, clamp(score)})
			}
		}
	}
	slices.SortFunc(found, nearer)
	return found, nil
}

func (x *coded) within(ctx context.Context, q Query, least float32) ([]Neighbour, error) {
	x.gate.RLock()
	defer x.gate.RUnlock()
	if x.closed {
		return nil, space.ErrClosed
	}
	if q.Allow != nil && q.Allow.IsEmpty() {
		return nil, ctx.Err()
	}
	s, l := x.searcher(), x.views.Load().layout
	defer x.searchers.Put(s)
	s.begin(x, q)
	s.table.fill(s.rotated)
	s.table.offset += allowance
	s.keeper.reset(math.MaxInt / 2)
	s.keeper.least = least - bytesMargin
	s.mayHold(x, l, least)
	if err := s.scanLists(ctx, x, l, -1); err != nil {
		return nil, err
	}
	kept := s.keeper.kept
	s.byBytes(x, kept)
	var found []Neighbour
	base := s.base(x)
	for _, c := range kept {
		if base+c.score < least-bytesMargin || !x.slots.isLive(c.slot) {
			continue
		}
		if x.kernel.dots(q.Vector.Components(), x.components(c.slot), s.one[:]); s.one[0] >= least {
			found = append(found, Neighbour{x.slots.id(c.slot), c.slot, clamp(s.one[0])})
		}
	}
	slices.SortFunc(found, nearer)
	return found, nil
}

// mayHold makes probes of the lists that may hold an item at or above a cosine.
//
// An item lies in the list of its nearest centroid: it is no nearer to the query's nearest centroid a than to its own,
// b. So it is off the query by at least (|q-b|² - |q-a|²)/(2|a-b|) along the line from a to b. The whole of the greatest
// distance d = √(2 - 2 least) along that one line would be the sharp bound; withinShare of it is wanted here. So no
// list is left out that holds an item within withinShare·d, at a cosine of 1 - 0.36 (1 - least) or above. Of a deviation of
// the whole length d, in no direction of its own, so much lies along a line of n equal dimensions with a chance of
// less than exp(-0.18 n): 1 in 1,300 at 40, 1 in 10^11 at 150.
func (s *searcher) mayHold(x *coded, l *layout, least float32) {
	n := len(l.lists)
	s.probes = resize(s.probes, n)
	scores, between := make([]float32, n), make([]float32, n) // by list: q·c - |c|²/2, and a·c
	x.kernel.dots(s.rotated, l.centroids, scores)
	a := 0
	for i, half := range l.halves {
		if scores[i] -= half; scores[i] > scores[a] {
			a = i
		}
	}
	x.kernel.dots(l.centroid(a), l.centroids, between)
	reach := withinShare * math.Sqrt(max(0, 2-2*float64(least)))
	kept := s.probes[:0]
	for i, score := range scores {
		apart := math.Sqrt(max(0, 2*float64(l.halves[a]+l.halves[i]-between[i])))
		if float64(scores[a]-score) <= reach*apart+assignSlack {
			kept = append(kept, candidate{score + l.halves[i], uint32(i)})
		}
	}
	s.probes = kept
}

// assignSlack is by how much, in half squared distance, an item may be nearer to another centroid than to that of its
// list: lists are chosen by bytes.
const assignSlack = 0.004

// base is the product of the query and the index's mean: what scores by bytes lack.
func (s *searcher) base(x *coded) float32 {
	x.kernel.dots(s.rotated, x.mean, s.one[:])
	return s.one[0]
}

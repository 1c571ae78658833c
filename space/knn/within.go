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
	// bytesMargin is how far a score by bytes may fall short.
	bytesMargin = 0.004
)

// allowance is what is added to a table's offset, so that estimates become upper bounds: the standard error of an
// estimate is 0.6 factors for a query of unit length (0.75 |r|/√dim, and a factor is 1.25 |r|/√dim).
const allowance = 0.6 * deviations

// Within returns all items whose cosine with q is at or above least, nearest first, equals by id. It looks at every
// code, in tiers that have them, so that no copy is missed for lying in a list that is far; the chance to miss one is
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
	s.probes = resize(s.probes, len(l.lists))
	for i := range s.probes {
		s.probes[i] = candidate{slot: uint32(i)}
	}
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

// base is the product of the query and the index's mean: what scores by bytes lack.
func (s *searcher) base(x *coded) float32 {
	x.kernel.dots(s.rotated, x.mean, s.one[:])
	return s.one[0]
}

package knn

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

const (
	// joinBlocks is how many blocks of a list are joined at once, by one processor.
	joinBlocks = 16
	// joinMargin: of a vector's lists those are looked at whose centroid is up to joinMargin times the greatest
	// distance of a pair farther than the nearest; see BenchmarkSelfJoin and docs/vector-search.md for what it misses.
	joinMargin = 0.15
	// joinLists is how many lists are looked at for one vector, at most.
	joinLists = 64
	// joinListsFrom: from so many items on, a join makes lists for itself where the index has none. It takes less than a
	// tenth of what comparing all codes with all takes.
	joinListsFrom = 10_000
)

// joinUnit is some blocks of a list.
type joinUnit struct {
	list     uint32
	from, to int
}

// joinLayout is the layout that a join goes by: that of searches, or, where it is one long list, one of n lists that is
// made for the join. Slots may be given to other items meanwhile: pairs are verified by what lies in them then.
func (x *coded) joinLayout(ctx context.Context, n int) (*layout, error) {
	x.gate.RLock()
	defer x.gate.RUnlock()
	if x.closed {
		return nil, space.ErrClosed
	}
	l := x.views.Load().layout
	if len(l.lists) > 1 || x.Len() < joinListsFrom {
		return l, nil
	}
	return x.makeLayout(ctx, x.slots.liveSlots(), n, 0)
}

// selfJoin calls yield once for each pair of items whose cosine is at or above least. Each item is compared with those
// of its own list and of the lists after it that lie near: pairs are few where lists are far from each other.
func (x *coded) selfJoin(ctx context.Context, least float64, allow *roaring.Bitmap, lists int, yield func(a, b string, cosine float64) error) error {
	l, err := x.joinLayout(ctx, lists)
	if err != nil {
		return err
	}
	var units []joinUnit
	for i := range l.lists {
		for from, n := 0, l.lists[i].Load().blocks(); from < n; from += joinBlocks {
			units = append(units, joinUnit{uint32(i), from, min(from+joinBlocks, n)})
		}
	}
	const together = 64
	found := make([][]pair, together)
	for len(units) > 0 {
		some := units[:min(together, len(units))]
		units = units[len(some):]
		if x.isClosed() {
			return space.ErrClosed
		}
		err := inPieces(ctx, len(some), 1, func() func(from, to int) {
			j := joiner{searcher: &searcher{table: newTable(l.dim)}, index: x, layout: l, least: float32(least), allow: allow}
			return func(from, _ int) { found[from] = j.unit(some[from]) }
		})
		if err != nil {
			return err
		}
		for i := range some {
			for _, p := range found[i] {
				if err := yield(p.a, p.b, p.cosine); err != nil {
					return err
				}
			}
			found[i] = nil
		}
	}
	return ctx.Err()
}

// joiner is the memory of one processor in a join.
type joiner struct {
	*searcher
	index   *coded
	layout  *layout
	least   float32
	allow   *roaring.Bitmap
	members []uint32  // slots of a unit
	points  []float32 // their rotated vectors
	nearby  []float32 // for four members: the products with all centroids, less the centroids' halves
	scores  [blockCodes]float32
	found   []pair
}

// unit finds the pairs of some members of a list.
func (j *joiner) unit(u joinUnit) []pair {
	j.index.gate.RLock()
	defer j.index.gate.RUnlock()
	j.found = nil
	if j.index.closed {
		return nil
	}
	j.gather(u)
	dim, lists := j.layout.dim, len(j.layout.lists)
	j.nearby = resize(j.nearby, 4*lists)
	for at := 0; at < len(j.members); at += 4 {
		group := j.points[at*dim : (at+4)*dim] // padded by gather
		if lists > 1 {
			j.index.kernel.quads(group, j.layout.centroids, j.nearby)
		}
		for i, slot := range j.members[at:min(at+4, len(j.members))] {
			j.member(u.list, slot, group[i*dim:][:dim], j.nearby[i*lists:][:lists])
		}
	}
	return j.found
}

// gather collects the members of a unit that take part.
func (j *joiner) gather(u joinUnit) {
	l, dim := j.layout.lists[u.list].Load(), j.layout.dim
	j.members = j.members[:0]
	for i := u.from; i < min(u.to, l.blocks()); i++ {
		b, n := l.block(i, j.layout.codeBytes())
		for _, slot := range b.slots()[:n] {
			if j.takesPart(slot) {
				j.members = append(j.members, slot)
			}
		}
	}
	j.points = resize(j.points, (len(j.members)+3)*dim)
	for i, slot := range j.members {
		j.index.rotated(slot, j.points[i*dim:][:dim])
	}
}

func (j *joiner) takesPart(slot uint32) bool {
	return j.index.slots.isLive(slot) && (j.allow == nil || j.allow.Contains(slot))
}

// member finds the pairs of one item.
func (j *joiner) member(own, slot uint32, rotated, nearby []float32) {
	j.rotated = rotated
	j.signed.fill(rotated)
	j.table.fill(rotated)
	j.table.offset += allowance
	j.keeper.reset(math.MaxInt / 2)
	j.keeper.least = j.least - bytesMargin
	for _, list := range j.lists(own, nearby) {
		j.scan(list, own, slot)
	}
	j.verify(slot)
}

// lists are the item's own and those after it that are near enough.
func (j *joiner) lists(own uint32, nearby []float32) []uint32 {
	if len(nearby) < 2 {
		return []uint32{own}
	}
	nearest := float32(math.Inf(-1))
	for i, half := range j.layout.halves {
		nearby[i] -= half
		nearest = max(nearest, nearby[i])
	}
	least := nearest - joinMargin*float32(math.Sqrt(max(0, 2-2*float64(j.least))))
	j.probes = j.probes[:0]
	for i, score := range nearby {
		if score >= least && uint32(i) > own {
			j.probes = append(j.probes, candidate{score, uint32(i)})
		}
	}
	if len(j.probes) > joinLists {
		partition(j.probes, joinLists)
		j.probes = j.probes[:joinLists]
	}
	lists := []uint32{own}
	for _, p := range j.probes {
		lists = append(lists, p.slot)
	}
	return lists
}

func (j *joiner) scan(list, own, slot uint32) {
	l, codes := j.layout.lists[list].Load(), j.layout.codeBytes()
	j.index.kernel.dots(j.rotated, j.layout.centroid(int(list)), j.one[:])
	p := scanParams{scale: j.table.scale, offset: j.table.offset, base: j.one[0], least: j.keeper.least}
	for i := range l.blocks() {
		b, n := l.block(i, codes)
		reached := j.index.kernel.scan(b.bytes, j.table.entries, &p, &j.scores) & uint32(1<<n-1)
		for ; reached != 0; reached &= reached - 1 {
			other := b.slots()[bits.TrailingZeros32(reached)]
			if (list != own || other > slot) && j.takesPart(other) {
				j.keeper.offer(candidate{slot: other})
			}
		}
	}
}

// verify computes the products of the candidates.
func (j *joiner) verify(slot uint32) {
	x, kept := j.index, j.keeper.kept
	if len(kept) == 0 {
		return
	}
	slices.SortFunc(kept, func(a, b candidate) int { return int(a.slot) - int(b.slot) })
	kept = slices.CompactFunc(kept, func(a, b candidate) bool { return a.slot == b.slot })
	j.byBytes(x, kept)
	base, own := j.base(x), x.components(slot)
	for _, c := range kept {
		if base+c.score < j.least-bytesMargin {
			continue
		}
		if x.kernel.dots(own, x.components(c.slot), j.one[:]); j.one[0] >= j.least {
			j.found = append(j.found, pair{x.slots.id(slot), x.slots.id(c.slot), clamp(j.one[0])})
		}
	}
}

// SelfJoin calls yield once for each unordered pair of items whose cosine is at or above least, and stops at yield's
// error. Only items whose slots are in allow take part; nil allows all. Items may come and go meanwhile: pairs of
// those that do may be left out. Exact in the exact tier; in others some pairs in a thousand may be missed.
func (x *Index) SelfJoin(ctx context.Context, least float64, allow *roaring.Bitmap, yield func(a, b string, cosine float64) error) error {
	s := x.state.Load()
	switch {
	case least < -1:
		return fmt.Errorf("%w: least cosine %g; want -1 to 1", space.ErrInvalidQuery, least)
	case least > 1:
		return nil
	case s.coded == nil:
		return s.flat.SelfJoin(ctx, least, allow, yield)
	}
	return s.coded.selfJoin(ctx, least, allow, x.opts.listsFor(s.coded.Len()), yield)
}

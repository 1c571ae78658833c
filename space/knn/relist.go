package knn

import (
	"context"
	"math/rand/v2"
	"slices"
	"sort"
)

// relist partitions the items into n lists anew, while searches and writes go on: lists are made of the items that are
// there now, and what changes meanwhile is caught up with. The caller sees to it that only one relist runs.
func (x *coded) relist(ctx context.Context, n int, seed uint64) error {
	x.writing.Lock()
	x.changed = map[uint32]struct{}{}
	slots := x.slots.liveSlots()
	x.writing.Unlock()
	fresh, err := x.makeLayout(ctx, slots, n, seed)
	if err != nil {
		x.writing.Lock()
		defer x.writing.Unlock()
		x.changed = nil
		return err
	}
	x.catchUp(fresh)
	return nil
}

// fewChanges are caught up with while writers wait: some milliseconds.
const fewChanges = 256

// catchUp absorbs what has changed, in rounds that get shorter, and swaps the layout in.
func (x *coded) catchUp(fresh *layout) {
	for {
		x.writing.Lock()
		changed := x.changed
		if len(changed) > fewChanges {
			x.changed = map[uint32]struct{}{}
			x.writing.Unlock()
			x.absorb(fresh, changed)
			continue
		}
		x.absorb(fresh, changed)
		x.changed = nil
		x.views.Store(&view{fresh, defaultEfforts(x.Len(), len(fresh.lists))})
		x.free, x.quarantine = nil, nil
		for slot := range x.slots.used.Load() {
			if !x.slots.isLive(slot) {
				x.quarantine = append(x.quarantine, slot)
			}
		}
		x.writing.Unlock()
		return
	}
}

// absorb brings a layout, which nobody else writes, up to the slots that have changed.
func (x *coded) absorb(l *layout, changed map[uint32]struct{}) {
	affected := map[uint32]struct{}{}
	for slot := range changed {
		if holder := l.holder(slot); holder != nowhere {
			affected[holder] = struct{}{}
		}
	}
	for list := range affected {
		l.purge(list, func(slot uint32) bool { _, again := changed[slot]; return !again })
	}
	rotated, residual := make([]float32, l.dim), make([]float32, l.dim)
	var memory assigning
	for slot := range changed {
		if x.slots.isLive(slot) {
			x.rotated(slot, rotated)
			l.append(l.nearest(x.kernel, rotated, &memory), slot, rotated, residual)
		}
	}
}

// rotated writes the rotated vector in a slot to out, as its bytes know it.
func (x *coded) rotated(slot uint32, out []float32) {
	dequantise(x.quant.row(slot), out)
	for i, m := range x.mean {
		out[i] += m
	}
}

// makeLayout makes n lists of the items in slots.
func (x *coded) makeLayout(ctx context.Context, slots []uint32, n int, seed uint64) (*layout, error) {
	dim := padded(x.dim)
	n = max(1, min(n, len(slots)))
	points, err := x.sample(ctx, slots, n*trainPerList, seed)
	if err != nil {
		return nil, err
	}
	var centroids []float32
	if n == 1 {
		centroids = means(points, make([]uint32, len(points)/dim), dim, 1, nil)
	} else if centroids, err = kmeans(ctx, x.kernel, points, dim, n, seed); err != nil {
		return nil, err
	}
	l := newLayout(dim, centroids, x.mean)
	l.madeOf = len(slots)
	nearest, err := x.assignAll(ctx, slots, l)
	if err != nil {
		return nil, err
	}
	err = x.fill(ctx, l, slots, nearest)
	l.measureReaches()
	return l, err
}

// sample are the rotated vectors of up to n of the slots.
func (x *coded) sample(ctx context.Context, slots []uint32, n int, seed uint64) ([]float32, error) {
	dim, r := padded(x.dim), rand.New(rand.NewPCG(seed, 0x73616d706c65))
	chosen := slots
	if len(slots) > n {
		chosen = make([]uint32, n)
		for i := range chosen {
			chosen[i] = slots[r.IntN(len(slots))]
		}
		slices.Sort(chosen)
	}
	points := make([]float32, max(1, len(chosen))*dim)
	err := inPieces(ctx, len(chosen), assignPiece, func() func(from, to int) {
		return func(from, to int) {
			for i, slot := range chosen[from:to] {
				x.rotated(slot, points[(from+i)*dim:][:dim])
			}
		}
	})
	return points, err
}

// assignAll finds the list of each slot.
func (x *coded) assignAll(ctx context.Context, slots []uint32, l *layout) ([]uint32, error) {
	nearest := make([]uint32, len(slots))
	if len(l.lists) == 1 {
		return nearest, nil
	}
	a := newAssigner(x.kernel, l.centroids, l.dim)
	err := inPieces(ctx, len(slots), assignPiece, func() func(from, to int) {
		points, scores, best := make([]float32, assignPiece*l.dim), make([]float32, 4*assignTile), make([]float32, assignPiece)
		return func(from, to int) {
			for i, slot := range slots[from:to] {
				x.rotated(slot, points[i*l.dim:][:l.dim])
			}
			a.piece(points[:(to-from)*l.dim], nearest[from:to], best, scores)
		}
	})
	return nearest, err
}

// fill makes the codes of all lists. The blocks of a list lie one behind another.
func (x *coded) fill(ctx context.Context, l *layout, slots, nearest []uint32) error {
	order := make([]uint32, len(slots)) // positions in slots, by list
	starts := make([]int, len(l.lists)+1)
	for _, list := range nearest {
		starts[list+1]++
	}
	for i := range l.lists {
		starts[i+1] += starts[i]
	}
	next := slices.Clone(starts)
	for i, list := range nearest {
		order[next[list]] = uint32(i)
		next[list]++
		l.place(slots[i], list)
	}
	return x.encode(ctx, l, slots, order, starts)
}

// encode makes the codes of all lists in one piece of memory, block by block.
func (x *coded) encode(ctx context.Context, l *layout, slots, order []uint32, starts []int) error {
	firsts := make([]int, len(l.lists)+1) // by list: its first block
	for i := range l.lists {
		firsts[i+1] = firsts[i] + (starts[i+1]-starts[i]+blockCodes-1)/blockCodes
	}
	size, total := blockBytes(l.dim), firsts[len(l.lists)]
	slab := make([]byte, total*size)
	err := inPieces(ctx, total, 16, func() func(from, to int) {
		rotated := make([]float32, l.dim)
		return func(from, to int) {
			for i := from; i < to; i++ {
				list := sort.SearchInts(firsts, i+1) - 1
				first := starts[list] + (i-firsts[list])*blockCodes
				b := blockOf(slab[i*size:][:size], l.codeBytes())
				for j, at := range order[first:min(first+blockCodes, starts[list+1])] {
					x.rotated(slots[at], rotated)
					subtract(rotated, l.centroid(list), rotated)
					b.put(j, slots[at], rotated)
				}
			}
		}
	})
	for i := range l.lists {
		l.lists[i].Store(listOf(slab[firsts[i]*size:firsts[i+1]*size], size, starts[i+1]-starts[i]))
	}
	return err
}

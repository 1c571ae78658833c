package knn

import (
	"errors"
)

// copyFrom takes over the items in n slots of an exact index, from a slot on. Their codes are made later.
func (x *coded) copyFrom(flat *Flat, from, n int) error {
	slots, ids, rows := flat.copy(from, n)
	if len(slots) == 0 {
		return nil
	}
	return x.takeOver(slots, ids, rows)
}

// takeOver puts items into the given slots, which nobody reads yet. rows are their components, one behind another.
func (x *coded) takeOver(slots []uint32, ids []string, rows []float32) error {
	last := slots[len(slots)-1]
	if err := x.grow(int(last) + 1); err != nil {
		return err
	}
	n := padded(x.dim)
	rotated, row := make([]float32, len(slots)*n), make([]byte, quantStride(x.dim))
	x.rotation.rotateMany(x.kernel, rows, rotated)
	for i, slot := range slots {
		components := rows[i*x.dim:][:x.dim]
		residual := rotated[i*n:][:n]
		subtract(residual, x.mean, residual)
		quantise(residual, components, row)
		if err := errors.Join(x.rows.write(slot, bytesOf(components)), x.quant.write(slot, row)); err != nil {
			return err
		}
		x.slots.set(slot, ids[i])
	}
	x.slots.used.Store(max(x.slots.used.Load(), last+1))
	return nil
}

// follow brings slots up to those of an exact index. Nobody reads or writes x meanwhile.
func (x *coded) follow(flat *Flat, changed map[uint32]struct{}) error {
	for slot := range changed {
		if x.slots.isLive(slot) {
			x.slots.clear(slot)
		}
	}
	for slot := range changed {
		if err := x.copyFrom(flat, int(slot), 1); err != nil {
			return err
		}
	}
	x.absorb(x.views.Load().layout, changed)
	return nil
}

// unused are the slots below the last used one that hold no item, and whose codes are in no list.
func (x *coded) unused() []uint32 {
	var unused []uint32
	l := x.views.Load().layout
	for slot := range x.slots.used.Load() {
		if !x.slots.isLive(slot) && l.holder(slot) == nowhere {
			unused = append(unused, slot)
		}
	}
	return unused
}

// copy returns the items in n slots from a slot on: their slots, ids and components.
func (x *Flat) copy(from, n int) (slots []uint32, ids []string, rows []float32) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for slot := from; slot < min(from+n, len(x.ids)); slot++ {
		if x.ids[slot] != "" {
			slots, ids = append(slots, uint32(slot)), append(ids, x.ids[slot])
			rows = append(rows, x.row(uint32(slot))...)
		}
	}
	return slots, ids, rows
}

// mean is that of all vectors.
func (x *Flat) mean() []float32 {
	sums, count := make([]float64, x.dim), 0
	for from := 0; from < x.rowCount(); from += blockRows {
		slots, _, rows := x.copy(from, blockRows)
		count += len(slots)
		for i, component := range rows {
			sums[i%x.dim] += float64(component)
		}
	}
	mean := make([]float32, x.dim)
	for i, sum := range sums {
		mean[i] = float32(sum / float64(max(1, count)))
	}
	return mean
}

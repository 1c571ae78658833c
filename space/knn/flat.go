package knn

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

// blockRows is how many rows lie in one piece of memory: growing copies nothing, and a scan can be shared out.
const blockRows = 1024

// Flat is an exact index: the rows of all items, one behind another. It is safe for concurrent use.
type Flat struct {
	dim    int
	kernel kernel

	mu     sync.RWMutex
	blocks [][]float32 // blockRows rows each
	ids    []string    // by slot; empty: free
	slots  map[string]uint32
	live   *roaring.Bitmap
	free   []uint32
}

// NewFlat makes an empty index of vectors with dim components.
func NewFlat(dim int) *Flat { return newFlat(dim, kernels()[0]) }

func newFlat(dim int, k kernel) *Flat {
	return &Flat{dim: dim, kernel: k, slots: map[string]uint32{}, live: roaring.New()}
}

// Tier names the way this index searches: "exact".
func (x *Flat) Tier() string { return "exact" }

// Len is the number of items.
func (x *Flat) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.slots)
}

// Add puts the unit vector of an item in, in place of the one it had, and returns its slot. The components are copied.
func (x *Flat) Add(id string, components []float32) (uint32, error) {
	if len(components) != x.dim {
		return 0, fmt.Errorf("%w: vector of %q has %d, the index %d", space.ErrDimension, id, len(components), x.dim)
	}
	if id == "" {
		return 0, fmt.Errorf("%w: it has no id", space.ErrInvalidItem)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	slot, known := x.slots[id]
	if !known {
		slot = x.take()
		x.ids[slot] = id
		x.slots[id] = slot
		x.live.Add(slot)
	}
	copy(x.row(slot), components)
	return slot, nil
}

// take returns a free slot. The caller holds mu.
func (x *Flat) take() uint32 {
	if n := len(x.free); n > 0 {
		slot := x.free[n-1]
		x.free = x.free[:n-1]
		return slot
	}
	if len(x.ids) == len(x.blocks)*blockRows {
		x.blocks = append(x.blocks, make([]float32, blockRows*x.dim))
	}
	if len(x.ids) > math.MaxUint32 {
		panic("knn: more than 2^32 items")
	}
	x.ids = append(x.ids, "")
	return uint32(len(x.ids) - 1)
}

// Remove takes an item out and returns the slot that it had; false: it was not there.
func (x *Flat) Remove(id string) (uint32, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	slot, known := x.slots[id]
	if !known {
		return 0, false
	}
	delete(x.slots, id)
	x.live.Remove(slot)
	x.ids[slot] = ""
	x.free = append(x.free, slot)
	return slot, true
}

// Slot is that of an item; false: it is not there.
func (x *Flat) Slot(id string) (uint32, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	slot, known := x.slots[id]
	return slot, known
}

// Components are a copy of those in a slot that is in use.
func (x *Flat) Components(slot uint32) []float32 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Clone(x.row(slot))
}

// Slots are the slots of those ids that are there.
func (x *Flat) Slots(ids []string) *roaring.Bitmap {
	x.mu.RLock()
	defer x.mu.RUnlock()
	slots := make([]uint32, 0, len(ids))
	for _, id := range ids {
		if slot, known := x.slots[id]; known {
			slots = append(slots, slot)
		}
	}
	return roaring.BitmapOf(slots...)
}

// Cosines are those of q and the items; NaN where an item is not there.
func (x *Flat) Cosines(q space.Vector, ids []string) ([]float64, error) {
	if err := x.check(q); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	cosines := make([]float64, len(ids))
	for i, id := range ids {
		slot, known := x.slots[id]
		if !known {
			cosines[i] = math.NaN()
			continue
		}
		cosines[i] = x.cosine(q.Components(), slot)
	}
	return cosines, nil
}

// cosine is that of q and the row in slot. The caller holds mu.
func (x *Flat) cosine(q []float32, slot uint32) float64 {
	var out [1]float32
	x.kernel.dots(q, x.row(slot), out[:])
	return clamp(out[0])
}

func (x *Flat) check(q space.Vector) error {
	if q.Dim() != x.dim {
		return fmt.Errorf("%w: the query has %d, the index %d", space.ErrDimension, q.Dim(), x.dim)
	}
	return nil
}

// row is the memory of a slot. The caller holds mu.
func (x *Flat) row(slot uint32) []float32 {
	at := int(slot) % blockRows * x.dim
	return x.blocks[slot/blockRows][at : at+x.dim]
}

// clamp takes off what float32 rounding puts on: two equal unit vectors have cosine 1.
func clamp(dot float32) float64 { return float64(max(-1, min(1, dot))) }

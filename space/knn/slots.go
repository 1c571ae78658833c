package knn

import (
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
)

// slotTable knows which item lies in which slot. Readers of slots need no lock; writers take turns (coded.writing).
type slotTable struct {
	chunks atomic.Pointer[[]*slotChunk]
	used   atomic.Uint32 // slots below were given out at some time

	mu   sync.RWMutex
	byID *idTable
}

type slotChunk struct {
	live [chunkSlots / 64]atomic.Uint64 // one bit a slot
	ids  [chunkSlots]string             // written before a slot goes live
}

func newSlotTable() *slotTable {
	t := &slotTable{byID: newIDTable()}
	t.chunks.Store(new([]*slotChunk))
	return t
}

func (t *slotTable) grow(n int) {
	chunks := *t.chunks.Load()
	if len(chunks)*chunkSlots >= n {
		return
	}
	grown := append([]*slotChunk(nil), chunks...)
	for len(grown)*chunkSlots < n {
		grown = append(grown, new(slotChunk))
	}
	t.chunks.Store(&grown)
}

func (t *slotTable) chunk(slot uint32) *slotChunk { return (*t.chunks.Load())[slot/chunkSlots] }

func (t *slotTable) id(slot uint32) string { return t.chunk(slot).ids[slot%chunkSlots] }

func (t *slotTable) isLive(slot uint32) bool {
	chunks := *t.chunks.Load()
	if int(slot/chunkSlots) >= len(chunks) {
		return false
	}
	at := slot % chunkSlots
	return chunks[slot/chunkSlots].live[at/64].Load()>>(at%64)&1 == 1
}

// set puts an item into a slot; readers see it from now on.
func (t *slotTable) set(slot uint32, id string) {
	chunk, at := t.chunk(slot), slot%chunkSlots
	chunk.ids[at] = id
	chunk.live[at/64].Or(1 << (at % 64))
	t.mu.Lock()
	t.byID.set(id, slot, t.id)
	t.mu.Unlock()
}

// clear takes the item out of a slot.
func (t *slotTable) clear(slot uint32) {
	chunk, at := t.chunk(slot), slot%chunkSlots
	chunk.live[at/64].And(^(uint64(1) << (at % 64)))
	t.mu.Lock()
	t.byID.remove(chunk.ids[at], t.id)
	t.mu.Unlock()
}

func (t *slotTable) slot(id string) (uint32, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byID.get(id, t.id)
}

func (t *slotTable) len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byID.count
}

// bitmap are the slots of those ids that are there.
func (t *slotTable) bitmap(ids []string) *roaring.Bitmap {
	t.mu.RLock()
	defer t.mu.RUnlock()
	slots := make([]uint32, 0, len(ids))
	for _, id := range ids {
		if slot, known := t.byID.get(id, t.id); known {
			slots = append(slots, slot)
		}
	}
	return roaring.BitmapOf(slots...)
}

// liveSlots are all slots in use, in order.
func (t *slotTable) liveSlots() []uint32 {
	slots := make([]uint32, 0, t.len())
	for slot := range t.used.Load() {
		if t.isLive(slot) {
			slots = append(slots, slot)
		}
	}
	return slots
}

package knn

import "hash/maphash"

// idTable finds the slot of an id. It keeps slots alone, and asks for their ids: a Go map of strings would take five
// times as much. Open addressing with linear probing; at most three quarters are full.
type idTable struct {
	seed  maphash.Seed
	cells []uint32 // slot+2, or emptyCell, or goneCell
	used  int      // cells that are not empty
	count int
}

const (
	emptyCell = 0
	goneCell  = 1
	slotBase  = 2
)

func newIDTable() *idTable { return &idTable{seed: maphash.MakeSeed(), cells: make([]uint32, 64)} }

// find returns the cell of an id: where it is, or where it would go.
func (t *idTable) find(id string, idOf func(slot uint32) string) (cell int, found bool) {
	mask, free := len(t.cells)-1, -1
	for i := int(maphash.String(t.seed, id)) & mask; ; i = (i + 1) & mask {
		switch c := t.cells[i]; {
		case c == emptyCell && free >= 0:
			return free, false
		case c == emptyCell:
			return i, false
		case c == goneCell:
			if free < 0 {
				free = i
			}
		case idOf(c-slotBase) == id:
			return i, true
		}
	}
}

// reserve makes an empty table large enough for n ids.
func (t *idTable) reserve(n int) {
	size := len(t.cells)
	for 4*(n+1) > 3*size {
		size *= 2
	}
	t.cells = make([]uint32, size)
}

func (t *idTable) get(id string, idOf func(slot uint32) string) (slot uint32, found bool) {
	cell, found := t.find(id, idOf)
	if !found {
		return 0, false
	}
	return t.cells[cell] - slotBase, true
}

// set notes the slot of an id, which idOf must know already.
func (t *idTable) set(id string, slot uint32, idOf func(slot uint32) string) {
	if 4*(t.used+1) > 3*len(t.cells) {
		t.grow(idOf)
	}
	cell, found := t.find(id, idOf)
	if !found {
		t.count++
		if t.cells[cell] == emptyCell {
			t.used++
		}
	}
	t.cells[cell] = slot + slotBase
}

func (t *idTable) remove(id string, idOf func(slot uint32) string) {
	if cell, found := t.find(id, idOf); found {
		t.cells[cell] = goneCell
		t.count--
	}
}

// grow makes room, or sweeps up what has gone.
func (t *idTable) grow(idOf func(slot uint32) string) {
	old, size := t.cells, len(t.cells)
	for 2*(t.count+1) > size {
		size *= 2
	}
	t.cells, t.used, t.count = make([]uint32, size), 0, 0
	for _, c := range old {
		if c >= slotBase {
			t.set(idOf(c-slotBase), c-slotBase, idOf)
		}
	}
}

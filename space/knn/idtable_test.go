package knn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestIDTableBesideMap sets and removes at random beside a plain map.
func TestIDTableBesideMap(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	table, want, ids := newIDTable(), map[string]uint32{}, make([]string, 5000)
	idOf := func(slot uint32) string { return ids[slot] }
	for step := range 60_000 {
		slot := uint32(r.IntN(len(ids)))
		if id := ids[slot]; id != "" {
			table.remove(id, idOf)
			delete(want, id)
			ids[slot] = ""
			continue
		}
		id := fmt.Sprint(step)
		ids[slot] = id
		table.set(id, slot, idOf)
		want[id] = slot
	}
	if table.count != len(want) {
		t.Fatalf("%d ids; want %d", table.count, len(want))
	}
	for id, slot := range want {
		if got, found := table.get(id, idOf); !found || got != slot {
			t.Fatalf("%s lies in %d, %v; want %d", id, got, found, slot)
		}
	}
	if _, found := table.get("nobody", idOf); found {
		t.Error("found an id that was never there")
	}
	if len(table.cells) > 16*1024 {
		t.Errorf("%d cells for %d ids", len(table.cells), len(want))
	}
}

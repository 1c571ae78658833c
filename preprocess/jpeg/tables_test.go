package jpeg

import (
	"errors"
	"sync"
	"testing"
)

func definition(value byte) []byte {
	d := make([]byte, 18)
	d[0], d[1] = 1, 1 // a code of one bit, a code of two
	d[16], d[17] = value, value+1
	return d
}

func TestTableCache(t *testing.T) {
	var cache tableCache
	first, err := cache.table(definition(3))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := cache.table(definition(3)); again != first {
		t.Error("the same definition is built twice")
	}
	if other, _ := cache.table(definition(4)); other == first || other.values[0] != 4 {
		t.Error("another definition has the same table")
	}
	if _, err := cache.table(append([]byte{3}, make([]byte, 18)...)); !errors.Is(err, ErrFormat) {
		t.Errorf("three codes of one bit: %v; want %v", err, ErrFormat)
	}
	var group sync.WaitGroup
	for i := range 4 * keptTables {
		group.Go(func() {
			if h, err := cache.table(definition(byte(i))); err != nil || h.values[0] != byte(i) || h.leaps.get(h.fillLeaps) != h.leaps.get(h.fillLeaps) {
				t.Errorf("table %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if n := len(cache.tables); n > keptTables {
		t.Errorf("%d tables are kept; want at most %d", n, keptTables)
	}
}

// TestTableOutlivesFile: tables don't refer to the bytes that they were read from.
func TestTableOutlivesFile(t *testing.T) {
	var cache tableCache
	file := definition(7)
	h, err := cache.table(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(file)
	if h.values[0] != 7 {
		t.Errorf("value %d; want 7", h.values[0])
	}
}

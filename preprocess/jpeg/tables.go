package jpeg

import "sync"

// tableCache keeps Huffman tables by the bytes that define them. Nearly all files that weren't optimised have T.81's
// four, and a table takes as long to build as a thumbnail to decode.
type tableCache struct {
	mu     sync.Mutex
	tables map[string]*huffman
}

// keptTables bounds the cache. A table is 8 kB, with all that reduced decodings make of it 64 kB.
const keptTables = 32

var knownTables tableCache

// table is the table of a definition: sixteen counts and the values, as they stand in a DHT segment.
func (t *tableCache) table(definition []byte) (*huffman, error) {
	t.mu.Lock()
	h := t.tables[string(definition)]
	t.mu.Unlock()
	if h != nil {
		return h, nil
	}
	var counts [17]int
	for i := 1; i <= 16; i++ {
		counts[i] = int(definition[i-1])
	}
	h, err := newHuffman(counts, definition[16:])
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tables == nil || len(t.tables) >= keptTables { // a new start; what is in use comes back
		t.tables = make(map[string]*huffman)
	}
	t.tables[string(definition)] = h
	return h, nil
}

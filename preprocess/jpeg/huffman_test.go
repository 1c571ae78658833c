package jpeg

import "testing"

// TestShortCodesOfLongValues: a code and its value may fit in a table's index together where the value alone is too
// long for a symbol to hold, as of DC differences at quality 100.
func TestShortCodesOfLongValues(t *testing.T) {
	for size := uint8(1); size <= 11; size++ {
		var counts [17]int
		counts[1], counts[2] = 1, 1
		h, err := newHuffman(counts, []uint8{size, size})
		if err != nil {
			t.Fatal(err)
		}
		for code, length := range map[uint64]int{0b0: 1, 0b10: 2} {
			for bits := range uint64(1) << size {
				acc := code<<(64-length) | bits<<(64-length-int(size))
				s := h.next(acc)
				if got, want := s.value(acc), extend(bits<<(64-int(size)), int(size)); got != want || s.total() != length+int(size) {
					t.Fatalf("a value of %d bits, %b, behind %d bits: %d, %d bits in all; want %d", size, bits, length, got, s.total(), want)
				}
			}
		}
	}
}

package jpeg

import "sync"

// The tables here serve reduced decodings. Each entry begins with a byte that says how many bits it stands for and one
// that says how far it leads in the block, so that a reader adds both to its state at once; unknown where the symbols
// must be looked up one by one.
//
//	bits  0-7   bits, codes and values together
//	bits  8-15  advance: what the symbols' advances add up to
//
// The end of the block counts as endOfBlock: a sum below 64 leads to coefficients, 64 fills the block, and from
// endOfBlock up to endOfBlock+63 it has ended. Any other sum comes from symbols that aren't all of this block.
const (
	unknown  = 255 << 8
	stepMask = 1<<16 - 1
)

// ends tells whether a sum of advances, starting with the index of the next coefficient, ends a block whole.
func ends(advance int) bool { return advance == 64 || uint(advance-endOfBlock) < 64 }

// lazy is a table that is made on first use.
type lazy[T any] struct {
	once  sync.Once
	table *T
}

func (l *lazy[T]) get(fill func(*T)) *T {
	l.once.Do(func() {
		l.table = new(T)
		fill(l.table)
	})
	return l.table
}

// differences are the values of DC symbols, by the next lookBits bits.
//
//	bits  0-7   bits, code and value together; 0: no code is as short
//	bits  8-15  the value's length, where its bits lie beyond the index
//	bits 16-31  the value, where they don't
type differences [1 << lookBits]uint32

func (h *huffman) fillDifferences(t *differences) {
	for i, s := range h.look {
		t[i] = uint32(s.total())
		if s.size() != 0 {
			t[i] |= uint32(s.size()) << 8
		} else {
			t[i] |= uint32(int32(s)>>23) << 16
		}
	}
}

// singles are AC symbols with their values in bits 16-31, by the next lookBits bits.
type singles [1 << lookBits]uint32

func (h *huffman) fillSingles(t *singles) {
	for i, s := range h.look {
		t[i] = unknown
		if s != 0 && s.size() == 0 {
			t[i] = uint32(s.total()|s.advance()<<8) | uint32(int32(s)>>23)<<16
		}
	}
}

const (
	// leapBits is the width of the index of leaps and lows; a few symbols fit in it together.
	leapBits = 12
	// leapMost is the most bits of a leap, so that three of them need one refill: the last value may lie beyond the index.
	leapMost = 18
)

// leaps lead over as many AC symbols as the next leapBits bits hold, for what is skipped.
type leaps [1 << leapBits]uint16

func (h *huffman) fillLeaps(t *leaps) {
	for i := range t {
		t[i] = h.leap(uint64(i) << (64 - leapBits))
	}
}

func (h *huffman) leap(acc uint64) uint16 {
	total, advance := 0, 0
	for advance < endOfBlock {
		s := h.look[acc<<total>>(64-lookBits)]
		if s == 0 || total+s.length() > leapBits || total+s.total() > leapMost {
			break // the code isn't known whole
		}
		if advance+s.advance() > 63 && s.advance() != endOfBlock {
			break
		}
		total += s.total()
		advance += s.advance()
		if total >= leapBits {
			break
		}
	}
	if total == 0 {
		return unknown
	}
	return uint16(total | advance<<8)
}

// lows are the first coefficients of a block of which only those up to lowest are needed: as many AC symbols as the
// next leapBits bits hold whole, and in bits 16-63 the three coefficients that come next.
type lows [1 << leapBits]uint64

// lowest is the last coefficient that 2 x 2 samples need.
const lowest = 4

func (h *huffman) fillLows(t *lows) {
	for i := range t {
		t[i] = h.low(uint64(i) << (64 - leapBits))
	}
}

func (h *huffman) low(acc uint64) uint64 {
	total, advance, values := 0, 0, uint64(0)
	for advance < endOfBlock {
		s := h.look[acc<<total>>(64-lookBits)]
		if s == 0 || total+s.total() > leapBits {
			break
		}
		if s.advance() != endOfBlock {
			at := advance + s.advance() - 1
			if at == 3 || at >= 63 { // the fourth may be needed, and has no room
				break
			}
			if at < 3 {
				values |= uint64(uint16(s.value(acc<<total))) << (16 + 16*at)
			}
		}
		total += s.total()
		advance += s.advance()
	}
	if total == 0 {
		return unknown
	}
	return uint64(total|advance<<8) | values
}

package jpeg

import "slices"

// lookBits is the width of the tables' index: nearly every code is as short, and most values fit in behind it.
const lookBits = 11

// symbol is what a table says of the bits that come next. For AC coefficients: how far to advance in the block (a run
// of zeros and the coefficient itself), and the coefficient where the index holds all of its bits. For DC: the
// difference, likewise. Zero: no code is as short.
//
//	bits  0-5   the code's length and the value's, together
//	bits  6-13  advance
//	bits 14-18  the code's length
//	bits 19-22  the value's length; 0 where the value is known
//	bits 23-31  the value, signed, of up to knownSize bits
type symbol uint32

// knownSize is how many bits a value may have for a symbol to hold it: of 9 bits with its sign is -255 … 255.
const knownSize = 8

// makeSymbol is the symbol of a code of this length, whose value's bits are yet to be read.
func makeSymbol(length int, value uint8) symbol {
	size, advance := int(value&15), int(value>>4)+1
	if size == 0 && value>>4 != 15 {
		advance = endOfBlock
	}
	return symbol(length + size | advance<<6 | length<<14 | size<<19)
}

// knowing is the symbol with the value that stands in acc behind the code.
func (s symbol) knowing(acc uint64) symbol {
	value := extend(acc<<uint(s.length()), s.size())
	return s&(1<<19-1) | symbol(value)<<23
}

func (s symbol) total() int   { return int(s & 63) }
func (s symbol) advance() int { return int(s >> 6 & 255) }
func (s symbol) length() int  { return int(s >> 14 & 31) }
func (s symbol) size() int    { return int(s >> 19 & 15) }

// value is the value of the symbol at the head of acc.
func (s symbol) value(acc uint64) int32 {
	if size := s.size(); size != 0 {
		return extend(acc<<(uint(s.length())&63), size)
	}
	return int32(s) >> 23
}

// endOfBlock is an advance beyond any that a coefficient makes.
const endOfBlock = 128

// huffman is a table as a DHT segment defines it (T.81 Annex C and F.2.2.3).
type huffman struct {
	look   [1 << lookBits]symbol
	tail   []symbol   // of the last 16-bit prefixes, of codes that look doesn't know; empty: they would be too many
	limit  [17]uint32 // first 16-bit prefix that is no code of this length or shorter
	offset [17]int    // of a length's values, less its first code
	values []uint8

	// What reduced decodings need, made on demand.
	differences lazy[differences]
	singles     lazy[singles]
	leaps       lazy[leaps]
	lows        lazy[lows]
	refinings   lazy[refining] // of progressive streams
}

// newHuffman builds a table from the counts of codes of length 1 ... 16 and their values.
func newHuffman(counts [17]int, values []uint8) (*huffman, error) {
	h := &huffman{values: slices.Clone(values)}
	code, at := uint32(0), 0
	for length := 1; length <= 16; length++ {
		h.offset[length] = at - int(code)
		for range counts[length] {
			if code >= 1<<length {
				return nil, invalid("a Huffman table with more codes than its lengths have room for")
			}
			h.enter(code, length, values[at])
			code++
			at++
		}
		h.limit[length] = code << (16 - length)
		code <<= 1
	}
	h.fillTail()
	return h, nil
}

func (h *huffman) enter(code uint32, length int, value uint8) {
	if length > lookBits {
		return
	}
	first := code << (lookBits - length)
	s := makeSymbol(length, value)
	for i := first; i < first+1<<(lookBits-length); i++ {
		h.look[i] = s
		if s.size() != 0 && s.size() <= knownSize && s.total() <= lookBits {
			h.look[i] = s.knowing(uint64(i) << (64 - lookBits))
		}
	}
}

// mostTail bounds the tail: the tables of T.81 need about 200, those made for one picture a few hundred.
const mostTail = 2048

// fillTail enters the long codes. They stand behind all others.
func (h *huffman) fillTail() {
	first := h.limit[lookBits]
	if first < 1<<16-mostTail {
		return
	}
	h.tail = make([]symbol, 1<<16-first)
	for i := range h.tail {
		if value, length := h.value(uint64(first+uint32(i)) << 48); length > lookBits {
			h.tail[i] = makeSymbol(length, value)
		}
	}
}

// next is the symbol at the head of acc. Where no code fits it is zero bits long and ends the block.
func (h *huffman) next(acc uint64) symbol {
	if s := h.look[acc>>(64-lookBits)]; s != 0 {
		return s
	}
	return h.long(acc)
}

// badCode stands for bits that are no code. Whoever meets it goes on reading nowhere, which overrun tells.
const badCode = symbol(endOfBlock << 6)

func (h *huffman) long(acc uint64) symbol {
	value, length := h.value(acc)
	if length == 0 {
		return badCode
	}
	return makeSymbol(length, value)
}

// value is the symbol's byte and its code's length; length 0 where no code fits.
func (h *huffman) value(acc uint64) (value uint8, length int) {
	if s := h.look[acc>>(64-lookBits)]; s != 0 {
		return h.values[int(acc>>(64-uint(s.length())))+h.offset[s.length()&15]], s.length()
	}
	prefix := uint32(acc >> 48)
	for length := lookBits + 1; length <= 16; length++ {
		if prefix < h.limit[length] {
			return h.values[int(prefix>>(16-length))+h.offset[length]], length
		}
	}
	return 0, 0
}

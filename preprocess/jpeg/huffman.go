package jpeg

// lookBits is the width of the tables' index: nearly every code is as short.
const lookBits = 10

// skipBits is the width of the skipping table's index; a few symbols fit in it together.
const skipBits = 12

// symbol is what a table says of the bits that come next. For AC coefficients: how far to advance in the block (a run
// of zeros and the coefficient itself; 64 at the end of a block), and the size of the coefficient's bits. For DC: the
// size of the difference's bits. Zero: no code is as short.
//
//	bits  0-5   the code's length and the value's, together
//	bits  6-10  the code's length
//	bits 11-15  the value's length
//	bits 16-23  advance
type symbol uint32

func makeSymbol(length int, value uint8) symbol {
	size, advance := int(value&15), int(value>>4)+1
	if size == 0 && value>>4 != 15 {
		advance = endOfBlock
	}
	return symbol(length + size | length<<6 | size<<11 | advance<<16)
}

func (s symbol) total() int   { return int(s & 63) }
func (s symbol) length() int  { return int(s >> 6 & 31) }
func (s symbol) size() int    { return int(s >> 11 & 31) }
func (s symbol) advance() int { return int(s >> 16) }

// endOfBlock is an advance beyond the last coefficient.
const endOfBlock = 64

// huffman is a table as a DHT segment defines it (T.81 Annex C and F.2.2.3).
type huffman struct {
	look   [1 << lookBits]symbol
	skip   []leap     // made on demand
	limit  [17]uint32 // first 16-bit prefix that is no code of this length or shorter
	offset [17]int    // of a length's values, less its first code
	values []uint8
}

// newHuffman builds a table from the counts of codes of length 1 ... 16 and their values.
func newHuffman(counts [17]int, values []uint8) (*huffman, error) {
	h := &huffman{values: values}
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
	return h, nil
}

func (h *huffman) enter(code uint32, length int, value uint8) {
	if length > lookBits {
		return
	}
	first := code << (lookBits - length)
	for i := range uint32(1) << (lookBits - length) {
		h.look[first+i] = makeSymbol(length, value)
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
const badCode = symbol(endOfBlock << 16)

func (h *huffman) long(acc uint64) symbol {
	value, length := h.value(acc)
	if length == 0 {
		return badCode
	}
	return makeSymbol(length, value)
}

// leap is what the skipping table says of the next bits: as many AC symbols as fit, together.
//
//	bits  0-5   their length, values included
//	bits  6-12  how far all but the last advance
//	bits 13-20  how far all advance
type leap uint32

func (l leap) total() int      { return int(l & 63) }
func (l leap) beforeLast() int { return int(l >> 6 & 127) }
func (l leap) advance() int    { return int(l >> 13) }

// leaps are made on first use: only scaled decoding needs them.
func (h *huffman) leaps() []leap {
	if h.skip == nil {
		h.skip = make([]leap, 1<<skipBits)
		for i := range h.skip {
			h.skip[i] = h.leap(uint64(i) << (64 - skipBits))
		}
	}
	return h.skip
}

func (h *huffman) leap(acc uint64) leap {
	total, before, advance := 0, 0, 0
	for total < skipBits && advance < endOfBlock {
		s := h.look[acc<<total>>(64-lookBits)]
		if s == 0 || total+s.length() > skipBits || total > 0 && total+s.total() > skipBits {
			break // the code isn't known whole, or its value isn't
		}
		before = advance
		total += s.total()
		advance += s.advance()
	}
	return leap(total | before<<6 | advance<<13)
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

package hevc

import (
	"encoding/binary"
	"math/bits"
)

// cabac is the arithmetic decoder (§ 9.3.4.3). Its offset is held with further bits of the stream below it, so that shifting
// it is lowering their number, and bytes are fetched four at a time.
type cabac struct {
	data   []byte
	pos    int    // bytes fetched; beyond the end they are zeros
	rng    uint32 // ivlCurrRange
	value  uint64 // ivlOffset << ahead, and the bits that follow
	ahead  int
	states [contexts]uint8 // 2 · pStateIdx + valMps
}

// start begins at a byte of the data.
func (c *cabac) start(pos int) {
	c.pos, c.rng, c.value, c.ahead = pos, 510, 0, -9
	c.fetch()
}

// fetch adds four bytes. The offset takes 9 bits, so there is room for 55 ahead.
func (c *cabac) fetch() {
	var next uint64
	if c.pos+4 <= len(c.data) {
		next = uint64(binary.BigEndian.Uint32(c.data[c.pos:]))
	} else {
		for i := range 4 {
			next <<= 8
			if c.pos+i < len(c.data) {
				next |= uint64(c.data[c.pos+i])
			}
		}
	}
	c.value = c.value<<32 | next
	c.pos += 4
	c.ahead += 32
}

// over says whether more has been read than there is, by so much that a whole stream can't need it.
func (c *cabac) over() bool { return c.pos > len(c.data)+8 }

// bit decodes a bin with a context.
func (c *cabac) bit(context int) int {
	state := c.states[context]
	s := &steps[state]
	low := uint32(s.low[c.rng>>6&3])
	c.rng -= low
	if scaled := uint64(c.rng) << c.ahead; c.value < scaled {
		c.states[context] = s.most
		if c.rng < 256 {
			c.rng <<= 1
			if c.ahead--; c.ahead < 8 {
				c.fetch()
			}
		}
		return int(state & 1)
	} else {
		c.value -= scaled
	}
	c.states[context] = s.least
	shift := bits.LeadingZeros32(low) - 23
	c.rng = low << shift
	if c.ahead -= shift; c.ahead < 8 {
		c.fetch()
	}
	return int(state&1) ^ 1
}

// bypass decodes a bin that is as likely 0 as 1.
func (c *cabac) bypass() int {
	if c.ahead--; c.ahead < 8 {
		c.fetch()
	}
	if scaled := uint64(c.rng) << c.ahead; c.value >= scaled {
		c.value -= scaled
		return 1
	}
	return 0
}

// bypasses decodes up to 32 of them, the first highest.
func (c *cabac) bypasses(n int) int {
	v := 0
	for range n {
		v = v<<1 | c.bypass()
	}
	return v
}

// end decodes a bin that ends a part of the stream.
func (c *cabac) end() bool {
	c.rng -= 2
	if scaled := uint64(c.rng) << c.ahead; c.value >= scaled {
		return true
	}
	if c.rng < 256 {
		c.rng <<= 1
		if c.ahead--; c.ahead < 8 {
			c.fetch()
		}
	}
	return false
}

// next is the byte that follows what was decoded, after end said so: the last bit that was read is the stop bit, and zeros fill
// up its byte.
func (c *cabac) next() int {
	read := 8*c.pos - c.ahead // bits
	return (read + 7) >> 3
}

// step is what follows from a state: how the range is split, and the states after the more and the less probable symbol.
type step struct {
	low         [4]uint8
	most, least uint8
}

var steps = func() (list [128]step) {
	for state := range 64 {
		for mps := range uint8(2) {
			s := step{low: lowRanges[state], most: uint8(min(state+1, 62))<<1 | mps, least: leastStates[state]<<1 | mps}
			if state == 63 {
				s.most = 63<<1 | mps
			}
			if state == 0 {
				s.least ^= 1
			}
			list[state<<1|int(mps)] = s
		}
	}
	return list
}()

// lowRanges is rangeTabLps (table 9-52), by pStateIdx.
var lowRanges = [64][4]uint8{
	{128, 176, 208, 240}, {128, 167, 197, 227}, {128, 158, 187, 216}, {123, 150, 178, 205}, {116, 142, 169, 195}, {111, 135, 160, 185},
	{105, 128, 152, 175}, {100, 122, 144, 166}, {95, 116, 137, 158}, {90, 110, 130, 150}, {85, 104, 123, 142}, {81, 99, 117, 135},
	{77, 94, 111, 128}, {73, 89, 105, 122}, {69, 85, 100, 116}, {66, 80, 95, 110}, {62, 76, 90, 104}, {59, 72, 86, 99},
	{56, 69, 81, 94}, {53, 65, 77, 89}, {51, 62, 73, 85}, {48, 59, 69, 80}, {46, 56, 66, 76}, {43, 53, 63, 72},
	{41, 50, 59, 69}, {39, 48, 56, 65}, {37, 45, 54, 62}, {35, 43, 51, 59}, {33, 41, 48, 56}, {32, 39, 46, 53},
	{30, 37, 43, 50}, {29, 35, 41, 48}, {27, 33, 39, 45}, {26, 31, 37, 43}, {24, 30, 35, 41}, {23, 28, 33, 39},
	{22, 27, 32, 37}, {21, 26, 30, 35}, {20, 24, 29, 33}, {19, 23, 27, 31}, {18, 22, 26, 30}, {17, 21, 25, 28},
	{16, 20, 23, 27}, {15, 19, 22, 25}, {14, 18, 21, 24}, {14, 17, 20, 23}, {13, 16, 19, 22}, {12, 15, 18, 21},
	{12, 14, 17, 20}, {11, 14, 16, 19}, {11, 13, 15, 18}, {10, 12, 15, 17}, {10, 12, 14, 16}, {9, 11, 13, 15},
	{9, 11, 12, 14}, {8, 10, 12, 14}, {8, 9, 11, 13}, {7, 9, 11, 12}, {7, 9, 10, 12}, {7, 8, 10, 11},
	{6, 8, 9, 11}, {6, 7, 9, 10}, {6, 7, 8, 9}, {2, 2, 2, 2},
}

// leastStates is transIdxLps (table 9-53).
var leastStates = [64]uint8{
	0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22, 22, 23, 24,
	24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35, 36, 36, 36, 37, 37, 37, 38, 38, 63,
}

package jpeg

import (
	"bytes"
	"encoding/binary"
	"math"
)

// bits reads an entropy-coded segment from which the stuffed zeros were taken out. A reader keeps acc and n in local
// variables while it decodes a block; the next bit is acc's highest.
type bits struct {
	data []byte // followed by at least 8 bytes that may be read
	pos  int    // of the next byte to be taken into acc
	end  int    // where the segment ends; bits beyond are whatever follows
	acc  uint64
	n    int // valid bits in acc; the rest of acc may hold more of the same stream
}

// refill makes at least 56 bits valid. Beyond the data it gives zeros, which overrun tells afterwards.
func refill(data []byte, pos int, acc uint64, n int) (int, uint64, int) {
	if uint(pos) <= uint(len(data)-8) {
		acc |= binary.BigEndian.Uint64(data[pos:]) >> (uint(n) & 63)
	}
	return pos + (63-n)>>3, acc, n | 56
}

// nowhere is a position beyond any data: that of a reader that met bits that are no code.
const nowhere = math.MaxInt / 2

// overrun tells whether more bits were used than the segment has.
func (b *bits) overrun() bool { return b.pos-b.n>>3 > b.end }

// take returns the next n bits, n <= 16.
func (b *bits) take(n int) int32 {
	if n == 0 {
		return 0
	}
	if b.n < 32 {
		b.pos, b.acc, b.n = refill(b.data, b.pos, b.acc, b.n)
	}
	v := int32(b.acc >> (64 - uint(n)))
	b.acc <<= uint(n)
	b.n -= n
	return v
}

// scanData is the entropy-coded data of one scan: stuffing removed, cut at its restart markers.
type scanData struct {
	bytes []byte
	ends  []int // of the segments; the first begins at 0
}

// padding lets a refill read beyond the last segment.
const padding = 16

// unstuff reads a scan's data from in, up to the next marker that is no restart marker, and returns the rest.
// It appends to s, whose memory it uses again.
func (s *scanData) unstuff(in []byte) (rest []byte) {
	s.bytes, s.ends = s.bytes[:0], s.ends[:0]
	for {
		i := bytes.IndexByte(in, 0xff)
		if i < 0 {
			s.bytes, in = append(s.bytes, in...), nil
			break
		}
		s.bytes = append(s.bytes, in[:i]...)
		in = in[i:]
		for len(in) > 1 && in[1] == 0xff { // fill bytes
			in = in[1:]
		}
		if len(in) < 2 {
			in = nil
			break
		}
		marker := in[1]
		if marker == 0 {
			s.bytes, in = append(s.bytes, 0xff), in[2:]
			continue
		}
		if marker < rst0 || marker > rst7 {
			break
		}
		s.ends = append(s.ends, len(s.bytes))
		in = in[2:]
	}
	s.ends = append(s.ends, len(s.bytes))
	s.bytes = append(s.bytes, make([]byte, padding)...)
	return in
}

// segment is the reader of the i-th segment.
func (s *scanData) segment(i int) bits {
	start := 0
	if i > 0 {
		start = s.ends[i-1]
	}
	return bits{data: s.bytes, pos: start, end: s.ends[i]}
}

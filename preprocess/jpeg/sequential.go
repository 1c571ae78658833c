package jpeg

// zigzag is where the k-th coefficient lies in a block, row by row (T.81 figure A.6). A run that leads beyond the
// block lands on its last place, as in libjpeg.
var zigzag = [128]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
}

// lastNeeded is the last coefficient in zigzag order that a block of size x size samples needs.
func lastNeeded(size int) int {
	switch size {
	case 1:
		return 0
	case 2:
		return 4
	case 4:
		return 24
	}
	return 63
}

// block is one block's dequantised coefficients, row by row.
type block [64]int32

// sequentialScan decodes a scan of a baseline or extended sequential stream straight into samples.
func (d *decoder) sequentialScan(h scanHeader) error {
	var b block
	if len(h.components) == 1 {
		c := h.components[0]
		return d.units(h, func(r *bits, y, from, to int) {
			for x := from; x < to; x++ {
				c.decodeBlock(r, &b, x, y)
			}
		})
	}
	return d.units(h, func(r *bits, y, from, to int) {
		for x := from; x < to; x++ {
			for _, c := range h.components {
				for v := range c.v {
					for u := range c.h {
						c.decodeBlock(r, &b, x*c.h+u, y*c.v+v)
					}
				}
			}
		}
	})
}

// decodeBlock decodes the block at column x and row y of the component's blocks. b is zero before and after.
func (c *component) decodeBlock(r *bits, b *block, x, y int) {
	if n := c.needed; x < n.Min.X || x >= n.Max.X || y < n.Min.Y || y >= n.Max.Y {
		c.readDC(r)
		c.skipFrom(r, 1)
		return
	}
	out := c.plane[y*c.size*c.stride+x*c.size:]
	if c.size == 8 {
		last := c.readBlock(r, b)
		idct8(out, c.stride, b, last)
		return
	}
	c.readLow(r, b, lastNeeded(c.size))
	idctSmall(out, c.stride, b, c.size)
}

// readDC decodes a DC difference and returns the new value.
func (c *component) readDC(r *bits) int32 {
	r.pos, r.acc, r.n = refill(r.data, r.pos, r.acc, r.n)
	s := c.dcTable.next(r.acc)
	if s == badCode {
		r.pos = nowhere
	}
	c.pred += s.value(r.acc)
	r.acc <<= uint(s.total())
	r.n -= s.total()
	return c.pred
}

// extend is the value of the first size bits of acc (T.81 F.2.2.1), 1 <= size <= 16.
func extend(acc uint64, size int) int32 {
	sign := int32(int64(acc) >> 63) // -1: the first bit is set, the value is positive
	v := int32(acc >> (uint(64-size) & 63))
	return v + ((-1<<(uint(size)&31))+1)&^sign
}

// readBlock decodes a whole block and returns the index in zigzag order of its last coefficient.
func (c *component) readBlock(r *bits, b *block) (last int) {
	b[0] = c.readDC(r) * c.quant[0]
	ac, quant := c.acTable, c.quant
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for k := 1; k < 64; {
		pos, acc, n = refill(data, pos, acc, n)
		s := ac.look[acc>>(64-lookBits)]
		if s == 0 {
			if s = ac.long(acc); s == badCode {
				pos = nowhere
			}
		}
		if k += s.advance(); k < endOfBlock {
			last = min(k-1, 63)
			b[zigzag[(k-1)&127]&63] = s.value(acc) * quant[last&63]
		}
		acc <<= uint(s.total()) & 63
		n -= s.total()
	}
	r.pos, r.acc, r.n = pos, acc, n
	return last
}

// readLow decodes a block's coefficients up to the needed one and skips the others.
func (c *component) readLow(r *bits, b *block, needed int) {
	b[0] = c.readDC(r) * c.quant[0]
	ac, quant := c.acTable, c.quant
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	k := 1
	for k <= needed {
		pos, acc, n = refill(data, pos, acc, n)
		s := ac.look[acc>>(64-lookBits)]
		if s == 0 {
			if s = ac.long(acc); s == badCode {
				pos = nowhere
			}
		}
		if k += s.advance(); k-1 <= needed {
			b[zigzag[(k-1)&63]&63] = s.value(acc) * quant[(k-1)&63]
		}
		acc <<= uint(s.total()) & 63
		n -= s.total()
	}
	r.pos, r.acc, r.n = pos, acc, n
	if k < 64 {
		c.skipFrom(r, k)
	}
}

// skipFrom reads a block's AC coefficients from the k-th on for their lengths alone.
func (c *component) skipFrom(r *bits, k int) {
	ac, leaps := c.acTable, c.acTable.leaps()
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for {
		pos, acc, n = refill(data, pos, acc, n)
		l := leaps[acc>>(64-skipBits)]
		if l.total() == 0 || k+l.beforeLast() >= 64 {
			s := ac.next(acc)
			if s == badCode {
				pos = nowhere
			}
			l = leap(s.total() | s.advance()<<13)
		}
		k += l.advance()
		acc <<= uint(l.total()) & 63
		n -= l.total()
		if k >= 64 {
			break
		}
		if l = leaps[acc>>(64-skipBits)]; l.total() != 0 && k+l.beforeLast() < 64 { // the bits still suffice
			k += l.advance()
			acc <<= uint(l.total()) & 63
			n -= l.total()
			if k >= 64 {
				break
			}
		}
	}
	r.pos, r.acc, r.n = pos, acc, n
}

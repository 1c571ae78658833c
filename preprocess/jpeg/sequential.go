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

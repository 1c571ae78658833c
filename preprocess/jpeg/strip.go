package jpeg

import (
	"image"
	"unsafe"
)

// kept are a block's coefficients as far as they are needed, not yet dequantised.
type kept struct {
	dc   int32
	last int32     // where more than lowest are kept: not zero if any of them was coded
	ac   [68]int16 // at the places that the unit says
}

// unit is one block of an MCU, and how it is read.
type unit struct {
	last        int // coefficient that is kept, in zigzag order: 0, lowest or more
	most        int // that is written: what leads beyond a whole block lands on its last place
	differences *differences
	look        *[1 << lookBits]symbol
	leaps       *leaps
	lows        *lows        // where last is lowest
	singles     *singles     // where it is more
	place       *[128]uint8  // in kept.ac, in bytes
	pred        *int32       // the component's
	out         *[chunk]kept // of this unit, MCU after MCU
	at          int          // of the next, in bytes
	tail        *symbol      // the table's
	tailFirst   int
	tailCount   int

	component     *component
	x, y          int // of the block in its MCU
	columns, rows int // of the component's blocks in an MCU
}

// chunk is how many MCUs are decoded before their samples are made: their coefficients stay in the nearest cache.
const chunk = 16

// strip is the state of a reader that decodes MCUs. Assembly knows where its fields lie.
type strip struct {
	data  unsafe.Pointer
	pos   int // as in bits
	limit int // the last position that 8 bytes may be read from
	acc   uint64
	used  int // 63 - n
	mcus  int // to be decoded
	next  int // the unit that comes next
	count int // of units
	units [10]unit

	blockPos  int // the reader at the beginning of the block
	blockAcc  uint64
	blockUsed int

	kept [10][chunk]kept
}

// places say where in a block's kept coefficients each one lies, by the size of its samples: for 2 x 2 in zigzag order, else
// row by row. What isn't needed is written behind.
var places = makePlaces()

func makePlaces() map[int]*[128]uint8 {
	all := map[int]*[128]uint8{1: new([128]uint8), 2: new([128]uint8), 4: new([128]uint8), 8: new([128]uint8)}
	for k := range 128 {
		row, column := zigzag[k]/8, zigzag[k]%8
		all[1][k] = 2 * 64
		all[2][k] = uint8(2 * min(max(k-1, 0), 64))
		all[4][k] = 2 * 64
		if row < 4 && column < 4 {
			all[4][k] = 2 * (4*row + column)
		}
		all[8][k] = 2 * zigzag[k]
	}
	return all
}

// sequentialScan decodes a scan of a baseline or extended sequential stream into samples.
func (d *decoder) sequentialScan(h scanHeader, s *strip) error {
	s.plan(h)
	wanted := s.wanted()
	return d.units(h, func(r *bits, y, from, to int) {
		for x := from; x < to; {
			n := min(chunk, to-x)
			skip := x < wanted.Min.X || y < wanted.Min.Y || y >= wanted.Max.Y
			switch {
			case skip && x < wanted.Min.X && wanted.Min.X < x+n:
				n = wanted.Min.X - x
			case x >= wanted.Max.X:
				skip = true
			case x+n > wanted.Max.X:
				n = wanted.Max.X - x
			}
			s.decode(r, n, skip)
			if !skip {
				s.samples(x, y, n)
			}
			x += n
		}
	})
}

// plan makes the units of a scan's MCUs.
func (s *strip) plan(h scanHeader) {
	s.count = 0
	for _, c := range h.components {
		columns, rows := c.h, c.v
		if len(h.components) == 1 {
			columns, rows = 1, 1
		}
		for y := range rows {
			for x := range columns {
				u := c.unit()
				u.x, u.y, u.columns, u.rows, u.out = x, y, columns, rows, &s.kept[s.count]
				s.units[s.count] = u
				s.count++
			}
		}
	}
}

func (c *component) unit() unit {
	u := unit{
		differences: c.dcTable.differences.get(c.dcTable.fillDifferences),
		look:        &c.acTable.look,
		leaps:       c.acTable.leaps.get(c.acTable.fillLeaps),
		pred:        &c.pred,
		place:       places[c.size],
		tail:        unsafe.SliceData(c.acTable.tail),
		tailFirst:   1<<16 - len(c.acTable.tail),
		tailCount:   len(c.acTable.tail),
		component:   c,
	}
	switch c.size {
	case 1:
	case 2:
		u.lows = c.acTable.lows.get(c.acTable.fillLows)
	default:
		u.singles = c.acTable.singles.get(c.acTable.fillSingles)
	}
	return u
}

// wanted are the MCUs with blocks that are needed.
func (s *strip) wanted() image.Rectangle {
	var all image.Rectangle
	for i := range s.units[:s.count] {
		u := &s.units[i]
		n := u.component.needed
		all = all.Union(image.Rect(n.Min.X/u.columns, n.Min.Y/u.rows, ceilDiv(n.Max.X, u.columns), ceilDiv(n.Max.Y, u.rows)))
	}
	return all
}

// decode reads n MCUs, n at most chunk: for their lengths and DC alone where they are to be skipped.
func (s *strip) decode(r *bits, n int, skip bool) {
	for i := range s.units[:s.count] {
		u := &s.units[i]
		u.at, u.last = 0, 0
		if !skip {
			u.last = lastNeeded(u.component.size)
		}
		if u.most = u.last; u.last == 63 {
			u.most = endOfBlock - 2
		}
	}
	s.mcus, s.next = n, 0
	run.blocks(s, r)
}

// samples makes the samples of n MCUs, of which the first is at column x and row y.
func (s *strip) samples(x, y, n int) {
	for i := range s.units[:s.count] {
		u := &s.units[i]
		needed, row := u.component.needed, y*u.rows+u.y
		if row < needed.Min.Y || row >= needed.Max.Y {
			continue
		}
		first, end := 0, n // of the blocks that are needed
		for first < end && (x+first)*u.columns+u.x < needed.Min.X {
			first++
		}
		for first < end && (x+end-1)*u.columns+u.x >= needed.Max.X {
			end--
		}
		if first < end {
			u.component.reconstruct(u.out[first:end], (x+first)*u.columns+u.x, row, u.columns)
			if u.component.twin != nil {
				u.component.reduceBlocks(u.out[first:end], (x+first)*u.columns+u.x, row, u.columns)
			}
		}
	}
}

// reconstruct makes the samples of blocks in row y of the component's: the first at column x, the others step apart.
func (c *component) reconstruct(blocks []kept, x, y, step int) {
	out := c.plane[y*c.size*c.stride+x*c.size:]
	switch c.size {
	case 1:
		for i := range blocks {
			out[i*step] = clamp8((blocks[i].dc*c.factors[0]+4)>>3 + 128)
		}
	case 2:
		run.idct2(out, c.stride, blocks, 2*step, &c.factors)
	case 4:
		run.idct4(out, c.stride, blocks, 4*step, &c.factors)
	default:
		for i := range blocks {
			idct8(out[8*step*i:], c.stride, &blocks[i], &c.factors)
		}
	}
}

// blocksPlain reads a strip's MCUs.
func blocksPlain(s *strip, r *bits) {
	for s.mcus > 0 {
		s.one(r)
	}
}

// one reads the block that comes next.
func (s *strip) one(r *bits) {
	s.units[s.next].read(r)
	if s.next++; s.next == s.count {
		s.next = 0
		s.mcus--
	}
}

// read decodes one block.
func (u *unit) read(r *bits) {
	k := &u.out[u.at/int(unsafe.Sizeof(kept{}))]
	u.at += int(unsafe.Sizeof(kept{}))
	k.dc = u.component.readDC(r)
	first := 1
	if u.last > 0 {
		k.last, k.ac = 0, [68]int16{}
		first = u.readKept(r, k)
	}
	if first < 64 {
		u.skipFrom(r, first)
	}
}

// readKept decodes a block's coefficients up to the last that is kept, and returns the index of the next.
func (u *unit) readKept(r *bits, to *kept) (k int) {
	ac, last, most, place := u.component.acTable, u.last, u.most, u.place
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	k = 1
	for k <= last {
		pos, acc, n = refill(data, pos, acc, n)
		s := ac.look[acc>>(64-lookBits)]
		if s == 0 {
			if s = ac.long(acc); s == badCode {
				pos = nowhere
			}
		}
		if k += s.advance(); k-1 <= most {
			to.last = int32(k)
			to.ac[place[(k-1)&127]/2] = int16(s.value(acc))
		}
		acc <<= uint(s.total()) & 63
		n -= s.total()
	}
	r.pos, r.acc, r.n = pos, acc, n
	return k
}

// skipFrom reads a block's AC coefficients from the k-th on for their lengths alone.
func (u *unit) skipFrom(r *bits, k int) {
	ac, leaps := u.component.acTable, u.leaps
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for k < 64 {
		pos, acc, n = refill(data, pos, acc, n)
		known := 0
		for ; known < 3 && k < 64; known++ {
			l := leaps[acc>>(64-leapBits)]
			next := k + int(l>>8)
			if next >= 64 && !ends(next) {
				break
			}
			k = next
			acc <<= l & 63
			n -= int(l & 63)
		}
		if known == 3 || k >= 64 {
			continue
		}
		pos, acc, n = refill(data, pos, acc, n)
		s := ac.next(acc)
		if s == badCode {
			pos = nowhere
		}
		k += s.advance()
		acc <<= uint(s.total()) & 63
		n -= s.total()
	}
	r.pos, r.acc, r.n = pos, acc, n
}

package jpeg

import bits64 "math/bits"

// progressiveScan decodes one scan of a progressive stream (T.81 annex G) into the components' coefficients.
func (d *decoder) progressiveScan(h scanHeader) error {
	if h.first == 0 {
		return d.dcScan(h)
	}
	c := h.components[0]
	var ends int32 // blocks, from here, of which this band has nothing more
	atSegment := -1
	return d.units(h, func(r *bits, y, from, to int) {
		if r.end != atSegment {
			ends, atSegment = 0, r.end
		}
		for x := from; x < to; x++ {
			if at := y*c.paddedX + x; h.high == 0 {
				ends = c.acFirst(r, at, h, ends)
			} else {
				ends = c.acRefine(r, at, h, ends)
			}
		}
	})
}

func (d *decoder) dcScan(h scanHeader) error {
	decode := func(r *bits, c *component, x, y int) {
		dc := &c.coefs[c.kept*(y*c.paddedX+x)]
		if h.high == 0 {
			*dc = int16(c.readDC(r) << h.low)
		} else if r.take(1) != 0 {
			*dc |= 1 << h.low
		}
	}
	single := len(h.components) == 1
	return d.units(h, func(r *bits, y, from, to int) {
		for x := from; x < to; x++ {
			if single {
				decode(r, h.components[0], x, y)
				continue
			}
			for _, c := range h.components {
				for v := range c.v {
					for u := range c.h {
						decode(r, c, x*c.h+u, y*c.v+v)
					}
				}
			}
		}
	})
}

// block is the at-th block's coefficients, those that are kept.
func (c *component) block(at int) []int16 { return c.coefs[c.kept*at : c.kept*(at+1)] }

// acFirst is the first scan of a band (G.1.2.2). It returns how many more blocks end without a coefficient.
func (c *component) acFirst(r *bits, at int, h scanHeader, ends int32) int32 {
	if ends > 0 {
		return ends - 1
	}
	ac, coefs, nonzero := c.acTable, c.block(at), c.nonzero[at]
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for k := h.first; k <= h.last; k++ {
		pos, acc, n = refill(data, pos, acc, n)
		s := ac.next(acc)
		if s.advance() == endOfBlock {
			r.pos, r.acc, r.n = pos, acc, n
			run, _ := c.runSize(r)
			ends = 1<<run + r.take(run) - 1
			pos, acc, n = r.pos, r.acc, r.n
			break
		}
		k += s.advance() - 1
		if v := s.value(acc); v != 0 {
			nonzero |= 1 << (k & 63)
			if k < len(coefs) {
				coefs[k] = int16(v << h.low)
			}
		}
		acc <<= uint(s.total()) & 63
		n -= s.total()
	}
	c.nonzero[at] = nonzero
	r.pos, r.acc, r.n = pos, acc, n
	return ends
}

// runSize decodes one AC symbol; where there is none it reads on nowhere.
func (c *component) runSize(r *bits) (run, size int) {
	r.pos, r.acc, r.n = refill(r.data, r.pos, r.acc, r.n)
	value, length := c.acTable.value(r.acc)
	if length == 0 {
		r.pos = nowhere
		return 0, 0
	}
	r.acc <<= uint(length)
	r.n -= length
	return int(value >> 4), int(value & 15)
}

// acRefine adds one bit to a band's coefficients (G.1.2.3).
func (c *component) acRefine(r *bits, at int, h scanHeader, ends int32) int32 {
	ac, coefs, nonzero, bit := c.acTable, c.block(at), c.nonzero[at], int16(1)<<h.low
	kept := uint64(1)<<len(coefs) - 1
	band := uint64(1)<<(h.last+1) - 1 // what is left of it
	band &^= 1<<h.first - 1
	if ends > 0 && band&nonzero == 0 {
		return ends - 1
	}
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for band != 0 {
		stop, fresh := uint64(0), int16(0) // where the next symbol's run leads, 0: beyond the band; what it says stands there
		if ends == 0 {
			pos, acc, n = refill(data, pos, acc, n)
			if s := ac.next(acc); s.advance() == endOfBlock {
				value, length := ac.value(acc)
				if length == 0 {
					pos = nowhere
				}
				run := int(value >> 4)
				acc <<= uint(length)
				ends = 1<<run + int32(acc>>1>>(63-uint(run)))
				acc <<= uint(run)
				n -= length + run
			} else {
				fresh = int16(s.value(acc)) // always 1 or -1, of a coefficient that becomes non-zero; 0: of none
				acc <<= uint(s.total()) & 63
				n -= s.total()
				stop = band &^ nonzero // the zeros; the run leads to one of them
				for range s.advance() - 1 {
					stop &= stop - 1
				}
				stop &= -stop
			}
		}
		// A bit for each that isn't zero so far, in order, corrects it: away from zero, unless it has the bit. There is no
		// branch on what was read, for it can't be foretold.
		which := band & nonzero & (stop - 1)
		for near := which & kept; near != 0; near &= near - 1 {
			if n < 32 {
				pos, acc, n = refill(data, pos, acc, n)
			}
			k := bits64.TrailingZeros64(near)
			v, read := coefs[k], int16(int64(acc)>>63)
			sign := v >> 15
			magnitude := (v ^ sign) - sign
			coefs[k] = v + ((read&bit&^magnitude ^ sign) - sign)
			acc <<= 1
			n--
		}
		for far := bits64.OnesCount64(which &^ kept); far > 0; {
			pos, acc, n = refill(data, pos, acc, n)
			some := min(far, 32)
			acc <<= uint(some) & 63
			n -= some
			far -= some
		}
		if fresh != 0 && stop != 0 {
			nonzero |= stop
			if k := bits64.TrailingZeros64(stop); k < len(coefs) {
				coefs[k] = fresh * bit
			}
		}
		band &= -stop << 1
	}
	c.nonzero[at] = nonzero
	r.pos, r.acc, r.n = pos, acc, n
	return max(ends-1, 0)
}

// reconstruct makes samples of a progressive stream's coefficients.
func (d *decoder) reconstruct() {
	for i := range d.components {
		c := &d.components[i]
		place := places[c.size]
		for y := c.needed.Min.Y; y < min(c.needed.Max.Y, c.blocksY); y++ {
			for x := c.needed.Min.X; x < min(c.needed.Max.X, c.blocksX); x++ {
				at := y*c.paddedX + x
				coefs := c.block(at)
				k := []kept{{dc: int32(coefs[0])}}
				for which := c.nonzero[at] & (1<<c.kept - 2); which != 0; which &= which - 1 {
					last := bits64.TrailingZeros64(which) & 63
					k[0].ac[place[last]/2], k[0].last = coefs[last], int32(last)
				}
				c.reconstruct(k, x, y, 1)
			}
		}
	}
}

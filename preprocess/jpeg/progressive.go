package jpeg

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
			at := 64 * (y*c.paddedX + x)
			coefs := (*[64]int16)(c.coefs[at:])
			if h.high == 0 {
				ends = c.acFirst(r, coefs, h, ends)
			} else {
				ends = c.acRefine(r, coefs, h, ends)
			}
		}
	})
}

func (d *decoder) dcScan(h scanHeader) error {
	decode := func(r *bits, c *component, x, y int) {
		dc := &c.coefs[64*(y*c.paddedX+x)]
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

// acFirst is the first scan of a band (G.1.2.2). It returns how many more blocks end without a coefficient.
func (c *component) acFirst(r *bits, coefs *[64]int16, h scanHeader, ends int32) int32 {
	if ends > 0 {
		return ends - 1
	}
	for k := h.first; k <= h.last; k++ {
		run, size := c.runSize(r)
		if size == 0 {
			if run == 15 {
				k += 15
				continue
			}
			return 1<<run + r.take(run) - 1
		}
		k += run
		coefs[k&63] = int16(receive(r, size) << h.low)
	}
	return 0
}

// runSize decodes one AC symbol; where there is none it reads on nowhere.
func (c *component) runSize(r *bits) (run, size int) {
	if r.n < 32 {
		r.pos, r.acc, r.n = refill(r.data, r.pos, r.acc, r.n)
	}
	value, length := c.acTable.value(r.acc)
	if length == 0 {
		r.pos = nowhere
		return 0, 0
	}
	r.acc <<= uint(length)
	r.n -= length
	return int(value >> 4), int(value & 15)
}

func receive(r *bits, size int) int32 {
	if r.n < 32 {
		r.pos, r.acc, r.n = refill(r.data, r.pos, r.acc, r.n)
	}
	v := extend(r.acc, size)
	r.acc <<= uint(size)
	r.n -= size
	return v
}

// acRefine adds one bit to a band's coefficients (G.1.2.3).
func (c *component) acRefine(r *bits, coefs *[64]int16, h scanHeader, ends int32) int32 {
	plus, minus := int16(1)<<h.low, int16(-1)<<h.low
	k := h.first
	for ends == 0 && k <= h.last {
		run, size := c.runSize(r)
		fresh := int16(0)
		switch {
		case size != 0: // always 1: a coefficient that becomes non-zero
			fresh = minus
			if r.take(1) != 0 {
				fresh = plus
			}
		case run < 15:
			ends = 1<<run + r.take(run)
			continue
		}
		k = refineRun(r, coefs, k, h.last, run, plus, minus)
		if fresh != 0 && k <= h.last {
			coefs[k&63] = fresh
		}
		k++
	}
	if ends > 0 {
		refineRun(r, coefs, k, h.last, 64, plus, minus)
		ends--
	}
	return ends
}

// refineRun corrects the coefficients from k on that aren't zero, until it has passed run zeros and stands at the
// next; it returns where.
func refineRun(r *bits, coefs *[64]int16, k, last, run int, plus, minus int16) int {
	for ; k <= last; k++ {
		v := &coefs[k&63]
		if *v == 0 {
			if run == 0 {
				break
			}
			run--
			continue
		}
		if r.take(1) == 0 || *v&plus != 0 && *v > 0 || *v < 0 && (-*v)&plus != 0 {
			continue
		}
		if *v > 0 {
			*v += plus
		} else {
			*v += minus
		}
	}
	return k
}

// reconstruct makes samples of a progressive stream's coefficients.
func (d *decoder) reconstruct() {
	var b block
	for i := range d.components {
		c := &d.components[i]
		needed := lastNeeded(c.size)
		for y := c.needed.Min.Y; y < min(c.needed.Max.Y, c.blocksY); y++ {
			for x := c.needed.Min.X; x < min(c.needed.Max.X, c.blocksX); x++ {
				coefs := (*[64]int16)(c.coefs[64*(y*c.paddedX+x):])
				last := 0
				for k, v := range coefs[:needed+1] {
					if v != 0 {
						b[zigzag[k]&63] = int32(v) * c.quant[k]
						last = k
					}
				}
				out := c.plane[y*c.size*c.stride+x*c.size:]
				if c.size == 8 {
					idct8(out, c.stride, &b, last)
				} else {
					idctSmall(out, c.stride, &b, c.size)
				}
			}
		}
	}
}

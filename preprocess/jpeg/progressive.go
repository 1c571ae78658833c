package jpeg

import bits64 "math/bits"

// coefficients are what progressive scans brought of a component's blocks: their first scans values, those that refine
// them planes of bits, put together when samples are made. In masks the k-th of a block's 64 coefficients has the k-th
// highest bit, so that bits read from a stream fall into place in their order.
type coefficients struct {
	kept   int          // of a block, DC too: as many as the scale needs
	dc     []int16      // of each block
	ac     []int16      // of each block, kept-1 in zigzag order; set where masks say so
	masks  []masks      // of each block
	planes [14][]uint64 // by the bit that refining scans gave: of each block, which coefficients have it
	memory []uint64     // for planes, of those that are needed soonest
}

// masks tell of one block's coefficients.
type masks struct {
	nonzero  uint64 // some scan made them so
	fresh    uint64 // it was a refining scan: there is no value but that of planes
	negative uint64 // of those
}

// commonPlanes are as many as most files need.
const commonPlanes = 2

// refined is the plane of a bit.
func (c *coefficients) refined(bit uint) []uint64 {
	if c.planes[bit] == nil {
		blocks := len(c.masks)
		if len(c.memory) < blocks {
			c.memory = make([]uint64, blocks)
		}
		c.planes[bit], c.memory = c.memory[:blocks:blocks], c.memory[blocks:]
	}
	return c.planes[bit]
}

// block is the at-th block's AC coefficients, those that are kept.
func (c *coefficients) block(at int) []int16 { return c.ac[(c.kept-1)*at : (c.kept-1)*(at+1)] }

// forget takes back what refining scans said of coefficients, before a first scan says it anew.
func (c *coefficients) forget(at int, which uint64) {
	c.masks[at].fresh &^= which
	c.masks[at].negative &^= which
	for _, plane := range c.planes {
		if plane != nil {
			plane[at] &^= which
		}
	}
}

// progressiveScan decodes one scan of a progressive stream (T.81 annex G) into the components' coefficients.
func (d *decoder) progressiveScan(h scanHeader) error {
	if h.first == 0 {
		return d.dcScan(h)
	}
	c := h.components[0]
	if c.kept == 1 && d.whole() {
		d.finish(h)
		return nil
	}
	if h.high != 0 {
		return d.refiningScan(h)
	}
	ends := 0 // blocks, from here, of which this band has nothing more
	atSegment := -1
	return d.units(h, func(r *bits, y, from, to int) {
		if r.end != atSegment {
			ends, atSegment = 0, r.end
		}
		ends = c.acFirst(r, y*c.paddedX+from, y*c.paddedX+to, h, ends)
	})
}

// whole tells whether the stream goes on to an end marker: scans that nothing is wanted of need not be read then.
func (d *decoder) whole() bool {
	if d.ending == 0 {
		d.ending = 1
		for i := len(d.rest) - 2; i >= 0; i-- {
			if d.rest[i] == 0xff && d.rest[i+1] == eoi {
				d.ending = 2
				break
			}
		}
	}
	return d.ending == 2
}

func (d *decoder) dcScan(h scanHeader) error {
	if h.high != 0 {
		bit := int16(1) << h.low
		return d.dcBlocks(h, func(r *bits, c *component, at int) {
			if r.take(1) != 0 {
				c.dc[at] |= bit
			}
		})
	}
	return d.dcBlocks(h, func(r *bits, c *component, at int) { c.dc[at] = int16(c.readDC(r) << h.low) })
}

// dcBlocks calls for each block in the order of an interleaved scan.
func (d *decoder) dcBlocks(h scanHeader, decode func(r *bits, c *component, at int)) error {
	if len(h.components) == 1 {
		c := h.components[0]
		return d.units(h, func(r *bits, y, from, to int) {
			for x := from; x < to; x++ {
				decode(r, c, y*c.paddedX+x)
			}
		})
	}
	return d.units(h, func(r *bits, y, from, to int) {
		for x := from; x < to; x++ {
			for _, c := range h.components {
				at := y*c.v*c.paddedX + x*c.h
				for range c.v {
					for u := range c.h {
						decode(r, c, at+u)
					}
					at += c.paddedX
				}
			}
		}
	})
}

// acFirst is the first scan of a band (G.1.2.2), of the blocks from one up to another. Of the first ends of them nothing
// is coded; it returns how many more end without a coefficient.
func (c *component) acFirst(r *bits, from, to int, h scanHeader, ends int) int {
	ac := c.acTable
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for at := from; at < to; at++ {
		if ends > 0 {
			skipped := min(ends, to-at)
			ends -= skipped
			at += skipped - 1
			continue
		}
		coefs, before, nonzero := c.block(at), c.masks[at].nonzero, uint64(0)
		for k := h.first; k <= h.last; k++ {
			pos, acc, n = refill(data, pos, acc, n)
			s := ac.look[acc>>(64-lookBits)]
			if s == 0 {
				s = ac.long(acc)
			}
			if s.advance() == endOfBlock {
				value, length := ac.value(acc)
				if length == 0 {
					pos = nowhere
				}
				run := int(value >> 4)
				acc <<= uint(length)
				ends = 1<<run + int(acc>>1>>(63-uint(run))) - 1
				acc <<= uint(run)
				n -= length + run
				break
			}
			k += s.advance() - 1
			if v := s.value(acc); v != 0 {
				nonzero |= 1 << 63 >> (k & 63)
				if k <= len(coefs) {
					coefs[k-1] = int16(v << h.low)
				}
			}
			acc <<= uint(s.total()) & 63
			n -= s.total()
		}
		if before&nonzero != 0 {
			c.forget(at, before&nonzero)
		}
		c.masks[at].nonzero = before | nonzero
	}
	r.pos, r.acc, r.n = pos, acc, n
	return ends
}

// reconstruct makes samples of a progressive stream's coefficients.
func (d *decoder) reconstruct() {
	for i := range d.components {
		c := &d.components[i]
		to := min(c.needed.Max.X, c.blocksX)
		for y := c.needed.Min.Y; y < min(c.needed.Max.Y, c.blocksY); y++ {
			for x := c.needed.Min.X; x < to; x += chunk {
				blocks := d.strip.kept[0][:min(chunk, to-x)]
				c.assemble(blocks, y*c.paddedX+x)
				c.reconstruct(blocks, x, y, 1)
			}
		}
	}
}

// assemble puts the coefficients of blocks together, from the at-th on.
func (c *component) assemble(blocks []kept, at int) {
	var planes [14]struct {
		words []uint64
		bit   int
	}
	count := 0
	for bit, words := range c.planes {
		if words != nil {
			planes[count].words, planes[count].bit = words[at:at+len(blocks)], bit
			count++
		}
	}
	place, wanted := places[c.size], uint64(1)<<63-uint64(1)<<(64-c.kept)
	for i := range blocks {
		m, coefs, k := c.masks[at+i], c.block(at+i), &blocks[i]
		*k = kept{dc: int32(c.dc[at+i])}
		for which := m.nonzero & wanted; which != 0; {
			j := bits64.LeadingZeros64(which) & 63
			which &^= 1 << 63 >> j
			// A value of the first scan, or none, and a sign: -1 or 0.
			v := coefs[j-1] & (int16(m.fresh<<j>>63) - 1)
			sign := v>>15 | -int16(m.negative<<j>>63)
			v = v ^ v>>15 - v>>15
			for _, p := range planes[:count] {
				v |= int16(p.words[i]<<j>>63) << p.bit
			}
			k.ac[place[j]/2], k.last = (v^sign)-sign, int32(j)
		}
	}
}

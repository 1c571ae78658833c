package jpeg

import (
	bits64 "math/bits"
	"unsafe"
)

// refiner reads the blocks of a refining scan: one bit for each of a band's coefficients that isn't zero so far, between
// symbols that make others so. Assembly knows where its fields lie.
type refiner struct {
	data   unsafe.Pointer
	pos    int // as in bits
	limit  int // the last position that 8 bytes may be read from
	acc    uint64
	used   int // 63 - n
	blocks int // to be read
	ends   int // of how many from here the band has no more symbols
	band   uint64
	table  *refining
	masks  unsafe.Pointer // of the block that comes next
	plane  unsafe.Pointer // likewise

	blockPos  int // the reader at the beginning of the block
	blockAcc  uint64
	blockUsed int

	component *component
	bits      []uint64 // the plane
	end       int      // the block behind the last
}

// refining are the symbols of a refining scan, by the next lookBits bits; refiningLong where no code is as short.
//
//	bits  0-7   the code's bits, and the sign's
//	bits  8-11  the run: of coefficients that stay zero; or the length of a run of blocks
//	bit   12    a coefficient becomes 1 or -1
//	bit   15    none does, nor in the rest of the band
type refining [1 << lookBits]uint16

const (
	refiningFresh = 1 << 12
	refiningEnds  = 1 << 15
	refiningLong  = 1<<16 - 1
)

// refiningSymbol is the entry of a code. Like libjpeg it takes any size for 1, the only one that there is.
func refiningSymbol(value uint8, length int) uint16 {
	entry := uint16(value>>4)<<8 | uint16(length)
	switch {
	case value&15 != 0:
		return entry + 1 | refiningFresh
	case value>>4 != 15:
		return entry | refiningEnds
	}
	return entry
}

func (h *huffman) fillRefining(t *refining) {
	for i, s := range h.look {
		t[i] = refiningLong
		if s != 0 {
			t[i] = refiningSymbol(h.value(uint64(i) << (64 - lookBits)))
		}
	}
}

// refiningScan adds one bit to a band's coefficients (G.1.2.3).
func (d *decoder) refiningScan(h scanHeader) error {
	c := h.components[0]
	f := refiner{
		band:      1<<63>>(h.first-1) - 1<<63>>h.last,
		table:     c.acTable.refinings.get(c.acTable.fillRefining),
		component: c,
		bits:      c.refined(h.low),
	}
	atSegment := -1
	return d.units(h, func(r *bits, y, from, to int) {
		if r.end != atSegment {
			f.ends, atSegment = 0, r.end
		}
		f.blocks, f.end = to-from, y*c.paddedX+to
		run.refine(&f, r)
	})
}

// refinePlain reads all blocks that a refiner waits for.
func refinePlain(f *refiner, r *bits) {
	for f.blocks > 0 {
		f.one(r)
	}
}

// one reads the block that comes next.
func (f *refiner) one(r *bits) {
	at := f.end - f.blocks
	f.blocks--
	m, plane := &f.component.masks[at], &f.bits[at]
	band, nonzero := f.band, m.nonzero // band is what is left of it
	data, pos, acc, n := r.data, r.pos, r.acc, r.n
	for band != 0 {
		// Where the next symbol's run leads; 0: beyond the band. And what it says stands there.
		stop, fresh, sign := uint64(0), uint64(0), uint64(0)
		if f.ends == 0 {
			pos, acc, n = refill(data, pos, acc, n)
			e := f.table[acc>>(64-lookBits)]
			if e == refiningLong {
				value, length := f.component.acTable.value(acc)
				if length == 0 {
					pos = nowhere
				}
				e = refiningSymbol(value, length)
			}
			length, run := uint(e&63), uint(e>>8&15)
			if e&refiningEnds != 0 {
				acc <<= length
				f.ends = 1<<run + int(acc>>1>>(63-run))
				acc <<= run
				n -= int(length + run)
			} else {
				if stop = nth(band&^nonzero, run); e&refiningFresh != 0 {
					fresh = stop
				}
				sign = acc << (length - 1) >> 63
				acc <<= length
				n -= int(length)
			}
		}
		// A bit for each that isn't zero so far, in order, corrects it.
		which := band & nonzero
		if stop != 0 {
			which &= -stop
		}
		for which != 0 {
			if n < 32 {
				pos, acc, n = refill(data, pos, acc, n)
			}
			bit := highest(which)
			*plane |= bit & -(acc >> 63)
			which &^= bit
			acc <<= 1
			n--
		}
		m.nonzero |= fresh
		m.fresh |= fresh
		m.negative |= fresh & (sign - 1)
		*plane |= fresh
		if stop == 0 {
			break
		}
		band &= stop - 1
	}
	f.ends = max(f.ends-1, 0)
	r.pos, r.acc, r.n = pos, acc, n
}

// nth is the n-th highest bit that is set, from 0 on; 0 where there is none.
func nth(mask uint64, n uint) uint64 {
	for ; n > 0 && mask != 0; n-- {
		mask &^= highest(mask)
	}
	return highest(mask)
}

// highest is the highest bit that is set, or 0.
func highest(mask uint64) uint64 { return 1 << 63 >> bits64.LeadingZeros64(mask) }

package dedup

import (
	"github.com/clipd/clipd/space"
)

// A hash is cut into bands; two hashes that differ in few bits differ in very few bits of some band.
const (
	bands    = 16
	bandBits = 16
)

// hashIndex finds the hashes within a Hamming distance of a hash, by multi-index hashing: Norouzi, Punjani and
// Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing" (arXiv 1307.2982). It answers exactly what
// a look at all hashes would.
type hashIndex struct {
	hashes []space.Hash256
	tables [bands]bandTable
	seen   []uint32 // by hash: the last search that looked at it
	search uint32
}

// bandTable lists the hashes by the value of one band.
type bandTable struct {
	starts [1<<bandBits + 1]uint32 // where the list of a value begins in ids
	ids    []uint32
}

func newHashIndex(hashes []space.Hash256) *hashIndex {
	x := &hashIndex{hashes: hashes, seen: make([]uint32, len(hashes))}
	for b := range x.tables {
		x.tables[b].fill(hashes, b)
	}
	return x
}

func (t *bandTable) fill(hashes []space.Hash256, band int) {
	for _, h := range hashes {
		t.starts[uint32(bandOf(h, band))+1]++
	}
	for v := range 1 << bandBits {
		t.starts[v+1] += t.starts[v]
	}
	next := make([]uint32, 1<<bandBits)
	copy(next, t.starts[:])
	t.ids = make([]uint32, len(hashes))
	for i, h := range hashes {
		v := bandOf(h, band)
		t.ids[next[v]] = uint32(i)
		next[v]++
	}
}

func bandOf(h space.Hash256, band int) uint16 { return uint16(h[band/4] >> (band % 4 * bandBits)) }

// within calls yield once for each hash at most limit away from h, in no particular order.
func (x *hashIndex) within(h space.Hash256, limit int, yield func(i, distance int)) {
	if limit < 0 {
		return
	}
	x.search++
	// limit = 16 r + rest: of the first rest+1 bands one differs in at most r bits, or another in at most r-1.
	r, rest := limit/bands, limit%bands
	for b := range x.tables {
		radius := r
		if b > rest {
			radius--
		}
		if radius >= 0 {
			x.probe(b, bandOf(h, b), 0, radius, h, limit, yield)
		}
	}
}

// probe looks at the lists of all values that differ from value in at most radius bits, those from bit on.
func (x *hashIndex) probe(band int, value uint16, bit, radius int, h space.Hash256, limit int, yield func(i, distance int)) {
	x.list(band, value, h, limit, yield)
	if radius == 0 {
		return
	}
	for ; bit < bandBits; bit++ {
		x.probe(band, value^1<<bit, bit+1, radius-1, h, limit, yield)
	}
}

func (x *hashIndex) list(band int, value uint16, h space.Hash256, limit int, yield func(i, distance int)) {
	table := &x.tables[band]
	for _, i := range table.ids[table.starts[value]:table.starts[uint32(value)+1]] {
		if x.seen[i] == x.search {
			continue
		}
		x.seen[i] = x.search
		if d := h.Distance(x.hashes[i]); d <= limit {
			yield(int(i), d)
		}
	}
}

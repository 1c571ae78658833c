package dedup

import (
	"math/bits"

	"github.com/clipd/clipd/space"
)

// A hash is cut into bands; two hashes that differ in few bits differ in very few bits of some band.
const (
	bands    = 16
	bandBits = 16
)

// Hashes finds the hashes within a Hamming distance of a hash, by multi-index hashing: Norouzi, Punjani and Fleet,
// "Fast Exact Search in Hamming Space with Multi-Index Hashing" (arXiv 1307.2982). It answers exactly what a look at
// all hashes would. Hashes come and go by their slots, small numbers that the caller chooses; 104 bytes are kept of
// each. The latest ones are looked at one by one, until they are many enough to make the tables anew.
//
// Any number of goroutines may search at once, as long as none changes it.
type Hashes struct {
	hashes  []space.Hash256 // by entry; none: the entry is gone
	slots   []uint32        // by entry
	entries []uint32        // by slot: its entry and 1; 0: none
	gone    int             // entries
	tables  [bands]bandTable
	listed  int // entries in tables: the first ones
}

// bandTable lists entries by the value of one band.
type bandTable struct {
	starts  []uint32 // where the list of a value begins in entries; nil: no lists yet
	entries []uint32
}

// Bounds of the entries that are in no table, or gone.
const (
	fewRecent   = 4096 // a look at them takes some 20 µs
	recentShare = 8    // ... or less than this part of all
)

// Len is the number of hashes.
func (x *Hashes) Len() int { return len(x.hashes) - x.gone }

// Put keeps the hash of a slot, in place of the one it had. A hash that is none removes the slot.
func (x *Hashes) Put(slot uint32, h space.Hash256) {
	x.Remove(slot)
	if h.IsZero() {
		return
	}
	for int(slot) >= len(x.entries) {
		x.entries = append(x.entries, 0)
	}
	x.hashes, x.slots = append(x.hashes, h), append(x.slots, slot)
	x.entries[slot] = uint32(len(x.hashes))
	if recent := len(x.hashes) - x.listed; recent > max(fewRecent, x.listed/recentShare) {
		x.Build()
	}
}

// Remove forgets the hash of a slot.
func (x *Hashes) Remove(slot uint32) {
	if int(slot) >= len(x.entries) || x.entries[slot] == 0 {
		return
	}
	x.hashes[x.entries[slot]-1] = space.Hash256{}
	x.entries[slot] = 0
	if x.gone++; x.gone > max(fewRecent, len(x.hashes)/2) {
		x.Build()
	}
}

// Build puts all hashes into the tables. Put does it by itself where it pays; call it after many.
func (x *Hashes) Build() {
	kept := 0
	for i, h := range x.hashes {
		if h.IsZero() {
			continue
		}
		x.hashes[kept], x.slots[kept] = h, x.slots[i]
		kept++
		x.entries[x.slots[i]] = uint32(kept)
	}
	x.hashes, x.slots, x.gone, x.listed = x.hashes[:kept], x.slots[:kept], 0, kept
	for b := range x.tables {
		x.tables[b].fill(x.hashes, b)
	}
}

func (t *bandTable) fill(hashes []space.Hash256, band int) {
	t.starts = make([]uint32, 1<<bandBits+1)
	for _, h := range hashes {
		t.starts[uint32(bandOf(h, band))+1]++
	}
	for v := range 1 << bandBits {
		t.starts[v+1] += t.starts[v]
	}
	next := make([]uint32, 1<<bandBits)
	copy(next, t.starts)
	t.entries = make([]uint32, len(hashes))
	for i, h := range hashes {
		v := bandOf(h, band)
		t.entries[next[v]] = uint32(i)
		next[v]++
	}
}

func bandOf(h space.Hash256, band int) uint16 { return uint16(h[band/4] >> (band % 4 * bandBits)) }

// Within calls yield once for each slot whose hash is at most limit away from h, in no particular order.
func (x *Hashes) Within(h space.Hash256, limit int, yield func(slot uint32, distance int)) {
	if limit < 0 {
		return
	}
	s := search{x, h, limit, yield}
	for b := range x.tables {
		if radius := radiusOf(b, limit); radius >= 0 && x.listed > 0 {
			s.probe(b, bandOf(h, b), 0, radius)
		}
	}
	for i := x.listed; i < len(x.hashes); i++ {
		if d := h.Distance(x.hashes[i]); d <= limit && !x.hashes[i].IsZero() {
			yield(x.slots[i], d)
		}
	}
}

// radiusOf is in how many bits of a band a hash may differ that is found by it. With limit = 16 r + rest, of the first
// rest+1 bands one differs in at most r bits, or another in at most r-1.
func radiusOf(band, limit int) int {
	r, rest := limit/bands, limit%bands
	if band > rest {
		r--
	}
	return r
}

// search is one call of Within.
type search struct {
	*Hashes
	h     space.Hash256
	limit int
	yield func(slot uint32, distance int)
}

// probe looks at the lists of all values that differ from value in at most radius bits, those from bit on.
func (s *search) probe(band int, value uint16, bit, radius int) {
	s.list(band, value)
	if radius == 0 {
		return
	}
	for ; bit < bandBits; bit++ {
		s.probe(band, value^1<<bit, bit+1, radius-1)
	}
}

func (s *search) list(band int, value uint16) {
	table := &s.tables[band]
	for _, i := range table.entries[table.starts[value]:table.starts[uint32(value)+1]] {
		if d := s.h.Distance(s.hashes[i]); d <= s.limit && !s.hashes[i].IsZero() && !s.foundBefore(s.hashes[i], band) {
			s.yield(s.slots[i], d)
		}
	}
}

// foundBefore says whether an earlier band has found the hash.
func (s *search) foundBefore(h space.Hash256, band int) bool {
	for b := range band {
		if bits.OnesCount16(bandOf(h, b)^bandOf(s.h, b)) <= radiusOf(b, s.limit) {
			return true
		}
	}
	return false
}

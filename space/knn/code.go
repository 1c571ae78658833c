package knn

import (
	"math"
	"math/bits"
	"unsafe"
)

// A vector's code has one bit a component: the sign of the rotated residual r, what is left of the vector when the
// centre of its list is taken away. For a rotated query q, the product q·r is estimated by factor * q·s, where s has
// components 1 and -1 as the bits say and factor is |r|²/|r|₁: the unbiased estimator of RaBitQ (Gao and Long, SIGMOD
// 2024, arXiv 2405.12497). Its standard error is about |q||r|·0.75/√dim.
//
// Codes are scanned in blocks of 32 with tables of 16 entries that fit a register: FastScan (André, Kermarrec and Le
// Scouarnec, "Quicker ADC", arXiv 1812.09162).
const (
	blockCodes = 32
	groupBits  = 4
	groupBytes = 16
	// maxEntry is the greatest entry of a table: four of them are summed in a byte. Rounding to so few levels adds less
	// than 1 % to the variance of the estimate.
	maxEntry = 63
)

// block is 32 codes with their factors and slots: groups of 16 bytes, in whose lower halves are four bits each of the
// vectors 0–15 and in whose upper halves those of 16–31; then the factors as float32, then the slots as uint32.
type block struct {
	bytes []byte
	codes int // bytes of the codes
}

func blockOf(bytes []byte, codes int) block { return block{bytes, codes} }

// blockBytes is the size of a block of vectors with dim components, a multiple of 64.
func blockBytes(dim int) int { return dim/groupBits*groupBytes + 8*blockCodes }

func (b block) factors() *[blockCodes]float32 {
	return (*[blockCodes]float32)(unsafe.Pointer(unsafe.SliceData(b.bytes[b.codes:][:4*blockCodes])))
}

func (b block) slots() *[blockCodes]uint32 {
	return (*[blockCodes]uint32)(unsafe.Pointer(unsafe.SliceData(b.bytes[b.codes+4*blockCodes:][:4*blockCodes])))
}

// put encodes a rotated residual as the i-th of a block whose i-th place is empty.
func (b block) put(i int, slot uint32, residual []float32) {
	column, shift := i%groupBytes, i/groupBytes*groupBits
	var sum, squares float32
	for g := range b.codes / groupBytes {
		var code byte
		for j, x := range residual[g*groupBits:][:groupBits] {
			if x >= 0 {
				code |= 1 << j
				sum += x
			} else {
				sum -= x
			}
			squares += x * x
		}
		b.bytes[g*groupBytes+column] |= code << shift
	}
	b.slots()[i] = slot
	if sum > 0 {
		b.factors()[i] = squares / sum
	}
}

// move copies the i-th code of a block into the j-th, empty, place of another.
func (b block) move(i int, to block, j int) {
	from, shiftFrom := i%groupBytes, i/groupBytes*groupBits
	column, shift := j%groupBytes, j/groupBytes*groupBits
	for at := 0; at < b.codes; at += groupBytes {
		code := b.bytes[at+from] >> shiftFrom & 15
		to.bytes[at+column] |= code << shift
	}
	to.slots()[j], to.factors()[j] = b.slots()[i], b.factors()[i]
}

// table holds a query's 16 possible sums for each group of four components, in steps of scale from a least one on.
type table struct {
	entries       []byte
	scale, offset float32
	sums          []float32
}

func newTable(dim int) table {
	return table{entries: make([]byte, dim/groupBits*groupBytes), sums: make([]float32, dim/groupBits*groupBytes)}
}

// fill makes the table of a rotated query.
func (t *table) fill(q []float32) {
	var widest float32
	t.offset = 0
	for g := 0; g < len(q); g += groupBits {
		sums := (*[16]float32)(t.sums[g*groupBytes/groupBits:])
		var least float32
		for _, x := range q[g : g+groupBits] {
			least -= float32(math.Abs(float64(x)))
		}
		sums[0] = -q[g] - q[g+1] - q[g+2] - q[g+3]
		for code := 1; code < 16; code++ {
			bit := bits.TrailingZeros(uint(code))
			sums[code] = sums[code&(code-1)] + 2*q[g+bit]
		}
		t.offset += least
		widest = max(widest, -2*least)
		for code := range sums {
			sums[code] -= least
		}
	}
	t.scale = widest / maxEntry
	inverse := float32(0)
	if t.scale > 0 {
		inverse = 1 / t.scale
	}
	for i, sum := range t.sums {
		t.entries[i] = byte(min(sum*inverse+0.5, maxEntry))
	}
}

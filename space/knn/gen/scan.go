package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A block holds the codes of blockCodes vectors: 16 bytes for each group of 4 bits, where byte i has the bits of vector
// i in its lower half and those of vector i+16 in its upper half; then a float32 factor for each vector.
const (
	blockCodes = 32
	groupBytes = 16
	// summedBytes: the entries of a table are at most 63, so that 4 of them are summed in a byte.
	summedBytes = 4
)

// scan is the function that scores a block, in the making.
type scan struct {
	isa
	block, lut, params, scores reg.Register
	groups                     reg.Register // that are left
	ahead                      reg.Register // from the block to the one that is fetched meanwhile, in bytes
	nibbles                    reg.VecVirtual
	// The sums of the lower and upper halves, as 16-bit words: even[i] has the sums of even vectors in its lower bytes
	// and those of odd ones, unwanted, in its upper bytes; odd[i] has the sums of odd vectors.
	even, odd [2]reg.VecVirtual
}

// Offsets of the fields of scanParams.
const (
	scaleAt  = 0
	offsetAt = 4
	baseAt   = 8
	leastAt  = 12
	aheadAt  = 16
)

func generateScan(set isa) {
	TEXT("scan"+set.name, NOSPLIT, "func(block, lut *byte, groups int, params *float32, scores *float32) uint32")
	Pragma("noescape")
	Doc("scan"+set.name+" scores the 32 vectors of a block by a query's table, and returns a bit for each that reaches params.least.",
		"The number of groups is a multiple of 16. The block at params.ahead is fetched from memory; nil does no harm.")
	s := scan{
		isa:    set,
		block:  Load(Param("block"), GP64()),
		lut:    Load(Param("lut"), GP64()),
		groups: Load(Param("groups"), GP64()),
		params: Load(Param("params"), GP64()),
		scores: Load(Param("scores"), GP64()),
	}
	s.ahead = GP64()
	MOVQ(Mem{Base: s.params, Disp: aheadAt}, s.ahead)
	SUBQ(s.block, s.ahead)
	s.prepare()
	Label("groups")
	s.step()
	SUBQ(Imm(uint64(summedBytes*s.groupsAtOnce())), s.groups)
	JNZ(LabelRef("groups"))
	s.finish()
	VZEROUPPER()
	RET()
}

func (s *scan) groupsAtOnce() int { return 4 * s.lanes / groupBytes }

func (s *scan) prepare() {
	s.nibbles = s.vector()
	fifteen := GP32()
	MOVL(U32(0x0f0f0f0f), fifteen)
	low := XMM()
	VMOVD(fifteen, low)
	VPBROADCASTD(low, s.nibbles)
	for i := range s.even {
		s.even[i], s.odd[i] = s.vector(), s.vector()
		s.zero(s.even[i])
		s.zero(s.odd[i])
	}
}

func (s *scan) zero(v reg.VecVirtual) {
	if s.zmm {
		VPXORD(v, v, v)
	} else {
		VPXOR(v, v, v)
	}
}

func (s *scan) and(a, b, to reg.VecVirtual) {
	if s.zmm {
		VPANDD(a, b, to)
	} else {
		VPAND(a, b, to)
	}
}

func (s *scan) load(from Mem, to reg.VecVirtual) {
	if s.zmm {
		VMOVDQU32(from, to)
	} else {
		VMOVDQU(from, to)
	}
}

// step looks up four registers of codes, sums them in bytes, then widens the sums.
func (s *scan) step() {
	sums := [2]reg.VecVirtual{s.vector(), s.vector()}
	for i := range summedBytes {
		at := 4 * s.lanes * i
		table, codes, upper := s.vector(), s.vector(), s.vector()
		s.load(Mem{Base: s.lut, Disp: at}, table)
		s.load(Mem{Base: s.block, Disp: at}, codes)
		VPSRLW(Imm(4), codes, upper)
		s.and(codes, s.nibbles, codes)
		s.and(upper, s.nibbles, upper)
		for half, index := range []reg.VecVirtual{codes, upper} {
			if i == 0 {
				VPSHUFB(index, table, sums[half])
				continue
			}
			VPSHUFB(index, table, index)
			VPADDB(index, sums[half], sums[half])
		}
	}
	for half, sum := range sums {
		VPADDW(sum, s.even[half], s.even[half])
		VPSRLW(Imm(8), sum, sum)
		VPADDW(sum, s.odd[half], s.odd[half])
	}
	for at := 0; at < 4*s.lanes*summedBytes; at += cacheLine {
		s.fetch(at)
	}
	ADDQ(U32(4*s.lanes*summedBytes), s.block)
	ADDQ(U32(4*s.lanes*summedBytes), s.lut)
}

const cacheLine = 64

// fetch asks for a cache line of the block ahead.
func (s *scan) fetch(at int) {
	PREFETCHT0(Mem{Base: s.block, Index: s.ahead, Scale: 1, Disp: at})
}

// finish turns sums into scores: base + factor * (scale * sum + offset).
func (s *scan) finish() {
	s.fetch(0) // the factors
	s.fetch(cacheLine)
	scale, offset, base, least := s.param(scaleAt), s.param(offsetAt), s.param(baseAt), s.param(leastAt)
	mask := GP32()
	for half := range s.even {
		carried := s.vector()
		VPSLLW(Imm(8), s.odd[half], carried)
		VPSUBW(carried, s.even[half], s.even[half])
		even, odd := s.fold(s.even[half]), s.fold(s.odd[half])
		first, second := XMM(), XMM()
		VPUNPCKLWD(odd, even, first)
		VPUNPCKHWD(odd, even, second)
		for i, words := range s.registers(first, second) {
			nth := half*16/s.lanes + i
			score := s.vector()
			VPMOVZXWD(words, score)
			VCVTDQ2PS(score, score)
			VFMADD213PS(offset, scale, score)
			VFMADD132PS(Mem{Base: s.block, Disp: 4 * s.lanes * nth}, base, score)
			VMOVUPS(score, Mem{Base: s.scores, Disp: 4 * s.lanes * nth})
			s.compare(score, least, mask, nth)
		}
	}
	Store(mask, ReturnIndex(0))
}

// registers are the words of 16 sums, as many in each as there are lanes.
func (s *scan) registers(first, second reg.VecVirtual) []Op {
	if !s.zmm {
		return []Op{first, second}
	}
	both := YMM()
	VINSERTI128(Imm(1), second, first.AsY(), both)
	return []Op{both}
}

// compare adds the bits of those that reach least to the mask.
func (s *scan) compare(score, least reg.VecVirtual, mask reg.GPVirtual, nth int) {
	const notLess = 5 // NLT, unordered too
	bits := GP32()
	if s.zmm {
		k := K()
		VCMPPS(Imm(notLess), least, score, k)
		KMOVW(k, bits)
	} else {
		reached := YMM()
		VCMPPS(Imm(notLess), least, score, reached)
		VMOVMSKPS(reached, bits)
	}
	if nth == 0 {
		MOVL(bits, mask)
		return
	}
	SHLL(Imm(uint64(s.lanes*nth)), bits)
	ORL(bits, mask)
}

func (s *scan) param(at int) reg.VecVirtual {
	v := s.vector()
	VBROADCASTSS(Mem{Base: s.params, Disp: at}, v)
	return v
}

// fold adds the 128-bit lanes of a register of words.
func (s *scan) fold(v reg.VecVirtual) reg.VecVirtual {
	if s.zmm {
		upper := YMM()
		VEXTRACTI64X4(Imm(1), v.AsZ(), upper)
		VPADDW(upper, v.AsY(), v.AsY())
	}
	upper := XMM()
	VEXTRACTI128(Imm(1), v.AsY(), upper)
	folded := XMM()
	VPADDW(upper, v.AsX(), folded)
	return folded
}

func (s *scan) vector() reg.VecVirtual {
	if s.zmm {
		return ZMM()
	}
	return YMM()
}

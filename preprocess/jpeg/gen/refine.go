package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of refiner and masks lie. A test holds these numbers against the types.
const (
	refinerData      = 0
	refinerPos       = 8
	refinerLimit     = 16
	refinerAcc       = 24
	refinerUsed      = 32
	refinerBlocks    = 40
	refinerEnds      = 48
	refinerBand      = 56
	refinerTable     = 64
	refinerMasks     = 72
	refinerPlane     = 80
	refinerBlockPos  = 88
	refinerBlockAcc  = 96
	refinerBlockUsed = 104

	masksNonzero  = 0
	masksFresh    = 8
	masksNegative = 16
	masksSize     = 24

	refiningFresh = 12
	refiningEnds  = 1 << 15
	refiningLong  = 1<<16 - 1

	// mostCorrections are valid behind a symbol and its sign, or behind a run of blocks: 56 bits less 25.
	mostCorrections = 31
)

// correction holds the registers of the reader of refining scans.
type correction struct {
	f, at, acc, used, word, masks, plane, nonzero, band, e, t, stop, which, count reg.GPVirtual
}

func (r *correction) field(at int) Mem { return Mem{Base: r.f, Disp: at} }
func (r *correction) mask(at int) Mem  { return Mem{Base: r.masks, Disp: at} }

// refine is refinePlain, up to a block with a code that is longer than the table knows, a run beyond the band, or more
// corrections at once than acc holds. What it wrote of such a block is written again when it is read by other means.
func refine() {
	TEXT("refineBMI2", NOSPLIT, "func(f *byte)")
	Doc("refineBMI2 reads a refiner's blocks, and stops before one that it can't.")
	Pragma("noescape")
	r := correction{at: GP64(), acc: GP64(), used: GP64(), word: GP64(), masks: GP64(), plane: GP64(), nonzero: GP64(),
		band: GP64(), e: GP64(), t: GP64(), stop: GP64(), which: GP64(), count: GP64()}
	r.f = Load(Param("f"), GP64()).(reg.GPVirtual)
	MOVQ(r.field(refinerPos), r.at)
	ADDQ(r.field(refinerData), r.at)
	MOVQ(r.field(refinerAcc), r.acc)
	MOVQ(r.field(refinerUsed), r.used)
	MOVQ(r.field(refinerMasks), r.masks)
	MOVQ(r.field(refinerPlane), r.plane)
	MOVQ(Mem{Base: r.at}, r.word)
	BSWAPQ(r.word)

	Label("block")
	MOVQ(r.mask(masksNonzero), r.nonzero)
	MOVQ(r.field(refinerBand), r.band)
	MOVQ(r.at, r.field(refinerBlockPos))
	MOVQ(r.acc, r.field(refinerBlockAcc))
	MOVQ(r.used, r.field(refinerBlockUsed))
	MOVQ(r.field(refinerEnds), r.e)
	TESTQ(r.e, r.e)
	JNZ(LabelRef("endsBefore"))

	Label("symbol")
	r.refill()
	MOVQ(r.acc, r.t)
	SHRQ(Imm(64-lookBits), r.t)
	MOVQ(r.field(refinerTable), r.e)
	MOVWQZX(Mem{Base: r.e, Index: r.t, Scale: 2}, r.e)
	CMPQ(r.e, U32(refiningEnds))
	JAE(LabelRef("ends"))
	r.find()
	CMPQ(r.count, Imm(mostCorrections))
	JA(LabelRef("bail"))
	// The sign is the last of the symbol's bits.
	sign := GP64()
	LEAQ(Mem{Base: r.e, Disp: -1}, sign)
	SHLXQ(sign, r.acc, sign)
	SARQ(Imm(63), sign)
	SHLXQ(r.e, r.acc, r.acc)
	MOVBQZX(r.e.As8(), r.t)
	ADDQ(r.t, r.used)
	SHRQ(Imm(refiningFresh), r.e)
	NEGQ(r.e)
	ANDQ(r.stop, r.e)
	ORQ(r.e, r.mask(masksFresh))
	ORQ(r.e, Mem{Base: r.plane})
	ANDNQ(r.e, sign, sign)
	ORQ(sign, r.mask(masksNegative))
	r.correct()
	DECQ(r.stop)
	ANDQ(r.stop, r.band)
	JNZ(LabelRef("symbol"))

	Label("blockEnd")
	ORQ(r.mask(masksFresh), r.nonzero)
	MOVQ(r.nonzero, r.mask(masksNonzero))
	ADDQ(Imm(masksSize), r.masks)
	ADDQ(Imm(8), r.plane)
	DECQ(r.field(refinerBlocks))
	JNZ(LabelRef("block"))

	Label("leave")
	SUBQ(r.field(refinerData), r.at)
	MOVQ(r.at, r.field(refinerPos))
	MOVQ(r.acc, r.field(refinerAcc))
	MOVQ(r.used, r.field(refinerUsed))
	RET()

	Label("bail") // before the block
	MOVQ(r.field(refinerBlockPos), r.at)
	MOVQ(r.field(refinerBlockAcc), r.acc)
	MOVQ(r.field(refinerBlockUsed), r.used)
	JMP(LabelRef("leave"))

	Label("ends") // the band ends here, and in so many blocks
	CMPQ(r.e, U32(refiningLong))
	JEQ(LabelRef("bail"))
	MOVBQZX(r.e.As8(), r.t)
	SHLXQ(r.e, r.acc, r.acc)
	ADDQ(r.t, r.used)
	SHRQ(Imm(8), r.e)
	ANDL(Imm(15), r.e.As32())
	ADDQ(r.e, r.used)
	more := GP64()
	MOVQ(r.e, r.t)
	NOTQ(r.t)
	MOVQ(r.acc, more)
	SHRQ(Imm(1), more)
	SHRXQ(r.t, more, more)
	SHLXQ(r.e, r.acc, r.acc)
	MOVL(U32(1), r.t.As32())
	SHLXQ(r.e, r.t, r.e)
	ADDQ(more, r.e)
	JMP(LabelRef("rest"))

	Label("endsBefore")
	MOVQ(r.nonzero, r.which)
	ANDQ(r.band, r.which)
	JZ(LabelRef("nothing"))
	r.refill()
	Label("rest")
	MOVQ(r.nonzero, r.which)
	ANDQ(r.band, r.which)
	POPCNTQ(r.which, r.count)
	CMPQ(r.count, Imm(mostCorrections))
	JA(LabelRef("bail"))
	r.correct()
	Label("nothing")
	DECQ(r.e)
	MOVQ(r.e, r.field(refinerEnds))
	JMP(LabelRef("blockEnd"))
}

// refill makes at least 56 bits valid. What it takes was loaded at the last one.
func (r *correction) refill() {
	bits := GP64()
	MOVQ(r.used, bits)
	NOTQ(bits)
	SHRXQ(bits, r.word, bits)
	ORQ(bits, r.acc)
	MOVQ(r.used, bits)
	SHRQ(Imm(3), bits)
	ADDQ(bits, r.at)
	MOVQ(r.field(refinerData), bits)
	ADDQ(r.field(refinerLimit), bits)
	CMPQ(r.at, bits)
	CMOVQHI(bits, r.at)
	ANDL(Imm(7), r.used.As32())
	MOVQ(Mem{Base: r.at}, r.word)
	BSWAPQ(r.word)
}

// find finds where the run of symbol e leads, and which coefficients are corrected before.
func (r *correction) find() {
	zeros := GP64()
	ANDNQ(r.band, r.nonzero, zeros)
	POPCNTQ(zeros, r.count)
	MOVQ(r.e, r.t)
	SHRQ(Imm(8), r.t)
	ANDL(Imm(15), r.t.As32())
	NOTQ(r.t)
	ADDQ(r.t, r.count)
	JS(LabelRef("bail"))
	MOVL(U32(1), r.t.As32())
	SHLXQ(r.count, r.t, r.t)
	PDEPQ(zeros, r.t, r.stop)
	MOVQ(r.stop, r.which)
	NEGQ(r.which)
	ANDQ(r.nonzero, r.which)
	ANDQ(r.band, r.which)
	POPCNTQ(r.which, r.count)
}

// correct reads a bit for each coefficient of which, whose number is count.
func (r *correction) correct() {
	MOVQ(r.count, r.t)
	NEGQ(r.t)
	SHRXQ(r.t, r.acc, r.t)
	PDEPQ(r.which, r.t, r.t)
	ORQ(r.t, Mem{Base: r.plane})
	SHLXQ(r.count, r.acc, r.acc)
	ADDQ(r.count, r.used)
}

// identify calls CPUID.
func identify() {
	TEXT("identify", NOSPLIT, "func(leaf uint32) (a, b uint32)")
	Doc("identify calls CPUID.")
	Load(Param("leaf"), reg.EAX)
	XORL(reg.ECX, reg.ECX)
	CPUID()
	Store(reg.EAX, ReturnIndex(0))
	Store(reg.EBX, ReturnIndex(1))
	RET()
}

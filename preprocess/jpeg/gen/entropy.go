package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of strip and unit lie, and of kept. A test holds these numbers against the types.
const (
	stripData  = 0
	stripPos   = 8
	stripLimit = 16
	stripAcc   = 24
	stripUsed  = 32
	stripMCUs  = 40
	stripNext  = 48
	stripCount = 56
	stripUnits = 64

	unitLast        = 0
	unitMost        = 8
	unitDifferences = 16
	unitLook        = 24
	unitLeaps       = 32
	unitLows        = 40
	unitSingles     = 48
	unitPlace       = 56
	unitPred        = 64
	unitOut         = 72
	unitAt          = 80
	unitTail        = 88
	unitTailFirst   = 96
	unitTailCount   = 104
	unitSize        = 152

	stripBlockPos  = stripUnits + 10*unitSize
	stripBlockAcc  = stripBlockPos + 8
	stripBlockUsed = stripBlockPos + 16

	keptLast = 4
	keptAC   = 8
	keptSize = 144

	lookBits = 11
	leapBits = 12
	full     = 64 << 8  // of a sum of advances: the block's length
	ended    = 128 << 8 // endOfBlock
)

// entropy holds the registers of the reader. sum's lowest byte is how many bits of acc were used since it was full,
// the rest is the index of the next coefficient: an entry's two lowest bytes are added to both at once. word is what
// the next refill takes.
type entropy struct {
	strip, unit, at, limit, acc, sum, word, kept, table, e, t, index, values reg.GPVirtual
	labels                                                                   int
}

// blocks is blocksPlain, up to a code that is longer than the tables know.
func blocks() {
	TEXT("blocksBMI2", NOSPLIT, "func(s *byte)")
	Doc("blocksBMI2 reads a strip's MCUs, and stops before a block with a code that its tables don't know.")
	Pragma("noescape")
	r := entropy{unit: GP64(), at: GP64(), limit: GP64(), acc: GP64(), sum: GP64(), word: GP64(), kept: GP64(), table: GP64(),
		e: GP64(), t: GP64(), index: GP64(), values: GP64()}
	r.strip = Load(Param("s"), GP64()).(reg.GPVirtual)
	zero := YMM()
	VPXOR(zero, zero, zero)
	r.begin()

	Label("block")
	r.refill()
	MOVQ(r.at, r.strip64(stripBlockPos))
	MOVQ(r.acc, r.strip64(stripBlockAcc))
	MOVQ(r.sum, r.strip64(stripBlockUsed))
	MOVQ(r.unit64(unitOut), r.kept)
	ADDQ(r.unit64(unitAt), r.kept)
	r.difference()
	ADDQ(U32(1<<8), r.sum) // the next coefficient is the first
	MOVQ(r.unit64(unitLast), r.t)
	TESTQ(r.t, r.t)
	JZ(LabelRef("skip"))
	CMPQ(r.t, Imm(4))
	JNE(LabelRef("keep"))
	r.low()
	r.keep(zero)
	r.skip()

	Label("blockEnd")
	MOVBQZX(r.sum.As8(), r.sum)
	MOVL(Mem{Base: r.kept}, r.e.As32())
	MOVQ(r.unit64(unitPred), r.t)
	MOVL(r.e.As32(), Mem{Base: r.t})
	ADDQ(Imm(keptSize), r.unit64(unitAt))
	ADDQ(Imm(unitSize), r.unit)
	INCQ(r.strip64(stripNext))
	MOVQ(r.strip64(stripNext), r.t)
	CMPQ(r.t, r.strip64(stripCount))
	JB(LabelRef("block"))
	MOVQ(I32(0), r.strip64(stripNext))
	LEAQ(r.strip64(stripUnits), r.unit)
	DECQ(r.strip64(stripMCUs))
	JNZ(LabelRef("block"))

	Label("leave")
	SUBQ(r.strip64(stripData), r.at)
	MOVQ(r.at, r.strip64(stripPos))
	MOVQ(r.acc, r.strip64(stripAcc))
	MOVQ(r.sum, r.strip64(stripUsed))
	VZEROUPPER()
	RET()

	Label("bail") // before the block
	MOVQ(r.strip64(stripBlockPos), r.at)
	MOVQ(r.strip64(stripBlockAcc), r.acc)
	MOVQ(r.strip64(stripBlockUsed), r.sum)
	JMP(LabelRef("leave"))
}

func (r *entropy) strip64(at int) Mem { return Mem{Base: r.strip, Disp: at} }
func (r *entropy) unit64(at int) Mem  { return Mem{Base: r.unit, Disp: at} }

// label is a label that nothing else has.
func (r *entropy) label(name string) string {
	r.labels++
	return fmt.Sprintf("%s%d", name, r.labels)
}

// begin loads the reader's state.
func (r *entropy) begin() {
	MOVQ(r.strip64(stripLimit), r.limit)
	MOVQ(r.strip64(stripData), r.t)
	ADDQ(r.t, r.limit)
	MOVQ(r.strip64(stripPos), r.at)
	ADDQ(r.t, r.at)
	MOVQ(r.strip64(stripAcc), r.acc)
	MOVQ(r.strip64(stripUsed), r.sum)
	MOVQ(Mem{Base: r.at}, r.word)
	BSWAPQ(r.word)
	IMUL3Q(Imm(unitSize), r.strip64(stripNext), r.unit)
	ADDQ(r.strip, r.unit)
	ADDQ(Imm(stripUnits), r.unit)
}

// refill makes at least 56 bits valid. What it takes was loaded at the last one, so that nothing waits for memory.
func (r *entropy) refill() {
	bits, bytes := GP64(), GP64()
	MOVQ(r.sum, bits)
	NOTQ(bits)
	SHRXQ(bits, r.word, bits)
	ORQ(bits, r.acc)
	MOVBQZX(r.sum.As8(), bytes)
	SHRQ(Imm(3), bytes)
	ADDQ(bytes, r.at)
	CMPQ(r.at, r.limit)
	CMOVQHI(r.limit, r.at)
	ANDQ(I32(^0xf8), r.sum)
	MOVQ(Mem{Base: r.at}, r.word)
	BSWAPQ(r.word)
}

// peek is the next bits as an index.
func (r *entropy) peek(bits uint64) {
	MOVQ(r.acc, r.index)
	SHRQ(Imm(64-bits), r.index)
}

// advance goes over the symbols of an entry whose sum of advances and bits is in e.
func (r *entropy) advance() {
	SHLXQ(r.e, r.acc, r.acc)
	ADDQ(r.e, r.sum)
}

// takeLow puts the coefficients of an entry of lows behind those that are there, and goes over its symbols.
func (r *entropy) takeLow(entry reg.GPVirtual) {
	shift := GP64()
	MOVQ(r.sum, shift)
	SHRQ(Imm(8), shift)
	DECQ(shift)
	SHLQ(Imm(4), shift)
	SHRQ(Imm(16), entry)
	SHLXQ(shift, entry, entry)
	ORQ(entry, r.values)
	r.advance()
}

// difference reads the DC symbol.
func (r *entropy) difference() {
	known, done := r.label("known"), r.label("dc")
	MOVQ(r.unit64(unitDifferences), r.table)
	r.peek(lookBits)
	MOVL(Mem{Base: r.table, Index: r.index, Scale: 4}, r.values.As32())
	MOVBQZX(r.values.As8(), r.e)
	TESTQ(r.e, r.e)
	JZ(LabelRef("bail"))
	TESTL(U32(0xff00), r.values.As32())
	JZ(LabelRef(known))
	size := GP64()
	MOVL(r.values.As32(), size.As32())
	SHRL(Imm(8), size.As32())
	MOVBQZX(size.As8(), size)
	MOVQ(r.e, r.t)
	SUBQ(size, r.t)
	r.extend(r.t, size)
	JMP(LabelRef(done))
	Label(known)
	MOVL(r.values.As32(), r.t.As32())
	SARL(Imm(16), r.t.As32())
	Label(done)
	MOVQ(r.unit64(unitPred), r.table)
	ADDL(Mem{Base: r.table}, r.t.As32())
	MOVL(r.t.As32(), Mem{Base: r.kept})
	r.advance()
}

// extend makes of t, a code's length, the value of size bits that stands behind the code.
func (r *entropy) extend(t, size reg.GPVirtual) {
	sign, low := GP64(), GP64()
	SHLXQ(t, r.acc, t)
	MOVQ(t, sign)
	SARQ(Imm(63), sign)
	MOVQ(size, low)
	NEGQ(low)
	SHRXQ(low, t, t)
	MOVQ(I32(-1), low)
	SHLXQ(size, low, low)
	INCQ(low)
	ANDNQ(low, sign, low)
	ADDQ(low, t)
}

// symbol looks one AC symbol up: e is its entry of the look table or of the tail.
func (r *entropy) symbol() {
	short := r.label("short")
	r.refill()
	MOVQ(r.unit64(unitLook), r.table)
	r.peek(lookBits)
	MOVL(Mem{Base: r.table, Index: r.index, Scale: 4}, r.e.As32())
	TESTL(r.e.As32(), r.e.As32())
	JNZ(LabelRef(short))
	MOVQ(r.unit64(unitTail), r.table)
	r.peek(16)
	SUBQ(r.unit64(unitTailFirst), r.index)
	CMPQ(r.index, r.unit64(unitTailCount))
	JAE(LabelRef("bail"))
	MOVL(Mem{Base: r.table, Index: r.index, Scale: 4}, r.e.As32())
	TESTL(r.e.As32(), r.e.As32())
	JZ(LabelRef("bail"))
	Label(short)
}

// step makes of e, a look table's entry, one as advance takes it, and advances.
func (r *entropy) step() {
	MOVL(r.e.As32(), r.index.As32())
	SHLL(Imm(2), r.e.As32())
	ANDL(U32(0xff00), r.e.As32())
	ANDL(Imm(63), r.index.As32())
	ORL(r.index.As32(), r.e.As32())
	r.advance()
}

// value makes t of e, a look table's entry: the value of its symbol.
func (r *entropy) value() {
	known, done := r.label("known"), r.label("value")
	size := GP64()
	MOVL(r.e.As32(), size.As32())
	SHRL(Imm(19), size.As32())
	ANDL(Imm(15), size.As32())
	JZ(LabelRef(known))
	MOVL(r.e.As32(), r.t.As32())
	SHRL(Imm(14), r.t.As32())
	ANDL(Imm(31), r.t.As32())
	r.extend(r.t, size)
	JMP(LabelRef(done))
	Label(known)
	MOVL(r.e.As32(), r.t.As32())
	SARL(Imm(23), r.t.As32())
	Label(done)
}

// over goes to slow unless e, whose advance leads beyond the block, ends it as it should.
func (r *entropy) over(slow string) {
	LEAQ(Mem{Base: r.sum, Disp: -ended, Index: r.e, Scale: 1}, r.t)
	CMPQ(r.t, U32(full))
	JAE(LabelRef(slow))
	r.advance()
}

// skip reads the rest of the block for its length.
func (r *entropy) skip() {
	Label("skip")
	MOVQ(r.unit64(unitLeaps), r.table)
	Label("leaps")
	r.refill()
	for range 3 {
		r.peek(leapBits)
		MOVWQZX(Mem{Base: r.table, Index: r.index, Scale: 2}, r.e)
		LEAQ(Mem{Base: r.sum, Index: r.e, Scale: 1}, r.t)
		CMPQ(r.t, U32(full))
		JAE(LabelRef("leapOver"))
		SHLXQ(r.e, r.acc, r.acc)
		MOVQ(r.t, r.sum)
	}
	JMP(LabelRef("leaps"))

	Label("leapOver")
	r.over("leapFills")
	JMP(LabelRef("blockEnd"))
	Label("leapFills")
	LEAQ(Mem{Base: r.sum, Index: r.e, Scale: 1}, r.t)
	SHRQ(Imm(8), r.t)
	CMPQ(r.t, Imm(64))
	JNE(LabelRef("single"))
	r.advance()
	JMP(LabelRef("blockEnd"))

	Label("single")
	r.symbol()
	r.step()
	CMPQ(r.sum, U32(full))
	JB(LabelRef("skip"))
	JMP(LabelRef("blockEnd"))
}

// low reads the coefficients 1 to 4 into values, sixteen bits each.
func (r *entropy) low() {
	const beyond = 5 << 8 // a sum of advances that leads there
	MOVQ(r.unit64(unitLows), r.table)
	XORQ(r.values, r.values)
	Label("lows")
	for i := range 2 {
		entry := GP64()
		r.peek(leapBits)
		MOVQ(Mem{Base: r.table, Index: r.index, Scale: 8}, entry)
		MOVWQZX(entry.As16(), r.e)
		LEAQ(Mem{Base: r.sum, Index: r.e, Scale: 1}, r.t)
		CMPQ(r.t, U32(full))
		JAE(LabelRef("lowOver"))
		r.takeLow(entry)
		CMPQ(r.t, U32(beyond))
		if i == 0 {
			JAE(LabelRef("lowDone"))
		}
	}
	JAE(LabelRef("lowDone"))
	r.refill()
	JMP(LabelRef("lows"))

	Label("lowDone")
	MOVQ(r.values, Mem{Base: r.kept, Disp: keptAC})
	JMP(LabelRef("skip"))

	Label("lowOver") // the block ends, or what comes next must be looked up alone
	LEAQ(Mem{Base: r.sum, Disp: -ended, Index: r.e, Scale: 1}, r.t)
	CMPQ(r.t, U32(full))
	JAE(LabelRef("lowSingle"))
	entry := GP64()
	MOVQ(Mem{Base: r.table, Index: r.index, Scale: 8}, entry)
	r.takeLow(entry)
	MOVQ(r.values, Mem{Base: r.kept, Disp: keptAC})
	JMP(LabelRef("blockEnd"))

	Label("lowSingle")
	r.symbol()
	r.value()
	at := GP64()
	r.step()
	MOVQ(r.sum, at)
	SHRQ(Imm(8), at)
	CMPQ(at, Imm(5))
	JA(LabelRef("lowSingleDone"))
	MOVWQZX(r.t.As16(), r.t)
	SUBQ(Imm(2), at)
	SHLQ(Imm(4), at)
	SHLXQ(at, r.t, r.t)
	ORQ(r.t, r.values)
	Label("lowSingleDone")
	r.refill()
	MOVQ(r.unit64(unitLows), r.table)
	CMPQ(r.sum, U32(beyond))
	JB(LabelRef("lows"))
	MOVQ(r.values, Mem{Base: r.kept, Disp: keptAC})
	CMPQ(r.sum, U32(full))
	JB(LabelRef("skip"))
	JMP(LabelRef("blockEnd"))
}

// keep reads the coefficients up to the last that is kept, one by one.
func (r *entropy) keep(zero reg.VecVirtual) {
	place, at := GP64(), GP64()
	Label("keep")
	for i := range 4 {
		VMOVDQU(zero, Mem{Base: r.kept, Disp: keptAC + 32*i})
	}
	MOVL(I32(0), Mem{Base: r.kept, Disp: keptLast})
	MOVQ(r.unit64(unitPlace), place)
	Label("keeps")
	MOVQ(r.unit64(unitSingles), r.table)
	r.refill()
	for range 4 {
		r.peek(lookBits)
		MOVL(Mem{Base: r.table, Index: r.index, Scale: 4}, r.t.As32())
		MOVWQZX(r.t.As16(), r.e)
		CMPQ(r.e, U32(255<<8))
		JE(LabelRef("keepSingle"))
		SHRL(Imm(16), r.t.As32())
		r.advance()
		r.store(place, at)
		CMPQ(at, r.unit64(unitLast))
		JA(LabelRef("keepDone"))
	}
	JMP(LabelRef("keeps"))

	Label("keepSingle")
	r.symbol()
	r.value()
	r.step()
	r.store(place, at)
	CMPQ(at, r.unit64(unitLast))
	JBE(LabelRef("keeps"))

	Label("keepDone")
	CMPQ(r.sum, U32(full))
	JAE(LabelRef("blockEnd"))
	JMP(LabelRef("skip"))
}

// store puts t where the coefficient before the next one lies, if it is kept; at becomes the index of the next.
func (r *entropy) store(place, at reg.GPVirtual) {
	beyond := r.label("beyond")
	to := GP64()
	MOVQ(r.sum, at)
	SHRQ(Imm(8), at)
	LEAQ(Mem{Base: at, Disp: -1}, to)
	CMPQ(to, r.unit64(unitMost))
	JA(LabelRef(beyond))
	MOVBQZX(Mem{Base: place, Index: to, Scale: 1}, to)
	MOVL(at.As32(), Mem{Base: r.kept, Disp: keptLast})
	MOVW(r.t.As16(), Mem{Base: r.kept, Index: to, Scale: 1, Disp: keptAC})
	Label(beyond)
}

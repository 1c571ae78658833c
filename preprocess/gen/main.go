// Command gen writes the assembly of the resampler's inner loop: `go generate ./preprocess`.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const precision = 22 // fractional bits of a weight, as in the plain kernel

func main() {
	ConstraintExpr("amd64")
	weigh()
	Generate()
}

// weigh sums n pixels of four bytes, each times its weight, in 32-bit lanes: four pixels a turn in two accumulators.
func weigh() {
	TEXT("weighAVX2", NOSPLIT, "func(pixels *uint8, weights *int32, n int) uint32")
	Doc("weighAVX2 returns the weighted sum of n pixels, rounded and clamped to four bytes.")
	Pragma("noescape")
	pixels := Load(Param("pixels"), GP64())
	weights := Load(Param("weights"), GP64())
	n := Load(Param("n"), GP64())

	spread := YMM() // which of two weights each lane takes: the first for pixel 0, the second for pixel 1
	index := GLOBL("spreadWeights", RODATA|NOPTR)
	for lane := range 8 {
		DATA(4*lane, U32(lane/4))
	}
	VMOVDQU(index, spread)
	sums := []reg.VecVirtual{YMM(), YMM()}
	for _, s := range sums {
		VPXOR(s, s, s)
	}

	Label("four")
	CMPQ(n, Imm(4))
	JL(LabelRef("one"))
	for i, s := range sums {
		values, factor := YMM(), YMM()
		VPMOVZXBD(Mem{Base: pixels, Disp: 8 * i}, values)
		VPBROADCASTQ(Mem{Base: weights, Disp: 8 * i}, factor)
		VPERMD(factor, spread, factor)
		VPMULLD(values, factor, factor)
		VPADDD(factor, s, s)
	}
	ADDQ(Imm(16), pixels)
	ADDQ(Imm(16), weights)
	SUBQ(Imm(4), n)
	JMP(LabelRef("four"))

	Label("one")
	VPADDD(sums[1], sums[0], sums[0])
	sum, upper := XMM(), XMM()
	VEXTRACTI128(Imm(1), sums[0], upper)
	VPADDD(sums[0].AsX(), upper, sum)
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	value, factor := XMM(), XMM()
	VPMOVZXBD(Mem{Base: pixels}, value)
	VPBROADCASTD(Mem{Base: weights}, factor)
	VPMULLD(value, factor, factor)
	VPADDD(factor, sum, sum)
	ADDQ(Imm(4), pixels)
	ADDQ(Imm(4), weights)
	DECQ(n)
	JMP(LabelRef("rest"))

	Label("done")
	half, bits := XMM(), GP32()
	MOVL(U32(1<<(precision-1)), bits)
	VMOVD(bits, half)
	VPBROADCASTD(half, half)
	VPADDD(half, sum, sum)
	VPSRAD(Imm(precision), sum, sum)
	VPACKUSDW(sum, sum, sum)
	VPACKUSWB(sum, sum, sum)
	result := GP32()
	VMOVD(sum, result)
	VZEROUPPER()
	Store(result, ReturnIndex(0))
	RET()
}

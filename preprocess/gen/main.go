// Command gen writes the assembly of the resampler's inner loops: `go generate ./preprocess`.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	precision = 22 // fractional bits of a weight, as in the plain kernels
	lowBits   = 11 // of a weight's lower half
)

func main() {
	ConstraintExpr("amd64")
	scaleRow()
	scaleColumn()
	pack()
	Generate()
}

// constants of eight 32-bit words.
func words(name string, values ...uint32) Mem {
	data := GLOBL(name, RODATA|NOPTR)
	for i, v := range values {
		DATA(4*i, U32(v))
	}
	return data
}

// broadcast is a register with the same 32-bit word eight times.
func broadcast(value uint32) reg.VecVirtual {
	bits, v := GP32(), YMM()
	MOVL(U32(value), bits)
	VMOVD(bits, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	return v
}

// scaleRow sums, for each output pixel, groups of four source pixels times their weights. A weight of 23 bits doesn't
// fit the 16-bit multiplier, so its halves are summed apart and joined in the end: the same bits as in one piece.
func scaleRow() {
	TEXT("scaleRowAVX2", NOSPLIT, "func(dst *uint8, src *uint8, starts *int32, weights *int16, groups int, n int)")
	Doc("scaleRowAVX2 writes n opaque pixels, each the weighted sum of 4*groups pixels from byte starts[i] of src on.",
		"Of four pixels, weights has the upper halves, then the lower ones.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	starts, weights := Load(Param("starts"), GP64()), Load(Param("weights"), GP64())
	groups, n := Load(Param("groups"), GP64()), Load(Param("n"), GP64())

	upperPairs, lowerPairs, spread := YMM(), YMM(), YMM()
	VMOVDQU(words("upperPairs", 0, 0, 0, 0, 1, 1, 1, 1), upperPairs)
	VMOVDQU(words("lowerPairs", 2, 2, 2, 2, 3, 3, 3, 3), lowerPairs)
	// red of two neighbours as 16-bit words, green, blue, alpha
	VMOVDQU(words("spreadPixels", 0x80048000, 0x80058001, 0x80068002, 0x80078003, 0x800c8008, 0x800d8009, 0x800e800a, 0x800f800b), spread)
	half := broadcast(1 << (precision - 1))

	Label("output")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	upper, lower := YMM(), YMM()
	VPXOR(upper, upper, upper)
	VPXOR(lower, lower, lower)
	at, left := GP64(), GP64()
	MOVLQSX(Mem{Base: starts}, at)
	ADDQ(src, at)
	MOVQ(groups, left)

	Label("group")
	pixels, factors, product := YMM(), YMM(), YMM()
	VBROADCASTI128(Mem{Base: at}, pixels)
	VPSHUFB(spread, pixels, pixels)
	VBROADCASTI128(Mem{Base: weights}, factors)
	VPERMD(factors, upperPairs, product)
	VPMADDWD(pixels, product, product)
	VPADDD(product, upper, upper)
	VPERMD(factors, lowerPairs, factors)
	VPMADDWD(pixels, factors, factors)
	VPADDD(factors, lower, lower)
	ADDQ(Imm(16), at)
	ADDQ(Imm(16), weights)
	DECQ(left)
	JNZ(LabelRef("group"))

	VPSLLD(Imm(lowBits), upper, upper)
	VPADDD(upper, lower, lower)
	sum := XMM()
	VEXTRACTI128(Imm(1), lower, sum)
	VPADDD(lower.AsX(), sum, sum)
	VPADDD(half.AsX(), sum, sum)
	VPSRAD(Imm(precision), sum, sum)
	VPACKUSDW(sum, sum, sum)
	VPACKUSWB(sum, sum, sum)
	pixel := GP32()
	VMOVD(sum, pixel)
	ORL(U32(0xff000000), pixel)
	MOVL(pixel, Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(4), starts)
	DECQ(n)
	JMP(LabelRef("output"))

	Label("done")
	VZEROUPPER()
	RET()
}

// scaleColumn sums rows times their weights, 32 bytes at a time.
func scaleColumn() {
	TEXT("scaleColumnAVX2", NOSPLIT, "func(dst *uint8, src *uint8, stride int, weights *int32, taps int, n int)")
	Doc("scaleColumnAVX2 writes 32*n bytes, each the weighted sum of the bytes below one another in taps rows of src.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride, weights := Load(Param("stride"), GP64()), Load(Param("weights"), GP64())
	taps, n := Load(Param("taps"), GP64()), Load(Param("n"), GP64())

	half := broadcast(1 << (precision - 1))
	order := YMM()
	VMOVDQU(words("unpacked", 0, 4, 1, 5, 2, 6, 3, 7), order)

	Label("block")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	sums := []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
	for _, s := range sums {
		VMOVDQA(half, s)
	}
	at, weight, left := GP64(), GP64(), GP64()
	MOVQ(src, at)
	MOVQ(weights, weight)
	MOVQ(taps, left)

	Label("tap")
	factor := YMM()
	VPBROADCASTD(Mem{Base: weight}, factor)
	for i, s := range sums {
		values := YMM()
		VPMOVZXBD(Mem{Base: at, Disp: 8 * i}, values)
		VPMULLD(factor, values, values)
		VPADDD(values, s, s)
	}
	ADDQ(stride, at)
	ADDQ(Imm(4), weight)
	DECQ(left)
	JNZ(LabelRef("tap"))

	for _, s := range sums {
		VPSRAD(Imm(precision), s, s)
	}
	VPACKUSDW(sums[1], sums[0], sums[0])
	VPACKUSDW(sums[3], sums[2], sums[2])
	VPACKUSWB(sums[2], sums[0], sums[0])
	VPERMD(sums[0], order, sums[0])
	VMOVDQU(sums[0], Mem{Base: dst})
	ADDQ(Imm(32), dst)
	ADDQ(Imm(32), src)
	DECQ(n)
	JMP(LabelRef("block"))

	Label("end")
	VZEROUPPER()
	RET()
}

// pack takes the alpha out of pixels: four become twelve bytes, stored as sixteen, of which the next four overwrite the last.
func pack() {
	TEXT("packAVX2", NOSPLIT, "func(dst *uint8, src *uint8, n int)")
	Doc("packAVX2 writes the 48 bytes of red, green and blue of each of n times 16 pixels, and four bytes behind.")
	Pragma("noescape")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	opaque := XMM()
	VMOVDQU(words("withoutAlpha", 0x04020100, 0x09080605, 0x0e0d0c0a, 0x80808080), opaque)

	Label("sixteen")
	for i := range 4 {
		pixels := XMM()
		VMOVDQU(Mem{Base: src, Disp: 16 * i}, pixels)
		VPSHUFB(opaque, pixels, pixels)
		VMOVDQU(pixels, Mem{Base: dst, Disp: 12 * i})
	}
	ADDQ(Imm(64), src)
	ADDQ(Imm(48), dst)
	DECQ(n)
	JNZ(LabelRef("sixteen"))
	RET()
}

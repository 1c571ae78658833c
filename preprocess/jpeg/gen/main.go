// Command gen writes the assembly of the decoder's inner loops: `go generate ./preprocess/jpeg`.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	colour()
	blend()
	triangle()
	idct8()
	idct4()
	idct2()
	blocks()
	refine()
	identify()
	Generate()
}

// table is a constant of 32-bit words.
func table(name string, values ...uint32) Mem {
	data := GLOBL(name, RODATA|NOPTR)
	for i, v := range values {
		DATA(4*i, U32(v))
	}
	return data
}

// broadcast is a register with the same 32-bit word eight times.
func broadcast(value int32) reg.VecVirtual {
	bits, v := GP32(), YMM()
	MOVL(U32(uint32(value)), bits)
	VMOVD(bits, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	return v
}

// broadcast16 is a register with the same 16-bit word sixteen times.
func broadcast16(value uint16) reg.VecVirtual {
	return broadcast(int32(uint32(value)<<16 | uint32(value)))
}

// colour is ycbcrRow for blocks of eight pixels, in 32-bit lanes.
func colour() {
	TEXT("colourAVX2", NOSPLIT, "func(dst, luma, cb, cr *uint8, n int)")
	Doc("colourAVX2 converts 8*n pixels from YCbCr to opaque RGBA.")
	Pragma("noescape")
	dst, luma := Load(Param("dst"), GP64()), Load(Param("luma"), GP64())
	cb, cr, n := Load(Param("cb"), GP64()), Load(Param("cr"), GP64()), Load(Param("n"), GP64())

	crR, cbB := broadcast(91881), broadcast(116130)
	crG, cbG := broadcast(-46802), broadcast(-22554)
	half, middle, most, alpha := broadcast(1<<15), broadcast(128), broadcast(255), broadcast(-1<<24)
	zero := YMM()
	VPXOR(zero, zero, zero)

	Label("pixels")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	y, u, v := YMM(), YMM(), YMM()
	VPMOVZXBD(Mem{Base: luma}, y)
	VPMOVZXBD(Mem{Base: cb}, u)
	VPMOVZXBD(Mem{Base: cr}, v)
	VPSUBD(middle, u, u)
	VPSUBD(middle, v, v)
	clamped := func(x reg.VecVirtual) {
		VPADDD(half, x, x)
		VPSRAD(Imm(16), x, x)
		VPADDD(y, x, x)
		VPMAXSD(zero, x, x)
		VPMINSD(most, x, x)
	}
	r, g, b, t := YMM(), YMM(), YMM(), YMM()
	VPMULLD(crR, v, r)
	clamped(r)
	VPMULLD(crG, v, g)
	VPMULLD(cbG, u, t)
	VPADDD(t, g, g)
	clamped(g)
	VPMULLD(cbB, u, b)
	clamped(b)
	VPSLLD(Imm(8), g, g)
	VPSLLD(Imm(16), b, b)
	VPOR(alpha, r, r)
	VPOR(g, r, r)
	VPOR(b, r, r)
	VMOVDQU(r, Mem{Base: dst})
	ADDQ(Imm(32), dst)
	ADDQ(Imm(8), luma)
	ADDQ(Imm(8), cb)
	ADDQ(Imm(8), cr)
	DECQ(n)
	JMP(LabelRef("pixels"))
	Label("done")
	VZEROUPPER()
	RET()
}

// blend is the vertical half of h2v2_fancy_upsample.
func blend() {
	TEXT("blendAVX2", NOSPLIT, "func(sums *uint16, near, far *uint8, n int)")
	Doc("blendAVX2 writes 16*n sums: three times near and once far.")
	Pragma("noescape")
	sums, near := Load(Param("sums"), GP64()), Load(Param("near"), GP64())
	far, n := Load(Param("far"), GP64()), Load(Param("n"), GP64())
	Label("samples")
	TESTQ(n, n)
	JZ(LabelRef("finished"))
	a, b, twice := YMM(), YMM(), YMM()
	VPMOVZXBW(Mem{Base: near}, a)
	VPMOVZXBW(Mem{Base: far}, b)
	VPADDW(a, a, twice)
	VPADDW(a, twice, a)
	VPADDW(b, a, a)
	VMOVDQU(a, Mem{Base: sums})
	ADDQ(Imm(32), sums)
	ADDQ(Imm(16), near)
	ADDQ(Imm(16), far)
	DECQ(n)
	JMP(LabelRef("samples"))
	Label("finished")
	VZEROUPPER()
	RET()
}

// triangle is the horizontal half of h2v2_fancy_upsample.
func triangle() {
	TEXT("triangleAVX2", NOSPLIT, "func(dst *uint8, sums *uint16, n int)")
	Doc("triangleAVX2 writes 32*n samples, two for each sum; the sums before the first and behind the last are read too.")
	Pragma("noescape")
	dst, sums, n := Load(Param("dst"), GP64()), Load(Param("sums"), GP64()), Load(Param("n"), GP64())
	seven, eight := broadcast16(7), broadcast16(8)
	Label("sums")
	TESTQ(n, n)
	JZ(LabelRef("complete"))
	this, thrice, even, odd := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: sums}, this)
	VPADDW(this, this, thrice)
	VPADDW(this, thrice, thrice)
	VPADDW(Mem{Base: sums, Disp: -2}, thrice, even)
	VPADDW(Mem{Base: sums, Disp: 2}, thrice, odd)
	VPADDW(eight, even, even)
	VPADDW(seven, odd, odd)
	VPSRLW(Imm(4), even, even)
	VPSRLW(Imm(4), odd, odd)
	VPSLLW(Imm(8), odd, odd)
	VPOR(odd, even, even)
	VMOVDQU(even, Mem{Base: dst})
	ADDQ(Imm(32), dst)
	ADDQ(Imm(32), sums)
	DECQ(n)
	JMP(LabelRef("sums"))
	Label("complete")
	VZEROUPPER()
	RET()
}

const (
	constBits = 13
	passBits  = 2
)

// idct8 is idct8Plain: columns in the eight lanes, then, transposed, rows.
func idct8() {
	TEXT("idct8AVX2", NOSPLIT, "func(out *uint8, stride int, k *int32, factors *int32)")
	Doc("idct8AVX2 writes 8 x 8 samples of a block.")
	Pragma("noescape")
	out, stride := Load(Param("out"), GP64()), Load(Param("stride"), GP64())
	k, by := Load(Param("k"), GP64()), Load(Param("factors"), GP64())

	factors := table("idctFactors", 4433, 15137, 6270, 9633, 16069, 3196, 7373, 20995, 2446, 16819, 25172, 12299)
	_ = factors
	rows := make([]reg.VecVirtual, 8)
	for i := range rows {
		rows[i] = YMM()
		VPMOVSXWD(Mem{Base: k, Disp: keptAC + 16*i}, rows[i])
		if i == 0 {
			first := YMM()
			VMOVD(Mem{Base: k}, first.AsX())
			VPBLENDD(Imm(1), first, rows[i], rows[i])
		}
		VPMULLD(Mem{Base: by, Disp: 32 * i}, rows[i], rows[i])
	}
	rows = pass(rows, constBits-passBits, 1<<(constBits-passBits-1))
	rows = transpose(rows)
	const shift = constBits + passBits + 3
	rows = pass(rows, shift, 1<<(shift-1)+128<<shift)
	rows = transpose(rows)

	order := YMM()
	VMOVDQU(table("packedRows", 0, 4, 1, 5, 2, 6, 3, 7), order)
	at := out
	for i := 0; i < 8; i += 4 {
		// 32-bit samples to bytes with saturation: four rows of eight bytes
		VPACKSSDW(rows[i+1], rows[i], rows[i])
		VPACKSSDW(rows[i+3], rows[i+2], rows[i+2])
		VPACKUSWB(rows[i+2], rows[i], rows[i])
		VPERMD(rows[i], order, rows[i])
		upper := XMM()
		VEXTRACTI128(Imm(1), rows[i], upper)
		for _, half := range []reg.Register{rows[i].AsX(), upper} {
			VMOVQ(half, Mem{Base: at})
			ADDQ(stride, at)
			VPEXTRQ(Imm(1), half, Mem{Base: at})
			ADDQ(stride, at)
		}
	}
	VZEROUPPER()
	RET()
}

// idct4 is idct4Plain: columns in the four lanes, then, transposed, rows.
func idct4() {
	TEXT("idct4AVX2", NOSPLIT, "func(out *uint8, stride int, k *int32, n, step int, factors *int32)")
	Doc("idct4AVX2 writes 4 x 4 samples of each of n blocks, n > 0, step columns apart.")
	Pragma("noescape")
	out, stride := Load(Param("out"), GP64()), Load(Param("stride"), GP64())
	k, n := Load(Param("k"), GP64()), Load(Param("n"), GP64())
	step, by := Load(Param("step"), GP64()), Load(Param("factors"), GP64())
	even, odd := broadcast(10703).AsX(), broadcast(4433).AsX() // fix1306, fix0541
	const shift = constBits + passBits + 3
	round1, round2 := broadcast(1<<(constBits-passBits-1)).AsX(), broadcast(1<<(shift-1)+128<<shift).AsX()

	Label("block4")
	rows := make([]reg.VecVirtual, 4)
	for i := range rows {
		rows[i] = XMM()
		VPMOVSXWD(Mem{Base: k, Disp: keptAC + 8*i}, rows[i])
		if i == 0 {
			first := XMM()
			VMOVD(Mem{Base: k}, first)
			VPBLENDD(Imm(1), first, rows[i], rows[i])
		}
		VPMULLD(Mem{Base: by, Disp: 32 * i}, rows[i], rows[i])
	}
	rows = pass4(rows, even, odd, constBits-passBits, round1)
	rows = pass4(transpose4(rows), even, odd, shift, round2)
	rows = transpose4(rows)
	VPACKSSDW(rows[1], rows[0], rows[0])
	VPACKSSDW(rows[3], rows[2], rows[2])
	VPACKUSWB(rows[2], rows[0], rows[0])
	at := GP64()
	MOVQ(out, at)
	for i := range 4 {
		if i > 0 {
			ADDQ(stride, at)
		}
		VPEXTRD(Imm(uint64(i)), rows[0], Mem{Base: at})
	}
	ADDQ(step, out)
	ADDQ(Imm(keptSize), k)
	DECQ(n)
	JNZ(LabelRef("block4"))
	VZEROUPPER()
	RET()
}

// idct2 is idct2Plain, the four samples of a block in four lanes.
func idct2() {
	TEXT("idct2AVX2", NOSPLIT, "func(out *uint8, stride int, k *int32, n, step int, factors *int32)")
	Doc("idct2AVX2 writes 2 x 2 samples of each of n blocks, n > 0, step columns apart.")
	Pragma("noescape")
	out, stride := Load(Param("out"), GP64()), Load(Param("stride"), GP64())
	k, n := Load(Param("k"), GP64()), Load(Param("n"), GP64())
	step, by := Load(Param("step"), GP64()), Load(Param("factors"), GP64())
	factors, signs1, signs8, signs9, round := XMM(), XMM(), XMM(), XMM(), broadcast(4+128<<3).AsX()
	VPXOR(factors, factors, factors)
	for lane, coefficient := range []int{1, 8, 0, 9} { // as they lie in kept; the third isn't used
		VPINSRD(Imm(uint64(lane)), Mem{Base: by, Disp: 4 * coefficient}, factors, factors)
	}
	const minus = 1<<32 - 1
	VMOVDQU(table("signs1", 1, minus, 1, minus), signs1)
	VMOVDQU(table("signs8", 1, 1, minus, minus), signs8)
	VMOVDQU(table("signs9", 1, minus, minus, 1), signs9)
	first := GP32()
	MOVL(Mem{Base: by}, first)

	Label("block2")
	ac, sum, part, dc := XMM(), XMM(), XMM(), GP32()
	VPMOVSXWD(Mem{Base: k, Disp: keptAC}, ac)
	VPMULLD(factors, ac, ac)
	MOVL(Mem{Base: k}, dc)
	IMULL(first, dc)
	VMOVD(dc, sum)
	VPBROADCASTD(sum, sum)
	VPADDD(round, sum, sum)
	for _, c := range []struct {
		lanes uint64
		signs reg.VecVirtual
	}{{0x00, signs1}, {0x55, signs8}, {0xff, signs9}} {
		VPSHUFD(Imm(c.lanes), ac, part)
		VPSIGND(c.signs, part, part)
		VPADDD(part, sum, sum)
	}
	VPSRAD(Imm(3), sum, sum)
	VPACKSSDW(sum, sum, sum)
	VPACKUSWB(sum, sum, sum)
	VPEXTRW(Imm(0), sum, Mem{Base: out})
	VPEXTRW(Imm(1), sum, Mem{Base: out, Index: stride, Scale: 1})
	ADDQ(step, out)
	ADDQ(Imm(keptSize), k)
	DECQ(n)
	JNZ(LabelRef("block2"))
	VZEROUPPER()
	RET()
}

// pass4 is the plain kernel's butterfly4 on four lanes at once; results are rounded and shifted.
func pass4(s []reg.VecVirtual, f1, f2 reg.Register, shift uint64, round reg.Register) []reg.VecVirtual {
	op := func(do func(...Op), b, a Op) reg.VecVirtual {
		out := XMM()
		do(b, a, out)
		return out
	}
	mul, plus, minus := func(o ...Op) { VPMULLD(o[0], o[1], o[2]) }, func(o ...Op) { VPADDD(o[0], o[1], o[2]) }, func(o ...Op) { VPSUBD(o[0], o[1], o[2]) }
	even, odd := op(plus, s[2], s[0]), op(minus, s[2], s[0])
	for _, e := range []reg.VecVirtual{even, odd} {
		VPSLLD(Imm(constBits), e, e)
		VPADDD(round, e, e)
	}
	r := op(plus, op(mul, f1, s[1]), op(mul, f2, s[3]))
	t := op(minus, op(mul, f1, s[3]), op(mul, f2, s[1]))
	out := []reg.VecVirtual{op(plus, r, even), op(plus, t, odd), op(minus, t, odd), op(minus, r, even)}
	for _, o := range out {
		VPSRAD(Imm(shift), o, o)
	}
	return out
}

// transpose4 turns four rows of four lanes into columns.
func transpose4(r []reg.VecVirtual) []reg.VecVirtual {
	t := []reg.VecVirtual{XMM(), XMM(), XMM(), XMM()}
	VPUNPCKLDQ(r[1], r[0], t[0])
	VPUNPCKHDQ(r[1], r[0], t[1])
	VPUNPCKLDQ(r[3], r[2], t[2])
	VPUNPCKHDQ(r[3], r[2], t[3])
	out := []reg.VecVirtual{XMM(), XMM(), XMM(), XMM()}
	VPUNPCKLQDQ(t[2], t[0], out[0])
	VPUNPCKHQDQ(t[2], t[0], out[1])
	VPUNPCKLQDQ(t[3], t[1], out[2])
	VPUNPCKHQDQ(t[3], t[1], out[3])
	return out
}

// times multiplies with one of idctFactors.
func times(x reg.VecVirtual, factor int) reg.VecVirtual {
	f := YMM()
	VPBROADCASTD(NewDataAddr(Symbol{Name: "idctFactors", Static: true}, 4*factor), f)
	VPMULLD(x, f, f)
	return f
}

func add(a, b reg.VecVirtual) reg.VecVirtual {
	sum := YMM()
	VPADDD(b, a, sum)
	return sum
}

func sub(a, b reg.VecVirtual) reg.VecVirtual {
	difference := YMM()
	VPSUBD(b, a, difference)
	return difference
}

func shifted(a reg.VecVirtual, n uint64) reg.VecVirtual {
	VPSLLD(Imm(n), a, a)
	return a
}

// pass is the plain kernel's butterfly on eight lanes at once; results are rounded with bias and shifted.
func pass(s []reg.VecVirtual, shift uint64, bias int32) []reg.VecVirtual {
	z1 := times(add(s[2], s[6]), 0)
	e2 := sub(z1, times(s[6], 1))
	e3 := add(z1, times(s[2], 2))
	round := broadcast(bias)
	e0 := add(shifted(add(s[0], s[4]), constBits), round)
	e1 := add(shifted(sub(s[0], s[4]), constBits), round)
	a0, a3, a1, a2 := add(e0, e3), sub(e0, e3), add(e1, e2), sub(e1, e2)

	o73, o51 := add(s[7], s[3]), add(s[5], s[1])
	z5 := times(add(o73, o51), 3)
	z3 := sub(z5, times(o73, 4))
	z4 := sub(z5, times(o51, 5))
	y1 := times(add(s[7], s[1]), 6)
	y2 := times(add(s[5], s[3]), 7)
	b0 := add(sub(times(s[7], 8), y1), z3)
	b1 := add(sub(times(s[5], 9), y2), z4)
	b2 := add(sub(times(s[3], 10), y2), z3)
	b3 := add(sub(times(s[1], 11), y1), z4)
	out := []reg.VecVirtual{add(a0, b3), add(a1, b2), add(a2, b1), add(a3, b0), sub(a3, b0), sub(a2, b1), sub(a1, b2), sub(a0, b3)}
	for _, o := range out {
		VPSRAD(Imm(shift), o, o)
	}
	return out
}

// transpose turns eight rows of eight lanes into columns.
func transpose(r []reg.VecVirtual) []reg.VecVirtual {
	t := make([]reg.VecVirtual, 8)
	for i := range t {
		t[i] = YMM()
	}
	for i := 0; i < 8; i += 2 {
		VPUNPCKLDQ(r[i+1], r[i], t[i])
		VPUNPCKHDQ(r[i+1], r[i], t[i+1])
	}
	for i := 0; i < 8; i += 4 {
		VPUNPCKLQDQ(t[i+2], t[i], r[i])
		VPUNPCKHQDQ(t[i+2], t[i], r[i+1])
		VPUNPCKLQDQ(t[i+3], t[i+1], r[i+2])
		VPUNPCKHQDQ(t[i+3], t[i+1], r[i+3])
	}
	for i := range 4 {
		VPERM2I128(Imm(0x20), r[i+4], r[i], t[i])
		VPERM2I128(Imm(0x31), r[i+4], r[i], t[i+4])
	}
	return t
}

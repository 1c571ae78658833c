// Command gen writes the assembly of luma: `go generate ./space/dedup`.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	luma()
	Generate()
}

// broadcast is a register with the same 32-bit word eight times.
func broadcast(value uint32) reg.VecVirtual {
	bits, v := GP32(), YMM()
	MOVL(U32(value), bits)
	VMOVD(bits, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	return v
}

// luma multiplies and adds in the order of the plain kernel, without fusing: the same bits.
func luma() {
	TEXT("lumaAVX2", NOSPLIT, "func(into *float32, from *uint8, n int)")
	Doc("lumaAVX2 writes the luma of 8*n pixels of four bytes.")
	Pragma("noescape")
	into, from, n := Load(Param("into"), GP64()), Load(Param("from"), GP64()), Load(Param("n"), GP64())
	low := broadcast(0xff)
	red, green, blue := broadcast(math.Float32bits(0.299)), broadcast(math.Float32bits(0.587)), broadcast(math.Float32bits(0.114))

	Label("eight")
	pixels, r, g, b := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: from}, pixels)
	VPAND(low, pixels, r)
	VPSRLD(Imm(8), pixels, g)
	VPAND(low, g, g)
	VPSRLD(Imm(16), pixels, b)
	VPAND(low, b, b)
	for _, c := range []struct{ v, share reg.VecVirtual }{{r, red}, {g, green}, {b, blue}} {
		VCVTDQ2PS(c.v, c.v)
		VMULPS(c.share, c.v, c.v)
	}
	VADDPS(g, r, r)
	VADDPS(b, r, r)
	VMOVUPS(r, Mem{Base: into})
	ADDQ(Imm(32), from)
	ADDQ(Imm(32), into)
	DECQ(n)
	JNZ(LabelRef("eight"))
	VZEROUPPER()
	RET()
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// ahead is how many rows before it is needed a row is fetched from memory; package knn knows it as bytesAhead.
const ahead = 4

// generateBytes writes the kernel for dot products of a signed and many unsigned byte rows, which lie anywhere.
// AVX-512 multiplies and adds in one instruction (VNNI's VPDPBUSD); AVX2 widens to words first, since its own
// multiplication of bytes saturates.
func generateBytes(set isa) {
	TEXT("bytes"+set.name, NOSPLIT, "func(q *int8, rows **byte, out *int32, dim, count int)")
	Pragma("noescape")
	Doc("bytes"+set.name+" writes the dot products of q with count rows of dim unsigned bytes to out.",
		"dim is a multiple of 64, not 0; behind the pointers to the rows there are 4 more, which are fetched and not used.")
	q, rows, out := Load(Param("q"), GP64()), Load(Param("rows"), GP64()), Load(Param("out"), GP64())
	dim, count := Load(Param("dim"), GP64()), Load(Param("count"), GP64())
	k := kernel{isa: set}
	Label("row")
	TESTQ(count, count)
	JZ(LabelRef("end"))
	row, next, at := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: rows}, row)
	MOVQ(Mem{Base: rows, Disp: 8 * ahead}, next)
	XORQ(at, at)
	sums := []reg.VecVirtual{k.vector(), k.vector()}
	for _, sum := range sums {
		VXORPS(sum, sum, sum)
	}
	Label("components")
	PREFETCHT0(Mem{Base: next, Index: at, Scale: 1})
	if set.zmm {
		values := ZMM()
		VMOVDQU32(Mem{Base: row, Index: at, Scale: 1}, values)
		VPDPBUSD(Mem{Base: q, Index: at, Scale: 1}, values, sums[0])
	} else {
		for i := range 4 {
			k.words(Mem{Base: q, Index: at, Scale: 1, Disp: 16 * i}, Mem{Base: row, Index: at, Scale: 1, Disp: 16 * i}, sums[i%2])
		}
	}
	ADDQ(Imm(64), at)
	CMPQ(at, dim)
	JL(LabelRef("components"))
	PREFETCHT0(Mem{Base: next, Index: at, Scale: 1}) // what stands behind the components
	k.sumIntegers(sums)
	VMOVD(sums[0].AsX(), Mem{Base: out})
	ADDQ(Imm(8), rows)
	ADDQ(Imm(4), out)
	DECQ(count)
	JMP(LabelRef("row"))
	Label("end")
	VZEROUPPER()
	RET()
}

// words multiplies 16 components as 16-bit words, which is exact.
func (k *kernel) words(q, row Mem, sum reg.VecVirtual) {
	a, b := YMM(), YMM()
	VPMOVSXBW(q, a)
	VPMOVZXBW(row, b)
	VPMADDWD(a, b, a)
	VPADDD(a, sum, sum)
}

// sumIntegers leaves the sum of all lanes in the lowest of the first register.
func (k *kernel) sumIntegers(sums []reg.VecVirtual) {
	sum := sums[0]
	if k.zmm {
		upper := YMM()
		VEXTRACTI64X4(Imm(1), sum.AsZ(), upper)
		VPADDD(upper, sum.AsY(), sum.AsY())
	} else {
		VPADDD(sums[1].AsY(), sum.AsY(), sum.AsY())
	}
	upper := XMM()
	VEXTRACTI128(Imm(1), sum.AsY(), upper)
	VPADDD(upper, sum.AsX(), sum.AsX())
	for _, order := range []uint64{0b01_00_11_10, 0b10_11_00_01} {
		VPSHUFD(Imm(order), sum.AsX(), upper)
		VPADDD(upper, sum.AsX(), sum.AsX())
	}
}

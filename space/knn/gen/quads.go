package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quad: four queries are multiplied with four rows at once, so that each load serves four multiplications.
const quad = 4

// generateQuads writes the kernel that multiplies matrices; k-means and joins live on it. It needs the 32 registers of
// AVX-512: with AVX2 the kernel for one query is called four times.
func generateQuads() {
	TEXT("quadsAVX512", NOSPLIT, "func(queries, rows, out *float32, dim, count, stride int)")
	Pragma("noescape")
	Doc("quadsAVX512 writes the dot products of 4 queries with count rows of dim components to out, those of the i-th query from",
		"i*stride on. count is a multiple of 4, dim a multiple of 16.")
	queries, rows, out := Load(Param("queries"), GP64()), Load(Param("rows"), GP64()), Load(Param("out"), GP64())
	dim, count, stride := Load(Param("dim"), GP64()), Load(Param("count"), GP64()), Load(Param("stride"), GP64())
	SHLQ(Imm(2), dim)
	SHLQ(Imm(2), stride)
	Label("rows")
	TESTQ(count, count)
	JZ(LabelRef("end"))
	q, r := strided(queries, dim), strided(rows, dim)
	var sums [quad][quad]reg.VecVirtual
	for i := range sums {
		for j := range sums[i] {
			sums[i][j] = ZMM()
			VPXORD(sums[i][j], sums[i][j], sums[i][j])
		}
	}
	at := GP64()
	XORQ(at, at)
	Label("components")
	var values [quad]reg.VecVirtual
	for i := range values {
		values[i] = ZMM()
		VMOVUPS(Mem{Base: q[i], Index: at, Scale: 1}, values[i])
	}
	for j := range quad {
		row := ZMM()
		VMOVUPS(Mem{Base: r[j], Index: at, Scale: 1}, row)
		for i := range quad {
			VFMADD231PS(row, values[i], sums[i][j])
		}
	}
	ADDQ(Imm(64), at)
	CMPQ(at, dim)
	JL(LabelRef("components"))
	LEAQ(Mem{Base: r[quad-1], Index: dim, Scale: 1}, rows)
	k := kernel{isa: isa{zmm: true}}
	to := GP64()
	MOVQ(out, to)
	for i := range sums {
		for j, sum := range sums[i] {
			VMOVSS(k.sum(sum).AsX(), Mem{Base: to, Disp: 4 * j})
		}
		if i < quad-1 {
			ADDQ(stride, to)
		}
	}
	ADDQ(Imm(4*quad), out)
	SUBQ(Imm(quad), count)
	JMP(LabelRef("rows"))
	Label("end")
	VZEROUPPER()
	RET()
}

// strided are pointers to four rows of the given number of bytes.
func strided(first, bytes reg.Register) [quad]reg.GPVirtual {
	var pointers [quad]reg.GPVirtual
	for i := range pointers {
		pointers[i] = GP64()
		if i == 0 {
			MOVQ(first, pointers[i])
			continue
		}
		LEAQ(Mem{Base: pointers[i-1], Index: bytes, Scale: 1}, pointers[i])
	}
	return pointers
}

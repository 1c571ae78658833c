// Command gen writes the assembly kernels of package knn with avo: `go generate ./space/knn`.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowsAtOnce rows share each load of the query. Every row has one accumulator, whether it is computed among others or
// alone, so that a row's product doesn't depend on where the row lies: equal vectors have equal scores.
const rowsAtOnce = 4

func main() {
	ConstraintExpr("amd64")
	for _, set := range []isa{{name: "AVX512", lanes: 16, zmm: true}, {name: "AVX2", lanes: 8}} {
		generate(set)
		generateScan(set)
		generateBytes(set)
	}
	generateQuads()
	Generate()
}

// isa is an instruction set to generate for.
type isa struct {
	name  string
	lanes int // float32 values in a register
	zmm   bool
}

// kernel is one function in the making.
type kernel struct {
	isa
	q, rows, out reg.Register // pointers
	dim, count   reg.Register // components, rows that are left
	stride       reg.Register // bytes of a row
	mask         reg.Register // AVX-512: the lanes of the last, partial register
}

func generate(set isa) {
	TEXT("dots"+set.name, NOSPLIT, "func(q, rows, out *float32, dim, count int)")
	Pragma("noescape")
	Doc("dots" + set.name + " writes the dot products of q with count rows of dim components to out.")
	k := kernel{
		isa:   set,
		q:     Load(Param("q"), GP64()),
		rows:  Load(Param("rows"), GP64()),
		out:   Load(Param("out"), GP64()),
		dim:   Load(Param("dim"), GP64()),
		count: Load(Param("count"), GP64()),
	}
	stride := GP64()
	MOVQ(k.dim, stride)
	SHLQ(Imm(2), stride)
	k.stride = stride
	if set.zmm {
		k.prepareMask()
	}
	k.loop("many", rowsAtOnce)
	k.loop("one", 1)
	VZEROUPPER()
	RET()
}

// prepareMask sets one bit for each component beyond the last full register.
func (k *kernel) prepareMask() {
	rest := reg.RCX // shifts count in CL
	MOVQ(k.dim, rest)
	ANDQ(Imm(15), rest)
	bits := GP32()
	MOVL(U32(1), bits)
	SHLL(reg.CL, bits)
	DECL(bits)
	mask := K()
	KMOVW(bits, mask)
	k.mask = mask
}

// loop handles n rows at a time while as many are left.
func (k *kernel) loop(name string, n int) {
	Label(name)
	CMPQ(k.count, Imm(uint64(n)))
	JLT(LabelRef(name + "_end"))
	k.products(name, n)
	ADDQ(Imm(uint64(4*n)), k.out)
	SUBQ(Imm(uint64(n)), k.count)
	JMP(LabelRef(name))
	Label(name + "_end")
}

// products computes n dot products and moves the row pointer past them.
func (k *kernel) products(name string, n int) {
	pointers := k.pointers(n)
	accumulators := make([]reg.VecVirtual, n)
	for i := range accumulators {
		accumulators[i] = k.vector()
		VXORPS(accumulators[i], accumulators[i], accumulators[i])
	}
	at, left := GP64(), GP64()
	XORQ(at, at)
	MOVQ(k.dim, left)
	k.full(name, pointers, accumulators, at, left)
	if k.zmm {
		k.maskedRest(name, pointers, accumulators, at, left)
	}
	for i := range accumulators {
		accumulators[i] = k.sum(accumulators[i])
	}
	if !k.zmm {
		k.scalarRest(name, pointers, accumulators, at, left)
	}
	for i, sum := range accumulators {
		VMOVSS(sum.AsX(), Mem{Base: k.out, Disp: 4 * i})
	}
	ADDQ(k.stride, pointers[n-1])
	MOVQ(pointers[n-1], k.rows)
}

func (k *kernel) pointers(n int) []reg.GPVirtual {
	pointers := make([]reg.GPVirtual, n)
	for i := range pointers {
		pointers[i] = GP64()
		if i == 0 {
			MOVQ(k.rows, pointers[i])
			continue
		}
		LEAQ(Mem{Base: pointers[i-1], Index: k.stride, Scale: 1}, pointers[i])
	}
	return pointers
}

// full multiplies whole registers.
func (k *kernel) full(name string, pointers []reg.GPVirtual, accumulators []reg.VecVirtual, at, left reg.GPVirtual) {
	Label(name + "_full")
	CMPQ(left, Imm(uint64(k.lanes)))
	JLT(LabelRef(name + "_rest"))
	query := k.vector()
	VMOVUPS(Mem{Base: k.q, Index: at, Scale: 1}, query)
	for i, pointer := range pointers {
		VFMADD231PS(Mem{Base: pointer, Index: at, Scale: 1}, query, accumulators[i])
	}
	ADDQ(Imm(uint64(4*k.lanes)), at)
	SUBQ(Imm(uint64(k.lanes)), left)
	JMP(LabelRef(name + "_full"))
	Label(name + "_rest")
}

// maskedRest multiplies the components beyond the last full register; lanes outside the mask are never read.
func (k *kernel) maskedRest(name string, pointers []reg.GPVirtual, accumulators []reg.VecVirtual, at, left reg.GPVirtual) {
	TESTQ(left, left)
	JZ(LabelRef(name + "_sum"))
	query := k.vector()
	VMOVUPS_Z(Mem{Base: k.q, Index: at, Scale: 1}, k.mask, query)
	for i, pointer := range pointers {
		row := k.vector()
		VMOVUPS_Z(Mem{Base: pointer, Index: at, Scale: 1}, k.mask, row)
		VFMADD231PS(row, query, accumulators[i])
	}
	Label(name + "_sum")
}

// scalarRest adds the products of single components to the sums.
func (k *kernel) scalarRest(name string, pointers []reg.GPVirtual, sums []reg.VecVirtual, at, left reg.GPVirtual) {
	Label(name + "_single")
	TESTQ(left, left)
	JZ(LabelRef(name + "_store"))
	query := XMM()
	VMOVSS(Mem{Base: k.q, Index: at, Scale: 1}, query)
	for i, pointer := range pointers {
		VFMADD231SS(Mem{Base: pointer, Index: at, Scale: 1}, query, sums[i].AsX())
	}
	ADDQ(Imm(4), at)
	DECQ(left)
	JMP(LabelRef(name + "_single"))
	Label(name + "_store")
}

// sum adds the lanes of a register up, always in the same order; the sum is in the lowest lane. AVX-512's own
// instructions reach all of its registers.
func (k *kernel) sum(v reg.VecVirtual) reg.VecVirtual {
	upper := XMM()
	if k.zmm {
		half := YMM()
		VEXTRACTF64X4(Imm(1), v.AsZ(), half)
		VADDPS(half, v.AsY(), v.AsY())
		VEXTRACTF32X4(Imm(1), v.AsY(), upper)
	} else {
		VEXTRACTF128(Imm(1), v.AsY(), upper)
	}
	VADDPS(upper, v.AsX(), v.AsX())
	for _, order := range []uint64{0b10_11_00_01, 0b01_00_11_10} {
		VPERMILPS(Imm(order), v.AsX(), upper)
		VADDPS(upper, v.AsX(), v.AsX())
	}
	return v
}

func (k *kernel) vector() reg.VecVirtual {
	if k.zmm {
		return ZMM()
	}
	return YMM()
}

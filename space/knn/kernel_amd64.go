package knn

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out assembly_amd64.s -stubs assembly_amd64.go -pkg knn

// kernels are those that this CPU can run, the fastest first.
func kernels() []kernel {
	var able []kernel
	x86 := cpu.X86
	if x86.HasAVX512F && x86.HasAVX512DQ && x86.HasAVX512BW && x86.HasAVX512VL && x86.HasAVX512VNNI {
		able = append(able, kernel{"avx512", dotsBy(dotsAVX512), quads, bytesBy(bytesAVX512), scanBy(scanAVX512)})
	}
	if x86.HasAVX2 && x86.HasFMA {
		dots := dotsBy(dotsAVX2)
		able = append(able, kernel{"avx2", dots, quadsBy(dots), bytesBy(bytesAVX2), scanBy(scanAVX2)})
	}
	return append(able, plain())
}

// What follows checks bounds, which the assembly doesn't.

func dotsBy(dots func(q, rows, out *float32, dim, count int)) func(q, rows, out []float32) {
	return func(q, rows, out []float32) {
		rows = rows[:len(q)*len(out)]
		dots(unsafe.SliceData(q), unsafe.SliceData(rows), unsafe.SliceData(out), len(q), len(out))
	}
}

// quads gives whole groups of four rows to the assembly, and the rest to the kernel for single queries.
func quads(queries, rows, out []float32) {
	dim, n := len(queries)/4, len(out)/4
	if dim%16 != 0 || dim == 0 || n == 0 {
		quadsBy(dotsBy(dotsAVX512))(queries, rows, out)
		return
	}
	rows = rows[:n*dim]
	whole := n &^ 3
	quadsAVX512(unsafe.SliceData(queries), unsafe.SliceData(rows), unsafe.SliceData(out), dim, whole, n)
	if whole == n {
		return
	}
	rest := rows[whole*dim:]
	for i := range 4 {
		some := out[i*n+whole : i*n+n]
		dotsAVX512(unsafe.SliceData(queries[i*dim:]), unsafe.SliceData(rest), unsafe.SliceData(some), dim, len(some))
	}
}

func bytesBy(bytes func(q *int8, rows **byte, out *int32, dim, count int)) func(q []int8, rows []*byte, out []int32) {
	return func(q []int8, rows []*byte, out []int32) {
		if len(q)%64 != 0 || len(q) == 0 {
			panic("knn: rows of bytes are padded to 64")
		}
		rows = rows[:len(out)+bytesAhead]
		bytes(unsafe.SliceData(q), unsafe.SliceData(rows), unsafe.SliceData(out), len(q), len(out))
	}
}

func scanBy(scan func(block, lut *byte, groups int, params, scores *float32) uint32) func(block, table []byte, p *scanParams, scores *[blockCodes]float32) uint32 {
	return func(block, table []byte, p *scanParams, scores *[blockCodes]float32) uint32 {
		groups := len(table) / groupBytes
		if groups%16 != 0 || groups == 0 {
			panic("knn: codes are padded to 64 bits")
		}
		block = block[:len(table)+4*blockCodes]
		return scan(unsafe.SliceData(block), unsafe.SliceData(table), groups, &p.scale, &scores[0])
	}
}

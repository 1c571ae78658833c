package knn

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out dots_amd64.s -stubs dots_amd64.go -pkg knn

// kernels are those that this CPU can run, the fastest first.
func kernels() []kernel {
	var able []kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ {
		able = append(able, kernel{"avx512", assembly(dotsAVX512)})
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		able = append(able, kernel{"avx2", assembly(dotsAVX2)})
	}
	return append(able, plain())
}

// assembly checks bounds, which the kernels don't.
func assembly(dots func(q, rows, out *float32, dim, count int)) func(q, rows, out []float32) {
	return func(q, rows, out []float32) {
		rows = rows[:len(q)*len(out)]
		dots(unsafe.SliceData(q), unsafe.SliceData(rows), unsafe.SliceData(out), len(q), len(out))
	}
}

package dedup

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out loops_amd64.s -stubs loops_amd64.go -pkg dedup

// quadsToFloats is quadsToFloatsPlain, eight pixels at a time where the processor has AVX2.
func quadsToFloats(from []byte, into []float32) {
	n := len(into) / 8
	if n == 0 || !cpu.X86.HasAVX2 {
		quadsToFloatsPlain(from, into)
		return
	}
	from = from[:4*len(into)]
	lumaAVX2(unsafe.SliceData(into), unsafe.SliceData(from), n)
	quadsToFloatsPlain(from[32*n:], into[8*n:])
}

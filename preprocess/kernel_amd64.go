package preprocess

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out weigh_amd64.s -stubs weigh_amd64.go -pkg preprocess

// weighers are those that this CPU can run, the fastest first.
func weighers() []weigher {
	if cpu.X86.HasAVX2 {
		return []weigher{weighAssembly, weighPlain}
	}
	return []weigher{weighPlain}
}

// weighAssembly checks bounds, which the kernel doesn't.
func weighAssembly(pixels []uint8, weights []int32) uint32 {
	pixels = pixels[:4*len(weights)]
	return weighAVX2(unsafe.SliceData(pixels), unsafe.SliceData(weights), len(weights))
}

package preprocess

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out loops_amd64.s -stubs loops_amd64.go -pkg preprocess

// fastest are the loops for this CPU.
func fastest() loops {
	if cpu.X86.HasAVX2 {
		return loops{rowAssembly, columnAssembly, packAssembly}
	}
	return plainLoops
}

// rowAssembly checks bounds, which the kernel doesn't. A source narrower than a group of taps is for the plain loop.
func rowAssembly(dst, src []uint8, t *taps) {
	grouped := t.grouped()
	n := len(t.start)
	if grouped.groups == 0 || n == 0 {
		rowPlain(dst, src, t)
		return
	}
	src = src[:4*t.samples]
	dst = dst[:4*n]
	scaleRowAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), unsafe.SliceData(grouped.starts), unsafe.SliceData(grouped.weights), grouped.groups, n)
}

// columnAssembly computes blocks of 32 bytes, the last of which may overlap the one before.
func columnAssembly(dst, src []uint8, stride int, weights []int32) {
	const block = 32
	if len(dst) < block || len(weights) == 0 {
		columnPlain(dst, src, stride, weights)
		return
	}
	_ = src[(len(weights)-1)*stride+len(dst)-1]
	compute := func(at, blocks int) {
		scaleColumnAVX2(unsafe.SliceData(dst[at:]), unsafe.SliceData(src[at:]), stride, unsafe.SliceData(weights), len(weights), blocks)
	}
	compute(0, len(dst)/block)
	if len(dst)%block != 0 {
		compute(len(dst)-block, 1)
	}
}

// packAssembly leaves the last pixels to the plain loop, for the kernel writes four bytes too many.
func packAssembly(row, pixels []uint8) {
	n := max(0, len(pixels)-16) / 64
	if n > 0 {
		row = row[:len(pixels)/4*3]
		packAVX2(unsafe.SliceData(row), unsafe.SliceData(pixels), n)
	}
	packPlain(row[48*n:], pixels[64*n:])
}

package jpeg

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out loops_amd64.s -stubs loops_amd64.go -pkg jpeg

// fastest are the loops for this CPU.
func fastest() loops {
	if cpu.X86.HasAVX2 {
		return loops{ycbcrAssembly, blendAssembly, triangleAssembly, idctAssembly}
	}
	return plainLoops
}

// The functions below check bounds, which the kernels don't, and leave the rest of a row to the plain loops.

func ycbcrAssembly(dst, luma, cb, cr []uint8) {
	cb, cr, dst = cb[:len(luma)], cr[:len(luma)], dst[:4*len(luma)]
	n := len(luma) / 8
	if n > 0 {
		colourAVX2(unsafe.SliceData(dst), unsafe.SliceData(luma), unsafe.SliceData(cb), unsafe.SliceData(cr), n)
	}
	ycbcrPlain(dst[32*n:], luma[8*n:], cb[8*n:], cr[8*n:])
}

func blendAssembly(sums []uint16, near, far []uint8) {
	far, sums = far[:len(near)], sums[:len(near)]
	n := len(near) / 16
	if n > 0 {
		blendAVX2(unsafe.SliceData(sums), unsafe.SliceData(near), unsafe.SliceData(far), n)
	}
	blendPlain(sums[16*n:], near[16*n:], far[16*n:])
}

func triangleAssembly(dst []uint8, sums []uint16) {
	width := len(sums) - 2
	dst = dst[:2*width]
	n := width / 16
	if n > 0 {
		triangleAVX2(unsafe.SliceData(dst), unsafe.SliceData(sums[1:]), n)
	}
	trianglePlain(dst[32*n:], sums[16*n:])
}

func idctAssembly(out []uint8, stride int, b *block) {
	_ = out[7*stride+7]
	idctAVX2(unsafe.SliceData(out), stride, &b[0])
}

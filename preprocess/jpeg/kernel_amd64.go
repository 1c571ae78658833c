package jpeg

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run ./gen -out loops_amd64.s -stubs loops_amd64.go -pkg jpeg

// fastest are the loops for this CPU.
func fastest() loops {
	if !cpu.X86.HasAVX2 {
		return plainLoops
	}
	l := loops{ycbcrAssembly, blendAssembly, triangleAssembly, idct8Assembly, idct4Assembly, idct2Assembly, blocksPlain, refinePlain}
	if cpu.X86.HasBMI1 && cpu.X86.HasBMI2 {
		l.blocks = blocksAssembly
	}
	if cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT && depositsFast() {
		l.refine = refineAssembly
	}
	return l
}

// depositsFast tells processors with a circuit for PDEP from AMD's before Zen 3, which take a hundred steps for it.
func depositsFast() bool {
	const authenticAMD, hygonGenuine, zen3 = 0x68747541, 0x6f677948, 0x19
	_, vendor := identify(0)
	version, _ := identify(1)
	family := version >> 8 & 15
	if family == 15 {
		family += version >> 20 & 255
	}
	return vendor != hygonGenuine && (vendor != authenticAMD || family >= zen3)
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

func idct8Assembly(out []uint8, stride int, k *kept, factors *[64]int32) {
	_ = out[7*stride+7]
	idct8AVX2(unsafe.SliceData(out), stride, &k.dc, &factors[0])
}

func idct4Assembly(out []uint8, stride int, blocks []kept, step int, factors *[64]int32) {
	if n := len(blocks); n > 0 {
		_ = out[3*stride+(n-1)*step+3]
		idct4AVX2(unsafe.SliceData(out), stride, &blocks[0].dc, n, step, &factors[0])
	}
}

func idct2Assembly(out []uint8, stride int, blocks []kept, step int, factors *[64]int32) {
	if n := len(blocks); n > 0 {
		_ = out[stride+(n-1)*step+1]
		idct2AVX2(unsafe.SliceData(out), stride, &blocks[0].dc, n, step, &factors[0])
	}
}

// blocksAssembly reads a strip, and with the plain loop those blocks that have a code longer than the tables' index.
func blocksAssembly(s *strip, r *bits) {
	s.data, s.limit = unsafe.Pointer(unsafe.SliceData(r.data)), len(r.data)-8
	defer func() { s.data = nil }()
	for s.mcus > 0 {
		if r.pos > s.limit {
			blocksPlain(s, r)
			return
		}
		s.pos, s.acc, s.used = r.pos, r.acc, 63-r.n
		blocksBMI2((*byte)(unsafe.Pointer(s)))
		r.pos, r.acc, r.n = s.pos, s.acc, 63-s.used
		if s.mcus > 0 {
			s.one(r)
		}
	}
}

// refineAssembly reads a refiner's blocks, and with the plain loop those that the assembly can't.
func refineAssembly(f *refiner, r *bits) {
	f.data, f.limit = unsafe.Pointer(unsafe.SliceData(r.data)), len(r.data)-8
	defer func() { f.data, f.masks, f.plane = nil, nil, nil }()
	for f.blocks > 0 {
		if r.pos > f.limit {
			refinePlain(f, r)
			return
		}
		at := f.end - f.blocks
		_, _ = f.component.masks[f.end-1], f.bits[f.end-1]
		f.masks, f.plane = unsafe.Pointer(&f.component.masks[at]), unsafe.Pointer(&f.bits[at])
		f.pos, f.acc, f.used = r.pos, r.acc, 63-r.n
		refineBMI2((*byte)(unsafe.Pointer(f)))
		r.pos, r.acc, r.n = f.pos, f.acc, 63-f.used
		if f.blocks > 0 {
			f.one(r)
		}
	}
}

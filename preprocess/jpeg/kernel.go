package jpeg

import "encoding/binary"

// loops are the decoder's inner loops. All implementations give the same bits.
type loops struct {
	// ycbcr converts a row to opaque RGBA.
	ycbcr func(dst, luma, cb, cr []uint8)
	// blend sums the nearer row of chroma three times and the farther once.
	blend func(sums []uint16, near, far []uint8)
	// triangle makes two samples of each of blend's sums; sums has one more in front and behind.
	triangle func(dst []uint8, sums []uint16)
	// idct8 writes the 8 x 8 samples of a block.
	idct8 func(out []uint8, stride int, k *kept, factors *[64]int32)
	// idct4 writes 4 x 4 samples of each block, step columns apart.
	idct4 func(out []uint8, stride int, blocks []kept, step int, factors *[64]int32)
	// idct2 writes 2 x 2.
	idct2 func(out []uint8, stride int, blocks []kept, step int, factors *[64]int32)
	// blocks reads all MCUs that a strip waits for.
	blocks func(s *strip, r *bits)
	// refine reads all blocks that a refiner waits for.
	refine func(f *refiner, r *bits)
}

// plainLoops are the oracle of the assembly.
var plainLoops = loops{ycbcrPlain, blendPlain, trianglePlain, idct8Plain, idct4Plain, idct2Plain, blocksPlain, refinePlain}

// run are the loops in use.
var run = fastest()

// Fixed-point factors of jdcolor.c, times 2^16.
const (
	fixCrR = 91881  // 1.40200
	fixCbB = 116130 // 1.77200
	fixCrG = 46802  // 0.71414
	fixCbG = 22554  // 0.34414
	half16 = 1 << 15
)

func ycbcrPlain(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	dst = dst[:4*len(luma)]
	for x, l := range luma {
		y, u, v := int32(l), int32(cb[x])-128, int32(cr[x])-128
		r := clamp8(y + (fixCrR*v+half16)>>16)
		g := clamp8(y + (-fixCbG*u-fixCrG*v+half16)>>16)
		b := clamp8(y + (fixCbB*u+half16)>>16)
		binary.LittleEndian.PutUint32(dst[4*x:], uint32(r)|uint32(g)<<8|uint32(b)<<16|0xff000000)
	}
}

func blendPlain(sums []uint16, near, far []uint8) {
	far, sums = far[:len(near)], sums[:len(near)]
	for i, v := range near {
		sums[i] = 3*uint16(v) + uint16(far[i])
	}
}

func trianglePlain(dst []uint8, sums []uint16) {
	for i := range len(sums) - 2 {
		thrice := 3 * sums[i+1]
		dst[2*i] = uint8((thrice + sums[i] + 8) >> 4)
		dst[2*i+1] = uint8((thrice + sums[i+2] + 7) >> 4)
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31)) // negative: 0; too large: 255
	}
	return uint8(v)
}

package preprocess

import "encoding/binary"

// loops are the resampler's inner loops. All implementations give the same bits.
type loops struct {
	// row writes one row of opaque pixels: pixel i is the weighted sum of t's i-th group of src's pixels.
	row func(dst, src []uint8, t *taps)
	// column writes one row: each byte is the weighted sum of the bytes below one another in len(weights) rows of src,
	// stride bytes apart.
	column func(dst, src []uint8, stride int, weights []int32)
	// pack takes the alpha out of a row of pixels.
	pack func(row, pixels []uint8)
}

// plainLoops are the oracle of the assembly.
var plainLoops = loops{rowPlain, columnPlain, packPlain}

// opaqueAlpha is the alpha byte of a pixel.
const opaqueAlpha = 0xff << 24

func rowPlain(dst, src []uint8, t *taps) {
	for x, start := range t.start {
		n := t.count[x]
		binary.LittleEndian.PutUint32(dst[4*x:], weigh(src[4*start:4*(start+n)], t.weights[x*t.size:x*t.size+n])|opaqueAlpha)
	}
}

// weigh is the weighted sum of a row of pixels (red, green, blue, alpha), rounded and clamped to bytes: red in the
// lowest.
func weigh(pixels []uint8, weights []int32) uint32 {
	const half = 1 << (precision - 1)
	r, g, b := int32(half), int32(half), int32(half)
	for _, w := range weights {
		p := pixels[:4:4]
		r += int32(p[0]) * w
		g += int32(p[1]) * w
		b += int32(p[2]) * w
		pixels = pixels[4:]
	}
	return uint32(clamp8(r>>precision)) | uint32(clamp8(g>>precision))<<8 | uint32(clamp8(b>>precision))<<16
}

// columnPlain adds whole rows, so that memory is read in its order.
func columnPlain(dst, src []uint8, stride int, weights []int32) {
	sums := make([]int32, len(dst))
	for i := range sums {
		sums[i] = 1 << (precision - 1)
	}
	for j, w := range weights {
		addRow(sums, src[j*stride:], w)
	}
	for i, sum := range sums {
		dst[i] = clamp8(sum >> precision)
	}
}

func addRow(sums []int32, row []uint8, weight int32) {
	row = row[:len(sums)]
	for i, v := range row {
		sums[i] += int32(v) * weight
	}
}

// packPlain does four pixels at a time: byte by byte takes as long as hashing them.
func packPlain(row, pixels []uint8) {
	for len(pixels) >= 16 {
		a, b := binary.LittleEndian.Uint64(pixels), binary.LittleEndian.Uint64(pixels[8:])
		a = a&0xffffff | a>>8&0xffffff000000 // two pixels in six bytes
		b = b&0xffffff | b>>8&0xffffff000000
		binary.LittleEndian.PutUint64(row, a|b<<48)
		binary.LittleEndian.PutUint32(row[8:], uint32(b>>16))
		row, pixels = row[12:], pixels[16:]
	}
	for ; len(pixels) >= 4; row, pixels = row[3:], pixels[4:] {
		row[0], row[1], row[2] = pixels[0], pixels[1], pixels[2]
	}
}

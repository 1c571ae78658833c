package preprocess

// weigher returns the weighted sum of a row of pixels (red, green, blue, alpha), a weight each, rounded and clamped to
// bytes: red in the lowest. All weighers give the same bits.
type weigher func(pixels []uint8, weights []int32) uint32

// weighPlain is the oracle of the assembly.
func weighPlain(pixels []uint8, weights []int32) uint32 {
	const half = 1 << (precision - 1)
	r, g, b, a := int32(half), int32(half), int32(half), int32(half)
	for _, w := range weights {
		p := pixels[:4:4]
		r += int32(p[0]) * w
		g += int32(p[1]) * w
		b += int32(p[2]) * w
		a += int32(p[3]) * w
		pixels = pixels[4:]
	}
	return uint32(clamp8(r>>precision)) | uint32(clamp8(g>>precision))<<8 |
		uint32(clamp8(b>>precision))<<16 | uint32(clamp8(a>>precision))<<24
}

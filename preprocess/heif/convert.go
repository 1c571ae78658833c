package heif

import "math"

// conversion turns samples of YCbCr into RGB as libheif does: chroma repeated, not interpolated; 4:2:0 of full range in
// 8-bit fixed point, all else in floating point.
type conversion struct {
	identity                        bool
	fullRange, quick                bool
	redCr, greenCb, greenCr, blueCb float64
	fixed                           [4]int32 // the same times 256
}

func newConversion(c Colour, chroma int) conversion {
	if c.Matrix == identity {
		return conversion{identity: true}
	}
	red, blue := c.luma()
	v := conversion{
		quick:     c.FullRange && chroma == chroma420,
		fullRange: c.FullRange,
		redCr:     2 * (1 - red),
		greenCb:   2 * blue * (blue - 1) / (1 - red - blue),
		greenCr:   2 * red * (red - 1) / (1 - red - blue),
		blueCb:    2 * (1 - blue),
	}
	for i, f := range []float64{v.redCr, v.greenCb, v.greenCr, v.blueCb} {
		v.fixed[i] = int32(math.Round(256 * f))
	}
	return v
}

// row converts a row of opaque pixels; a sample of chroma is for 1<<shift of them.
func (v *conversion) row(dst, luma, cb, cr []byte, shift int) {
	for x := range len(dst) / 4 {
		p := dst[4*x : 4*x+4 : 4*x+4]
		l, b, r := luma[x], cb[x>>shift], cr[x>>shift]
		switch {
		case v.identity:
			p[0], p[1], p[2] = r, l, b
		case v.quick:
			y, b, r := int32(l), int32(b)-128, int32(r)-128
			p[0] = clamp8(y + (v.fixed[0]*r+128)>>8)
			p[1] = clamp8(y + (v.fixed[1]*b+v.fixed[2]*r+128)>>8)
			p[2] = clamp8(y + (v.fixed[3]*b+128)>>8)
		default:
			y, b, r := float64(l), float64(b)-128, float64(r)-128
			if !v.fullRange {
				y, b, r = (y-16)*lumaScale, b*chromaScale, r*chromaScale
			}
			p[0] = roundToByte(y + v.redCr*r)
			p[1] = roundToByte(y + v.greenCb*b + v.greenCr*r)
			p[2] = roundToByte(y + v.blueCb*b)
		}
		p[3] = 255
	}
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

func roundToByte(v float64) uint8 { return clamp8(int32(math.Floor(v + 0.5))) }

// What libheif stretches video's range by: to 256 steps, not 255.
const lumaScale, chromaScale = 1.1689, 1.1429

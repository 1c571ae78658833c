package heif

import (
	"fmt"
	"math"
)

// conversion turns samples of YCbCr into RGB as libheif does: chroma repeated, not interpolated; 4:2:0 of full range in
// 8-bit fixed point, all else in floating point.
type conversion struct {
	identity                        bool
	fullRange, quick                bool
	redCr, greenCb, greenCr, blueCb float32
	fixed                           [4]int32 // the same times 256
}

// newConversion fails with ErrUnsupported for a matrix that libheif doesn't know either.
func newConversion(c Colour, chroma420 bool) (conversion, error) {
	if c.Matrix == identity {
		return conversion{identity: true}, nil
	}
	red, blue, known := c.luma()
	if !known {
		return conversion{}, fmt.Errorf("%w: colours by matrix %d of H.273", ErrUnsupported, c.Matrix)
	}
	r, b := float32(red), float32(blue) // whose factors are as long as libheif's
	v := conversion{
		quick:     c.FullRange && chroma420,
		fullRange: c.FullRange,
		redCr:     2 * (1 - r),
		greenCb:   2 * b * (1 - b) / (b + r - 1),
		greenCr:   2 * r * (1 - r) / (b + r - 1),
		blueCb:    2 * (1 - b),
	}
	for i, f := range []float32{v.redCr, v.greenCb, v.greenCr, v.blueCb} {
		v.fixed[i] = int32(math.Round(float64(256 * f)))
	}
	return v, nil
}

// row converts a row of pixels of Cr, Y, Cb and something else to opaque ones.
func (v *conversion) row(dst, src []byte) {
	for at := 0; at < len(dst); at += 4 {
		p, s := dst[at:at+4:at+4], src[at:at+4:at+4]
		r, l, b := s[0], s[1], s[2]
		switch {
		case v.identity:
			p[0], p[1], p[2] = r, l, b
		case v.quick:
			y, b, r := int32(l), int32(b)-128, int32(r)-128
			p[0] = clamp8(y + (v.fixed[0]*r+128)>>8)
			p[1] = clamp8(y + (v.fixed[1]*b+v.fixed[2]*r+128)>>8)
			p[2] = clamp8(y + (v.fixed[3]*b+128)>>8)
		default:
			y, b, r := float32(l), float32(b)-128, float32(r)-128
			if !v.fullRange {
				y, b, r = (y-16)*lumaScale, b*chromaScale, r*chromaScale
			}
			// The conversions keep a processor from rounding a product and a sum at once.
			p[0] = roundToByte(y + float32(v.redCr*r))
			p[1] = roundToByte(y + float32(v.greenCb*b) + float32(v.greenCr*r))
			p[2] = roundToByte(y + float32(v.blueCb*b))
		}
		p[3] = 255
	}
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

func roundToByte(v float32) uint8 { return clamp8(int32(v + 0.5)) }

// What libheif stretches video's range by: to 256 steps, not 255.
const lumaScale, chromaScale = 1.1689, 1.1429

package heif

import (
	"fmt"
	"image"
	"math"

	"github.com/clipd/clipd/preprocess/heif/hevc"
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

// picture converts a coded picture into a place of an image, as far as it lies in that. Samples of more than 8 bits are rounded
// before they are converted where that is done in fixed point, else after it.
func (v *conversion) picture(img *image.RGBA, x, y int, p *hevc.Picture) {
	width, height := min(p.Width, img.Rect.Dx()-x), min(p.Height, img.Rect.Dy()-y)
	for row := range height {
		to := img.Pix[(y+row)*img.Stride+4*x:][:4*width]
		luma := p.Planes[0].Samples[row*p.Planes[0].Stride:]
		if len(p.Planes) == 1 {
			for i := range width {
				s := uint8(luma[i] >> (p.Bits[0] - 8))
				to[4*i], to[4*i+1], to[4*i+2], to[4*i+3] = s, s, s, 255
			}
			continue
		}
		at := row >> p.ShiftY
		v.samples(to, luma, p.Planes[1].Samples[at*p.Planes[1].Stride:], p.Planes[2].Samples[at*p.Planes[2].Stride:], p)
	}
}

// samples converts a row of pixels.
func (v *conversion) samples(to []byte, luma, blue, red []uint16, p *hevc.Picture) {
	deep := p.Bits[0] - 8
	middle, most := int32(128)<<deep, int32(256)<<deep-1
	for i := range len(to) / 4 {
		q := to[4*i : 4*i+4 : 4*i+4]
		l, b, r := int32(luma[i]), int32(blue[i>>p.ShiftX]), int32(red[i>>p.ShiftX])
		switch {
		case v.identity:
			q[0], q[1], q[2] = uint8(r>>deep), uint8(l>>deep), uint8(b>>deep)
		case v.quick:
			y, b, r := l>>deep, b>>deep-128, r>>deep-128
			q[0] = clamp8(y + (v.fixed[0]*r+128)>>8)
			q[1] = clamp8(y + (v.fixed[1]*b+v.fixed[2]*r+128)>>8)
			q[2] = clamp8(y + (v.fixed[3]*b+128)>>8)
		default:
			y, b, r := float32(l), float32(b-middle), float32(r-middle)
			if !v.fullRange {
				y, b, r = (y-float32(int32(16)<<deep))*lumaScale, b*chromaScale, r*chromaScale
			}
			// The conversions keep a processor from rounding a product and a sum at once.
			q[0] = uint8(roundTo(y+float32(v.redCr*r), most) >> deep)
			q[1] = uint8(roundTo(y+float32(v.greenCb*b)+float32(v.greenCr*r), most) >> deep)
			q[2] = uint8(roundTo(y+float32(v.blueCb*b), most) >> deep)
		}
		q[3] = 255
	}
}

func roundTo(v float32, most int32) int32 { return min(max(int32(v+0.5), 0), most) }

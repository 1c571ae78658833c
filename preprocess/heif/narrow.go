package heif

import (
	"encoding/binary"
	"image"
	"math"
)

// The libavif of the sandbox converts samples of more than 8 bits in floating point, to 16 bits a colour, with chroma
// interpolated. Pillow's cuts them to 8 bits first and has libyuv convert those; where there is transparency, libyuv
// takes the deep ones. So the samples are found again and converted like that.

// narrow makes 8-bit RGBA of 16-bit RGBA, in place, the colours alone.
func narrow(pixels []byte, h Header) []byte {
	f, known := newFinder(pixels, h)
	p := pixels[:len(pixels)/2]
	switch {
	case !known:
		for at := range len(p) / 4 {
			f.round(p[4*at:], f.at(at))
		}
	case h.halved[0] && !h.alpha:
		s := f.chroma()
		luma := f.lumas() // before p is written over the pixels
		size := image.Pt(h.Width, h.Height)
		s.enlarged(size, func(y int, cb, cr []int32) {
			for x := range size.X {
				at := y*size.X + x
				rgb := f.at(at)
				l := luma[at]
				if clamped(rgb) {
					l = f.lumaBehind(rgb, cb[x]-128, cr[x]-128)
				}
				p[4*at], p[4*at+1], p[4*at+2] = f.rgb(l, cb[x]-128, cr[x]-128)
			}
		})
	default:
		for at := range len(p) / 4 {
			f.convert(p[4*at:], f.at(at))
		}
	}
	return p
}

// finder finds the samples of converted pixels.
type finder struct {
	*fixedPoint
	pixels        []byte // 16-bit RGBA
	width, height int
	rows          bool // rows of chroma were halved, too
	alpha         bool
	bits          int
	red, blue     float64 // weights in luma
	least, steps  float64 // the sample of black, and how many steps it is to white
	middle, span  float64 // the sample of no colour, and how many steps a chroma's range has
}

// newFinder fails where libavif doesn't leave the conversion to libyuv.
func newFinder(pixels []byte, h Header) (f finder, ok bool) {
	f = finder{fixedPoint: newFixedPoint(h.Colour), pixels: pixels, width: h.Width, height: h.Height, rows: h.halved[1], alpha: h.alpha, bits: h.bits}
	f.red, f.blue, ok = h.Colour.luma()
	one := float64(int(1) << (h.bits - 8))
	f.middle, f.steps, f.span = 128*one, 256*one-1, 256*one-1
	if !h.Colour.FullRange {
		f.least, f.steps, f.span = 16*one, 219*one, 224*one
	}
	return f, ok && f.fixedPoint != nil
}

func (f *finder) at(pixel int) (rgb [3]uint16) {
	for i := range rgb {
		rgb[i] = binary.LittleEndian.Uint16(f.pixels[8*pixel+2*i:])
	}
	return rgb
}

// clamped: a colour lies at an end, where it doesn't tell what it was made of.
func clamped(rgb [3]uint16) bool {
	for _, v := range rgb {
		if v == 0 || v == math.MaxUint16 {
			return true
		}
	}
	return false
}

// round rounds a pixel to 8 bits.
func (f *finder) round(p []byte, rgb [3]uint16) {
	for i, v := range rgb {
		p[i] = byte((uint32(v)*255 + 32767) / 65535)
	}
}

// solve gives the luma and the chroma of a pixel, in steps of its samples.
func (f *finder) solve(rgb [3]uint16) (luma, cb, cr float64) {
	r, g, b := float64(rgb[0])/math.MaxUint16, float64(rgb[1])/math.MaxUint16, float64(rgb[2])/math.MaxUint16
	y := f.red*r + (1-f.red-f.blue)*g + f.blue*b
	return f.least + f.steps*y, f.middle + f.span*(b-y)/(2*(1-f.blue)), f.middle + f.span*(r-y)/(2*(1-f.red))
}

// cut takes a sample's first 8 bits.
func (f *finder) cut(sample float64) int32 { return int32(sample+0.5) >> (f.bits - 8) }

// convert converts a pixel whose chroma is its own, or interpolated before it is cut.
func (f *finder) convert(p []byte, rgb [3]uint16) {
	if clamped(rgb) {
		f.round(p, rgb)
		return
	}
	const tie = 1.0 / 64 // interpolated ones lie on sixteenths, and those in the middle are rounded up
	y, b, r := f.solve(rgb)
	cb, cr := f.cut(b+tie)-128, f.cut(r+tie)-128
	if !f.alpha {
		p[0], p[1], p[2] = f.rgb(clamp8(f.cut(y)), cb, cr)
		return
	}
	luma := uint32(y + 0.5)
	full := luma<<(16-f.bits) | luma>>(2*f.bits-16)
	p[0], p[1], p[2] = f.colours(int32(full*uint32(f.luma)>>16)+f.bias, cb, cr)
}

// lumas are all pixels' luma, cut; what it says of clamped ones is nothing.
func (f *finder) lumas() []uint8 {
	luma := make([]uint8, f.width*f.height)
	for i := range luma {
		y, _, _ := f.solve(f.at(i))
		luma[i] = clamp8(f.cut(y))
	}
	return luma
}

// lumaBehind is the luma of a clamped pixel whose chroma is known, by a colour that isn't clamped.
func (f *finder) lumaBehind(rgb [3]uint16, cb, cr int32) uint8 {
	shift := f.bits - 8
	b := float64(cb<<shift) / f.span * 2 * (1 - f.blue)
	r := float64(cr<<shift) / f.span * 2 * (1 - f.red)
	shares := [3]float64{r, -(f.red*r + f.blue*b) / (1 - f.red - f.blue), b}
	for _, i := range []int{1, 0, 2} {
		if v := rgb[i]; v != 0 && v != math.MaxUint16 {
			return clamp8(f.cut(f.least + f.steps*(float64(v)/math.MaxUint16-shares[i])))
		}
	}
	if rgb[1] == 0 {
		return clamp8(f.cut(f.least))
	}
	return clamp8(f.cut(f.least + f.steps))
}

// chroma finds the samples of chroma, cut. Of the four (or two) whose mixture the first pixel of a cell has, three (or
// one) were found before, and as samples are whole numbers, nothing is lost on the way.
func (f *finder) chroma() samples {
	s := samples{width: (f.width + 1) / 2, height: f.height}
	rows := 1
	if f.rows {
		s.height, rows = (f.height+1)/2, 2
	}
	blue, red := make([]float64, s.width*s.height), make([]float64, s.width*s.height)
	s.cb, s.cr = make([]uint8, s.width*s.height), make([]uint8, s.width*s.height)
	for v := range s.height {
		for u := range s.width {
			_, cb, cr := f.solve(f.at(rows*v*f.width + 2*u))
			i := v*s.width + u
			left, above := u > 0, f.rows && v > 0
			blue[i], red[i] = unmix(blue, i, s.width, left, above, cb), unmix(red, i, s.width, left, above, cr)
			s.cb[i], s.cr[i] = clamp8(f.cut(blue[i])), clamp8(f.cut(red[i]))
		}
	}
	return s
}

// unmix is the sample at i of which the mixture has three quarters in each direction in which there is another.
func unmix(samples []float64, i, width int, left, above bool, mixture float64) float64 {
	switch {
	case left && above:
		mixture = (16*mixture - 3*samples[i-1] - 3*samples[i-width] - samples[i-width-1]) / 9
	case left:
		mixture = (4*mixture - samples[i-1]) / 3
	case above:
		mixture = (4*mixture - samples[i-width]) / 3
	}
	return math.Floor(mixture + 0.5)
}

package heif

import (
	"encoding/binary"
	"math"
)

// The libavif of the sandbox converts deeper samples than 8 bits in floating point, to 16 bits a colour. Pillow's has
// libyuv do it, to 8 bits at once, with chroma cut to 8 bits. So the samples are found again and converted like that.

// narrow makes 8-bit RGBA of 16-bit RGBA, in place.
func narrow(pixels []byte, h Header) []byte {
	f, known := newFinder(h)
	for at := 0; at+8 <= len(pixels); at += 8 {
		var rgb [3]uint16
		for i := range rgb {
			rgb[i] = binary.LittleEndian.Uint16(pixels[at+2*i:])
		}
		p := pixels[at/2 : at/2+4 : at/2+4]
		if known && f.convert(p, rgb) {
			continue
		}
		for i, v := range rgb {
			p[i] = byte((uint32(v)*255 + 32767) / 65535)
		}
	}
	return pixels[:len(pixels)/2]
}

// finder finds the samples of converted pixels.
type finder struct {
	*fixedPoint
	bits                int
	alpha               bool
	red, blue           float64 // weights in luma
	least, luma, chroma float64 // the samples of black, and how many steps 0 … 1 are
	middle              float64 // the sample of no colour
}

// newFinder fails where libavif doesn't leave the conversion to libyuv.
func newFinder(h Header) (f finder, ok bool) {
	f.fixedPoint, f.bits, f.alpha = newFixedPoint(h.Colour), h.bits, h.alpha
	f.red, f.blue, ok = h.Colour.luma()
	one := float64(int(1) << (h.bits - 8))
	f.middle = 128 * one
	f.luma, f.chroma = 256*one-1, 256*one-1
	if !h.Colour.FullRange {
		f.least, f.luma, f.chroma = 16*one, 219*one, 224*one
	}
	return f, ok && f.fixedPoint != nil
}

// convert converts a pixel again. False: one of its colours lies at an end, where they don't tell its samples.
func (f *finder) convert(p []byte, rgb [3]uint16) bool {
	for _, v := range rgb {
		if v == 0 || v == math.MaxUint16 {
			return false
		}
	}
	r, g, b := float64(rgb[0])/math.MaxUint16, float64(rgb[1])/math.MaxUint16, float64(rgb[2])/math.MaxUint16
	y := f.red*r + (1-f.red-f.blue)*g + f.blue*b
	luma := uint32(f.least + f.luma*y + 0.5)
	cb := f.chromaOf((b - y) / (2 * (1 - f.blue)))
	cr := f.chromaOf((r - y) / (2 * (1 - f.red)))
	if !f.alpha {
		p[0], p[1], p[2] = f.rgb(uint8(luma>>(f.bits-8)), cb, cr)
		return true
	}
	full := luma<<(16-f.bits) | luma>>(2*f.bits-16)
	p[0], p[1], p[2] = f.colours(int32(full*uint32(f.fixedPoint.luma)>>16)+f.bias, cb, cr)
	return true
}

// chromaOf is the sample of a chroma, cut to 8 bits, counted from 0. Interpolated ones lie on sixteenths, and those in
// the middle are rounded up.
func (f *finder) chromaOf(v float64) int32 {
	return int32(f.middle+f.chroma*v+0.5+1.0/64)>>(f.bits-8) - 128
}

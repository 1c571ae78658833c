package heif

import "image"

// Pillow's libavif leaves the usual matrices to libyuv, whose arithmetic is in fixed point (its row_common.cc), with chroma
// interpolated. The libavif of the sandbox is older and converts otherwise, so only its samples are taken.

// fixedPoint are libyuv's factors of a conversion from YCbCr, times 64.
type fixedPoint struct {
	luma, bias                      int32
	blueCb, greenCb, greenCr, redCr int32
}

// newFixedPoint are the factors for a colour description; nil where libavif doesn't leave the conversion to libyuv.
func newFixedPoint(c Colour) *fixedPoint {
	const fullLuma, fullBias, videoLuma, videoBias = 16320, 32, 18997, -1160
	switch {
	case !c.told:
		return nil
	case (c.Matrix == 5 || c.Matrix == 6) && c.FullRange:
		return &fixedPoint{fullLuma, fullBias, 113, 22, 46, 90}
	case c.Matrix == 5 || c.Matrix == 6:
		return &fixedPoint{videoLuma, videoBias, 128, 25, 52, 102}
	case c.Matrix == 1 && c.FullRange:
		return &fixedPoint{fullLuma, fullBias, 119, 12, 30, 101}
	case c.Matrix == 1:
		return &fixedPoint{videoLuma, videoBias, 128, 14, 34, 115}
	case c.Matrix == 9 && c.FullRange:
		return &fixedPoint{fullLuma, fullBias, 120, 11, 37, 94}
	case c.Matrix == 9:
		return &fixedPoint{19003, videoBias, 128, 12, 42, 107}
	}
	return nil
}

// scaled is a luma's share of each colour, times 64.
func (f *fixedPoint) scaled(luma uint8) int32 {
	return int32(uint32(luma)*0x0101*uint32(f.luma)>>16) + f.bias
}

// rgb converts one pixel; chroma counts from 0.
func (f *fixedPoint) rgb(luma uint8, cb, cr int32) (r, g, b uint8) {
	return f.colours(f.scaled(luma), cb, cr)
}

// colours are those of a scaled luma and of chroma.
func (f *fixedPoint) colours(y, cb, cr int32) (r, g, b uint8) {
	return clamp8((y + cr*f.redCr) >> 6), clamp8((y - cb*f.greenCb - cr*f.greenCr) >> 6), clamp8((y + cb*f.blueCb) >> 6)
}

// pixels converts samples: those of more than 8 bits are cut to 8 before chroma is interpolated. Where there is transparency,
// libyuv takes the deep ones: then luma keeps its bits, and chroma is cut after it was interpolated.
func (f *fixedPoint) pixels(s *samples, deep bool) *image.RGBA {
	shift := s.bits - 8
	if !deep {
		s.cut()
		shift = 0
	}
	img := image.NewRGBA(image.Rect(0, 0, s.width, s.height))
	cb, cr := make([]uint16, s.width), make([]uint16, s.width)
	for y := range s.height {
		s.chromaRow(y, cb, cr)
		row := img.Pix[y*img.Stride:][:4*s.width]
		for x, luma := range s.luma[y*s.width:][:s.width] {
			scaled := f.scaled(uint8(luma))
			if shift > 0 {
				full := uint32(luma)<<(16-s.bits) | uint32(luma)>>(2*s.bits-16)
				scaled = int32(full*uint32(f.luma)>>16) + f.bias
			}
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0], p[1], p[2] = f.colours(scaled, int32(cb[x]>>shift)-128, int32(cr[x]>>shift)-128)
			p[3] = 255
		}
	}
	return img
}

// samples are a picture's, without chroma where it is grey.
type samples struct {
	width, height  int
	shiftX, shiftY int // log2 of chroma's subsampling
	bits           int
	luma, cb, cr   []uint16 // rows of width, and of half of it where chroma is subsampled
}

func (s *samples) chromaWidth() int { return (s.width + s.shiftX) >> s.shiftX }

func (s *samples) chromaHeight() int { return (s.height + s.shiftY) >> s.shiftY }

// cut leaves the first 8 bits.
func (s *samples) cut() {
	for _, plane := range [][]uint16{s.luma, s.cb, s.cr} {
		for i := range plane {
			plane[i] >>= s.bits - 8
		}
	}
	s.bits = 8
}

// chromaRow gives a row's chroma, interpolated: 3/4 of the nearer sample and 1/4 of the farther, in both directions.
func (s *samples) chromaRow(y int, cb, cr []uint16) {
	if s.cb == nil {
		for x := range cb {
			cb[x], cr[x] = 1<<(s.bits-1), 1<<(s.bits-1)
		}
		return
	}
	near, far := y, y
	if s.shiftY > 0 {
		near = y / 2
		far = min(max(near-1+2*(y%2), 0), s.chromaHeight()-1)
	}
	width := s.chromaWidth()
	for _, p := range [2]struct{ to, from []uint16 }{{cb, s.cb}, {cr, s.cr}} {
		a, b := p.from[near*width:][:width], p.from[far*width:][:width]
		if s.shiftX == 0 {
			copy(p.to, a)
			continue
		}
		enlarge(p.to, a, b)
	}
}

// enlarge doubles a row. The first and the last pixel see one column alone, also where the width is odd.
func enlarge(dst, near, far []uint16) {
	last := len(dst) - 1
	for x := range dst {
		at, beside := x/2, x/2-1+2*(x%2)
		if x == 0 || x == last {
			beside = at
		}
		a, b, c, d := int(near[at]), int(near[beside]), int(far[at]), int(far[beside])
		dst[x] = uint16((9*a + 3*b + 3*c + d + 8) >> 4)
	}
}

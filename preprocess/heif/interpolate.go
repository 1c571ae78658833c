package heif

import (
	"image"
	"slices"
)

// The libavif of the sandbox repeats subsampled chroma, Pillow's interpolates it. So what it made of chroma is undone,
// exactly: from the pixels that share a sample of chroma their luma and chroma are found, in the fixed-point
// arithmetic that both use (libyuv's row_common.cc), and converted again with interpolated chroma.

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

// luma finds a luma that with this chroma gives the pixel.
func (f *fixedPoint) lumaOf(p []uint8, cb, cr int32) (uint8, bool) {
	// A colour that isn't at an end tells the luma nearly.
	shares := [3]int32{cr * f.redCr, -cb*f.greenCb - cr*f.greenCr, cb * f.blueCb}
	for c, share := range shares {
		if c < 2 && (p[c] == 0 || p[c] == 255) {
			continue
		}
		near := ((int32(p[c])*64 + 32 - share - f.bias) * 255) / f.luma
		for _, step := range []int32{0, 1, -1, 2, -2} {
			luma := near + step
			if luma < 0 || luma > 255 {
				continue
			}
			if r, g, b := f.rgb(uint8(luma), cb, cr); r == p[0] && g == p[1] && b == p[2] {
				return uint8(luma), true
			}
		}
	}
	for _, end := range []uint8{0, 255} {
		if r, g, b := f.rgb(end, cb, cr); r == p[0] && g == p[1] && b == p[2] {
			return end, true
		}
	}
	return 0, false
}

// guess solves the conversion for one pixel, as if nothing were rounded or clamped.
func (f *fixedPoint) guess(p []uint8) (cb, cr int32) {
	r, g, b := float64(p[0])*64+32, float64(p[1])*64+32, float64(p[2])*64+32
	fromBlue, fromRed := float64(f.greenCb)/float64(f.blueCb), float64(f.greenCr)/float64(f.redCr)
	y := (g + fromBlue*b + fromRed*r) / (1 + fromBlue + fromRed)
	return int32((b-y)/float64(f.blueCb)+1000.5) - 1000, int32((r-y)/float64(f.redCr)+1000.5) - 1000
}

// searchNear and searchFar are steps around a guess, the nearest first. The farther ones are for pixels with clamped
// colours, which mislead the guess; they take long, so only so many a picture.
var searchNear, searchFar = steps(3), steps(32)

const maxFarSearches = 20_000

func steps(reach int32) (steps [][2]int32) {
	for cb := int32(-reach); cb <= reach; cb++ {
		for cr := int32(-reach); cr <= reach; cr++ {
			steps = append(steps, [2]int32{cb, cr})
		}
	}
	slices.SortStableFunc(steps, func(a, b [2]int32) int {
		return int(a[0]*a[0] + a[1]*a[1] - b[0]*b[0] - b[1]*b[1])
	})
	return steps
}

// samples are a picture's luma and chroma.
type samples struct {
	luma          []uint8
	cb, cr        []uint8
	width, height int // of chroma
}

// undo finds the samples of a picture whose chroma was repeated over 2 x 1 or 2 x 2 pixels. False: they can't be found,
// it was converted in another way.
func (f *fixedPoint) undo(img *image.RGBA, rows int) (samples, bool) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	s := samples{luma: make([]uint8, width*height), width: (width + 1) / 2, height: (height + rows - 1) / rows}
	s.cb, s.cr = make([]uint8, s.width*s.height), make([]uint8, s.width*s.height)
	lost, far := 0, 0
	for v := range s.height {
		for u := range s.width {
			cell := image.Rect(2*u, rows*v, 2*u+2, rows*v+rows).Intersect(img.Rect)
			cb, cr, ok := f.undoCell(img, cell, s.luma, searchNear)
			if !ok && far < maxFarSearches {
				far++
				cb, cr, ok = f.undoCell(img, cell, s.luma, searchFar)
			}
			if !ok {
				lost++
			}
			s.cb[v*s.width+u], s.cr[v*s.width+u] = clamp8(cb+128), clamp8(cr+128)
		}
	}
	return s, lost <= s.width*s.height/50
}

// undoCell finds the chroma of one sample's pixels and their luma. Where several fit, they differ in nothing that is
// seen of them.
func (f *fixedPoint) undoCell(img *image.RGBA, cell image.Rectangle, luma []uint8, search [][2]int32) (cb, cr int32, ok bool) {
	guessCb, guessCr := f.guess(f.middlemost(img, cell))
	for _, step := range search {
		cb, cr := min(max(guessCb+step[0], -128), 127), min(max(guessCr+step[1], -128), 127)
		if f.fits(img, cell, luma, cb, cr) {
			return cb, cr, true
		}
	}
	for y := cell.Min.Y; y < cell.Max.Y; y++ {
		for x := cell.Min.X; x < cell.Max.X; x++ {
			luma[y*img.Rect.Dx()+x] = f.brightness(img.Pix[img.PixOffset(x, y):][:3])
		}
	}
	return guessCb, guessCr, false
}

// middlemost is the pixel whose colours are farthest from both ends: it is the least likely to be clamped.
func (f *fixedPoint) middlemost(img *image.RGBA, cell image.Rectangle) []uint8 {
	var best []uint8
	most := -1
	for y := cell.Min.Y; y < cell.Max.Y; y++ {
		for x := cell.Min.X; x < cell.Max.X; x++ {
			p := img.Pix[img.PixOffset(x, y):][:3]
			if inside := min(int(min(p[0], p[1], p[2])), 255-int(max(p[0], p[1], p[2]))); inside > most {
				most, best = inside, p
			}
		}
	}
	return best
}

// brightness is a pixel's luma, nearly.
func (f *fixedPoint) brightness(p []uint8) uint8 {
	y := (77*int32(p[0]) + 150*int32(p[1]) + 29*int32(p[2])) >> 8
	return clamp8((y*64 + 32 - f.bias) * 255 / f.luma)
}

// fits tells whether all pixels of a cell have a luma that gives them with this chroma, and keeps it.
func (f *fixedPoint) fits(img *image.RGBA, cell image.Rectangle, luma []uint8, cb, cr int32) bool {
	for y := cell.Min.Y; y < cell.Max.Y; y++ {
		for x := cell.Min.X; x < cell.Max.X; x++ {
			found, ok := f.lumaOf(img.Pix[img.PixOffset(x, y):][:3], cb, cr)
			if !ok {
				return false
			}
			luma[y*img.Rect.Dx()+x] = found
		}
	}
	return true
}

// interpolateChroma converts a picture again with chroma interpolated as libyuv does: 3/4 of the nearer sample and 1/4
// of the farther, in both directions.
func interpolateChroma(img *image.RGBA, f *fixedPoint, halvedRows bool) {
	rows := 1
	if halvedRows {
		rows = 2
	}
	s, ok := f.undo(img, rows)
	if !ok {
		return
	}
	width := img.Rect.Dx()
	s.enlarged(img.Rect.Size(), func(y int, cb, cr []int32) {
		for x := range width {
			p := img.Pix[img.PixOffset(x, y):][:3]
			p[0], p[1], p[2] = f.rgb(s.luma[y*width+x], cb[x]-128, cr[x]-128)
		}
	})
}

// enlarged gives each row's chroma, interpolated.
func (s *samples) enlarged(size image.Point, row func(y int, cb, cr []int32)) {
	cb, cr := make([]int32, size.X), make([]int32, size.X)
	halvedRows := s.height < size.Y
	for y := range size.Y {
		near, far := y, y
		if halvedRows {
			near = y / 2
			far = min(max(near-1+2*(y%2), 0), s.height-1)
		}
		enlarge(cb, s.cb[near*s.width:][:s.width], s.cb[far*s.width:][:s.width])
		enlarge(cr, s.cr[near*s.width:][:s.width], s.cr[far*s.width:][:s.width])
		row(y, cb, cr)
	}
}

// enlarge doubles a row. The first and the last pixel see one column alone, also where the width is odd.
func enlarge(dst []int32, near, far []uint8) {
	last := len(dst) - 1
	for x := range dst {
		at, beside := x/2, x/2-1+2*(x%2)
		if x == 0 || x == last {
			beside = at
		}
		a, b, c, d := int32(near[at]), int32(near[beside]), int32(far[at]), int32(far[beside])
		dst[x] = (9*a + 3*b + 3*c + d + 8) >> 4
	}
}

package heif

import (
	"encoding/binary"
	"image"

	"github.com/clipd/clipd/preprocess/heif/hevc"
)

// change is a cut, anti-clockwise quarter turns, or a mirroring.
type change struct {
	cut      image.Rectangle // empty: none
	quarters int
	mirror   byte // 0: none; 'v' swaps top and bottom, 'h' left and right
}

// changes are those of an item of a size, in the order of its properties. False: it is cut where it isn't, or between pixels.
// Exact says that the samples of chroma, if there are as many in a row as in a column, go on to belong to the same pixels.
func (f *file) changes(item uint64, width, height int) (list []change, exact, ok bool) {
	exact = true
	for _, p := range f.properties[item] {
		var c change
		even := (width|height)&1 == 0
		switch {
		case p.name == "clap":
			if c.cut, ok = aperture(p.content, width, height); !ok {
				return nil, false, false
			}
			even = (c.cut.Min.X|c.cut.Min.Y)&1 == 0
		case p.name == "irot" && len(p.content) > 0:
			c.quarters = int(p.content[0] & 3)
			switch c.quarters {
			case 1: // what becomes the first row was the last column
				even = width&1 == 0
			case 3:
				even = height&1 == 0
			}
		case p.name == "imir" && len(p.content) > 0:
			c.mirror = "vh"[p.content[0]&1]
		}
		if c != (change{}) {
			list, exact = append(list, c), exact && even
			width, height = c.size(width, height)
		}
	}
	return list, exact, true
}

// size is that of what was of another size.
func (c change) size(width, height int) (int, int) {
	switch {
	case !c.cut.Empty():
		return c.cut.Dx(), c.cut.Dy()
	case c.quarters&1 != 0:
		return height, width
	}
	return width, height
}

// from is where a sample comes from, of those of a size.
func (c change) from(x, y, width, height int) (int, int) {
	switch {
	case !c.cut.Empty():
		return x + c.cut.Min.X, y + c.cut.Min.Y
	case c.mirror == 'v':
		return x, height - 1 - y
	case c.mirror == 'h':
		return width - 1 - x, y
	}
	switch c.quarters {
	case 1:
		return width - 1 - y, x
	case 2:
		return width - 1 - x, height - 1 - y
	}
	return y, height - 1 - x
}

// pixels makes the changed picture.
func (c change) pixels(img *image.RGBA) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	width, height := c.size(w, h)
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		row := out.Pix[y*out.Stride:][:4*width]
		for x := range width {
			fx, fy := c.from(x, y, w, h)
			*(*[4]uint8)(row[4*x:]) = *(*[4]uint8)(img.Pix[fy*img.Stride+4*fx:])
		}
	}
	return out
}

// planes makes the changed picture of its components, each by itself.
func (c change) planes(p *hevc.Picture) *hevc.Picture {
	out := *p
	out.Width, out.Height = c.size(p.Width, p.Height)
	out.Planes = nil
	for i, from := range p.Planes {
		shiftX, shiftY := 0, 0
		if i > 0 {
			shiftX, shiftY = p.ShiftX, p.ShiftY
		}
		half := func(w, h int) (int, int) { return (w + shiftX) >> shiftX, (h + shiftY) >> shiftY }
		w, h := half(p.Width, p.Height)
		width, height := half(out.Width, out.Height)
		c := c
		if at := c.cut.Min; !c.cut.Empty() {
			c.cut = image.Rect(0, 0, width, height).Add(image.Pt(at.X>>shiftX, at.Y>>shiftY))
		}
		to := hevc.Plane{Samples: make([]uint16, width*height), Stride: width}
		for y := range height {
			for x := range width {
				fx, fy := c.from(x, y, w, h)
				to.Samples[y*width+x] = from.Samples[fy*from.Stride+fx]
			}
		}
		out.Planes = append(out.Planes, to)
	}
	return &out
}

// splits says whether libheif gives each pixel of a picture chroma of its own before a change, by interpolation: the rules are its
// own.
func (c change) splits(p *hevc.Picture) bool {
	oddX, oddY, both := p.Width&1 != 0, p.Height&1 != 0, p.ShiftY > 0
	switch {
	case p.ShiftX == 0:
		return false
	case !c.cut.Empty():
		return c.cut.Min.X&1 != 0 || both && c.cut.Min.Y&1 != 0
	case c.mirror == 'h':
		return oddX || both && oddY
	case c.mirror == 'v':
		return both && (oddX || oddY)
	case c.quarters == 2:
		return oddY || both && oddX
	case c.quarters == 1:
		return !both || oddX
	}
	return !both || oddY
}

// aperture is the part of a picture to be shown; ok is false where it lies outside, or its place is none of whole pixels.
func aperture(clap []byte, width, height int) (cut image.Rectangle, ok bool) {
	if len(clap) < 32 {
		return cut, false
	}
	part := func(at, size int) (from, length int, ok bool) {
		number := func(i int) (int64, int64) {
			return int64(int32(binary.BigEndian.Uint32(clap[i:]))), int64(int32(binary.BigEndian.Uint32(clap[i+4:])))
		}
		over, under := number(at)
		offOver, offUnder := number(at + 16)
		if under <= 0 || offUnder <= 0 || over%under != 0 {
			return 0, 0, false
		}
		// The centre is (size - 1) / 2 and the offset.
		length = int(over / under)
		twice := int64(size-length)*offUnder + 2*offOver
		if twice < 0 || twice%(2*offUnder) != 0 {
			return 0, 0, false
		}
		from = int(twice / (2 * offUnder))
		return from, length, length > 0 && from+length <= size
	}
	x, w, okX := part(0, width)
	y, h, okY := part(8, height)
	return image.Rect(x, y, x+w, y+h), okX && okY
}

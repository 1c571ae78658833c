package heif

import "image"

// libheif's numbers of colour spaces and of chroma formats, as its decode function returns them.
const (
	spaceYCbCr = 0
	spaceRGB   = 1
	spaceGrey  = 2

	chroma420 = 1
	chroma422 = 2
	chroma444 = 3
)

// decodeHEIC has libheif decode a picture, which applies the picture's own turns and mirrors, and converts it as
// libheif does: pillow-heif's pixels.
func decodeHEIC(data []byte, h Header) (*image.RGBA, error) {
	var img *image.RGBA
	data, chroma := as444(data)
	err := libheif.run(func(c *codec) error {
		in, err := c.put(data)
		if err != nil {
			return err
		}
		facts, err := c.room(5 * 4)
		if err != nil {
			return err
		}
		decode := func(headerOnly uint64, out uint32) error {
			at := func(i int) uint64 { return uint64(facts) + uint64(4*i) }
			return c.call(uint64(in), uint64(len(data)), headerOnly, at(0), at(1), at(2), at(3), at(4), uint64(out))
		}
		if err := decode(1, 0); err != nil {
			return err
		}
		p := planes{width: c.number(facts), height: c.number(facts + 4), space: c.number(facts + 8), chroma: c.number(facts + 12)}
		if p.width*p.height != h.Width*h.Height { // turned, perhaps, but not another size
			return invalid("its boxes say %d x %d pixels, its data %d x %d", h.Width, h.Height, p.width, p.height)
		}
		out, err := c.room(p.size())
		if err != nil {
			return err
		}
		if err := decode(0, out); err != nil {
			return err
		}
		if p.samples, err = c.bytes(out, p.size()); err != nil {
			return err
		}
		img, err = p.rgba(h.Colour, chroma)
		return err
	})
	return img, err
}

// planes is a decoded picture as libheif lays it out.
type planes struct {
	samples       []byte
	width, height int
	space, chroma int
}

// stride is the length of a row of n samples: libheif pads them to an even number, at least 64, then to 16 bytes.
func stride(n int) int { return (max(n+n&1, 64) + 15) &^ 15 }

// chromaSize are the width and the height of the planes Cb and Cr.
func (p planes) chromaSize() (width, height int) {
	width, height = p.width, p.height
	if p.chroma == chroma420 || p.chroma == chroma422 {
		width = (width + 1) / 2
	}
	if p.chroma == chroma420 {
		height = (height + 1) / 2
	}
	return width, height
}

func (p planes) size() int {
	switch p.space {
	case spaceGrey:
		return p.height * stride(p.width)
	case spaceRGB:
		return p.height * stride(4*p.width)
	}
	width, height := p.chromaSize()
	return p.height*stride(p.width) + 2*height*stride(width)
}

// rgba converts the samples; chroma is the format that the file says it has.
func (p planes) rgba(colour Colour, chroma int) (*image.RGBA, error) {
	dst := image.NewRGBA(image.Rect(0, 0, p.width, p.height))
	line := func(y int) []byte { return dst.Pix[y*dst.Stride : y*dst.Stride+4*p.width] }
	switch p.space {
	case spaceGrey:
		for y := range p.height {
			for x, v := range p.samples[y*stride(p.width):][:p.width] {
				copy(line(y)[4*x:], []byte{v, v, v, 255})
			}
		}
		return dst, nil
	case spaceRGB:
		for y := range p.height {
			row := line(y)
			copy(row, p.samples[y*stride(4*p.width):])
			for x := 3; x < len(row); x += 4 {
				row[x] = 255
			}
		}
		return dst, nil
	case spaceYCbCr:
	default:
		return nil, invalid("colour space %d", p.space)
	}
	width, height := p.chromaSize()
	luma, rest := p.samples[:p.height*stride(p.width)], p.samples[p.height*stride(p.width):]
	cb, cr := rest[:height*stride(width)], rest[height*stride(width):]
	step, shiftX, shiftY := stride(width), p.width-width, p.height-height // shifts are 0, if the planes are as large
	shiftX, shiftY = min(shiftX, 1), min(shiftY, 1)
	if p.chroma == chroma444 && (chroma == chroma420 || chroma == chroma422) {
		rows := chroma == chroma420
		blue, okBlue := unblend(cb, width, height, step, rows)
		red, okRed := unblend(cr, width, height, step, rows)
		if okBlue && okRed {
			cb, cr, step, shiftX, shiftY = blue.samples, red.samples, blue.width, 1, 0
			if rows {
				shiftY = 1
			}
			p.chroma = chroma
		}
	}
	if p.chroma == chroma420 && shiftY == 1 && step == stride(width) {
		mendEdges(cb, width, height, step)
		mendEdges(cr, width, height, step)
	}
	convert := newConversion(colour, p.chroma)
	for y := range p.height {
		row := y >> shiftY * step
		convert.row(line(y), luma[y*stride(p.width):], cb[row:], cr[row:], shiftX)
	}
	return dst, nil
}

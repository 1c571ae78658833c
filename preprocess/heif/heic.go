package heif

import "image"

// libheif's numbers of colour spaces, as its decode function returns them.
const (
	spaceRGB  = 1
	spaceGrey = 2
)

// Chroma formats of HEVC: its columns and rows are halved, or its columns alone.
const (
	chroma420 = 1
	chroma422 = 2
)

// decodeHEIC has libheif decode a picture, which puts tiles together and applies the picture's own cut, turns and
// mirrors, and converts it as pillow-heif's libheif does.
func decodeHEIC(data []byte, h Header) (*image.RGBA, error) {
	var img *image.RGBA
	data, samples, err := unconverted(withoutAlpha(data, h), h)
	if err != nil {
		return nil, err
	}
	err = libheif.run(h.Width*h.Height, func(c *codec) error {
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
		p := decoded{width: c.number(facts), height: c.number(facts + 4), space: c.number(facts + 8)}
		if p.space != spaceRGB && p.space != spaceGrey {
			return invalid("colour space %d", p.space)
		}
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
		img, err = p.rgba(h, samples)
		return err
	})
	return img, err
}

// decoded is a picture as libheif lays it out: grey, or as interleaved Cr, Y, Cb or R, G, B, and something else.
type decoded struct {
	samples       []byte
	width, height int
	space         int
}

// stride is the length of a row: libheif pads its pixels to an even number, at least 64, and its bytes to 16.
func (d decoded) stride() int {
	pixel := 4
	if d.space == spaceGrey {
		pixel = 1
	}
	return (pixel*max(d.width+d.width&1, 64) + 15) &^ 15
}

func (d decoded) size() int { return d.height * d.stride() }

// rgba converts the picture; samples: it isn't yet.
func (d decoded) rgba(h Header, samples bool) (*image.RGBA, error) {
	dst := image.NewRGBA(image.Rect(0, 0, d.width, d.height))
	colour := h.Colour
	if !samples || h.grey {
		colour = Colour{Matrix: identity, FullRange: true}
	}
	convert, err := newConversion(colour, h.is420())
	if err != nil {
		return nil, err
	}
	for y := range d.height {
		from, to := d.samples[y*d.stride():], dst.Pix[y*dst.Stride:][:4*d.width]
		if d.space == spaceGrey {
			for x, v := range from[:d.width] {
				copy(to[4*x:], []byte{v, v, v, 255})
			}
			continue
		}
		convert.row(to, from)
	}
	return dst, nil
}

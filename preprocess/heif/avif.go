package heif

import (
	"encoding/binary"
	"image"
)

// decodeAVIF has libavif decode a picture, as stored. Of pictures with subsampled chroma or more than 8 bits, which Pillow's libavif
// converts otherwise, only the samples are taken; others come as its pixels.
func decodeAVIF(data []byte, h Header) (img *image.RGBA, err error) {
	f := newFixedPoint(h.Colour)
	err = libavif.run(h.Width*h.Height, func(c *codec) error {
		d, err := c.openAVIF(withoutAlpha(data, h), h)
		if err != nil {
			return err
		}
		if f == nil || h.bits == 8 && !h.halved[0] {
			img, err = d.pixels(h)
			return err
		}
		s, err := d.samples(h)
		if err == nil {
			img = f.pixels(s, h.alpha && s.bits > 8)
		}
		return err
	})
	return img, err
}

// avif is a picture in the sandbox.
type avif struct {
	*codec
	in, size, facts uint32
	depth           int
}

func (c *codec) openAVIF(data []byte, h Header) (*avif, error) {
	in, err := c.put(data)
	if err != nil {
		return nil, err
	}
	facts, err := c.room(4*4 + 8)
	if err != nil {
		return nil, err
	}
	d := &avif{codec: c, in: in, size: uint32(len(data)), facts: facts}
	if err := d.decode(1, 0); err != nil {
		return nil, err
	}
	width, height := c.number(facts), c.number(facts+4)
	if width != h.Width || height != h.Height {
		return nil, invalid("its boxes say %d x %d pixels, its data %d x %d", h.Width, h.Height, width, height)
	}
	d.depth = c.number(facts + 8)
	return d, nil
}

func (d *avif) decode(headerOnly uint64, out uint32) error {
	at := func(i int) uint64 { return uint64(d.facts) + uint64(4*i) }
	return d.call(uint64(d.in), uint64(d.size), headerOnly, 0, at(0), at(1), at(2), at(3), at(4), uint64(out))
}

// pixels are RGBA, opaque; those of more than 8 bits are rounded.
func (d *avif) pixels(h Header) (*image.RGBA, error) {
	size := 4 * h.Width * h.Height
	if d.depth > 8 {
		size *= 2
	}
	out, err := d.room(size)
	if err != nil {
		return nil, err
	}
	if err := d.decode(0, out); err != nil {
		return nil, err
	}
	pixels, err := d.bytes(out, size)
	if err != nil {
		return nil, err
	}
	if d.depth > 8 {
		for i := range len(pixels) / 2 {
			pixels[i] = byte((uint32(binary.LittleEndian.Uint16(pixels[2*i:]))*255 + 32767) / 65535)
		}
		pixels = pixels[:len(pixels)/2]
	}
	for i := 3; i < len(pixels); i += 4 {
		pixels[i] = 255
	}
	return &image.RGBA{Pix: pixels, Stride: 4 * h.Width, Rect: image.Rect(0, 0, h.Width, h.Height)}, nil
}

// nowhere is an address behind all of the sandbox's memory.
const nowhere = 0xffffff00

// samples are the picture's own. The module hands out only what it converted; but told to write that to where there is no memory,
// it stops at that moment, and what libavif decoded lies before us: its avifImage, as its version 1.1 lays that out.
func (d *avif) samples(h Header) (*samples, error) {
	if err := d.decode(0, nowhere); err == nil {
		return nil, invalid("the codec wrote it where nothing is")
	}
	memory, ok := d.memory.Read(0, d.memory.Size())
	if !ok {
		return nil, errMemory
	}
	for at := 0; at+12*4 <= len(memory); at += 4 {
		if s := readSamples(memory, at, h); s != nil {
			return s, nil
		}
	}
	return nil, invalid("the codec can't read it")
}

// Formats of an avifImage (avifPixelFormat).
const (
	avif444 = 1 + iota
	avif422
	avif420
	avif400
)

// readSamples reads an avifImage: width, height, depth, format, range, position of chroma, three planes' addresses and the
// lengths of their rows, all of 32 bits. Nil: there is none of this picture, or none with planes.
func readSamples(memory []byte, at int, h Header) *samples {
	field := func(i int) int { return int(binary.LittleEndian.Uint32(memory[at+4*i:])) }
	if field(0) != h.Width || field(1) != h.Height || field(2) != h.bits || field(3) < avif444 || field(3) > avif400 || field(4) > 1 {
		return nil
	}
	s := &samples{width: h.Width, height: h.Height, bits: h.bits}
	switch field(3) {
	case avif420:
		s.shiftX, s.shiftY = 1, 1
	case avif422:
		s.shiftX = 1
	}
	for i, plane := range []*[]uint16{&s.luma, &s.cb, &s.cr} {
		width, height := s.width, s.height
		if i > 0 {
			if field(3) == avif400 {
				break
			}
			width, height = s.chromaWidth(), s.chromaHeight()
		}
		from, stride, bytes := field(6+i), field(9+i), (h.bits+7)/8
		if from == 0 || stride < width*bytes || from+stride*(height-1)+width*bytes > len(memory) {
			return nil
		}
		*plane = make([]uint16, 0, width*height)
		for y := range height {
			row := memory[from+y*stride:][:width*bytes]
			for x := range width {
				if bytes == 1 {
					*plane = append(*plane, uint16(row[x]))
				} else {
					*plane = append(*plane, binary.LittleEndian.Uint16(row[2*x:]))
				}
			}
		}
	}
	return s
}

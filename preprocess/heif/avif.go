package heif

import (
	"encoding/binary"
	"image"
)

// decodeAVIF has libavif decode a picture, as stored.
func decodeAVIF(data []byte, h Header) (*image.RGBA, error) {
	var img *image.RGBA
	err := libavif.run(func(c *codec) error {
		in, err := c.put(withoutAlpha(data, h))
		if err != nil {
			return err
		}
		facts, err := c.room(4*4 + 8)
		if err != nil {
			return err
		}
		decode := func(headerOnly uint64, out uint32) error {
			at := func(i int) uint64 { return uint64(facts) + uint64(4*i) }
			return c.call(uint64(in), uint64(len(data)), headerOnly, 0, at(0), at(1), at(2), at(3), at(4), uint64(out))
		}
		if err := decode(1, 0); err != nil {
			return err
		}
		width, height, depth := c.number(facts), c.number(facts+4), c.number(facts+8)
		if width != h.Width || height != h.Height {
			return invalid("its boxes say %d x %d pixels, its data %d x %d", h.Width, h.Height, width, height)
		}
		size := 4 * width * height
		if depth > 8 {
			size *= 2
		}
		out, err := c.room(size)
		if err != nil {
			return err
		}
		if err := decode(0, out); err != nil {
			return err
		}
		pixels, err := c.bytes(out, size)
		if err != nil {
			return err
		}
		if depth > 8 {
			pixels = narrow(pixels)
		}
		for i := 3; i < len(pixels); i += 4 {
			pixels[i] = 255
		}
		img = &image.RGBA{Pix: pixels, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}
		return nil
	})
	if f := newFixedPoint(h.Colour); err == nil && !h.deep && h.halved[0] && f != nil {
		interpolateChroma(img, f, h.halved[1])
	}
	return img, err
}

// narrow rounds 16-bit samples to 8 bits.
func narrow(samples []byte) []byte {
	for i := range len(samples) / 2 {
		v := uint32(binary.LittleEndian.Uint16(samples[2*i:]))
		samples[i] = byte((v*255 + 32767) / 65535)
	}
	return samples[:len(samples)/2]
}

// withoutAlpha hides the transparency from libavif, which would multiply it into the colours: the reference to it gets
// a name that nobody knows.
func withoutAlpha(data []byte, h Header) []byte {
	if !h.alpha {
		return data
	}
	out := append([]byte(nil), data...)
	list, _ := boxes(out)
	content, _ := find(list, "meta")
	if len(content) < 4 {
		return out
	}
	list, _ = boxes(content[4:])
	iref, _ := find(list, "iref")
	for at := 4; at+8 <= len(iref); {
		if string(iref[at+4:at+8]) == "auxl" {
			copy(iref[at+4:], "free")
		}
		size := int(binary.BigEndian.Uint32(iref[at:]))
		if size < 8 {
			break
		}
		at += size
	}
	return out
}

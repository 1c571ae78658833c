package heif

import "image"

// decodeAVIF has libavif decode a picture, as stored.
func decodeAVIF(data []byte, h Header) (*image.RGBA, error) {
	var img *image.RGBA
	err := libavif.run(h.Width*h.Height, func(c *codec) error {
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
			pixels = narrow(pixels, h)
		}
		for i := 3; i < len(pixels); i += 4 {
			pixels[i] = 255
		}
		img = &image.RGBA{Pix: pixels, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}
		return nil
	})
	if f := newFixedPoint(h.Colour); err == nil && h.bits == 8 && h.halved[0] && f != nil {
		interpolateChroma(img, f, h.halved[1])
	}
	return img, err
}

package preprocess

import (
	"image"

	"github.com/clipd/clipd/preprocess/jpeg"
)

// Rows takes in the pixels of a picture while it is decoded, so that they need not be held all at once. It is told the
// size of the upright picture, and what it gives then gets every row from the top to the bottom: four bytes a pixel, red,
// green, blue and 255, which hold until it returns and must not be changed.
type Rows func(width, height int) (row func(pixels []uint8))

// Read decodes like Decode and hands all pixels to rows on the way. Of a JPEG the Picture doesn't hold them: what asks
// for them later decodes once more.
func Read(name string, data []byte, limits Limits, rows Rows) (*Picture, error) {
	return decodeNamed(name, data, limits, nil, rows)
}

// Read decodes like Spec.Decode, for Pixels of this Spec alone, and hands all pixels to rows on the way. A JPEG's stream is
// read once for both (a progressive one's twice, where the Spec wants it reduced).
func (s Spec) Read(name string, data []byte, limits Limits, rows Rows) (*Picture, error) {
	return decodeNamed(name, data, limits, &s, rows)
}

// readRows decodes a JPEG for rows, and what the spec needs of it.
func (p *Picture) readRows(spec *Spec, rows Rows) error {
	take := rows(p.Width, p.Height)
	if spec == nil || spec.Filter == Nearest {
		return p.eachRow(nil, take)
	}
	g := spec.geometry()
	width, height := g.resized(p.Width, p.Height)
	_, window := g.windows(p.Width, p.Height)
	scale := shrinkage(p.Width, p.Height, width, height)
	v := smallView(p.orientation, p.Width, p.Height, scale)
	columns, lines := v.taps(width, height, g.Filter, window)
	p.partOf = g
	if scale == 1 {
		resized := newResizer(columns, lines)
		err := p.eachRow(nil, func(pixels []uint8) {
			take(pixels)
			resized.row(pixels)
		})
		p.part = resized.done()
		return err
	}
	left, right := columns.span()
	top, bottom := lines.span()
	memory := decoded.Get().(*canvas)
	defer memory.giveTo(&decoded)
	part := storedPart(image.Rect(left, top, right, bottom), v.samples, p.orientation)
	reduced := jpeg.Reduced{Scale: scale, Part: part, Memory: memory.pixels}
	if err := p.eachRow(&reduced, take); err != nil {
		return err
	}
	memory.pixels = reduced.Pixels.Pix
	reduced.Pixels.Rect = reduced.Pixels.Rect.Sub(reduced.Pixels.Rect.Min)
	p.part = resize(upright(reduced.Pixels, p.orientation), columns.from(left, right-left), lines.from(top, bottom-top))
	return nil
}

// eachRow decodes the picture's file and gives out its upright rows.
func (p *Picture) eachRow(reduced *jpeg.Reduced, take func(pixels []uint8)) error {
	t := newTurner(p.orientation, take)
	return jpeg.DecodeTiles(p.file, reduced, t.order, t.tile)
}

// eachRowOf gives out the rows of pixels in memory.
func eachRowOf(pixels *image.RGBA, take func(pixels []uint8)) {
	for y := range pixels.Rect.Dy() {
		take(pixels.Pix[y*pixels.Stride:][:4*pixels.Rect.Dx()])
	}
}

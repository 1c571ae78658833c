package jpeg

import "image"

// Reduced is a part of a stream's picture at 1/Scale of its size, as DecodePart decodes it.
type Reduced struct {
	Scale  int
	Part   image.Rectangle
	Memory []uint8
	Pixels *image.RGBA // the result
}

// Order is how DecodeTiles hands a picture out.
type Order struct {
	Columns  bool // in parts of its whole height, some columns wide; else row by row
	Backward bool // from the right, or from the bottom
}

// tileColumns is the width of a part: what is read of it again, turned, should still be in a near cache.
const tileColumns = 64

// DecodeTiles decodes a stream once for two readers. each gets the pixels of the whole picture, as Decode(data, 1) has
// them, in parts, whose bounds say where they lie and which hold until it returns. And where reduced is not nil, its
// Pixels become what DecodePart gives, bit for bit: of the same coefficients, so that the stream is read once, except a
// progressive one, which is read twice.
//
// It fails as Decode, before the first part.
func DecodeTiles(data []byte, reduced *Reduced, order Order, each func(tile *image.RGBA)) error {
	buffers := takeBuffers()
	defer buffers.give()
	d := decoder{rest: data, size: 8, data: &buffers.scan, strip: &buffers.strip}
	if reduced != nil {
		d.twin = &decoder{size: 8 / reduced.Scale, part: reduced.Part}
		d.twinBuffers = takeBuffers()
		defer d.twinBuffers.give()
	}
	if err := d.read(buffers); err != nil {
		return err
	}
	if reduced != nil {
		if err := d.reduce(data, reduced); err != nil {
			return err
		}
	}
	if d.progressive {
		d.reconstruct()
	}
	if order.Columns {
		d.columnTiles(order.Backward, each)
	} else {
		d.rowTiles(order.Backward, each)
	}
	return nil
}

func (d *decoder) rowTiles(backward bool, each func(tile *image.RGBA)) {
	convert := d.converter(d.planes())
	tile := image.NewRGBA(image.Rect(0, 0, d.width, 1))
	for y := range d.height {
		if backward {
			y = d.height - 1 - y
		}
		tile.Rect.Min.Y, tile.Rect.Max.Y = y, y+1
		convert(tile.Pix, y)
		each(tile)
	}
}

func (d *decoder) columnTiles(backward bool, each func(tile *image.RGBA)) {
	tiles := ceilDiv(d.width, tileColumns)
	memory := make([]uint8, 4*tileColumns*d.height)
	for i := range tiles {
		if backward {
			i = tiles - 1 - i
		}
		d.part = image.Rect(i*tileColumns, 0, min((i+1)*tileColumns, d.width), d.height)
		each(d.rgba(memory))
	}
}

// reduce gives the reduced picture, of the samples that the twin has; of a progressive stream, by another decoding.
func (d *decoder) reduce(data []byte, reduced *Reduced) (err error) {
	if d.progressive {
		reduced.Pixels, err = DecodePart(data, reduced.Scale, reduced.Part, reduced.Memory)
		return err
	}
	d.twin.jfif, d.twin.adobe, d.twin.transform = d.jfif, d.adobe, d.transform // segments in any place say so
	reduced.Pixels = d.twin.rgba(reduced.Memory)
	return nil
}

// allocateTwin prepares the reduced decoding beside that of the whole picture.
func (d *decoder) allocateTwin() error {
	if d.twin == nil || d.progressive {
		return nil
	}
	t := d.twin
	t.width, t.height, t.maxH, t.maxV, t.mcusX, t.mcusY = d.width, d.height, d.maxH, d.maxV, d.mcusX, d.mcusY
	t.components = make([]component, len(d.components))
	for i := range d.components {
		c := &d.components[i]
		t.components[i] = component{
			id: c.id, h: c.h, v: c.v, blocksX: c.blocksX, blocksY: c.blocksY, paddedX: c.paddedX, paddedY: c.paddedY,
		}
		c.twin, c.lowest = &t.components[i], &d.twinBuffers.strip.kept[0]
	}
	return t.allocate(d.twinBuffers)
}

// reduceBlocks makes the twin's samples of whole blocks in row y of the component's: the first at column x, the others
// step apart.
func (c *component) reduceBlocks(blocks []kept, x, y, step int) {
	t := c.twin
	if y < t.needed.Min.Y || y >= t.needed.Max.Y {
		return
	}
	first, end := 0, len(blocks)
	for first < end && x+first*step < t.needed.Min.X {
		first++
	}
	for first < end && x+(end-1)*step >= t.needed.Max.X {
		end--
	}
	if first == end {
		return
	}
	blocks, x = blocks[first:end], x+first*step
	t.factors = c.factors
	if t.size == 1 || t.size == 8 {
		t.reconstruct(blocks, x, y, step)
		return
	}
	lowest := c.lowest[:len(blocks)]
	for i := range blocks {
		lowest[i].dc = blocks[i].dc
		if t.size == 2 {
			lowest2(&lowest[i].ac, &blocks[i].ac)
		} else {
			lowest4(&lowest[i].ac, &blocks[i].ac)
		}
	}
	t.reconstruct(lowest, x, y, step)
}

// lowest2 takes of a block's coefficients those that 2 x 2 samples need, to their places; see places.
func lowest2(to, from *[68]int16) { to[0], to[1], to[3] = from[1], from[8], from[9] }

// lowest4 takes those of 4 x 4 samples.
func lowest4(to, from *[68]int16) {
	for y := range 4 {
		copy(to[4*y:4*y+4], from[8*y:8*y+4])
	}
}

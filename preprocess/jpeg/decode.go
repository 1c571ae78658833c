package jpeg

import (
	"encoding/binary"
	"image"
)

// decoder holds one stream's state.
type decoder struct {
	rest []byte          // of the stream
	size int             // samples that a block of 8 gives per side: 8, 4, 2 or 1
	part image.Rectangle // of the scaled picture: what is wanted; empty: all

	width, height int
	maxH, maxV    int
	mcusX, mcusY  int
	progressive   bool
	components    []component
	quant         [4]*[64]int32
	huff          [2][4]*huffman // DC and AC
	restart       int            // MCUs between restart markers; 0: none
	jfif, adobe   bool
	transform     uint8 // Adobe's

	scans  int
	ending int // whether there is an end marker: 0 not yet known, 1 no, 2 yes
	data   *scanData
	strip  *strip

	twin        *decoder // takes a reduced picture of the same coefficients; nil: none is wanted
	twinBuffers *buffers
}

// component is one colour plane.
type component struct {
	id, table        uint8
	h, v             int // sampling factors
	blocksX, blocksY int // that the picture needs
	paddedX, paddedY int // in whole MCUs

	quant        *[64]int32      // latched at the component's first scan
	factors      [64]int32       // the same, row by row
	needed       image.Rectangle // blocks that the wanted part needs
	size         int             // samples per side of a block, as decoded
	plane        []uint8
	stride       int
	coefficients          // of progressive streams
	seen         bool     // a scan had it
	missing      [64]uint // of progressive streams: bits of each coefficient that no scan had yet
	dcTable      *huffman
	acTable      *huffman
	pred         int32
	twin         *component   // that makes samples of a reduced picture of the same blocks
	lowest       *[chunk]kept // room for the twin's coefficients
}

// maxScans bounds the work that a small file can ask for; real progressive files have about ten.
const maxScans = 128

// Decode decodes a stream at 1/scale of its size, scale being 1, 2, 4 or 8: the result has ceil(width/scale) x
// ceil(height/scale) pixels, all opaque, as stored (not turned upright). At scale 1 it equals libjpeg-turbo's. A
// missing end marker is forgiven, missing data is not. Scans that nothing is wanted of, a progressive stream's luma at 1/8 save
// its DC, aren't read where there is an end marker: what is wrong in them isn't found.
//
// It fails with ErrFormat, ErrUnsupported or io.ErrUnexpectedEOF. The caller checks the size before, with ReadHeader.
func Decode(data []byte, scale int) (*image.RGBA, error) {
	return DecodePart(data, scale, image.Rectangle{}, nil)
}

// DecodePart decodes like Decode, but only the part of the scaled picture that is asked for (an empty one: all); the
// rest of the stream is read for its length. The result has the part's bounds, and its pixels lie in memory where that
// has room for them.
func DecodePart(data []byte, scale int, part image.Rectangle, memory []uint8) (*image.RGBA, error) {
	if scale != 1 && scale != 2 && scale != 4 && scale != 8 {
		return nil, unsupported("a scale of 1/%d", scale)
	}
	buffers := takeBuffers()
	defer buffers.give()
	d := decoder{rest: data, size: 8 / scale, part: part, data: &buffers.scan, strip: &buffers.strip}
	if err := d.read(buffers); err != nil {
		return nil, err
	}
	if d.progressive {
		d.reconstruct()
	}
	return d.rgba(memory), nil
}

// read reads all segments up to the end marker.
func (d *decoder) read(buffers *buffers) error {
	if err := d.start(); err != nil {
		return err
	}
	for {
		marker, segment, err := d.next()
		if err != nil {
			if d.complete() && d.refined() { // only the end marker is missing
				return nil
			}
			return err
		}
		switch {
		case marker == eoi:
			if !d.complete() {
				return tooShort("end marker before all of the picture")
			}
			return nil
		case marker == soi:
			return invalid("a second start marker")
		case marker == dqt:
			err = d.quantisation(segment)
		case marker == dht:
			err = d.huffmanTables(segment)
		case marker == dri:
			if len(segment) != 2 {
				return invalid("a restart interval of %d bytes", len(segment))
			}
			d.restart = int(binary.BigEndian.Uint16(segment))
		case marker == dac:
			err = unsupported("arithmetic coding")
		case marker == sos:
			err = d.scan(segment)
		case isFrame(marker):
			if err = d.frame(marker, segment); err == nil {
				err = d.allocate(buffers)
			}
			if err == nil {
				err = d.allocateTwin()
			}
		default:
			d.application(marker, segment)
		}
		if err != nil {
			return err
		}
	}
}

// complete tells whether every component had a scan.
func (d *decoder) complete() bool {
	for i := range d.components {
		if !d.components[i].seen {
			return false
		}
	}
	return d.components != nil
}

// refined tells whether progressive scans left no bit of any coefficient out.
func (d *decoder) refined() bool {
	for i := range d.components {
		if d.components[i].missing != [64]uint{} {
			return false
		}
	}
	return true
}

// allocate chooses each component's size and takes memory for it. Like libjpeg it doubles a subsampled component's
// size as long as that spares upsampling.
func (d *decoder) allocate(buffers *buffers) error {
	picture := image.Rect(0, 0, ceilDiv(d.width*d.size, 8), ceilDiv(d.height*d.size, 8))
	if d.part.Empty() {
		d.part = picture
	}
	if !d.part.In(picture) {
		return unsupported("%v of a picture of %v", d.part, picture)
	}
	samples, coefs, blocks := 0, 0, 0
	for i := range d.components {
		c := &d.components[i]
		c.size = d.size
		for c.size < 8 && d.maxH*d.size%(c.h*c.size*2) == 0 && d.maxV*d.size%(c.v*c.size*2) == 0 {
			c.size *= 2
		}
		c.stride = c.paddedX * c.size
		c.needed = d.blocks(c)
		samples += c.stride * c.paddedY * c.size
		c.kept = lastNeeded(c.size) + 1
		blocks += c.paddedX * c.paddedY
		coefs += (c.kept - 1) * c.paddedX * c.paddedY
	}
	planes := room(&buffers.samples, samples)
	if d.progressive {
		d.coefficients(buffers, blocks, coefs)
	}
	for i := range d.components {
		c := &d.components[i]
		n := c.stride * c.paddedY * c.size
		c.plane, planes = planes[:n:n], planes[n:]
		for k := range c.missing {
			c.missing[k] = 16
		}
	}
	return nil
}

// coefficients takes memory for all blocks of a progressive stream.
func (d *decoder) coefficients(buffers *buffers, blocks, coefs int) {
	ac, dc := room(&buffers.ac, coefs), zeros(&buffers.dc, blocks)
	masks, planes := zeros(&buffers.masks, blocks), zeros(&buffers.bits, commonPlanes*blocks)
	for i := range d.components {
		c := &d.components[i]
		n := c.paddedX * c.paddedY
		c.dc, dc = dc[:n:n], dc[n:]
		c.ac, ac = ac[:n*(c.kept-1)], ac[n*(c.kept-1):]
		c.masks, masks = masks[:n:n], masks[n:]
		c.memory, planes = planes[:commonPlanes*n], planes[commonPlanes*n:]
	}
}

// steps are how many pixels stand for a sample of the component.
func (d *decoder) steps(c *component) (x, y int) {
	return d.maxH * d.size / (c.h * c.size), d.maxV * d.size / (c.v * c.size)
}

// blocks are those of a component that hold samples of the wanted part, and the neighbours that interpolation asks.
func (d *decoder) blocks(c *component) image.Rectangle {
	stepX, stepY := d.steps(c)
	samples := image.Rect(d.part.Min.X/stepX-1, d.part.Min.Y/stepY-1, ceilDiv(d.part.Max.X, stepX)+1, ceilDiv(d.part.Max.Y, stepY)+1)
	samples = samples.Intersect(image.Rect(0, 0, c.stride, c.paddedY*c.size))
	return image.Rect(samples.Min.X/c.size, samples.Min.Y/c.size, ceilDiv(samples.Max.X, c.size), ceilDiv(samples.Max.Y, c.size))
}

// scanHeader is what an SOS segment says.
type scanHeader struct {
	components []*component
	first      int  // spectral selection
	last       int  // spectral selection
	high, low  uint // successive approximation
}

func (d *decoder) scan(s []byte) error {
	if d.components == nil {
		return invalid("a scan before the frame header")
	}
	if d.scans++; d.scans > maxScans {
		return unsupported("more than %d scans", maxScans)
	}
	header, err := d.scanHeader(s)
	if err != nil {
		return err
	}
	d.rest = d.data.unstuff(d.rest)
	if d.progressive {
		return d.progressiveScan(header)
	}
	return d.sequentialScan(header, d.strip)
}

// scanHeader reads an SOS segment (T.81 B.2.3) and chooses the tables.
func (d *decoder) scanHeader(s []byte) (scanHeader, error) {
	var header scanHeader
	if len(s) < 1 {
		return header, tooShort("scan header")
	}
	n := int(s[0])
	if n < 1 || n > len(d.components) || len(s) != 4+2*n {
		return header, invalid("a scan header of %d bytes for %d components", len(s), n)
	}
	tail := s[1+2*n:]
	header.first, header.last, header.high, header.low = int(tail[0]), int(tail[1]), uint(tail[2]>>4), uint(tail[2]&15)
	if err := d.checkSelection(&header, n); err != nil {
		return header, err
	}
	blocks := 0
	for i := range n {
		c, err := d.selected(s[1+2*i], header.components)
		if err != nil {
			return header, err
		}
		dc, ac := s[2+2*i]>>4, s[2+2*i]&15
		if dc > 3 || ac > 3 {
			return header, invalid("a scan with Huffman tables %d and %d", dc, ac)
		}
		c.dcTable, c.acTable, c.pred = d.huff[0][dc], d.huff[1][ac], 0
		if header.first == 0 && header.high == 0 && c.dcTable == nil || header.last > 0 && c.acTable == nil {
			return header, invalid("a scan without its Huffman tables")
		}
		if c.quant == nil {
			if c.quant = d.quant[c.table]; c.quant == nil {
				return header, invalid("component %d without its quantisation table", c.id)
			}
			for k, q := range c.quant {
				c.factors[zigzag[k]] = q
			}
		}
		blocks += c.h * c.v
		header.components = append(header.components, c)
	}
	if n > 1 && blocks > 10 {
		return header, invalid("%d blocks in a unit; at most 10", blocks)
	}
	return header, nil
}

// checkSelection checks a progressive scan's bands and bits (T.81 G.1.1.1); sequential scans have all.
func (d *decoder) checkSelection(h *scanHeader, n int) error {
	if !d.progressive {
		h.first, h.last, h.high, h.low = 0, 63, 0, 0
		return nil
	}
	switch {
	case h.first > h.last || h.last > 63 || h.first == 0 && h.last != 0:
		return invalid("a progressive scan of coefficients %d to %d", h.first, h.last)
	case h.first > 0 && n != 1:
		return invalid("a progressive scan of %d components' AC coefficients", n)
	case h.low > 13 || h.high > 13 || h.high != 0 && h.high != h.low+1:
		return invalid("a progressive scan of bits %d after %d", h.low, h.high)
	}
	return nil
}

func (d *decoder) selected(id uint8, already []*component) (*component, error) {
	for _, c := range already {
		if c.id == id {
			return nil, invalid("component %d is twice in a scan", id)
		}
	}
	for i := range d.components {
		if d.components[i].id == id {
			return &d.components[i], nil
		}
	}
	return nil, invalid("a scan of component %d, which the frame header lacks", id)
}

// units walks a scan's MCUs, row by row and over its restart intervals: row is called with a part of one row of MCUs
// that lies in one segment.
func (d *decoder) units(h scanHeader, row func(r *bits, y, from, to int)) error {
	width, height := d.mcusX, d.mcusY
	if len(h.components) == 1 { // not interleaved: an MCU is a block
		width, height = h.components[0].blocksX, h.components[0].blocksY
	}
	interval := d.restart
	if interval == 0 {
		interval = width * height
	}
	segment, left := 0, interval
	r := d.data.segment(0)
	for y := range height {
		for x := 0; x < width; {
			if left == 0 {
				if segment++; segment >= len(d.data.ends) {
					return tooShort("restart interval")
				}
				r, left = d.data.segment(segment), interval
				for _, c := range h.components {
					c.pred = 0
				}
			}
			n := min(width-x, left)
			row(&r, y, x, x+n)
			if r.overrun() {
				return d.short(&r, segment)
			}
			x, left = x+n, left-n
		}
	}
	d.finish(h)
	return nil
}

// finish remembers what a scan brought.
func (d *decoder) finish(h scanHeader) {
	for _, c := range h.components {
		c.seen = true
		for k := h.first; k <= h.last; k++ {
			c.missing[k] = h.low
		}
	}
}

// short tells a stream that ends in the middle of a scan from one whose data is wrong.
func (d *decoder) short(r *bits, segment int) error {
	if r.pos >= nowhere {
		return invalid("bits that are no Huffman code")
	}
	if segment < len(d.data.ends)-1 {
		return invalid("a restart marker comes too early")
	}
	if len(d.rest) == 0 || len(d.rest) >= 2 && d.rest[1] == eoi {
		return tooShort("picture data")
	}
	return invalid("a marker comes too early")
}

package hevc

import (
	"errors"
	"slices"
)

// Picture is a decoded one: its planes, of which each sample has the depth of its kind.
type Picture struct {
	Width, Height  int // of the part to be shown
	Bits           [2]int
	ShiftX, ShiftY int // log2 of chroma's subsampling
	Planes         []Plane
	Colour         Colour
}

// Plane is the samples of one component: Y, Cb or Cr.
type Plane struct {
	Samples []uint16 // row by row, from the first to be shown
	Stride  int
}

// decoder decodes one picture.
type decoder struct {
	sequences   map[int]*sequence
	pictureSets map[int]*pictureSet
	sps         *sequence
	pps         *pictureSet
	pic         *picture
	slice       *slice
	done        int // coding tree blocks
	maxSamples  int

	toTile, toRaster []int // coding tree blocks' addresses in the order of tiles, by that in raster order, and the reverse
	tileOf           []int // by the address in raster order

	cabac
	afterRow     [contexts]uint8 // of wavefronts: the contexts after the second block of the row above
	afterRowOK   bool
	afterSegment [contexts]uint8
	slices       []*slice // that have begun, by the number that owners have
	tree
}

// picture is what is known of the picture while it is decoded.
type picture struct {
	planes  [3]plane
	width4  int      // blocks of 4 × 4 samples in a row
	owner   []uint32 // of each such block: the slice and tile that it lies in, 0 before it is decoded
	mode    []uint8  // its luma's prediction
	depth   []uint8  // of its coding block in the quadtree
	qp      []int8   // its luma's quantisation
	still   []bool   // in-loop filters leave it alone
	anyHeld bool     // there are such
	edgesV  []uint8  // at its left side there is an edge to be deblocked
	edgesH  []uint8  // at its upper side
	sao     []saoOf  // by the coding tree block's address in raster order
	sliceOf []*slice // the same
}

// plane is a component's samples, whole coding blocks.
type plane struct {
	samples       []uint16
	stride        int
	width, height int
}

// Decode decodes the first picture of HEIC's: config is the decoder configuration record (ISO/IEC 14496-15 § 8.3.3.1), data the
// coded picture, in NAL units behind their lengths. No more than maxSamples of luma are decoded.
//
// It fails with ErrFormat or ErrUnsupported.
func Decode(config, data []byte, maxSamples int) (*Picture, error) {
	d := &decoder{sequences: map[int]*sequence{}, pictureSets: map[int]*pictureSet{}, maxSamples: maxSamples}
	lengthSize, err := d.configure(config)
	if err != nil {
		return nil, err
	}
	for len(data) > 0 {
		if len(data) < lengthSize {
			return nil, invalid("it ends in a length")
		}
		size := 0
		for _, b := range data[:lengthSize] {
			size = size<<8 | int(b)
		}
		data = data[lengthSize:]
		if size > len(data) {
			return nil, invalid("it ends early")
		}
		if err := d.unit(data[:size]); err != nil {
			return nil, err
		}
		data = data[size:]
	}
	if d.pic == nil || d.done < d.sps.columns*d.sps.rows {
		return nil, invalid("a part of the picture is missing")
	}
	d.deblock()
	d.offset()
	return d.result(), nil
}

// SequenceColour is what the sequence in HEIC's configuration record says of its colours; of what can't be read, video's range and
// an unspecified matrix.
func SequenceColour(config []byte) Colour {
	d := &decoder{sequences: map[int]*sequence{}, pictureSets: map[int]*pictureSet{}}
	_, err := d.configure(config)
	for _, s := range d.sequences {
		if err == nil || errors.Is(err, ErrUnsupported) {
			return s.colour
		}
	}
	return Colour{Primaries: unspecified, Matrix: unspecified}
}

// configure reads the parameter sets of a configuration record.
func (d *decoder) configure(config []byte) (lengthSize int, err error) {
	if len(config) < 23 {
		return 0, invalid("a configuration of %d bytes", len(config))
	}
	lengthSize = int(config[21]&3) + 1
	arrays, rest := int(config[22]), config[23:]
	for range arrays {
		if len(rest) < 3 {
			return 0, invalid("its configuration ends early")
		}
		count := int(rest[1])<<8 | int(rest[2])
		rest = rest[3:]
		for range count {
			if len(rest) < 2 || len(rest) < 2+int(rest[0])<<8|int(rest[1]) {
				return 0, invalid("its configuration ends early")
			}
			size := int(rest[0])<<8 | int(rest[1])
			if len(rest) < 2+size {
				return 0, invalid("its configuration ends early")
			}
			if err := d.unit(rest[2 : 2+size]); err != nil {
				return 0, err
			}
			rest = rest[2+size:]
		}
	}
	return lengthSize, nil
}

// unit reads a NAL unit: parameters or a slice. Others say nothing about samples.
func (d *decoder) unit(unit []byte) error {
	if len(unit) < 3 {
		return nil
	}
	kind, layer := int(unit[0]>>1&63), int(unit[0]&1)<<5|int(unit[1]>>3)
	if layer != 0 {
		return nil
	}
	switch {
	case kind == nalSequence:
		s, err := readSequence(unescape(unit[2:]))
		if s != nil {
			d.sequences[s.id] = s
		}
		if err != nil {
			return err
		}
	case kind == nalPicture:
		p, err := readPictureSet(unescape(unit[2:]), d.sequences)
		if err != nil {
			return err
		}
		d.pictureSets[p.id] = p
	case kind <= nalCRA:
		if kind < 16 {
			return unsupported("pictures within a sequence")
		}
		s, data, err := d.readSlice(kind, unescape(unit[2:]))
		if err != nil {
			return err
		}
		return d.decodeSlice(s, data)
	}
	return nil
}

// begin prepares for the picture.
func (d *decoder) begin(set *pictureSet) error {
	d.pps, d.sps = set, d.sequences[set.sequence]
	if d.sps == nil {
		return invalid("picture parameters without their sequence's")
	}
	if len(set.columns) > d.sps.columns+1 || set.columns[len(set.columns)-1] != d.sps.columns || set.rows[len(set.rows)-1] != d.sps.rows {
		return invalid("tiles of another sequence")
	}
	s := d.sps
	if s.width*s.height > d.maxSamples {
		return invalid("%d x %d samples are more than its boxes say", s.width, s.height)
	}
	d.orderTiles()
	p := &picture{width4: (s.width + 3) / 4}
	blocks := p.width4 * ((s.height + 3) / 4)
	p.owner, p.qp, p.still = make([]uint32, blocks), make([]int8, blocks), make([]bool, blocks)
	bytes := make([]uint8, 4*blocks)
	p.mode, p.depth, p.edgesV, p.edgesH = bytes[:blocks], bytes[blocks:2*blocks], bytes[2*blocks:3*blocks], bytes[3*blocks:]
	p.sao, p.sliceOf = make([]saoOf, s.columns*s.rows), make([]*slice, s.columns*s.rows)
	for c := range 3 {
		if c > 0 && s.chroma == 0 {
			break
		}
		width, height := s.width, s.height
		if c > 0 {
			width, height = width>>s.shiftX, height>>s.shiftY
		}
		p.planes[c] = plane{make([]uint16, width*height), width, width, height}
	}
	d.pic = p
	return nil
}

// orderTiles makes the tables of § 6.5.1.
func (d *decoder) orderTiles() {
	columns, n := d.sps.columns, d.sps.columns*d.sps.rows
	d.toTile, d.toRaster, d.tileOf = make([]int, n), make([]int, 0, n), make([]int, n)
	tile := 0
	for j := range len(d.pps.rows) - 1 {
		for i := range len(d.pps.columns) - 1 {
			for y := d.pps.rows[j]; y < d.pps.rows[j+1]; y++ {
				for x := d.pps.columns[i]; x < d.pps.columns[i+1]; x++ {
					at := y*columns + x
					d.toTile[at], d.tileOf[at] = len(d.toRaster), tile
					d.toRaster = append(d.toRaster, at)
				}
			}
			tile++
		}
	}
}

// decodeSlice decodes the coding tree blocks of a slice segment (§ 7.3.8.1).
func (d *decoder) decodeSlice(s *slice, data []byte) error {
	d.cabac.data = data
	d.cabac.start(0)
	if s.dependent {
		d.states = d.afterSegment
	} else {
		d.states = initial(s.qp)
		d.lastQp = s.qp
		d.slices = append(d.slices, s)
	}
	d.slice = s
	columns := d.sps.columns
	for at := d.toTile[s.address]; ; at++ {
		block := d.toRaster[at]
		if d.pic.sliceOf[block] != nil {
			return invalid("block %d is coded twice", block)
		}
		x, y := block%columns, block/columns
		firstOfTile := at == 0 || d.tileOf[d.toRaster[at-1]] != d.tileOf[block]
		firstOfRow := slices.Contains(d.pps.columns, x)
		if firstOfTile {
			d.lastQp = s.qp
			if at != d.toTile[s.address] || s.dependent {
				d.states = initial(s.qp)
			}
		} else if d.pps.wavefront && firstOfRow {
			d.lastQp = s.qp
			if at != d.toTile[s.address] || s.dependent {
				d.sync(x, y)
			}
		}
		d.pic.sliceOf[block] = s
		if err := d.treeBlock(x, y); err != nil {
			return err
		}
		d.done++
		if d.pps.wavefront && slices.Contains(d.pps.columns, x-1) { // the second of a row
			d.afterRow, d.afterRowOK = d.states, true
		}
		if d.over() {
			return invalid("a slice ends early")
		}
		if d.end() {
			d.afterSegment = d.states
			return nil
		}
		if at+1 == len(d.toRaster) {
			return invalid("a slice goes on behind the picture")
		}
		next := d.toRaster[at+1]
		if d.tileOf[next] != d.tileOf[block] || d.pps.wavefront && slices.Contains(d.pps.columns, next%columns) {
			if !d.end() {
				return invalid("a part of a slice has no end")
			}
			d.start(d.next())
		}
	}
}

// sync takes the contexts over from the row above (§ 9.3.1), where its second block is of the same slice and tile.
func (d *decoder) sync(x, y int) {
	columns := d.sps.columns
	above := (y-1)*columns + x + 1
	if y > 0 && x+1 < columns && d.afterRowOK && d.pic.sliceOf[above] != nil && d.tileOf[above] == d.tileOf[y*columns+x] &&
		d.pic.sliceOf[above].start == d.slice.start {
		d.states = d.afterRow
		return
	}
	d.states = initial(d.slice.qp)
}

// result is the part of the picture that is to be shown.
func (d *decoder) result() *Picture {
	s := d.sps
	p := &Picture{
		Width: s.width - s.window[0] - s.window[1], Height: s.height - s.window[2] - s.window[3],
		Bits: s.bits, ShiftX: s.shiftX, ShiftY: s.shiftY, Colour: s.colour,
	}
	for c, from := range d.pic.planes {
		if from.samples == nil {
			break
		}
		x, y := s.window[0], s.window[2]
		if c > 0 {
			x, y = x>>s.shiftX, y>>s.shiftY
		}
		p.Planes = append(p.Planes, Plane{from.samples[y*from.stride+x:], from.stride})
	}
	return p
}

package jpeg

import "encoding/binary"

// Markers of T.81, table B.1.
const (
	sof0  = 0xc0 // baseline
	sof1  = 0xc1 // extended sequential
	sof2  = 0xc2 // progressive
	dht   = 0xc4
	jpg   = 0xc8
	dac   = 0xcc
	sof15 = 0xcf
	rst0  = 0xd0
	rst7  = 0xd7
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	dqt   = 0xdb
	dnl   = 0xdc
	dri   = 0xdd
	app0  = 0xe0
	app14 = 0xee
	tem   = 0x01
)

// Header is what a frame header says.
type Header struct {
	Width, Height int // pixels as stored
	Components    int // 1: grey; 3: YCbCr or RGB; 4: CMYK or YCCK
	Progressive   bool
}

// ReadHeader reads up to the frame header.
func ReadHeader(data []byte) (Header, error) {
	d := decoder{rest: data}
	if err := d.start(); err != nil {
		return Header{}, err
	}
	for d.components == nil {
		marker, segment, err := d.next()
		if err != nil {
			return Header{}, err
		}
		if marker == sos || marker == eoi {
			return Header{}, invalid("no frame header before the picture's data")
		}
		if isFrame(marker) {
			if err := d.frame(marker, segment); err != nil {
				return Header{}, err
			}
		}
	}
	return Header{Width: d.width, Height: d.height, Components: len(d.components), Progressive: d.progressive}, nil
}

func isFrame(marker uint8) bool {
	return marker >= sof0 && marker <= sof15 && marker != dht && marker != jpg && marker != dac
}

// start checks the first marker.
func (d *decoder) start() error {
	if len(d.rest) < 2 {
		return tooShort("start of image")
	}
	if d.rest[0] != 0xff || d.rest[1] != soi {
		return invalid("it does not begin with a start marker")
	}
	d.rest = d.rest[2:]
	return nil
}

// next returns the next marker and its segment. What stands between segments and is none is passed over, as libjpeg
// does.
func (d *decoder) next() (marker uint8, segment []byte, err error) {
	for {
		for len(d.rest) >= 2 && (d.rest[0] != 0xff || d.rest[1] == 0 || d.rest[1] == 0xff) {
			d.rest = d.rest[1:]
		}
		if len(d.rest) < 2 {
			return 0, nil, tooShort("marker")
		}
		marker, d.rest = d.rest[1], d.rest[2:]
		switch {
		case marker == eoi || marker == soi:
			return marker, nil, nil
		case marker == tem || marker >= rst0 && marker <= rst7:
			continue
		}
		if len(d.rest) < 2 {
			return 0, nil, tooShort("segment")
		}
		length := int(binary.BigEndian.Uint16(d.rest))
		if length < 2 {
			return 0, nil, invalid("a segment of length %d", length)
		}
		if length > len(d.rest) {
			return 0, nil, tooShort("segment")
		}
		segment, d.rest = d.rest[2:length], d.rest[length:]
		return marker, segment, nil
	}
}

var frameNames = map[uint8]string{
	0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical", 0xc9: "arithmetic coding",
	0xca: "arithmetic coding", 0xcb: "arithmetic coding", 0xcd: "hierarchical", 0xce: "hierarchical", 0xcf: "hierarchical",
}

// frame reads a frame header (T.81 B.2.2).
func (d *decoder) frame(marker uint8, s []byte) error {
	if d.components != nil {
		return invalid("two frame headers")
	}
	if name := frameNames[marker]; name != "" {
		return unsupported("%s", name)
	}
	if len(s) < 6 {
		return tooShort("frame header")
	}
	if s[0] != 8 {
		return unsupported("%d bits a sample", s[0])
	}
	d.progressive = marker == sof2
	d.height, d.width = int(binary.BigEndian.Uint16(s[1:])), int(binary.BigEndian.Uint16(s[3:]))
	n := int(s[5])
	switch {
	case d.height == 0:
		return unsupported("a height that is told only at the end (DNL)")
	case d.width == 0:
		return invalid("a width of 0")
	case n != 1 && n != 3 && n != 4:
		return unsupported("%d components", n)
	case len(s) != 6+3*n:
		return invalid("a frame header of %d bytes for %d components", len(s), n)
	}
	d.components = make([]component, n)
	for i := range d.components {
		c := &d.components[i]
		c.id, c.h, c.v, c.table = s[6+3*i], int(s[7+3*i]>>4), int(s[7+3*i]&15), s[8+3*i]
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.table > 3 {
			return invalid("component %d: sampling %d x %d, quantisation table %d", i, c.h, c.v, c.table)
		}
		for _, other := range d.components[:i] {
			if other.id == c.id {
				return invalid("two components with number %d", c.id)
			}
		}
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
	}
	return d.sample()
}

// sample works out the components' sizes and refuses sampling that libjpeg refuses.
func (d *decoder) sample() error {
	d.mcusX, d.mcusY = ceilDiv(d.width, 8*d.maxH), ceilDiv(d.height, 8*d.maxV)
	blocks := 0
	for i := range d.components {
		c := &d.components[i]
		if d.maxH%c.h != 0 || d.maxV%c.v != 0 {
			return unsupported("fractional sampling: %d of %d columns, %d of %d rows", c.h, d.maxH, c.v, d.maxV)
		}
		c.blocksX, c.blocksY = ceilDiv(d.width*c.h, 8*d.maxH), ceilDiv(d.height*c.v, 8*d.maxV)
		c.paddedX, c.paddedY = d.mcusX*c.h, d.mcusY*c.v
		blocks += c.h * c.v
	}
	if len(d.components) > 1 && blocks > 10 {
		return invalid("%d blocks in a unit; at most 10", blocks)
	}
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// quantisation reads a DQT segment (T.81 B.2.4.1).
func (d *decoder) quantisation(s []byte) error {
	for len(s) > 0 {
		precision, id := s[0]>>4, s[0]&15
		if precision > 1 || id > 3 {
			return invalid("quantisation table %d of precision %d", id, precision)
		}
		size := 64 * (1 + int(precision))
		if s = s[1:]; len(s) < size {
			return tooShort("quantisation table")
		}
		table := new([64]int32)
		for k := range table {
			if precision == 0 {
				table[k] = int32(s[k])
			} else {
				table[k] = int32(binary.BigEndian.Uint16(s[2*k:]))
			}
		}
		d.quant[id] = table
		s = s[size:]
	}
	return nil
}

// huffmanTables reads a DHT segment (T.81 B.2.4.2).
func (d *decoder) huffmanTables(s []byte) error {
	for len(s) > 0 {
		class, id := s[0]>>4, s[0]&15
		if class > 1 || id > 3 {
			return invalid("Huffman table %d of class %d", id, class)
		}
		if len(s) < 17 {
			return tooShort("Huffman table")
		}
		n := 0
		for _, count := range s[1:17] {
			n += int(count)
		}
		if n > 256 {
			return invalid("a Huffman table with %d codes", n)
		}
		if len(s) < 17+n {
			return tooShort("Huffman table")
		}
		values := s[17 : 17+n]
		if class == 0 {
			for _, v := range values {
				if v > 15 {
					return invalid("a DC difference of %d bits", v)
				}
			}
		}
		table, err := knownTables.table(s[1 : 17+n])
		if err != nil {
			return err
		}
		d.huff[class][id] = table
		s = s[17+n:]
	}
	return nil
}

func (d *decoder) application(marker uint8, s []byte) {
	switch {
	case marker == app0 && len(s) >= 14 && string(s[:5]) == "JFIF\x00":
		d.jfif = true
	case marker == app14 && len(s) >= 12 && string(s[:5]) == "Adobe":
		d.adobe, d.transform = true, s[11]
	}
}

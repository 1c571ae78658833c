package heif

import "slices"

// Codec is the coding of a picture.
type Codec string

// The codecs.
const (
	HEIC Codec = "heic" // HEVC
	AVIF Codec = "avif" // AV1
)

// Header is what the boxes say of the primary picture.
type Header struct {
	Codec         Codec
	Width, Height int // pixels as stored
	// Orientation is how it has to be turned to stand upright, in EXIF's numbers: from its own boxes (irot, imir), which
	// overrule EXIF.
	Orientation int
	Colour      Colour
	alpha       bool    // another item holds its transparency
	bits        int     // of a sample
	grey        bool    // it has no chroma, of HEIC
	halved      [2]bool // chroma's columns and rows
}

// Sniff tells by its first bytes whether a file is HEIF, and which: of "ftyp", its brands alone.
func Sniff(data []byte) (Codec, bool) {
	list, _ := boxes(data[:min(len(data), 4096)])
	if len(list) == 0 || list[0].name != "ftyp" || len(list[0].content) < 4 {
		return "", false
	}
	content := list[0].content
	brands := []string{string(content[:4])}
	for at := 8; at+4 <= len(content); at += 4 {
		brands = append(brands, string(content[at:at+4]))
	}
	for _, brand := range brands {
		switch brand {
		case "avif", "avis":
			return AVIF, true
		case "heic", "heix", "heim", "heis", "hevc", "hevx":
			return HEIC, true
		}
	}
	// A general brand alone: whichever codec it is will be seen in the boxes.
	return HEIC, slices.Contains(brands, "mif1") || slices.Contains(brands, "msf1")
}

// ReadHeader reads a file's boxes.
func ReadHeader(data []byte) (Header, error) {
	list, whole := boxes(data)
	if !whole {
		return Header{}, tooShort("boxes")
	}
	content, ok := find(list, "meta")
	if !ok {
		if len(data) < 16 {
			return Header{}, tooShort("boxes")
		}
		return Header{}, invalid("no meta box: a film, not a picture")
	}
	m, err := readMeta(content)
	if err != nil {
		return Header{}, err
	}
	return m.header()
}

func (m *meta) header() (Header, error) {
	h := Header{Orientation: 1, bits: 8}
	tile := m.tile(m.primary)
	switch kind := m.kinds[tile]; kind {
	case "hvc1":
		h.Codec = HEIC
	case "av01":
		h.Codec = AVIF
	default:
		return h, unsupportedKind(kind)
	}
	ispe, ok := m.property(m.primary, "ispe")
	r := reader{rest: ispe}
	r.full()
	h.Width, h.Height = int(r.uint(4)), int(r.uint(4))
	if !ok || r.short {
		return h, invalid("no size")
	}
	if h.Codec == HEIC {
		h.Width, h.Height = m.aperture(h.Width, h.Height)
	}
	h.Orientation = m.orientation()
	h.Colour = m.colour(tile)
	for _, ref := range m.references {
		h.alpha = h.alpha || ref.kind == "auxl" && slices.Contains(ref.to, m.primary) && m.isAlpha(ref.from)
	}
	if hvcC, ok := m.property(tile, "hvcC"); ok && len(hvcC) > 18 {
		chroma := hvcC[16] & 3
		h.grey = chroma == 0
		h.halved = [2]bool{chroma == chroma420 || chroma == chroma422, chroma == chroma420}
		h.bits = 8 + max(int(hvcC[17]&7), int(hvcC[18]&7))
	}
	if av1C, ok := m.property(tile, "av1C"); ok && len(av1C) > 2 {
		switch av1C[2] & 0x60 {
		case 0x40:
			h.bits = 10
		case 0x60:
			h.bits = 12
		}
		if av1C[2]&0x10 == 0 { // not monochrome
			h.halved = [2]bool{av1C[2]&8 != 0, av1C[2]&4 != 0}
		}
	}
	return h, nil
}

func (h Header) is420() bool { return h.halved == [2]bool{true, true} }

// aperture is the size of the part to be shown (clap): encoders pad to whole blocks. libheif cuts it out, libavif and
// Pillow don't.
func (m *meta) aperture(width, height int) (w, h int) {
	clap, ok := m.property(m.primary, "clap")
	r := reader{rest: clap}
	widthOver, widthUnder, heightOver, heightUnder := r.uint(4), r.uint(4), r.uint(4), r.uint(4)
	if !ok || r.short || widthUnder == 0 || heightUnder == 0 {
		return width, height
	}
	return min(width, int(widthOver/widthUnder)), min(height, int(heightOver/heightUnder))
}

// alphaNames are what an auxC property calls transparency.
var alphaNames = []string{"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1"}

func (m *meta) isAlpha(item uint64) bool {
	auxC, _ := m.property(item, "auxC")
	for _, name := range alphaNames {
		if len(auxC) >= 4+len(name) && string(auxC[4:4+len(name)]) == name {
			return true
		}
	}
	return false
}

// orientation joins turns (anti-clockwise quarters) and mirrors, in the order of the properties.
func (m *meta) orientation() int {
	at := 1
	for _, p := range m.properties[m.primary] {
		if len(p.content) < 1 {
			continue
		}
		switch p.name {
		case "irot":
			for range p.content[0] & 3 {
				at = quarterTurn[at]
			}
		case "imir":
			at = mirror[p.content[0]&1][at]
		}
	}
	return at
}

// An orientation after one more anti-clockwise quarter turn, and after a mirroring: axis 0 swaps top and bottom, 1
// left and right. (EXIF's numbers; index 0 is none.)
var (
	quarterTurn = [9]int{0, 8, 5, 6, 7, 4, 1, 2, 3}
	mirror      = [2][9]int{{0, 4, 3, 2, 1, 8, 7, 6, 5}, {0, 2, 1, 4, 3, 6, 5, 8, 7}}
)

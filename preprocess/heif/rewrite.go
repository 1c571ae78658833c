package heif

import (
	"encoding/binary"
	"slices"
)

// What a codec is given is not always the file as it came.

// withoutAlpha hides the transparency from the codec, which would multiply it into the colours (libavif) or decode it for
// nothing (libheif): the reference to it gets a name that nobody knows.
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

// unconverted rewrites a HEIC so that libheif hands the samples out as the file has them, and says whether it did.
//
// The libheif of the sandbox (1.18) gives 4:2:0 and 4:2:2 out only with chroma interpolated, where later ones,
// pillow-heif's among them, repeat it. But a picture whose matrix is the identity it takes for one of green, blue and
// red: it copies Y to green, Cb to blue and Cr to red, for each pixel its own, and converts nothing. So each picture's
// colour description is replaced by the identity. The description that the file told is in Header.
//
// Where samples of more than 8 bits are converted before they are rounded, as all but 4:2:0 of full range, the 8 bits
// that come out wouldn't do. There only the primary picture, which is derived from coded ones or is made so, is said to
// have the identity: that makes libheif ask the coded ones for RGB, which it converts as later ones do.
//
// The old meta box becomes free space and the new one goes to the end of the file: what it says of places in the file
// stays right.
func unconverted(data []byte, h Header) (out []byte, samples bool, err error) {
	list, _ := boxes(data)
	at := slices.IndexFunc(list, func(b box) bool { return b.name == "meta" })
	if at < 0 || len(list[at].content) < 4 {
		return nil, false, invalid("no meta box")
	}
	m, err := readMeta(list[at].content)
	if err != nil {
		return nil, false, err
	}
	children, _ := boxes(list[at].content[4:])
	samples = h.bits == 8 || h.is420() && h.Colour.FullRange
	switch {
	case samples:
		setContent(children, "iprp", m.withIdentity(children, func(uint64) bool { return true }))
	case m.tile(m.primary) != m.primary:
		setContent(children, "iprp", m.withIdentity(children, func(item uint64) bool { return item == m.primary }))
	default:
		if children, err = m.derive(children, h); err != nil {
			return nil, false, err
		}
	}
	out = slices.Clone(data)
	copy(out[list[at].at+4:], "free")
	if last := list[len(list)-1]; binary.BigEndian.Uint32(out[last.at:]) == 0 { // it reached to the end, whatever comes
		binary.BigEndian.PutUint32(out[last.at:], uint32(len(data)-last.at))
	}
	content := slices.Clone(list[at].content[:4])
	for _, child := range children {
		content = appendBox(content, child.name, child.content)
	}
	return appendBox(out, "meta", content), samples, nil
}

func appendBox(to []byte, name string, content []byte) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(8+len(content)))
	return append(append(to, name...), content...)
}

func setContent(list []box, name string, content []byte) {
	if at := slices.IndexFunc(list, func(b box) bool { return b.name == name }); at >= 0 {
		list[at].content = content
	}
}

// derive returns the children of a meta box of two items: the primary picture, and one that is derived from it, which
// takes its place and has the identity.
func (m *meta) derive(children []box, h Header) ([]box, error) {
	coded, derived := m.primary, m.primary+1
	if derived >= 1<<16 {
		return nil, invalid("an item's number is %d", coded)
	}
	width, height := uprightSize(h)
	iprp, _ := find(children, "iprp")
	ipco, _ := find(first(boxes(iprp)), "ipco")
	sizeNumber := uint16(len(first(boxes(ipco))) + 1)
	setContent(children, "iprp", appendBox(nil, "ipco", appendBox(slices.Clip(ipco), "ispe", words(0, 0, width>>16, width, height>>16, height))))
	m.associations = slices.DeleteFunc(m.associations, func(a association) bool { return a.item != coded })
	m.associations = append(m.associations, association{derived, []uint16{sizeNumber}})
	iprp = m.withIdentity(children, func(item uint64) bool { return item == derived })
	info := func(item uint64, kind string) []byte {
		return appendBox(nil, "infe", append(append(words(2<<8, 0, int(item), 0), kind...), 0))
	}
	out := []box{
		{name: "pitm", content: words(0, 0, int(derived))},
		{name: "iinf", content: slices.Concat(words(0, 0, 2), info(coded, m.kinds[coded]), info(derived, "iden"))},
		{name: "iref", content: appendBox(words(0, 0), "dimg", words(int(derived), 1, int(coded)))},
		{name: "iprp", content: iprp},
	}
	for _, child := range children {
		if child.name == "hdlr" || child.name == "iloc" || child.name == "idat" {
			out = append(out, child)
		}
	}
	return out, nil
}

func uprightSize(h Header) (width, height int) {
	if h.Orientation > 4 {
		return h.Height, h.Width
	}
	return h.Width, h.Height
}

// words are numbers of 16 bits.
func words(numbers ...int) (out []byte) {
	for _, n := range numbers {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	return out
}

func first[A, B any](a A, _ B) A { return a }

// withIdentity is the content of the iprp box among a meta box's children, with the identity for the matrix of some
// items.
func (m *meta) withIdentity(children []box, has func(item uint64) bool) []byte {
	iprp, _ := find(children, "iprp")
	ipco, _ := find(first(boxes(iprp)), "ipco")
	properties, _ := boxes(ipco)
	identityNumber := uint16(len(properties) + 1)
	entries := slices.Concat(words(1<<8, 1), words(len(m.associations)>>16, len(m.associations))) // long numbers, both kinds
	for _, a := range m.associations {
		numbers := a.properties
		if has(a.item) {
			numbers = slices.DeleteFunc(slices.Clone(numbers), func(number uint16) bool {
				at := int(number &^ essential)
				return at > 0 && at <= len(properties) && isDescription(properties[at-1])
			})
			numbers = append(numbers[:min(len(numbers), 254)], identityNumber)
		}
		entries = append(entries, words(int(a.item>>16), int(a.item))...)
		entries = append(entries, byte(len(numbers)))
		for _, number := range numbers {
			entries = binary.BigEndian.AppendUint16(entries, number)
		}
	}
	return appendBox(appendBox(nil, "ipco", appendBox(slices.Clip(ipco), "colr", identityDescription)), "ipma", entries)
}

// identityDescription is the content of a colr box: BT.709's primaries, sRGB's transfer, the identity, full range.
var identityDescription = []byte("nclx\x00\x01\x00\x0d\x00\x00\x80")

func isDescription(p box) bool {
	return p.name == "colr" && len(p.content) >= 11 && string(p.content[:4]) == "nclx"
}

package preprocess

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/tiff"
)

// Tags and values of TIFF 6.0 that decodeTIFF looks at.
const (
	tiffCompression = 259
	tiffPhotometric = 262

	tiffGroup3      = 3
	tiffGroup4      = 4
	tiffBlackIsZero = 1
)

// decodeTIFF decodes the first page. Where a fax (CCITT group 3 or 4) says that black is zero, x/image/tiff takes the
// coder's white for white; libtiff, which Pillow uses, takes it for zero.
func decodeTIFF(data []byte, _ image.Config) (image.Image, error) {
	img, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	tags := tiffTags(data)
	if grey, ok := img.(*image.Gray); ok && tags[tiffPhotometric] == tiffBlackIsZero &&
		(tags[tiffCompression] == tiffGroup3 || tags[tiffCompression] == tiffGroup4) {
		for i, v := range grey.Pix {
			grey.Pix[i] = 255 - v
		}
	}
	return img, nil
}

// tiffTags are the first page's tags that have one short number.
func tiffTags(data []byte) map[uint16]uint16 {
	tags := make(map[uint16]uint16)
	if len(data) < 8 {
		return tags
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(data[4:]))
	if at+2 > uint64(len(data)) {
		return tags
	}
	entries := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(entries) < 12 {
			break
		}
		if kind, count := order.Uint16(entries[2:]), order.Uint32(entries[4:]); kind == 3 && count == 1 {
			tags[order.Uint16(entries)] = order.Uint16(entries[8:])
		}
		entries = entries[12:]
	}
	return tags
}

package heif

import (
	"image"
)

var (
	libheif = sandbox{module: func() []byte { return heifModule }}
	libavif = sandbox{module: func() []byte { return avifModule }}
)

// Decode decodes the primary picture: opaque (transparency is dropped, not blended), as 8-bit RGB. It is upright where
// the codec turns it (HEIC), else as stored (AVIF); Header.Orientation says how that has to be turned: of HEIC it is
// done. The caller checks the size before.
//
// It fails with ErrFormat, ErrUnsupported or io.ErrUnexpectedEOF.
func Decode(data []byte) (*image.RGBA, error) {
	h, err := ReadHeader(data)
	if err != nil {
		return nil, err
	}
	if h.Codec == AVIF {
		return decodeAVIF(data, h)
	}
	if img, err := decodeOwn(data, h); err == nil {
		return img, nil
	}
	return decodeHEIC(data, h) // what the own decoder leaves, and what is broken: the sandbox says how
}

package heif

import (
	"encoding/binary"

	"github.com/clipd/clipd/preprocess/heif/hevc"
)

// Colour says what the samples of a picture mean, in the code points of ITU-T H.273.
type Colour struct {
	Primaries int
	Matrix    int
	FullRange bool
	told      bool // by the boxes
}

// unspecified is H.273's word for "not told".
const unspecified = 2

// colour reads the item's nclx property, else what the coded picture says itself.
func (m *meta) colour(tile uint64) Colour {
	for _, item := range []uint64{m.primary, tile} {
		for _, p := range m.properties[item] {
			if c := p.content; isDescription(p) {
				return Colour{
					Primaries: int(binary.BigEndian.Uint16(c[4:])),
					Matrix:    int(binary.BigEndian.Uint16(c[8:])),
					FullRange: c[10]&0x80 != 0,
					told:      true,
				}
			}
		}
	}
	hvcC, _ := m.property(tile, "hvcC")
	c := hevc.SequenceColour(hvcC)
	return Colour{Primaries: c.Primaries, Matrix: c.Matrix, FullRange: c.FullRange}
}

// luma returns the weights of red and blue in the luma of a matrix (H.273 table 4); those of BT.601 where it is
// unspecified. False: the matrix has none.
func (c Colour) luma() (red, blue float64, known bool) {
	switch c.Matrix {
	case 1:
		return 0.2126, 0.0722, true
	case 4:
		return 0.30, 0.11, true
	case unspecified, 5, 6:
		return 0.299, 0.114, true
	case 7:
		return 0.212, 0.087, true
	case 9, 10:
		return 0.2627, 0.0593, true
	}
	return 0, 0, false
}

// identity is the matrix of pictures whose samples are green, blue and red.
const identity = 0

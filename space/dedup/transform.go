package dedup

import "github.com/clipd/clipd/space"

// transform is one of the eight ways of laying a picture on its side or its face.
type transform int

// The transforms; degrees are clockwise.
const (
	asIs transform = iota
	mirrored
	rotated180
	flipped
	rotated90
	rotated270
	transposed
	antiTransposed
	transforms // how many there are
)

// String is the transform as space.Pair names it: what was done to the original to make the copy.
func (t transform) String() string {
	return [transforms]string{
		"", "mirrored", "rotated 180°", "flipped", "rotated 90°", "rotated 270°", "mirrored and rotated 270°",
		"mirrored and rotated 90°",
	}[t]
}

// swaps says whether width and height change places, and mirrors and flips what is done after that.
func (t transform) swaps() bool { return t >= rotated90 }

func (t transform) mirrors() bool {
	return t == mirrored || t == rotated180 || t == rotated90 || t == antiTransposed
}

func (t transform) flips() bool {
	return t == flipped || t == rotated180 || t == rotated270 || t == antiTransposed
}

// inverse undoes t.
func (t transform) inverse() transform {
	switch t {
	case rotated90:
		return rotated270
	case rotated270:
		return rotated90
	}
	return t
}

// hash is the hash of the transformed picture, given the hash of the picture: a mirrored picture's cosine
// coefficients of odd frequency change their sign, and a transposed one's rows become columns.
func (t transform) hash(h space.Hash256) space.Hash256 {
	if t.swaps() {
		h = transpose(h)
	}
	if t.mirrors() {
		for i := range h {
			h[i] ^= oddColumns
		}
	}
	if t.flips() {
		for i := range h {
			h[i] ^= oddRows
		}
	}
	return h
}

// Bits of the odd frequencies, in each of the four words of a hash. The first frequency is 1, so even bits are odd.
const (
	oddColumns = 0x5555_5555_5555_5555
	oddRows    = 0x0000_ffff_0000_ffff
)

func transpose(h space.Hash256) space.Hash256 {
	var out space.Hash256
	for i := range hashSide * hashSide {
		if h[i/64]>>(i%64)&1 != 0 {
			o := i%hashSide*hashSide + i/hashSide
			out[o/64] |= 1 << (o % 64)
		}
	}
	return out
}

// Transforms are the hashes of a picture as it is, mirrored, rotated by 180°, flipped, rotated by 90° and 270°
// clockwise, transposed and transposed about the other diagonal, given its hash. They are exact, up to the rounding
// of coefficients near zero.
func Transforms(h space.Hash256) [8]space.Hash256 {
	var all [transforms]space.Hash256
	for t := range transforms {
		all[t] = t.hash(h)
	}
	return all
}

// apply is the transformed picture.
func (t transform) apply(g grey) grey {
	out := newGrey(g.width, g.height)
	if t.swaps() {
		out.width, out.height = g.height, g.width
	}
	for y := range out.height {
		for x := range out.width {
			fromX, fromY := x, y
			if t.mirrors() {
				fromX = out.width - 1 - x
			}
			if t.flips() {
				fromY = out.height - 1 - y
			}
			if t.swaps() {
				fromX, fromY = fromY, fromX
			}
			out.pix[y*out.width+x] = g.at(fromX, fromY)
		}
	}
	return out
}

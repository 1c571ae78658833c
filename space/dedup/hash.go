package dedup

import (
	"image"
	"math"

	"github.com/clipd/clipd/space"
)

// Sides of the squares that a picture is brought to before and after smoothing, and of its block of coefficients.
const (
	gridSide  = 128
	blockSide = 64
	hashSide  = 16
)

// Hash is the 256-bit perceptual hash of a picture and its quality, 0 (featureless) to 100.
//
// It follows PDQ (Facebook, "The TMK+PDF and PDQ algorithms", 2019, published with ThreatExchange): luminance,
// smoothed and brought to 64×64 whatever the picture's shape; of its discrete cosine transform the coefficients 1 to
// 16 in both directions; a bit for each; the quality from the sum of the differences between neighbours, and at most
// the share of bits that rounding does not decide. It departs
// from PDQ where a bit says that a coefficient is above zero, not above the median: so the hashes of the mirrored and
// rotated picture follow from the hash itself (see Transforms), and one hash a picture is enough to find them all.
func Hash(img image.Image) (space.Hash256, int) {
	return hashLuminance(newLuminance(img))
}

// Hasher makes the Hash of a picture that comes row by row.
type Hasher struct{ averages *averager }

// NewHasher is for a picture of width x height pixels.
func NewHasher(width, height int) *Hasher {
	return &Hasher{newAverager(width, height, gridSide, gridSide)}
}

// Row takes the next row: four bytes a pixel, red, green, blue, and one that is passed over.
func (h *Hasher) Row(pixels []uint8) {
	quadsToFloats(pixels, h.averages.next())
	h.averages.taken()
}

// Sum is the hash and its quality, after all rows.
func (h *Hasher) Sum() (space.Hash256, int) {
	h.averages.flush()
	return hashGrid(h.averages.grey)
}

func hashLuminance(l luminance) (space.Hash256, int) {
	return hashGrid(averages(l, gridSide, gridSide))
}

// hashGrid is the hash of a picture's averages.
func hashGrid(grid grey) (space.Hash256, int) {
	block := smoothed(grid)
	coefficients := cosines(block)
	return signs(coefficients), min(quality(block), firmness(coefficients))
}

// smoothed is the luminance, 0 to 255, of a picture brought to 64×64: of its averages over a 128×128 grid, each value
// is a weighted mean of four by four.
func smoothed(grid grey) *[blockSide * blockSide]float32 {
	weights := [4]float32{0.125, 0.375, 0.375, 0.125} // two box filters of two and three, one after the other
	var rows [gridSide * blockSide]float32
	for y := range gridSide {
		for x := range blockSide {
			rows[y*blockSide+x] = weigh(weights, func(k int) float32 { return grid.at(clampIndex(2*x+k-1), y) })
		}
	}
	block := new([blockSide * blockSide]float32)
	for y := range blockSide {
		for x := range blockSide {
			block[y*blockSide+x] = weigh(weights, func(k int) float32 { return rows[clampIndex(2*y+k-1)*blockSide+x] })
		}
	}
	return block
}

func weigh(weights [4]float32, value func(int) float32) float32 {
	var sum float32
	for k, w := range weights {
		sum += w * value(k)
	}
	return sum
}

func clampIndex(i int) int { return min(max(i, 0), gridSide-1) }

// cosines are the coefficients 1 to 16 in both directions of the block's discrete cosine transform (DCT-II), row by
// row of vertical frequency.
func cosines(block *[blockSide * blockSide]float32) *[hashSide * hashSide]float32 {
	basis := cosineBasis()
	var half [hashSide * blockSide]float32
	for k := range hashSide {
		for y := range blockSide {
			weight := basis[k*blockSide+y]
			for x := range blockSide {
				half[k*blockSide+x] += weight * block[y*blockSide+x]
			}
		}
	}
	coefficients := new([hashSide * hashSide]float32)
	for i := range hashSide {
		for j := range hashSide {
			var sum float32
			for x := range blockSide {
				sum += half[i*blockSide+x] * basis[j*blockSide+x]
			}
			coefficients[i*hashSide+j] = sum
		}
	}
	return coefficients
}

// cosineBasis are the cosines of the frequencies 1 to 16 at 64 places.
func cosineBasis() *[hashSide * blockSide]float32 {
	basis := new([hashSide * blockSide]float32)
	for k := range hashSide {
		for x := range blockSide {
			basis[k*blockSide+x] = float32(math.Cos(math.Pi / (2 * blockSide) * float64((k+1)*(2*x+1))))
		}
	}
	return basis
}

// signs is the hash with a bit for each coefficient above zero.
func signs(coefficients *[hashSide * hashSide]float32) space.Hash256 {
	var h space.Hash256
	for i, c := range coefficients {
		if c > 0 {
			h[i/64] |= 1 << (i % 64)
		}
	}
	return h
}

// quality is PDQ's: the differences between neighbours of the block, in hundredths of the range and cut to whole
// ones, summed; 9,000 is full quality.
func quality(block *[blockSide * blockSide]float32) int {
	sum := 0
	for y := range blockSide {
		for x := range blockSide {
			here := block[y*blockSide+x]
			if x+1 < blockSide {
				sum += difference(here, block[y*blockSide+x+1])
			}
			if y+1 < blockSide {
				sum += difference(here, block[(y+1)*blockSide+x])
			}
		}
	}
	return min(100, sum/90)
}

// firmCoefficient is what a coefficient must reach for its sign to be the picture's and not the rounding's: three
// times the standard deviation that rounding 64×64 values to whole levels gives it, 64/2·√(1/12) ≈ 9.
const firmCoefficient = 28

// firmness is the share of coefficients whose signs say something, in hundredths. PDQ has no such measure; without
// it a chessboard, most of whose coefficients are zero, has full quality and a random hash.
func firmness(coefficients *[hashSide * hashSide]float32) int {
	firm := 0
	for _, c := range coefficients {
		if c >= firmCoefficient || c <= -firmCoefficient {
			firm++
		}
	}
	return 100 * firm / len(coefficients)
}

func difference(a, b float32) int {
	return int(math.Abs(float64(a-b)) * 100 / 255)
}

package dedup

import (
	"image"
	"sync"
)

// comparedSide is the longer side of the pictures that are laid over each other.
const comparedSide = 192

// view is a small picture that is compared with others. It is safe for concurrent use.
type view struct {
	luma   grey
	colour float64 // mean distance of the chroma from grey, in levels of 255

	detailsOnce, featuresOnce sync.Once
	detailed                  grey
	corners                   []feature
}

func newView(img image.Image) *view {
	return &view{luma: smallGrey(img), colour: meanColour(img)}
}

// details are the luma's, kept for the next comparison.
func (v *view) details() grey {
	v.detailsOnce.Do(func() { v.detailed = details(v.luma) })
	return v.detailed
}

// features are the luma's corners, kept for the next comparison.
func (v *view) features() []feature {
	v.featuresOnce.Do(func() { v.corners = findFeatures(v.luma) })
	return v.corners
}

// shrunk is the view at a smaller scale.
func (v *view) shrunk(scale float64) *view {
	width, height := int(float64(v.luma.width)*scale+0.5), int(float64(v.luma.height)*scale+0.5)
	return &view{luma: v.luma.resized(max(2, width), max(2, height)), colour: v.colour}
}

// smallGrey is a picture in luma with its longer side at most comparedSide.
func smallGrey(img image.Image) grey {
	l := newLuminance(img)
	long := max(l.width, l.height)
	if long <= comparedSide {
		return averages(l, l.width, l.height)
	}
	return averages(l, max(1, l.width*comparedSide/long), max(1, l.height*comparedSide/long))
}

// details is the difference of a slightly and a broadly smoothed picture, which leaves edges of a few pixels: what
// two photographs of alike scenes do not share, and what brightness and contrast do not change.
func details(g grey) grey {
	fine, broad := binomial(g), boxed(boxed(g, 3), 3)
	for i := range fine.pix {
		fine.pix[i] -= broad.pix[i]
	}
	return fine
}

// meanColour is how far a picture is from grey: the mean of |R-G| and |B-G|, over a lattice of its pixels.
func meanColour(img image.Image) float64 {
	bounds := img.Bounds()
	step := max(1, max(bounds.Dx(), bounds.Dy())/64)
	var sum, n float64
	for y := bounds.Min.Y; y < bounds.Max.Y; y += step {
		for x := bounds.Min.X; x < bounds.Max.X; x += step {
			r, g, b, _ := img.At(x, y).RGBA()
			sum += (abs(float64(r)-float64(g)) + abs(float64(b)-float64(g))) / 2 / 257
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

func abs(v float64) float64 { return max(v, -v) }

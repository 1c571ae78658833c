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
	chroma chroma

	detailsOnce, halfOnce, featuresOnce sync.Once
	detailed, halved                    grey
	corners                             []feature
}

func newView(img image.Image) *view {
	return &view{luma: smallGrey(img), chroma: newChroma(img)}
}

// details are the luma's, kept for the next comparison.
func (v *view) details() grey {
	v.detailsOnce.Do(func() { v.detailed = details(v.luma) })
	return v.detailed
}

// half are the details of the luma at half its size, kept for the next comparison.
func (v *view) half() grey {
	v.halfOnce.Do(func() {
		v.halved = details(v.luma.resized(max(2, (v.luma.width+1)/2), max(2, (v.luma.height+1)/2)))
	})
	return v.halved
}

// features are the luma's corners, kept for the next comparison.
func (v *view) features() []feature {
	v.featuresOnce.Do(func() { v.corners = findFeatures(v.luma) })
	return v.corners
}

// shrunk is the view at a smaller scale.
func (v *view) shrunk(scale float64) *view {
	width, height := int(float64(v.luma.width)*scale+0.5), int(float64(v.luma.height)*scale+0.5)
	return &view{luma: v.luma.resized(max(2, width), max(2, height)), chroma: v.chroma}
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
	fine, broad := binomial(g), borrowGrey(g.width, g.height)
	defer fine.giveBack()
	defer broad.giveBack()
	copy(broad.pix, g.pix)
	broad.box(3)
	broad.box(3)
	out := newGrey(g.width, g.height)
	for i, v := range fine.pix {
		out.pix[i] = v - broad.pix[i]
	}
	return out
}

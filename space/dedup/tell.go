package dedup

import (
	"math"

	"github.com/clipd/clipd/space"
)

// From where an edit is told. They are for people: no proof depends on them.
const (
	toldArea     = 0.985 // share of a picture that the other shows; less: it is cropped or framed
	toldTilt     = 0.7   // degrees
	toldColour   = 4.0   // levels of 255
	toldLight    = 10.0  // levels of 255
	toldContrast = 1.15
	toldOverlay  = 0.03 // share of the blocks
	toldBlur     = 0.7  // contrast of details in that of the whole
)

// edits tells what was done to the first picture to make the second.
func (a agreement) edits(first, second *view, tilt float64) []space.Edit {
	var told []space.Edit
	note := func(edit space.Edit, is bool) {
		if is {
			told = append(told, edit)
		}
	}
	ofFirst, ofSecond := a.shares(first, second)
	note(space.Cropped, ofFirst < toldArea)
	note(space.Framed, ofSecond < toldArea)
	note(space.Tilted, tilt >= toldTilt)
	note(space.Greyed, second.chroma.strength() < toldColour && first.chroma.strength() >= 2*toldColour)
	light, contrast := tones(first, second, a.laying).shift()
	note(space.Brightened, light >= toldLight)
	note(space.Darkened, light <= -toldLight)
	note(space.Flattened, contrast <= 1/toldContrast)
	note(space.Contrasted, contrast >= toldContrast)
	note(space.Blurred, a.gain <= toldBlur*contrast)
	all := float64(a.same + a.differing + a.onlyFirst + a.onlySecond)
	note(space.Overlaid, float64(a.onlySecond) >= toldOverlay*all && a.onlySecond > a.onlyFirst)
	return told
}

// shares are the shares of the areas of both pictures that the other shows.
func (a agreement) shares(first, second *view) (ofFirst, ofSecond float64) {
	one, two := float64(first.luma.width*first.luma.height), float64(second.luma.width*second.luma.height)*a.scale()*a.scale()
	common := a.common * min(one, two)
	return common / one, common / two
}

// tones are the brightnesses of the two pictures where both show the same.
func tones(first, second *view, l laying) covariance {
	var c covariance
	for y := 0; y < second.luma.height; y += 2 {
		for x := 0; x < second.luma.width; x += 2 {
			if v, inside := first.luma.sampleAt(l.at(float64(x)+0.5, float64(y)+0.5)); inside {
				c.add(v, float64(second.luma.at(x, y)))
			}
		}
	}
	return c
}

// shift is by how much the second values are greater, and how many times their spread is that of the first.
func (c covariance) shift() (by, spread float64) {
	if c.n == 0 {
		return 0, 1
	}
	if c.firsts() <= 0 {
		return (c.b - c.a) / c.n, 1
	}
	return (c.b - c.a) / c.n, math.Sqrt(c.seconds() / c.firsts())
}

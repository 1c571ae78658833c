package preprocess

import (
	"image"

	"github.com/clipd/clipd/preprocess/jpeg"
)

// view is what a resize reads of a picture: all its pixels, or those of a smaller decoding. left and top, width and
// height say where the picture lies in them, for a smaller one may end within its last pixel.
type view struct {
	pixels                   *image.RGBA
	samples                  image.Point // pixels, whether decoded or not
	left, top, width, height float64
}

// whole is the view of all pixels.
func whole(pixels *image.RGBA) view {
	return view{pixels, pixels.Rect.Size(), 0, 0, float64(pixels.Rect.Dx()), float64(pixels.Rect.Dy())}
}

// shrinkages are how much smaller a decoding may be, and how many times a resize's target it must still have then, in
// both directions, for the resized pixel values' cosine with those of the full picture to be 0.9999: measured on
// detailed photographs, see docs/adr/0006. At 1/8 a block is one value, its mean, which blurs more.
var shrinkages = []struct {
	scale  int
	enough float64
}{{8, 4}, {4, 3}, {2, 3}}

// shrinkage is how much smaller a width x height picture may be decoded for a resize to targetWidth x targetHeight:
// 1, 2, 4 or 8 times.
func shrinkage(width, height, targetWidth, targetHeight int) int {
	for _, s := range shrinkages {
		need := float64(s.scale) * s.enough
		if float64(width) >= need*float64(targetWidth) && float64(height) >= need*float64(targetHeight) {
			return s.scale
		}
	}
	return 1
}

// view is the smallest view with enough pixels for a resize of the picture to width x height.
func (p *Picture) view(width, height int) view {
	if p.file == nil {
		return whole(p.pixels)
	}
	scale := shrinkage(p.Width, p.Height, width, height)
	p.mu.Lock()
	defer p.mu.Unlock()
	if scale == 1 && p.pixels != nil {
		return whole(p.pixels)
	}
	if p.small.pixels != nil && p.smallScale == scale {
		return p.small
	}
	small, err := decodeSmall(p.file, p.orientation, p.Width, p.Height, scale)
	if err != nil { // can't be: it was decoded before at this scale or another
		if p.pixels != nil {
			return whole(p.pixels)
		}
		return whole(p.part)
	}
	p.small, p.smallScale = small, scale
	return small
}

// decodeSmall decodes a JPEG at 1/scale of its size, upright. width and height are those of the whole upright picture.
func decodeSmall(file []byte, orientation, width, height, scale int) (view, error) {
	stored, err := jpeg.Decode(file, scale)
	if err != nil {
		return view{}, err
	}
	v := smallView(orientation, width, height, scale)
	v.pixels = upright(stored, orientation)
	return v, nil
}

// smallView is the view that a decoding at 1/scale of a JPEG's size would give, upright: all but the pixels.
func smallView(orientation, width, height, scale int) view {
	v := view{
		samples: image.Pt((width+scale-1)/scale, (height+scale-1)/scale),
		width:   float64(width) / float64(scale),
		height:  float64(height) / float64(scale),
	}
	// What the last stored column and row have too much comes first where the orientation turns them round.
	if orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7 {
		v.left = float64(v.samples.X) - v.width
	}
	if orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8 {
		v.top = float64(v.samples.Y) - v.height
	}
	return v
}

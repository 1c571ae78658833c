package preprocess

import (
	"image"
	"math"
	"sync"

	"github.com/clipd/clipd/preprocess/jpeg"
)

// geometry is what a Spec does to a picture before it looks at colours.
type geometry struct {
	Mode                      ResizeMode
	Filter                    Filter
	ResizeHeight, ResizeWidth int
	Height, Width             int
	RoundCrop                 bool
}

func (s Spec) geometry() geometry {
	return geometry{s.Mode, s.Filter, s.ResizeHeight, s.ResizeWidth, s.Height, s.Width, s.RoundCrop}
}

// windows are, in the resized picture's pixels, what the tower sees, and of that what lies in the picture.
func (g geometry) windows(width, height int) (canvas, window image.Rectangle) {
	width, height = g.resized(width, height)
	left, top := g.offset(width, g.Width), g.offset(height, g.Height)
	canvas = image.Rect(left, top, left+g.Width, top+g.Height)
	return canvas, canvas.Intersect(image.Rect(0, 0, width, height))
}

// part is what the tower sees of the picture, resized: of a large JPEG from a smaller decoding.
func (g geometry) part(p *Picture) *image.RGBA {
	if p.part != nil && p.partOf == g {
		return p.part
	}
	width, height := g.resized(p.Width, p.Height)
	if p.file != nil && g.Filter != Nearest && (p.pixels == nil || shrinkage(p.Width, p.Height, width, height) > 1) {
		if part, err := g.decode(p); err == nil { // else it was decodable before, at another scale
			return part
		}
	}
	return g.of(p, p.view(width, height))
}

// of is what the tower sees of a view of the picture.
func (g geometry) of(p *Picture, v view) *image.RGBA {
	width, height := g.resized(p.Width, p.Height)
	_, window := g.windows(p.Width, p.Height)
	return v.resample(width, height, g.Filter, window)
}

// decoded is memory for the pixels that a resize reads, which the next picture can use again.
var decoded = sync.Pool{New: func() any { return new(canvas) }}

// decode decodes of a JPEG only the pixels that the resized part is made of.
func (g geometry) decode(p *Picture) (*image.RGBA, error) {
	width, height := g.resized(p.Width, p.Height)
	_, window := g.windows(p.Width, p.Height)
	scale := shrinkage(p.Width, p.Height, width, height)
	v := smallView(p.orientation, p.Width, p.Height, scale)
	columns, rows := v.taps(width, height, g.Filter, window)
	left, right := columns.span()
	top, bottom := rows.span()
	memory := decoded.Get().(*canvas)
	defer memory.giveTo(&decoded)
	part := image.Rect(left, top, right, bottom)
	stored, err := jpeg.DecodePart(p.file, scale, storedPart(part, v.samples, p.orientation), memory.pixels)
	if err != nil {
		return nil, err
	}
	memory.pixels = stored.Pix
	stored.Rect = stored.Rect.Sub(stored.Rect.Min)
	return resize(upright(stored, p.orientation), columns.from(left, right-left), rows.from(top, bottom-top)), nil
}

// resized is the size of the whole picture after the resize. Like torchvision and transformers it truncates the
// longer side: int(size * long / short).
func (g geometry) resized(width, height int) (w, h int) {
	switch g.Mode {
	case ResizeSquash:
		return g.ResizeWidth, g.ResizeHeight
	case ResizeShortest:
		if width <= height {
			return g.ResizeHeight, max(1, g.ResizeHeight*height/width)
		}
		return max(1, g.ResizeHeight*width/height), g.ResizeHeight
	case ResizeLongest:
		scale := float64(g.ResizeHeight) / float64(max(width, height))
		return max(1, int(math.RoundToEven(float64(width)*scale))), max(1, int(math.RoundToEven(float64(height)*scale)))
	}
	return width, height
}

// offset is where the centre crop begins in a side of the given length; negative where the side is shorter and padding
// goes in front.
func (g geometry) offset(length, target int) int {
	if !g.RoundCrop {
		return floorHalf(length - target)
	}
	if length < target {
		return -((target - length) / 2)
	}
	return int(math.RoundToEven(float64(length-target) / 2))
}

// floorHalf is n/2, rounded down also for negative n: transformers pads the extra pixel in front.
func floorHalf(n int) int { return n >> 1 }

package preprocess

import (
	"fmt"
	"image"
	"math"
)

// ResizeMode says how a picture is brought to a model's size.
type ResizeMode string

// The resize modes, with open_clip's names.
const (
	ResizeShortest ResizeMode = "shortest" // the shorter side to the size, the longer in proportion, then cropped
	ResizeSquash   ResizeMode = "squash"   // both sides to the size, proportions lost
	ResizeLongest  ResizeMode = "longest"  // the longer side to the size, then padded with Fill
	ResizeNone     ResizeMode = "none"     // not at all, only cropped
)

// Spec is a model's preprocessing: geometry and colour. ReadSpec reads it from the model's own files.
type Spec struct {
	Source string     `json:"source"` // the file it was read from
	Mode   ResizeMode `json:"resize_mode"`
	Filter Filter     `json:"resample"`
	// ResizeHeight and ResizeWidth are what Squash resizes to. Shortest and Longest use ResizeHeight alone.
	ResizeHeight int `json:"resize_height"`
	ResizeWidth  int `json:"resize_width"`
	// Height and Width of the result: of the centre crop, where there is one.
	Height int  `json:"height"`
	Width  int  `json:"width"`
	Crop   bool `json:"crop"`
	// RoundCrop rounds an odd crop offset half to even, as torchvision (open_clip) does; else it is floored, as
	// transformers does.
	RoundCrop bool       `json:"round_crop,omitempty"`
	Fill      uint8      `json:"fill_color"` // of the padding that Longest makes
	Rescale   float64    `json:"rescale_factor"`
	Mean      [3]float64 `json:"mean"` // of red, green, blue after Rescale
	Std       [3]float64 `json:"std"`
}

// Size is the height and width of the pixel values.
func (s Spec) Size() (height, width int) { return s.Height, s.Width }

// Len is how many float32 values one picture has: 3 * height * width.
func (s Spec) Len() int { return 3 * s.Height * s.Width }

// Validate checks what Pixels relies on; ReadSpec returns valid specs only.
func (s Spec) Validate() error {
	switch {
	case s.Height < 1 || s.Width < 1 || s.Height > maxTarget || s.Width > maxTarget:
		return fmt.Errorf("pixel values of %d x %d: want 1 to %d a side", s.Width, s.Height, maxTarget)
	case s.Mode != ResizeNone && (s.ResizeHeight < 1 || s.ResizeHeight > maxTarget || s.ResizeWidth > maxTarget):
		return fmt.Errorf("resize to %d x %d: want 1 to %d a side", s.ResizeWidth, s.ResizeHeight, maxTarget)
	case s.Mode == ResizeSquash && s.ResizeWidth < 1:
		return fmt.Errorf("resize to a width of %d: want 1 to %d", s.ResizeWidth, maxTarget)
	case s.Filter < Nearest || s.Filter > Hamming:
		return fmt.Errorf("resample %d: want 0 to 5", int(s.Filter))
	case !isFinite(s.Rescale) || s.Rescale == 0:
		return fmt.Errorf("rescale factor %v: want a number other than 0", s.Rescale)
	}
	for c := range 3 {
		if !isFinite(s.Mean[c]) || !isFinite(s.Std[c]) || s.Std[c] == 0 {
			return fmt.Errorf("mean %v, std %v: want finite numbers, std other than 0", s.Mean, s.Std)
		}
	}
	return nil
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// maxTarget is the largest side of pixel values that is believed; the largest towers in use want 1,024.
const maxTarget = 4096

// Pixels writes the picture's pixel values to dst: float32, channels first (3 x height x width: all red, all green,
// all blue), rescaled and normalised. dst must have Len() elements.
//
// A large JPEG is resized from a decoding at 1/2, 1/4 or 1/8 of its size, as long as three times the target
// remains; its pixel values' cosine with ExactPixels' is 0.9999 and more. All other pictures' values are ExactPixels'.
func (s Spec) Pixels(p *Picture, dst []float32) {
	s.pixels(p, s.geometry().part(p), dst)
}

// ExactPixels is Pixels without short cut: of the picture's all pixels, within one 8-bit level of Pillow and
// transformers' CLIPImageProcessor (or torchvision, for RoundCrop).
func (s Spec) ExactPixels(p *Picture, dst []float32) {
	s.pixels(p, s.geometry().of(p, p.view(p.Width, p.Height)), dst)
}

// pixels normalises the part of the picture that the spec's geometry gives.
func (s Spec) pixels(p *Picture, part *image.RGBA, dst []float32) {
	if len(dst) != s.Len() {
		panic(fmt.Sprintf("preprocess: %d pixel values; want 3 x %d x %d", len(dst), s.Height, s.Width))
	}
	canvas, window := s.geometry().windows(p.Width, p.Height)
	tables := s.tables()
	if window != canvas {
		s.fill(dst, &tables)
	}
	s.normalise(dst, part, window.Min.Sub(canvas.Min), &tables)
}

// tables are the normalised values of every 8-bit level, per channel.
func (s Spec) tables() [3][256]float32 {
	var tables [3][256]float32
	for c := range tables {
		mean, std := float32(s.Mean[c]), float32(s.Std[c])
		for level := range tables[c] {
			tables[c][level] = (float32(float64(level)*s.Rescale) - mean) / std
		}
	}
	return tables
}

// fill sets padding: Longest pads before the normalisation with Fill; a centre crop beyond the picture pads with
// black, as transformers and torchvision do.
func (s Spec) fill(dst []float32, tables *[3][256]float32) {
	level := uint8(0)
	if s.Mode == ResizeLongest {
		level = s.Fill
	}
	plane := s.Height * s.Width
	for c := range 3 {
		for i := range plane {
			dst[c*plane+i] = tables[c][level]
		}
	}
}

func (s Spec) normalise(dst []float32, part *image.RGBA, at image.Point, tables *[3][256]float32) {
	plane := s.Height * s.Width
	for y := range part.Rect.Dy() {
		line := part.Pix[y*part.Stride : y*part.Stride+4*part.Rect.Dx()]
		start := (at.Y+y)*s.Width + at.X
		red, green, blue := dst[start:], dst[plane+start:], dst[2*plane+start:]
		for x := range part.Rect.Dx() {
			p := line[4*x : 4*x+4 : 4*x+4]
			red[x], green[x], blue[x] = tables[0][p[0]], tables[1][p[1]], tables[2][p[2]]
		}
	}
}

package preprocess

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// thumbnailQuality is JPEG's quality for thumbnails: artefacts stay invisible at grid size, 256 pixels take 10-20 kB.
const thumbnailQuality = 82

// Thumbnail is the picture as a JPEG whose longer side has at most maxSide pixels: upright, without metadata, never
// enlarged.
func (p *Picture) Thumbnail(maxSide int) ([]byte, error) {
	small, err := p.Small(maxSide)
	if err != nil {
		return nil, err
	}
	return p.EncodeThumbnail(small)
}

// Small are the pixels of a thumbnail.
func (p *Picture) Small(maxSide int) (*image.RGBA, error) {
	if maxSide < 1 {
		return nil, fmt.Errorf("thumbnail of %s: longest side %d; want at least 1", p.Name, maxSide)
	}
	width, height := fitWithin(p.Width, p.Height, maxSide)
	from := p.view(width, height)
	if p.pixels != nil { // resizing them takes less time than another decoding
		from = whole(p.pixels)
	}
	return from.resample(width, height, Bilinear, image.Rect(0, 0, width, height)), nil
}

// Shrinker makes the pixels of a thumbnail while a picture is decoded, the same as Small.
type Shrinker struct{ resizer *resizer }

// NewShrinker is for a picture of width x height pixels; the longer side of its thumbnail has at most maxSide, which is at
// least 1.
func NewShrinker(width, height, maxSide int) *Shrinker {
	w, h := fitWithin(width, height, max(1, maxSide))
	v := view{nil, image.Pt(width, height), 0, 0, float64(width), float64(height)}
	return &Shrinker{newResizer(v.taps(w, h, Bilinear, image.Rect(0, 0, w, h)))}
}

// Row takes the next row; see Rows.
func (s *Shrinker) Row(pixels []uint8) { s.resizer.row(pixels) }

// Pixels are the thumbnail's, once all rows were taken.
func (s *Shrinker) Pixels() *image.RGBA { return s.resizer.done() }

// EncodeThumbnail makes a thumbnail of its pixels.
func (p *Picture) EncodeThumbnail(small *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: thumbnailQuality}); err != nil {
		return nil, fmt.Errorf("thumbnail of %s: %w", p.Name, err)
	}
	return out.Bytes(), nil
}

// fitWithin scales a size down, keeping its proportions, until neither side exceeds maxSide.
func fitWithin(width, height, maxSide int) (w, h int) {
	long := max(width, height)
	if long <= maxSide {
		return width, height
	}
	scale := func(n int) int { return max(1, (n*maxSide+long/2)/long) }
	return scale(width), scale(height)
}

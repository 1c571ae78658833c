package jpeg

import (
	"bytes"
	"image"
	"testing"
)

// TestPart: of every kind of stream, at every scale, a part has the pixels that the whole has there.
func TestPart(t *testing.T) {
	memory := make([]uint8, 4*40*40)
	for name, data := range samples(t) {
		for _, scale := range []int{1, 2, 4, 8} {
			whole, err := Decode(data, scale)
			if err != nil {
				t.Fatal(name, err)
			}
			w, h := whole.Rect.Dx(), whole.Rect.Dy()
			for _, part := range []image.Rectangle{
				image.Rect(0, 0, 1, 1), image.Rect(w-1, h-1, w, h), image.Rect(w/3, h/4, w/3+1+w/4, h/4+1+h/3),
				image.Rect(1, 0, w, h), image.Rect(0, 1, w-1, h), image.Rect(w/2, 0, w, h/2+1), image.Rect(w/5, h/2, w-w/5, h),
			} {
				if part.Empty() {
					continue
				}
				for i := range memory {
					memory[i] = 77
				}
				got, err := DecodePart(data, scale, part, memory)
				if err != nil {
					t.Fatal(name, scale, part, err)
				}
				if got.Rect != part {
					t.Fatalf("%s at 1/%d: %v; want %v", name, scale, got.Rect, part)
				}
				for y := part.Min.Y; y < part.Max.Y; y++ {
					have, want := got.Pix[got.PixOffset(part.Min.X, y):], whole.Pix[whole.PixOffset(part.Min.X, y):]
					if !bytes.Equal(have[:4*part.Dx()], want[:4*part.Dx()]) {
						t.Fatalf("%s at 1/%d, %v, row %d: % x; the whole has % x", name, scale, part, y, have[:4*part.Dx()], want[:4*part.Dx()])
					}
				}
			}
			if _, err := DecodePart(data, scale, image.Rect(0, 0, w+1, h), nil); err == nil {
				t.Errorf("%s at 1/%d: a part beyond the picture is decoded", name, scale)
			}
		}
	}
}

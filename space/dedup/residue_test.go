package dedup

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/disintegration/imaging"
)

// TestResidueTellsMarksFromOtherThings: a mark lightens or darkens; something that has moved does both.
func TestResidueTellsMarksFromOtherThings(t *testing.T) {
	img := scene(40, 320, 240)
	over := func(with color.Color, at ...image.Rectangle) image.Image {
		out := rgba(img)
		for _, r := range at {
			draw.Draw(out, r, image.NewUniform(with), image.Point{}, draw.Over)
		}
		return out
	}
	first := newView(img)
	left := func(second image.Image) residue {
		v := newView(second)
		return leftOver(first.luma, v.luma, whole(asIs, first.luma, v.luma))
	}
	if r := left(tone(img, func(v float64) float64 { return 0.8*v + 0.1 })); r.tone < 0.99 || r.off > 0.01 {
		t.Errorf("flatter and brighter: %+v", r)
	}
	if r := left(imaging.Blur(img, 1.5)); r.tone < 0.98 {
		t.Errorf("blurred: %+v", r)
	}
	for name, ink := range map[string]color.Color{"light": color.NRGBA{255, 255, 255, 140}, "dark": color.NRGBA{0, 0, 0, 140}} {
		if r := left(over(ink, image.Rect(60, 100, 260, 120), image.Rect(60, 130, 200, 150))); r.both > 0.1 || r.off == 0 {
			t.Errorf("a %s mark: %+v", name, r)
		}
	}
	out := rgba(img)
	draw.Draw(out, image.Rect(40, 60, 120, 180), img, image.Pt(200, 60), draw.Src)
	draw.Draw(out, image.Rect(200, 60, 280, 180), img, image.Pt(40, 60), draw.Src)
	if r := left(out); r.both < 0.2 {
		t.Errorf("two parts have changed places: %+v", r)
	}
}

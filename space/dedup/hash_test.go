package dedup

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestTransformedHashIsTheTransformedPicturesHash(t *testing.T) {
	for seed := range uint64(4) {
		img := scene(seed, 300, 200)
		h, _ := Hash(img)
		for i, want := range Transforms(h) {
			got, _ := Hash(turned(img, transform(i)))
			if d := got.Distance(want); d > 2 {
				t.Errorf("scene %d, %q: %d bits differ", seed, transform(i), d)
			}
		}
	}
}

func TestTransformsAreAGroup(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	h := randomHash(rnd)
	g := newGrey(5, 3)
	for i := range g.pix {
		g.pix[i] = rnd.Float32()
	}
	for tr := range transforms {
		if tr.inverse().hash(tr.hash(h)) != h {
			t.Errorf("%q of a hash is not undone", tr)
		}
		back := tr.inverse().apply(tr.apply(g))
		if back.width != g.width || back.at(4, 2) != g.at(4, 2) || back.at(1, 0) != g.at(1, 0) {
			t.Errorf("%q of a picture is not undone", tr)
		}
	}
}

func TestHashReadsAllImageTypesAlike(t *testing.T) {
	grey := image.NewGray(image.Rect(3, 5, 203, 155))
	ycc := image.NewYCbCr(image.Rect(0, 0, 200, 150), image.YCbCrSubsampleRatio420)
	for i := range ycc.Cb {
		ycc.Cb[i], ycc.Cr[i] = 128, 128
	}
	nrgba, rgba64 := image.NewNRGBA(grey.Rect), image.NewRGBA64(grey.Rect)
	source := scene(9, 200, 150)
	for y := range 150 {
		for x := range 200 {
			v := source.RGBAAt(x, y).G
			grey.SetGray(3+x, 5+y, color.Gray{Y: v})
			ycc.Y[ycc.YOffset(x, y)] = v
			nrgba.SetNRGBA(3+x, 5+y, color.NRGBA{v, v, v, 255})
			rgba64.Set(3+x, 5+y, color.Gray{Y: v})
		}
	}
	want, wantQuality := Hash(grey)
	for name, img := range map[string]image.Image{
		"YCbCr": ycc, "NRGBA": nrgba, "RGBA64": rgba64, "part": grey.SubImage(grey.Rect).(*image.Gray),
	} {
		if got, quality := Hash(img); got.Distance(want) > 1 || quality != wantQuality {
			t.Errorf("%s: %d bits differ, quality %d and %d", name, got.Distance(want), quality, wantQuality)
		}
	}
}

func TestQualityTellsFeaturelessPictures(t *testing.T) {
	if _, q := Hash(scene(1, 200, 200)); q < 90 {
		t.Errorf("a scene has quality %d", q)
	}
	board := image.NewGray(image.Rect(0, 0, 200, 200))
	for i := range board.Pix {
		board.Pix[i] = uint8((i%200/25 + i/200/25) % 2 * 255)
	}
	if _, q := Hash(board); q >= DefaultMinQuality {
		t.Errorf("a chessboard has quality %d", q)
	}
	blank := image.NewGray(image.Rect(0, 0, 64, 64))
	if h, q := Hash(blank); q != 0 || h != (space.Hash256{}) {
		t.Errorf("a black picture has quality %d and hash %v", q, h)
	}
	if _, q := Hash(image.NewGray(image.Rect(0, 0, 0, 0))); q != 0 {
		t.Errorf("an empty picture has quality %d", q)
	}
	if _, q := Hash(image.NewGray(image.Rect(0, 0, 1, 1))); q != 0 {
		t.Errorf("a picture of one pixel has quality %d", q)
	}
}

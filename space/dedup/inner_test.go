package dedup

import (
	"image"
	"image/color"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/internal/dupeset"
)

// onGround lays a picture on a larger ground.
func onGround(img image.Image, left, top, right, bottom int, ground color.Color) image.Image {
	size := img.Bounds().Size()
	return imaging.Paste(imaging.New(size.X+left+right, size.Y+top+bottom, ground), img, image.Pt(left, top))
}

func TestInnerHashIsThatOfThePictureInTheFrame(t *testing.T) {
	for seed := range uint64(4) {
		img := scene(seed, 480, 360)
		want, _ := Hash(img)
		for name, framed := range map[string]image.Image{
			"letterbox": onGround(img, 0, 60, 0, 60, color.Black),
			"pillars":   onGround(img, 50, 0, 40, 0, color.White),
			"all sides": onGround(img, 20, 35, 25, 15, color.RGBA{250, 240, 60, 255}),
		} {
			small := imaging.Fit(jpegged(t, framed, 85), 320, 320, imaging.Linear)
			inner := Inner(small)
			if d := inner.Hash.Distance(want); inner.Hash.IsZero() || d > DefaultMaxDistance || inner.Quality < DefaultMinQuality {
				t.Errorf("seed %d, %s: %d bits of another hash, quality %d", seed, name, d, inner.Quality)
			}
		}
		if inner := Inner(imaging.Fit(img, 320, 320, imaging.Linear)); !inner.Hash.IsZero() {
			t.Errorf("seed %d: a frame was seen where there is none", seed)
		}
	}
}

// TestInnerHashSeesThroughBars: those with letters and symbols on them. Some small pictures' bars are all letters.
func TestInnerHashSeesThroughBars(t *testing.T) {
	found, all := 0, 0
	for i := range 2 * len(dupeset.Kinds) {
		img := dupeset.Base(i)
		want, _ := Hash(img)
		for k, e := range dupeset.Edits() {
			if e.Name != "caption bar" && e.Name != "screenshot frame" {
				continue
			}
			rnd := newRandom(t, uint64(100*i+k))
			inner := Inner(imaging.Fit(jpegged(t, e.Do(img, rnd), 85), 320, 320, imaging.Linear))
			all++
			if !inner.Hash.IsZero() && inner.Hash.Distance(want) <= DefaultMaxDistance {
				found++
			}
		}
	}
	if all != 4*len(dupeset.Kinds) || found < all/2 {
		t.Errorf("%d of %d pictures were found behind their bars", found, all)
	}
}

func TestInnerOfOddPictures(t *testing.T) {
	for _, size := range []image.Point{{}, {X: 1, Y: 1}, {X: 1, Y: 200}, {X: 3, Y: 2}, {X: 200, Y: 4}} {
		if inner := Inner(image.NewGray(image.Rectangle{Max: size})); !inner.Hash.IsZero() {
			t.Errorf("a black picture of %v has a frame", size)
		}
	}
}

// TestFramedCopiesAreFoundByTheirHashes: without vectors, and on pictures whose corners say little.
func TestFramedCopiesAreFoundByTheirHashes(t *testing.T) {
	var g gallery
	first, second := scene(300, 480, 360), scene(301, 400, 400)
	g.add(t, "first", first)
	g.add(t, "first, letterboxed", onGround(first, 0, 50, 0, 50, color.Black))
	g.add(t, "first, framed and mirrored", imaging.FlipH(onGround(first, 30, 40, 20, 60, color.White)))
	g.add(t, "second", second)
	g.add(t, "second, in two frames", onGround(second, 70, 0, 70, 0, color.Black))
	for i := range g.items {
		g.items[i].Picture.Inner = Inner(decodeImage(t, g.thumbnails[g.items[i].ID]))
	}
	groups, err := Find(t.Context(), g.items, nil, &g, Options{})
	if err != nil || len(groups) != 2 || len(groups[0].Copies) != 2 && len(groups[1].Copies) != 2 {
		t.Fatal(summary(groups), err)
	}
	alone, err := Find(t.Context(), g.items, nil, nil, Options{})
	for _, group := range alone { // without pixels the hash of what a frame holds is near another, and proves nothing
		for _, m := range group.Copies {
			if m.Proof.Distance > DefaultMaxDistance {
				t.Errorf("%+v", m.Proof)
			}
		}
	}
	if err != nil {
		t.Error(err)
	}
}

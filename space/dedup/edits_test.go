package dedup

import (
	"image"
	"math/rand/v2"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/internal/dupeset"
)

// thumbnail is a picture as it is compared: through a small JPEG.
func thumbnail(t testing.TB, img image.Image) *view {
	t.Helper()
	return decodeView(jpegBytes(t, imaging.Fit(img, 320, 320, imaging.Linear), 82))
}

// hint is the transform that the hashes of two pictures tell.
func hint(a, b image.Image) transform {
	first, _ := Hash(a)
	second, _ := Hash(b)
	if t, d := nearestTransform(first, second); d <= farthestHint {
		return t
	}
	return asIs
}

// TestEditsAreRecognised lays edited pictures over their originals; bench/dupes does so with thousands.
func TestEditsAreRecognised(t *testing.T) {
	missed, all := 0, 0
	for i := range len(dupeset.Kinds) {
		img := dupeset.Base(i)
		first := thumbnail(t, img)
		for k, e := range dupeset.Edits() {
			if (i+k)%3 != 0 {
				continue
			}
			rnd := rand.New(rand.NewPCG(uint64(i), uint64(k)))
			edited := jpegged(t, e.Do(img, rnd), e.Quality(rnd))
			found := compare(first, thumbnail(t, edited), hint(img, edited))
			all++
			if !found.proves() {
				missed++
				t.Logf("%s, %s: %+v", dupeset.Kinds[i], e.Name, found)
			}
		}
	}
	if all < 40 || missed > all/20 {
		t.Errorf("%d of %d copies were not recognised", missed, all)
	}
}

// TestAlikeIsNoCopy: bursts, other sides of a thing, other texts in one layout, and other pictures of one kind.
func TestAlikeIsNoCopy(t *testing.T) {
	pairs := 0
	no := func(what string, a, b image.Image) {
		pairs++
		if found := compare(thumbnail(t, a), thumbnail(t, b), hint(a, b)); found.proves() {
			t.Errorf("%s: %+v", what, found)
		}
	}
	for i := range 2 * len(dupeset.AlikeKinds) {
		alike := dupeset.NewAlike(i)
		no(alike.Kind, alike.Images[0], alike.Images[1])
		no(alike.Kind, alike.Images[2], alike.Images[1])
	}
	for i := range 2 * len(dupeset.Kinds) {
		no("another "+dupeset.Kinds[i%len(dupeset.Kinds)], dupeset.Base(i), dupeset.Base(i+len(dupeset.Kinds)))
	}
	if pairs < 20 {
		t.Errorf("%d pairs prove little", pairs)
	}
}

// TestEditsAreTold: what people read of an edit.
func TestEditsAreTold(t *testing.T) {
	img := dupeset.Base(0)
	first := thumbnail(t, img)
	for name, c := range map[string]struct {
		edited image.Image
		want   string
	}{
		"cropped":  {imaging.Crop(img, image.Rect(40, 30, 460, 330)), "cropped"},
		"framed":   {imaging.Paste(imaging.New(img.Rect.Dx(), img.Rect.Dy()+60, image.White), img, image.Pt(0, 0)), "framed"},
		"tilted":   {imaging.CropCenter(imaging.Rotate(img, 2.5, image.Black), 440, 330), "tilted"},
		"grey":     {imaging.Grayscale(img), "grey"},
		"brighter": {imaging.AdjustBrightness(img, 12), "brighter"},
		"darker":   {imaging.AdjustBrightness(img, -12), "darker"},
		"contrast": {imaging.AdjustContrast(img, -40), "less contrast"},
		"blurred":  {imaging.Blur(img, 5), "blurred"},
	} {
		found := compare(first, thumbnail(t, c.edited), asIs)
		proof := found.evidence(first, thumbnail(t, c.edited))
		told := false
		for _, edit := range proof.Edits {
			told = told || string(edit) == c.want
		}
		if !found.proves() || !told {
			t.Errorf("%s: proven %v, told %q", name, found.proves(), proof.Edits)
		}
	}
	same := compare(first, thumbnail(t, imaging.Resize(img, 200, 0, imaging.Box)), asIs)
	if proof := same.evidence(first, first); len(proof.Edits) != 0 {
		t.Errorf("a resized picture was %q", proof.Edits)
	}
}

func TestCompareOddPictures(t *testing.T) {
	whole := newView(scene(1, 320, 240))
	for _, size := range [][2]int{{1, 1}, {1, 300}, {2, 2}, {7, 9}, {160, 3}, {300, 40}} {
		odd := newView(scene(2, size[0], size[1]))
		for hint := range transforms {
			for _, found := range []agreement{compare(whole, odd, hint), compare(odd, whole, hint)} {
				if found.proves() {
					t.Errorf("%v: %+v", size, found)
				}
				found.evidence(whole, odd)
			}
		}
		compare(odd, odd, asIs)
	}
	flat := newView(image.NewGray(image.Rect(0, 0, 200, 100)))
	if found := compare(flat, flat, asIs); found.proves() {
		t.Errorf("two black pictures: %+v", found)
	}
}

// TestCompareTellsThePlace checks where a part is found, not only that it is.
func TestCompareTellsThePlace(t *testing.T) {
	img := scene(3, 480, 360)
	found := compare(newView(img), newView(cropped(img, .2, .1, .1, .2)), asIs)
	x, y := found.at(0, 0)
	right, bottom := found.at(192, 192*252/336)
	for name, c := range map[string][2]float64{
		"left": {x, .2 * 192}, "top": {y, .1 * 144}, "right": {right, .9 * 192}, "bottom": {bottom, .8 * 144},
	} {
		if c[0] < c[1]-1 || c[0] > c[1]+1 {
			t.Errorf("%s: %.2f; want %.2f", name, c[0], c[1])
		}
	}
	if turned, tilt := found.transform(); turned != asIs || tilt > 0.2 || !found.proves() {
		t.Errorf("%v, tilted %.2f: %+v", turned, tilt, found)
	}
}

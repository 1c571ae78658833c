package dedup

import (
	"image"
	"testing"
)

func TestFindCropOfOddPictures(t *testing.T) {
	whole := smallGrey(scene(1, 320, 240))
	for _, size := range [][2]int{{1, 1}, {1, 300}, {2, 2}, {7, 9}, {160, 3}, {300, 40}} {
		odd := smallGrey(scene(2, size[0], size[1]))
		for _, found := range []crop{findCrop(whole, odd), findCrop(odd, whole), findCrop(odd, odd)} {
			if found.proves() && found.detail < 0.99 {
				t.Errorf("%v: %+v", size, found)
			}
		}
	}
	flat := smallGrey(image.NewGray(image.Rect(0, 0, 200, 100)))
	if found := findCrop(flat, flat); found.proves() {
		t.Errorf("two black pictures: %+v", found)
	}
}

// TestFindCropTellsThePlace checks where a part is found, not only that it is.
func TestFindCropTellsThePlace(t *testing.T) {
	img := scene(3, 480, 360)
	found := findCrop(smallGrey(img), smallGrey(cropped(img, .2, .1, .1, .2)))
	for name, c := range map[string][2]float64{
		"x": {found.x, .2 * 160}, "y": {found.y, .1 * 120}, "width": {found.width, .7 * 160}, "height": {found.height, .7 * 120},
	} {
		if c[0] < c[1]-1 || c[0] > c[1]+1 {
			t.Errorf("%s: %.2f; want %.2f", name, c[0], c[1])
		}
	}
	if found.transform != asIs || found.inside || !found.proves() {
		t.Errorf("found %+v", found)
	}
}

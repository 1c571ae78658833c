package dedup

import (
	"image"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

// originals are the scenes of the table: of several shapes and sizes.
func originals(n int) []image.Image {
	sizes := [][2]int{{480, 360}, {360, 480}, {400, 400}, {640, 360}}
	all := make([]image.Image, n)
	for i := range all {
		all[i] = scene(uint64(i), sizes[i%len(sizes)][0], sizes[i%len(sizes)][1])
	}
	return all
}

// TestEditsAreRecognised makes the table from which the defaults come (go test -v), and holds it.
func TestEditsAreRecognised(t *testing.T) {
	pictures := originals(8)
	if testing.Short() {
		pictures = pictures[:4]
	}
	table(t, pictures)
}

func table(t *testing.T, pictures []image.Image) {
	hashes := make([]space.Hash256, len(pictures))
	small := make([]grey, len(pictures))
	for i, img := range pictures {
		hashes[i], _ = Hash(img)
		small[i] = smallGrey(img)
	}
	t.Logf("%-42s %18s %8s | %22s %9s", "edit", "distance", "hash", "crop: detail", "found")
	for _, e := range edits() {
		var distances []int
		var detail []float64
		apart := 0 // of the common parts of crops
		byHash, byCrop := 0, 0
		for i, img := range pictures {
			edited := e.do(t, img)
			h, _ := Hash(edited)
			_, d := nearestTransform(hashes[i], h)
			distances = append(distances, d)
			if d <= DefaultMaxDistance {
				byHash++
			}
			found := findCrop(small[i], smallGrey(edited))
			detail = append(detail, found.detail)
			if found.proves() {
				byCrop++
				apart = max(apart, found.distance)
			}
		}
		slices.Sort(distances)
		slices.Sort(detail)
		n := len(pictures)
		t.Logf("%-42s median %3d max %3d %4d/%-3d | median %5.2f min %5.2f %5d/%-3d apart %d", e.name, distances[n/2], distances[n-1], byHash, n,
			detail[n/2], detail[0], byCrop, n, apart)
		if !e.isCrop && byHash < n*95/100 {
			t.Errorf("%s: %d of %d recognised by their hashes", e.name, byHash, n)
		}
		if e.isCrop && byCrop < n*95/100 {
			t.Errorf("%s: %d of %d recognised as crops", e.name, byCrop, n)
		}
	}
	others(t, hashes, small)
}

// others looks at pairs of different pictures, none of which may be taken for copies.
func others(t *testing.T, hashes []space.Hash256, small []grey) {
	least, greatest, pairs := hashSide*hashSide, -1.0, 0
	var closest [2]int
	for i := range hashes {
		for j := range i {
			pairs++
			_, d := nearestTransform(hashes[i], hashes[j])
			least = min(least, d)
			if d <= DefaultMaxDistance {
				t.Errorf("pictures %d and %d: their hashes are %d apart", j, i, d)
			}
			found := findCrop(small[i], small[j])
			if found.detail > greatest {
				greatest, closest = found.detail, [2]int{j, i}
			}
			if found.proves() {
				t.Errorf("pictures %d and %d: taken for crops: %+v", j, i, found)
			}
		}
	}
	t.Logf("%d pairs of different pictures: least distance %d, greatest detail %.2f (%v)", pairs, least, greatest, closest)
}

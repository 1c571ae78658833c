package main

import (
	"bytes"
	"image"
	"path/filepath"
	"testing"

	"github.com/clipd/clipd/space/knn/bench"
)

func TestCropsAreTheSameForASeed(t *testing.T) {
	photos, err := decodedPhotos()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range 50 {
		a, errA := crop(photos, 1, i)
		b, errB := crop(photos, 1, i)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Fatalf("crop %d: %v, %v, or another the second time", i, errA, errB)
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(a)); err != nil || max(c.Width, c.Height) > cropSide || min(c.Width, c.Height) < 8 {
			t.Errorf("crop %d is %d × %d: %v", i, c.Width, c.Height, err)
		}
		seen[string(a)] = true
	}
	if len(seen) < 49 {
		t.Errorf("only %d of 50 crops differ", len(seen))
	}
}

func TestBenchKNNOnCropsMeasuresAModelsVectors(t *testing.T) {
	c, dir := newCLI(t), filepath.Join(t.TempDir(), "run")
	args := []string{"bench", "knn", "--vectors", "crops", "--n", "120", "--queries", "10", "--seconds", "0.01", "--dir", dir, "--codes-from", "50", "--lists-from", "100", "--json"}
	first := decode[bench.Report](t, c.must(t, 0, args...))
	if first.Dim != 384 || first.N != 120 || first.At("clipd lists", "image", 0.5).QPS == 0 || first.At("clipd lists", "text", 0.5).QPS == 0 {
		t.Errorf("%+v", first)
	}
	if g := first.Geometry; g.ImageImage <= g.TextImage || g.ImageImage >= 1 || g.Participation < 2 {
		t.Errorf("images of 14 photographs lie so: %+v", g)
	}
	again := decode[bench.Report](t, c.must(t, 0, append(args, "--reuse")...))
	if again.Geometry != first.Geometry || again.Builds[0] != first.Builds[0] {
		t.Errorf("%+v, then %+v", first.Geometry, again.Geometry)
	}
}

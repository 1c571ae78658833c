package main

import (
	"encoding/json"
	"testing"

	"github.com/clipd/clipd/preprocess"
)

func TestHeldUprightIsStoredOnItsSide(t *testing.T) {
	photo, err := benchPhoto(size{64, 48}, 1)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := preprocess.Decode("photo.jpg", heldUpright(photo), preprocess.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if picture.Width != 48 || picture.Height != 64 {
		t.Errorf("got %d x %d; want 48 x 64", picture.Width, picture.Height)
	}
}

func TestBenchIndexTakesEveryPhotographIn(t *testing.T) {
	if testing.Short() {
		t.Skip("it draws photographs of 12 megapixels")
	}
	needLibrary(t)
	c := newCLI(t)
	got := c.must(t, exitDone, "bench", "index", "--images", "1", "--json")
	var report indexReport
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != len(indexKinds) {
		t.Fatalf("%d results; want %d", len(report.Results), len(indexKinds))
	}
	for _, r := range report.Results {
		if r.Images != 1 || r.Rate <= 0 || r.CPU <= 0 || r.Bytes == 0 {
			t.Errorf("got %+v", r)
		}
	}
}

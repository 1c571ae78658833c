package dedup

import (
	"context"
	"image"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestCheckFindsTheOriginalAndSaysWhy(t *testing.T) {
	g := copies(t)
	cat := scene(100, 480, 360)
	var all []Candidate
	for _, item := range g.items {
		all = append(all, Candidate{Item: item, Cosine: 0.95})
	}
	probe := func(img image.Image) Probe {
		hash, quality := Hash(img)
		return Probe{Image: img, Item: space.Item{Kind: space.Image, Picture: &space.Picture{Width: 1, Height: 1, Hash: hash, HashQuality: quality}}}
	}
	for i := range all {
		all[i].Hashed = true
	}
	matches, err := Check(context.Background(), probe(resize(cat, 0.4)), all, g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var cats []string
	for _, m := range matches {
		if m.Proof.Level == space.Duplicate {
			cats = append(cats, m.Item.ID)
		}
	}
	slices.Sort(cats)
	if want := []string{"cat", "cat again", "cat cropped", "cat cropped and mirrored", "cat mirrored", "cat repacked", "cat small"}; !slices.Equal(cats, want) {
		t.Errorf("copies of %q; want %q", cats, want)
	}
	if last := matches[len(matches)-1]; last.Proof.Level != space.Similar || last.Proof.Evidence != space.Semantic || last.Proof.Cosine != 0.95 {
		t.Errorf("the last is %+v", last.Proof)
	}
	exact := probe(cat)
	exact.Item.SHA256 = "bytes of cat"
	if matches, err = Check(context.Background(), exact, all, g, Options{}); err != nil || matches[0].Proof.Evidence != space.SameBytes {
		t.Errorf("%+v, %v", matches, err)
	}
	if matches, err = Check(context.Background(), exact, nil, g, Options{}); err != nil || len(matches) != 0 {
		t.Errorf("without candidates: %+v, %v", matches, err)
	}
}

func TestNearHashesOfAProbe(t *testing.T) {
	var x Hashes
	cat := scene(100, 480, 360)
	for i, img := range []image.Image{cat, scene(3, 480, 360), turned(cat, rotated90)} {
		h, _ := Hash(img)
		x.Put(uint32(10+i), h)
	}
	h, _ := Hash(resize(cat, 0.5))
	got := x.Near(h, Options{})
	slices.Sort(got)
	if !slices.Equal(got, []uint32{10, 12}) {
		t.Errorf("got slots %v; want 10 and 12", got)
	}
	if got := x.Near(h, Options{MaxDistance: -1}); got != nil {
		t.Errorf("hashes turned off: %v", got)
	}
}

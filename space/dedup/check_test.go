package dedup

import (
	"context"
	"fmt"
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
	got, err := Check(context.Background(), probe(resize(cat, 0.4)), all, g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	matches := got.Matches
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
	if got, err = Check(context.Background(), exact, all, g, Options{}); err != nil || got.Matches[0].Proof.Evidence != space.SameBytes {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = Check(context.Background(), exact, nil, g, Options{}); err != nil || len(got.Matches) != 0 || got.Level != "" {
		t.Errorf("without candidates: %+v, %v", got, err)
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

func TestCheckSaysHowManyItLeft(t *testing.T) {
	cat := scene(100, 480, 360)
	g := &gallery{}
	for i := range 3 * enoughCopies {
		g.add(t, fmt.Sprintf("cat %02d", i), resize(cat, 0.5+0.01*float64(i)))
	}
	g.add(t, "far", scene(101, 480, 360))
	var all []Candidate
	for _, item := range g.items {
		all = append(all, Candidate{Item: item, Cosine: 0.97, Hashed: true})
	}
	all[len(all)-1] = Candidate{Item: g.items[len(all)-1], Cosine: DefaultMinCosine - cropMargin - 0.01}
	hash, quality := Hash(cat)
	probe := Probe{Image: cat, Item: space.Item{Kind: space.Image, Picture: &space.Picture{Width: 1, Height: 1, Hash: hash, HashQuality: quality}}}
	got, err := Check(context.Background(), probe, all, g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	proven := 0
	for _, m := range got.Matches {
		if m.Item.ID == "far" {
			t.Errorf("a picture that is far by vector is %+v", m.Proof)
		}
		if m.Proof.Level == space.Duplicate {
			proven++
		}
	}
	if proven != enoughCopies || got.Unchecked != 2*enoughCopies || len(got.Matches) != 3*enoughCopies {
		t.Errorf("%d proven, %d left, %d matches in all", proven, got.Unchecked, len(got.Matches))
	}
	if got.Level != space.Duplicate {
		t.Errorf("level %q", got.Level)
	}
}

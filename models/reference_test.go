package models

import (
	"context"
	"encoding/json"
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/preprocess"
)

// The files in starter/testdata are made by the scripts that build the starter: what the original fp32 tower (PyTorch)
// and the shipped graphs (ONNX Runtime in Python) make of a list of sentences, and of pictures made by a formula.

func readStarterData(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("starter/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestTextsEqualTheOriginalTower(t *testing.T) {
	m, ctx := openStarter(t), context.Background()
	encoder, err := m.text.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	type sentence struct {
		Text   string
		IDs    []int64
		Vector []float32
	}
	for _, file := range []struct {
		name  string
		least float64 // cosine; the shipped weights have 8 bits, the original's 32
	}{{"text.json", 0.99999}, {"text_reference.json", 0.99}} {
		var golden struct{ Sentences []sentence }
		readStarterData(t, file.name, &golden)
		if len(golden.Sentences) == 0 {
			t.Fatalf("%s has no sentences", file.name)
		}
		for _, want := range golden.Sentences {
			tokens, err := encoder.Tokenize(want.Text)
			if err == nil && strings.Contains(want.Text, "[SEP]") {
				// The reference obeys control words that a user writes out; here they are text, on purpose.
				if inside := tokens.IDs[1 : len(tokens.IDs)-1]; slices.Contains(inside, tokens.IDs[0]) {
					t.Errorf("%s: %.40q: a control token inside of %v", file.name, want.Text, inside)
				}
				continue
			}
			if err != nil || want.IDs != nil && !slices.Equal(tokens.IDs, want.IDs) {
				t.Errorf("%s: %.40q: ids %v, %v; want %v", file.name, want.Text, tokens.IDs, err, want.IDs)
			}
			if want.Vector == nil {
				continue // of some the script kept ids alone
			}
			got, err := m.EncodeTexts(ctx, []string{want.Text})
			if err != nil {
				t.Fatal(err)
			}
			if c := got[0].Cosine(reference(t, want.Vector)); c < file.least {
				t.Errorf("%s: %.40q: cosine %.6f; want at least %v", file.name, want.Text, c, file.least)
			}
		}
	}
}

// patterned is the formula of starter/build/goldens.py.
func patterned(width, height, seed int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, dy := 2*x-width, 2*y-height
			p := img.Pix[img.PixOffset(x, y):]
			p[0] = uint8(x*255/width + seed*31)
			p[1] = uint8((dx*dx + dy*dy) / (40 + 3*seed))
			p[2] = uint8((x * (seed + 2)) ^ (y * (seed + 3)))
			p[3] = 255
			if (x/(16+seed)+y/24)%5 == 0 {
				p[0], p[1], p[2] = 240, uint8(20*seed), 90
			}
		}
	}
	return img
}

func TestPatternsEqualPython(t *testing.T) {
	var golden struct {
		Pictures []struct {
			Name                string
			Width, Height, Seed int
			Vector              []float32
		}
	}
	readStarterData(t, "images.json", &golden)
	if len(golden.Pictures) == 0 {
		t.Fatal("no pictures")
	}
	m := openStarter(t)
	for _, want := range golden.Pictures {
		picture := preprocess.FromImage(want.Name, patterned(want.Width, want.Height, want.Seed))
		got, err := m.EncodePictures(context.Background(), []*preprocess.Picture{picture})
		if err != nil {
			t.Fatal(err)
		}
		c := got[0].Cosine(reference(t, want.Vector))
		t.Logf("%s: cosine %.7f", want.Name, c)
		if c < 0.999 {
			t.Errorf("%s: cosine %.6f; want at least 0.999", want.Name, c)
		}
	}
}

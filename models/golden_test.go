package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// starterGolden is what Python's own tools make of the starter; testdata/make.py writes it and names the versions.
type starterGolden struct {
	SHA256 map[string]string
	Texts  []struct {
		Text   string
		IDs    []int64
		Vector []float32
	}
	Pictures []struct {
		File   string
		Vector []float32
	}
}

func readStarterGolden(t *testing.T) starterGolden {
	t.Helper()
	data, err := os.ReadFile("testdata/starter.json")
	if err != nil {
		t.Fatal(err)
	}
	var g starterGolden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Texts) == 0 || len(g.Pictures) == 0 {
		t.Fatal("the golden is empty")
	}
	for name, want := range g.SHA256 {
		file, err := fs.ReadFile(Starter().FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != want {
			t.Fatalf("the starter's %s is another one than testdata/starter.json was made of; run testdata/make.py", name)
		}
	}
	return g
}

func TestTextsEqualPython(t *testing.T) {
	m, ctx := openStarter(t), context.Background()
	encoder, err := m.text.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range readStarterGolden(t).Texts {
		tokens, err := encoder.Tokenize(want.Text)
		if err != nil || !slices.Equal(tokens.IDs, want.IDs) {
			t.Errorf("%.40q: ids %v, %v; the reference's %v", want.Text, tokens.IDs, err, want.IDs)
			continue
		}
		got, err := m.EncodeTexts(ctx, []string{want.Text})
		if err != nil {
			t.Fatal(err)
		}
		if c := got[0].Cosine(reference(t, want.Vector)); c < 0.99999 {
			t.Errorf("%.40q: cosine %.7f with the reference", want.Text, c)
		}
	}
}

// leastCosine is how near a picture's vector must come to the reference's. Lossless formats and WebP decode to the same
// pixels. JPEG's inverse DCT is Go's, not libjpeg's: a level of difference here and there, which these small noisy
// patterns, enlarged sevenfold and of no kind that the starter knows, turn into more than photographs do.
var leastCosine = map[string]float64{"jpeg": 0.99, "png": 0.99999, "webp": 0.99999, "bmp": 0.99999}

func TestPicturesEqualPython(t *testing.T) {
	m := openStarter(t)
	for _, want := range readStarterGolden(t).Pictures {
		data, err := os.ReadFile(filepath.Join("../preprocess/testdata/decode", want.File))
		if err != nil {
			t.Fatal(err)
		}
		p, err := preprocess.Decode(want.File, data, preprocess.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.EncodePictures(context.Background(), []*preprocess.Picture{p})
		if err != nil {
			t.Fatal(err)
		}
		c := got[0].Cosine(reference(t, want.Vector))
		t.Logf("%s: cosine %.7f", want.File, c)
		if c < leastCosine[p.Format] {
			t.Errorf("%s: cosine %.7f with the reference", want.File, c)
		}
	}
}

func reference(t *testing.T, components []float32) space.Vector {
	t.Helper()
	v, err := space.FromUnit(components)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

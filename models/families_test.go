package models

import (
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
)

// The folder testdata/families holds, of each family, a small model with random weights and what the family's
// reference implementation makes of texts and pictures; testdata/goldens made both.

// familyGolden is what a reference implementation answers.
type familyGolden struct {
	Family    string
	Reference string
	Texts     []struct {
		Text   string
		IDs    []int64
		Vector []float32
	}
	Pictures []goldenPicture
}

type goldenPicture struct {
	File   string // from the repository's root
	Levels []byte // pixel values as 0 to 255, [height, width, 3]; not of all
	Vector []float32
}

// leastFamilyCosine is the promise: end to end, from file bytes and from text, against the reference implementation.
// JPEGs many times larger than the tower's target are decoded smaller first; package preprocess holds how near their
// pixels come. leastSmallCosine only says that nothing else went wrong: these random towers, which see 32 pixels a side of
// photographs of 512, amplify the difference.
const (
	leastFamilyCosine = 0.9999
	leastSmallCosine  = 0.97
)

// families are the zips of testdata/families, each with those that it is laid over.
var families = map[string][]string{
	"clip": nil, "clip-combined": nil, "openclip": nil, "immich": nil, "mobileclip": nil, "siglip": nil, "siglip2": nil,
	"jina-clip-v1": nil, "jina-clip-v2": nil, "chinese-clip": nil, "sentence": nil,
	"sentence-cls": {"sentence"}, "sentence-lasttoken": {"sentence"}, "sentence-weightedmean": {"sentence"}, "sentence-dense": {"sentence"},
}

// familyFolder is a family's folder: the zip laid over others.
func familyFolder(t testing.TB, name string, over ...string) Folder {
	t.Helper()
	var layers layered
	for _, zipped := range append([]string{name}, over...) {
		r, err := zip.OpenReader(filepath.Join("testdata/families", zipped+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		layers = append(layers, r)
	}
	if len(layers) == 1 {
		return Folder{Name: name, FS: layers[0]}
	}
	dir := filepath.Join(t.TempDir(), name)
	for _, layer := range slices.Backward(layers) { // the last one first, so that the first one's files stay
		extract(t, layer, dir)
	}
	return DirFolder(dir)
}

func extract(t testing.TB, from fs.FS, dir string) {
	t.Helper()
	names, err := filesOf(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func openFamily(t testing.TB, folder Folder, opts Options) (*Model, error) {
	t.Helper()
	runtime, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if opts.Provider == "" {
		opts.Provider = os.Getenv("CLIPD_TEST_PROVIDER") // as `make openvino` sets it
	}
	m, err := Open(context.Background(), folder, runtime, opts)
	if err == nil {
		t.Cleanup(func() { m.Close() })
	}
	return m, err
}

func mustOpenFamily(t testing.TB, folder Folder, opts Options) *Model {
	t.Helper()
	m, err := openFamily(t, folder, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readJSONFile(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFamiliesEqualTheirReference(t *testing.T) {
	entries, err := filepath.Glob("testdata/families/*.json")
	if err != nil || len(entries) < len(families) {
		t.Fatalf("%d goldens for %d families: %v", len(entries), len(families), err)
	}
	for name, over := range families {
		t.Run(name, func(t *testing.T) {
			var golden familyGolden
			readJSONFile(t, "testdata/families/"+name+".json", &golden)
			checkGolden(t, mustOpenFamily(t, familyFolder(t, name, over...), Options{}), golden, "..")
		})
	}
}

// checkGolden holds a model against what its reference answers; root is the repository's.
func checkGolden(t *testing.T, m *Model, golden familyGolden, root string) {
	t.Helper()
	ctx := context.Background()
	if len(golden.Texts) == 0 && len(golden.Pictures) == 0 {
		t.Fatal("the golden is empty")
	}
	furthest, furthestSmall := 1.0, 1.0
	defer func() {
		t.Logf("least cosine with %s: %.7f; of pictures decoded smaller: %.5f", golden.Reference, furthest, furthestSmall)
	}()
	for _, want := range golden.Texts {
		encoder, err := m.text.get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := encoder.Tokenize(want.Text)
		if err != nil || !slices.Equal(tokens.IDs, want.IDs) {
			t.Errorf("%.40q: ids %v, %v; want %v", want.Text, tokens.IDs, err, want.IDs)
			continue
		}
		got, err := m.EncodeTexts(ctx, []string{want.Text})
		if err != nil {
			t.Fatal(err)
		}
		c := got[0].Cosine(reference(t, want.Vector))
		if furthest = min(furthest, c); c < leastFamilyCosine {
			t.Errorf("%.40q: cosine %.7f with %s", want.Text, c, golden.Reference)
		}
	}
	for _, want := range golden.Pictures {
		small := readPicture(t, filepath.Join(root, want.File))
		picture := preprocess.FromImage(small.Name, small.Image()) // all pixels, and no file to decode smaller
		if want.Levels != nil {
			checkLevels(t, m.imageSpec, picture, want.Levels)
		}
		got, err := m.EncodePictures(ctx, []*preprocess.Picture{picture, small})
		if err != nil {
			t.Fatal(err)
		}
		whole, smaller := got[0].Cosine(reference(t, want.Vector)), got[1].Cosine(reference(t, want.Vector))
		furthest, furthestSmall = min(furthest, whole), min(furthestSmall, smaller)
		if whole < leastFamilyCosine || smaller < leastSmallCosine {
			t.Errorf("%s: cosine %.7f, decoded smaller %.7f, with %s", want.File, whole, smaller, golden.Reference)
		}
	}
}

func readPicture(t testing.TB, path string) *preprocess.Picture {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := preprocess.Decode(filepath.Base(path), data, preprocess.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// checkLevels compares pixel values with the reference's: at most 2 levels of 255 apart, 0.05 on average.
func checkLevels(t *testing.T, spec preprocess.Spec, p *preprocess.Picture, want []byte) {
	t.Helper()
	pixels := make([]float32, spec.Len())
	spec.Pixels(p, pixels)
	if len(want) != len(pixels) {
		t.Fatalf("%s: %d pixel values; the reference has %d", p.Name, len(pixels), len(want))
	}
	height, width := spec.Size()
	plane, worst, sum := height*width, 0.0, 0.0
	for i, x := range pixels {
		c, at := i/plane, i%plane
		level := math.Round((float64(x)*spec.Std[c] + spec.Mean[c]) / spec.Rescale)
		difference := math.Abs(level - float64(want[3*at+c]))
		worst, sum = max(worst, difference), sum+difference
	}
	if mean := sum / float64(len(pixels)); worst > 2 || mean > 0.05 {
		t.Errorf("%s: pixels differ by up to %v levels, %.4f on average", p.Name, worst, mean)
	}
}

// sentencesOf is the list that tokenizers are compared on.
func sentencesOf(t testing.TB) []string {
	t.Helper()
	file, err := os.Open("testdata/sentences.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

// goldenIDs are of each tokenizer and sentence the first 4 bytes of the SHA-256 of the ids, written "1 2 3".
type goldenIDs struct {
	Sentences  int
	Tokenizers map[string][]byte
}

func TestIDsEqualTheReferenceOnAllSentences(t *testing.T) {
	var golden goldenIDs
	readJSONFile(t, "testdata/ids.json", &golden)
	texts := sentencesOf(t)
	if len(texts) < 2000 || len(texts) != golden.Sentences || len(golden.Tokenizers) < 7 {
		t.Fatalf("%d sentences, goldens of %d for %d tokenizers", len(texts), golden.Sentences, len(golden.Tokenizers))
	}
	for name, sums := range golden.Tokenizers {
		t.Run(name, func(t *testing.T) {
			checkIDs(t, mustOpenFamily(t, familyFolder(t, name), Options{Lazy: true}), texts, sums)
		})
	}
}

func checkIDs(t *testing.T, m *Model, texts []string, sums []byte) {
	t.Helper()
	encoder, err := m.text.get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(sums) != 4*len(texts) {
		t.Fatalf("%d bytes of hashes for %d sentences", len(sums), len(texts))
	}
	wrong := 0
	for i, text := range texts {
		tokens, err := encoder.Tokenize(text)
		if err != nil {
			t.Errorf("%.60q: %v", text, err)
			continue
		}
		sum := sha256.Sum256([]byte(strings.Trim(fmt.Sprint(tokens.IDs), "[]")))
		if !slices.Equal(sum[:4], sums[4*i:4*i+4]) {
			if wrong++; wrong <= 10 {
				t.Errorf("%.60q: ids %v are not the reference's", text, tokens.IDs)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d sentences have other ids", wrong, len(texts))
	}
}

func TestVariantsEqualPython(t *testing.T) {
	var golden struct {
		Variants map[string]struct{ Texts, Pictures [][]float32 }
	}
	readJSONFile(t, "testdata/families/clip-variants.json", &golden)
	var plain familyGolden
	readJSONFile(t, "testdata/families/clip.json", &plain)
	folder, ctx := familyFolder(t, "clip-variants", "clip"), context.Background()
	for variant, want := range golden.Variants {
		asked := variant
		if variant == "int8" {
			asked = "int8/uint8"
		}
		m, err := openFamily(t, folder, Options{Variant: asked})
		if err != nil && errors.Is(err, ort.ErrGraph) && os.Getenv("CLIPD_TEST_PROVIDER") != "" {
			t.Logf("%s: not on this execution provider: %.200v", variant, err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range plain.Texts {
			got, err := m.EncodeTexts(ctx, []string{text.Text})
			if err != nil {
				t.Fatal(err)
			}
			if c := got[0].Cosine(reference(t, want.Texts[i])); c < leastVariantCosine[variant] {
				t.Errorf("%s: %.40q: cosine %.7f", variant, text.Text, c)
			}
		}
		for i, vector := range want.Pictures {
			picture := readPicture(t, "../"+plain.Pictures[i].File)
			got, err := m.EncodePictures(ctx, []*preprocess.Picture{preprocess.FromImage(picture.Name, picture.Image())})
			if err != nil {
				t.Fatal(err)
			}
			if c := got[0].Cosine(reference(t, vector)); c < leastVariantCosine[variant] {
				t.Errorf("%s: %s: cosine %.7f", variant, plain.Pictures[i].File, c)
			}
		}
	}
}

// leastVariantCosine is how near quantised graphs come to themselves in another build of ONNX Runtime: dynamic
// quantisation rounds activations, so that the last bit of one value can move a whole step.
var leastVariantCosine = map[string]float64{"fp16": 0.9999, "uint8": 0.995, "int8": 0.995, "q4": 0.9999}

// ONNX Runtime 1.23.2 has no ConvInteger of signed weights (1.27.0 has); the error must say what to take instead.
func TestSignedVariantNamesItsSibling(t *testing.T) {
	m := &Model{folder: familyFolder(t, "clip-variants", "clip")}
	refused := errors.New("Could not find an implementation for ConvInteger(10) node with name '/conv_quant'")
	if err := m.explain("onnx/vision_model_int8.onnx", refused); !errors.Is(err, refused) || !strings.Contains(err.Error(), "onnx/vision_model_uint8.onnx: --variant uint8") {
		t.Errorf("with a sibling: %v", err)
	}
	m.folder = familyFolder(t, "clip")
	if err := m.explain("visual/model_int8.onnx", refused); !strings.Contains(err.Error(), "this folder has none") {
		t.Errorf("without: %v", err)
	}
	if other := errors.New("out of memory"); m.explain("onnx/vision_model_int8.onnx", other) != other {
		t.Error("another error was explained away")
	}
}

// A combined graph must not need the weights of the other tower, nor an input for it.
func TestCombinedGraphIsSplit(t *testing.T) {
	m := mustOpenFamily(t, familyFolder(t, "clip-combined"), Options{})
	info, err := m.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(info.Image.Inputs) != "[pixel_values float32 [batch 3 32 32]]" || len(info.Text.Inputs) != 2 || info.Image.Output != "image_embeds" || info.Text.Spec.Output != "text_embeds" {
		t.Errorf("text %v -> %v; image %v -> %v", info.Text.Inputs, info.Text.Outputs, info.Image.Inputs, info.Image.Outputs)
	}
	together := mustOpenFamily(t, familyFolder(t, "clip"), Options{})
	a, err := m.EncodeTexts(context.Background(), []string{"a cat", "two dogs in the rain"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := together.EncodeTexts(context.Background(), []string{"a cat", "two dogs in the rain"})
	if err != nil || a[0].Cosine(b[0]) < 0.99999 || a[1].Cosine(b[1]) < 0.99999 {
		t.Errorf("the combined graph and the separate ones give different vectors (%v)", err)
	}
}

// How each family's texts are padded is read or tried, not configured.
func TestFamiliesArePaddedAsTrained(t *testing.T) {
	for name, want := range map[string]string{
		"clip": "none", "clip-combined": "longest", "openclip": "full", "immich": "full 1", "mobileclip": "full", "siglip": "full 1", "siglip2": "full",
		"jina-clip-v1": "none", "jina-clip-v2": "none 1", "chinese-clip": "longest", "sentence": "longest",
	} {
		m := mustOpenFamily(t, familyFolder(t, name), Options{Lazy: true})
		encoder, err := m.text.get(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		have, _, _ := strings.Cut(fmt.Sprintf("%s %d", encoder.Spec().Padding, encoder.Spec().PadID), " 0")
		if name == "clip" { // a causal tower needs no padding, whatever the id
			have, _, _ = strings.Cut(have, " ")
		}
		if name == "clip-combined" {
			have, _, _ = strings.Cut(have, " ")
		}
		if have != want {
			t.Errorf("%s: padding %s; want %s", name, have, want)
		}
	}
}

// Texts of many lengths share runs of the tower, and pictures do; the vectors are those of single runs.
func TestFamiliesBatchEqualsSingles(t *testing.T) {
	ctx := context.Background()
	for name, over := range families {
		m := mustOpenFamily(t, familyFolder(t, name, over...), Options{})
		texts := []string{"a cat", "two old dogs in the rain", "", "b", "c", "d e f g h", strings.Repeat("long ", 300), "ein Foto", "x y", "zwei"}
		together, err := m.EncodeTexts(ctx, texts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, text := range texts {
			alone, err := m.EncodeTexts(ctx, []string{text})
			if err != nil || alone[0].Cosine(together[i]) < 1-batchBound {
				t.Errorf("%s: %.20q alone and in a batch differ (%v)", name, text, err)
			}
		}
		if m.image == nil {
			continue
		}
		pictures := []*preprocess.Picture{scene(1, 80, 60), scene(2, 50, 90), scene(3, 64, 64)}
		shown, err := m.EncodePictures(ctx, pictures)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, p := range pictures {
			alone, err := m.EncodePictures(ctx, []*preprocess.Picture{p})
			if err != nil || alone[0].Cosine(shown[i]) < 1-batchBound {
				t.Errorf("%s: picture %d alone and in a batch differ (%v)", name, i, err)
			}
		}
	}
}

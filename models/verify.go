package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// Check is one thing that Verify looked at.
type Check struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
	Detail string `json:"detail"` // what was measured, or why it failed or was skipped
}

// Result of a Check.
type Result string

// The results.
const (
	Passed  Result = "pass"
	Failed  Result = "FAIL"
	Skipped Result = "skip"
)

// Shown is a picture of the sanity set: what a model that saw the world must take it for.
type Shown struct {
	Picture *preprocess.Picture
	Label   string // English: "a cat"
}

// goldenFile is a model's own golden, in its folder: what the model's reference implementation makes of texts and of
// pictures beside it.
const goldenFile = "clipd-golden.json"

// golden is its content; each part optional.
type golden struct {
	Texts []struct {
		Text   string    `json:"text"`
		IDs    []int64   `json:"ids"`
		Vector []float32 `json:"vector"`
	} `json:"texts"`
	Pictures []struct {
		File   string    `json:"file"` // from the model's folder
		Vector []float32 `json:"vector"`
	} `json:"pictures"`
}

// readGolden reads a folder's golden; it fails with fs.ErrNotExist where there is none.
func readGolden(fsys fs.FS) (golden, error) {
	var g golden
	data, err := fs.ReadFile(fsys, goldenFile)
	if err != nil {
		return golden{}, err
	}
	if err := json.Unmarshal(data, &g); err != nil {
		return golden{}, fmt.Errorf("%s: %w", goldenFile, err)
	}
	if len(g.Texts)+len(g.Pictures) == 0 {
		return golden{}, fmt.Errorf("%s holds neither texts nor pictures", goldenFile)
	}
	return g, nil
}

// goldenPictures are the files that a folder's golden, if it has one, names.
func goldenPictures(fsys fs.FS) ([]string, error) {
	g, err := readGolden(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	names := make([]string, len(g.Pictures))
	for i, p := range g.Pictures {
		names[i] = path.Clean(p.File)
	}
	return names, err
}

// Bounds of Verify, cosines.
const (
	goldenBound    = 0.9999 // with the reference implementation
	batchExact     = 0.9999 // alone and in a batch
	batchQuantised = 0.95   // the same where activations are quantised by what else is in the batch
	sameBound      = 0.999999
	distinctBound  = 0.99999
)

// Verify tries a model out: its towers agree and give finite vectors of unit length; a batch equals single calls; the
// same input gives the same vector; different inputs different ones. A model with a clipd-golden.json is held against that;
// of another one it asks whether it takes the sanity set for what it is. The error is ctx's.
func (m *Model) Verify(ctx context.Context, sanity []Shown) ([]Check, error) {
	v := &verifier{m: m}
	v.towers(ctx)
	if m.text != nil {
		v.inputs(ctx, "texts", len(verifyTexts), func(ctx context.Context, at []int) ([]space.Vector, error) {
			texts := make([]string, len(at))
			for i, j := range at {
				texts[i] = verifyTexts[j]
			}
			return m.EncodeTexts(ctx, texts)
		})
	}
	if m.image != nil && len(sanity) > 1 {
		v.inputs(ctx, "pictures", len(sanity), func(ctx context.Context, at []int) ([]space.Vector, error) {
			pictures := make([]*preprocess.Picture, len(at))
			for i, j := range at {
				pictures[i] = sanity[j].Picture
			}
			return m.EncodePictures(ctx, pictures)
		})
	}
	v.meaning(ctx, sanity)
	return v.checks, ctx.Err()
}

// verifyTexts are of many lengths; the last one is longer than any context.
var verifyTexts = []string{
	"a photo of a cat", "dog", "an old bicycle leaning against a red brick wall in the rain", "eine Dampflokomotive", "一只猫", "🚀",
	"SKU-1234", strings.Repeat("a very long sentence about nothing in particular ", 400),
}

type verifier struct {
	m      *Model
	checks []Check
}

// add notes a result: err, or the detail of what passed.
func (v *verifier) add(name string, err error, detail string, args ...any) {
	check := Check{Name: name, Result: Passed, Detail: fmt.Sprintf(detail, args...)}
	if err != nil {
		check.Result, check.Detail = Failed, err.Error()
	}
	v.checks = append(v.checks, check)
}

func (v *verifier) skip(name, why string) {
	v.checks = append(v.checks, Check{Name: name, Result: Skipped, Detail: why})
}

// towers loads both and compares their dimensions.
func (v *verifier) towers(ctx context.Context) {
	info, err := v.m.Describe(ctx)
	var parts []string
	if err == nil && info.Text != nil {
		parts = append(parts, "text "+info.Text.Graph)
	}
	if err == nil && info.Image != nil {
		parts = append(parts, "image "+info.Image.Graph)
	}
	v.add("towers", err, "%d dimensions: %s", v.m.Dim(), strings.Join(parts, ", "))
}

// inputs checks what must hold for any tower: encode gives the vectors of the inputs at these places.
func (v *verifier) inputs(ctx context.Context, name string, n int, encode func(ctx context.Context, at []int) ([]space.Vector, error)) {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	together, err := encode(ctx, all)
	if err != nil {
		v.add(name, err, "")
		return
	}
	v.add(name+": unit length", unitLength(together), "%d vectors, finite, of length 1", n)
	alone, again := make([]space.Vector, n), make([]space.Vector, n)
	for _, vectors := range [][]space.Vector{alone, again} {
		for i := range vectors {
			one, err := encode(ctx, []int{i})
			if err != nil {
				v.add(name, err, "")
				return
			}
			vectors[i] = one[0]
		}
	}
	same, least := compare(alone, again)
	found := "the same bits"
	if !same { // some accelerators add in another order every time
		found = fmt.Sprintf("cosine %.7f", least)
	}
	v.add(name+": determinism", failUnless(least >= sameBound, "the same input twice gives %s", found), "the same input twice gives %s", found)
	_, least = compare(alone, together)
	bound := batchExact
	if v.m.quantised() {
		bound = batchQuantised
	}
	v.add(name+": batch = single", failUnless(least >= bound, "alone and in a batch of %d, cosine %.7f; want %v", n, least, bound), "cosine at least %.7f", least)
	i, j, most := nearest(alone)
	v.add(name+": distinct", failUnless(most < distinctBound, "inputs %d and %d have one vector (cosine %.7f)", i, j, most), "different inputs lie apart, the nearest at cosine %.4f", most)
}

func failUnless(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// quantised says whether the graphs' activations may be rounded by what else is in a batch.
func (m *Model) quantised() bool {
	return slices.ContainsFunc([]string{"int8", "quantized"}, func(v string) bool { return strings.Contains(m.layout.variant, v) })
}

func unitLength(vectors []space.Vector) error {
	for i, vector := range vectors {
		var sum float64
		for _, x := range vector.Components() {
			sum += float64(x) * float64(x)
		}
		if !(math.Abs(math.Sqrt(sum)-1) <= 1e-4) { // NaN too
			return fmt.Errorf("vector %d has length %v", i, math.Sqrt(sum))
		}
	}
	return nil
}

// compare gives whether two lists are equal to the bit, and their least cosine.
func compare(a, b []space.Vector) (same bool, least float64) {
	same, least = true, 1
	for i := range a {
		same = same && slices.Equal(a[i].Components(), b[i].Components())
		least = min(least, a[i].Cosine(b[i]))
	}
	return same, least
}

// nearest are the two vectors that lie nearest to one another.
func nearest(vectors []space.Vector) (i, j int, most float64) {
	most = -1
	for a := range vectors {
		for b := range a {
			if c := vectors[a].Cosine(vectors[b]); c > most {
				i, j, most = b, a, c
			}
		}
	}
	return i, j, most
}

// meaning holds the model against its own golden, or against the sanity set.
func (v *verifier) meaning(ctx context.Context, sanity []Shown) {
	g, err := readGolden(v.m.folder.FS)
	if errors.Is(err, fs.ErrNotExist) {
		v.skip("golden", "the folder has no "+goldenFile)
		v.sanity(ctx, sanity)
		return
	}
	if err != nil {
		v.add("golden", err, "")
		return
	}
	v.goldenTexts(ctx, g)
	v.goldenPictures(ctx, g)
	v.skip("sanity", "the model has goldens of its own")
}

func (v *verifier) goldenTexts(ctx context.Context, g golden) {
	if len(g.Texts) == 0 || v.m.text == nil {
		return
	}
	encoder, err := v.m.text.get(ctx)
	if err != nil {
		v.add("golden texts", err, "")
		return
	}
	least := 1.0
	for _, want := range g.Texts {
		tokens, err := encoder.Tokenize(want.Text)
		if err == nil && want.IDs != nil && !slices.Equal(tokens.IDs, want.IDs) {
			err = fmt.Errorf("ids %v; the reference has %v", tokens.IDs, want.IDs)
		}
		var got []space.Vector
		if err == nil {
			got, err = v.m.EncodeTexts(ctx, []string{want.Text})
		}
		if err == nil && want.Vector != nil {
			least, err = v.near(got[0], want.Vector, least)
		}
		if err != nil {
			v.add("golden texts", fmt.Errorf("%.40q: %w", want.Text, err), "")
			return
		}
	}
	v.add("golden texts", nil, "%d texts, cosine at least %.7f with the reference", len(g.Texts), least)
}

func (v *verifier) goldenPictures(ctx context.Context, g golden) {
	if len(g.Pictures) == 0 || v.m.image == nil {
		return
	}
	least := 1.0
	for _, want := range g.Pictures {
		data, err := fs.ReadFile(v.m.folder.FS, path.Clean(want.File))
		var picture *preprocess.Picture
		if err == nil {
			picture, err = preprocess.Decode(want.File, data, preprocess.Limits{})
		}
		var got []space.Vector
		if err == nil {
			got, err = v.m.EncodePictures(ctx, []*preprocess.Picture{picture})
		}
		if err == nil {
			least, err = v.near(got[0], want.Vector, least)
		}
		if err != nil {
			v.add("golden pictures", fmt.Errorf("%s: %w", want.File, err), "")
			return
		}
	}
	v.add("golden pictures", nil, "%d pictures, cosine at least %.7f with the reference", len(g.Pictures), least)
}

// near is the lesser of least and the cosine with a reference vector, or an error where that is too far.
func (v *verifier) near(got space.Vector, want []float32, least float64) (float64, error) {
	vector, err := space.Normalize(want)
	if err != nil {
		return 0, err
	}
	if vector.Dim() != got.Dim() {
		return 0, fmt.Errorf("%d dimensions; the reference has %d", got.Dim(), vector.Dim())
	}
	c := got.Cosine(vector)
	return min(least, c), failUnless(c >= goldenBound, "cosine %.7f with the reference; want %v", c, goldenBound)
}

// prompts are how a label is put to a model: Chinese-CLIP was taught in Chinese.
func (m *Model) prompt(label string) string {
	if m.textSpec.ModelType == "chinese_clip" {
		if word, ok := chinese[label]; ok {
			return "一张" + word + "的照片"
		}
	}
	return "a photo of " + label
}

// chinese are the sanity set's labels for Chinese-CLIP.
var chinese = map[string]string{"a cat": "猫", "a dog": "狗", "a horse": "马", "a cup of coffee": "咖啡", "a motorcycle": "摩托车", "a rocket": "火箭"}

// sanity asks of each picture which label fits, and of a model without image tower which of two texts is nearer.
func (v *verifier) sanity(ctx context.Context, shown []Shown) {
	switch {
	case v.m.text == nil:
		v.skip("sanity", "the model reads no text")
	case v.m.image == nil:
		v.sanityOfTexts(ctx)
	case len(shown) < 2:
		v.skip("sanity", "there are no pictures to show it")
	default:
		v.sanityOfPictures(ctx, shown)
	}
}

func (v *verifier) sanityOfPictures(ctx context.Context, shown []Shown) {
	prompts, pictures := make([]string, len(shown)), make([]*preprocess.Picture, len(shown))
	for i, s := range shown {
		prompts[i], pictures[i] = v.m.prompt(s.Label), s.Picture
	}
	texts, err := v.m.EncodeTexts(ctx, prompts)
	if err != nil {
		v.add("sanity", err, "")
		return
	}
	seen, err := v.m.EncodePictures(ctx, pictures)
	if err != nil {
		v.add("sanity", err, "")
		return
	}
	var wrong []string
	for i, picture := range seen {
		best := 0
		for j := range texts {
			if picture.Cosine(texts[j]) > picture.Cosine(texts[best]) {
				best = j
			}
		}
		if best != i {
			wrong = append(wrong, fmt.Sprintf("%s is taken for %q", pictures[i].Name, prompts[best]))
		}
	}
	v.add("sanity", failUnless(len(wrong) == 0, "%s", strings.Join(wrong, "; ")), "%d photographs, each nearest to its own of %d prompts", len(shown), len(shown))
}

// nearTexts: the first is nearer to the second than to the third.
var nearTexts = [][3]string{
	{"a cat", "a kitten", "a fire engine"}, {"a man rides a bicycle", "somebody is cycling", "soup with bread"}, {"the night sky", "stars and the moon", "a tax return"},
}

func (v *verifier) sanityOfTexts(ctx context.Context) {
	for _, texts := range nearTexts {
		vectors, err := v.m.EncodeTexts(ctx, texts[:])
		if err == nil && vectors[0].Cosine(vectors[1]) <= vectors[0].Cosine(vectors[2]) {
			err = fmt.Errorf("%q is nearer to %q than to %q", texts[0], texts[2], texts[1])
		}
		if err != nil {
			v.add("sanity", err, "")
			return
		}
	}
	v.add("sanity", nil, "%d texts, each nearer to its like", len(nearTexts))
}

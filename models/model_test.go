package models

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// opened is the starter model, loaded once for all tests: a model is made to be shared.
var opened = sync.OnceValues(func() (*Model, error) {
	runtime, err := ort.Open(ort.Options{})
	if err != nil {
		return nil, err
	}
	return Open(context.Background(), Starter(), runtime, Options{})
})

func openStarter(t testing.TB) *Model {
	t.Helper()
	m, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// scene is a picture that is made, not read: colours, edges, and another one for every seed.
func scene(seed, width, height int) *preprocess.Picture {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = uint8(x*(seed+1)), uint8(y*(seed+2)), uint8((x*y)>>(seed%7)), 255
			if (x/(9+seed)+y/11)%3 == 0 {
				p[0], p[1], p[2] = 230, uint8(20*seed), 15
			}
		}
	}
	return preprocess.FromImage("scene", img)
}

var sentences = []string{
	"a photo of a cat", "coffee", "", "A motorcycle stands in front of a garage door.", "日本語の文章", "🚀 rocket launch!!",
	strings.Repeat("very long text ", 400), "a photo of a dog", "x", "the quick brown fox jumps over the lazy dog",
}

func TestOpenStarter(t *testing.T) {
	m := openStarter(t)
	info, err := m.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if m.Name() != StarterName || m.Dim() != 384 || m.ContextLength() != 256 || len(m.Fingerprint().Digest) != 64 {
		t.Errorf("name %s, dim %d, context %d, fingerprint %v", m.Name(), m.Dim(), m.ContextLength(), m.Fingerprint())
	}
	if info.Text == nil || info.Image == nil || info.Text.Spec.Padding != "longest" || info.Text.Spec.Pooling != "mean" || info.Image.Output != "image_embeds" {
		t.Errorf("it describes itself as %+v %+v", info.Text, info.Image)
	}
	if text, err := json.Marshal(info); err != nil || strings.Contains(string(text), `"vocab"`) {
		t.Errorf("as JSON: %.200s, %v", text, err)
	}
}

// batchBound is how far a text's vector may move with the company it is encoded in. Padding is hidden by the mask, but
// matrix products of other shapes add in another order.
const batchBound = 1e-5

func TestBatchEqualsSingles(t *testing.T) {
	m, ctx := openStarter(t), context.Background()
	together, err := m.EncodeTexts(ctx, sentences)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range sentences {
		alone, err := m.EncodeTexts(ctx, []string{text})
		if err != nil {
			t.Fatal(err)
		}
		if c := alone[0].Cosine(together[i]); c < 1-batchBound {
			t.Errorf("%.40q: alone and in a batch, cosine %.7f", text, c)
		}
	}
	var pictures []*preprocess.Picture
	for seed := range 11 {
		pictures = append(pictures, scene(seed, 100+37*seed, 400-29*seed))
	}
	shown, err := m.EncodePictures(ctx, pictures)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pictures {
		alone, err := m.EncodePictures(ctx, []*preprocess.Picture{p})
		if err != nil {
			t.Fatal(err)
		}
		if c := alone[0].Cosine(shown[i]); c < 1-batchBound {
			t.Errorf("picture %d: alone and in a batch, cosine %.7f", i, c)
		}
		if i > 0 && shown[i].Cosine(shown[0]) > 0.9999 {
			t.Errorf("pictures %d and 0 have one vector", i)
		}
	}
}

func TestEncodeIsSafeForConcurrentUse(t *testing.T) {
	m, ctx := openStarter(t), context.Background()
	want, err := m.EncodeTexts(ctx, sentences)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range sentences {
				i = (i + worker) % len(sentences)
				got, err := m.EncodeTexts(ctx, sentences[i:i+1])
				if err != nil || got[0].Cosine(want[i]) < 1-batchBound {
					t.Errorf("%.40q: %v", sentences[i], err)
				}
			}
		})
	}
	wg.Wait()
}

func TestTruncation(t *testing.T) {
	m, ctx := openStarter(t), context.Background()
	short, long := strings.Repeat("cat ", 254), strings.Repeat("cat ", 255)
	if n, cut := m.CountTokens(short); n != 256 || cut {
		t.Errorf("254 words: %d tokens, cut %v", n, cut)
	}
	if n, cut := m.CountTokens(long); n != 256 || !cut {
		t.Errorf("255 words: %d tokens, cut %v", n, cut)
	}
	vectors, err := m.EncodeTexts(ctx, []string{short, long})
	if err != nil || vectors[0].Cosine(vectors[1]) < 1-batchBound {
		t.Errorf("what is cut off counts (%v)", err)
	}
}

func TestSpecialTokensAreText(t *testing.T) {
	m := openStarter(t)
	plain, _ := m.CountTokens("")
	if n, _ := m.CountTokens("[SEP]"); n != plain+3 {
		t.Errorf("a literal [SEP] makes %d tokens beside %d special ones; want [, sep and ]", n-plain, plain)
	}
}

func TestCancelledEncode(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := openStarter(t).EncodeTexts(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("texts: %v", err)
	}
	if _, err := openStarter(t).EncodePictures(ctx, []*preprocess.Picture{scene(1, 50, 50)}); !errors.Is(err, context.Canceled) {
		t.Errorf("pictures: %v", err)
	}
}

// copyOfStarter writes the starter to a directory, where a test may change it.
func copyOfStarter(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, Starter().FS); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openCopy(t *testing.T, dir string, opts Options) (*Model, error) {
	t.Helper()
	openStarter(t) // the library is loaded
	runtime, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), DirFolder(dir), runtime, opts)
	if err == nil {
		t.Cleanup(func() { m.Close() })
	}
	return m, err
}

func TestCopyHasTheSameFingerprintAndVectors(t *testing.T) {
	starter, dir, cache := openStarter(t), copyOfStarter(t), t.TempDir()
	for range 2 { // the second time with remembered hashes
		m, err := openCopy(t, dir, Options{Lazy: true, CacheDir: cache})
		if err != nil {
			t.Fatal(err)
		}
		if m.Fingerprint().Digest != starter.Fingerprint().Digest {
			t.Errorf("the copy is %v, the starter %v", m.Fingerprint(), starter.Fingerprint())
		}
		a, err := m.EncodePictures(context.Background(), []*preprocess.Picture{scene(3, 300, 200)})
		if err != nil {
			t.Fatal(err)
		}
		b, err := starter.EncodePictures(context.Background(), []*preprocess.Picture{scene(3, 300, 200)})
		if err != nil || a[0].Cosine(b[0]) < 1-batchBound {
			t.Errorf("the copy makes other vectors (%v)", err)
		}
	}
	if entries, _ := os.ReadDir(cache); len(entries) != 1 {
		t.Errorf("the cache holds %d files; want 1", len(entries))
	}
}

func TestFingerprintFollowsWhatShapesVectors(t *testing.T) {
	dir := copyOfStarter(t)
	l, err := findLayout(fileIn(os.DirFS(dir)), "")
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	sum := func() string {
		s, err := digest(DirFolder(dir), l, cache)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := sum()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("clipd.json", `{"thresholds":{"match":0.1}}`)
	write("README.md", "nothing")
	if sum() != first {
		t.Error("files that shape no vector changed the fingerprint")
	}
	seen := map[string]string{first: "the beginning"}
	for _, name := range []string{"preprocessor_config.json", "tokenizer.json", "onnx/text_model.onnx", "onnx/vision_model.onnx_data"} {
		content := "other " + name
		if strings.HasSuffix(name, "text_model.onnx") {
			content = string(external("nothing"))
		}
		write(name, content)
		now := sum()
		if seen[now] != "" {
			t.Errorf("after a change of %s it is that of %s", name, seen[now])
		}
		seen[now] = name
	}
}

func TestProfile(t *testing.T) {
	for _, c := range []struct {
		json string
		want Thresholds
		err  string
	}{
		{``, Thresholds{0.95, 0.23}, ""},
		{`{"thresholds":{"match":0.1}}`, Thresholds{0.95, 0.1}, ""},
		{`{"thresholds":{"match":7}}`, Thresholds{}, "thresholds.match is 7"},
		{`{"logit_scale":-1}`, Thresholds{}, "logit_scale is -1"},
		{`{`, Thresholds{}, "clipd.json"},
	} {
		fsys := fstest.MapFS{}
		if c.json != "" {
			fsys[profileFile] = &fstest.MapFile{Data: []byte(c.json)}
		}
		p, err := readProfile(fsys, "x")
		if c.err == "" && (err != nil || p.Thresholds != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %+v, %v", c.json, p, err)
		}
	}
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		files   []string
		variant string
		want    layout
	}{
		{[]string{"onnx/text_model.onnx", "onnx/vision_model.onnx", "onnx/text_model_fp16.onnx"}, "",
			layout{"onnx/text_model.onnx", "onnx/vision_model.onnx", ".", ".", ""}},
		{[]string{"onnx/text_model_q4.onnx", "onnx/vision_model_q4.onnx"}, "",
			layout{"onnx/text_model_q4.onnx", "onnx/vision_model_q4.onnx", ".", ".", "q4"}},
		{[]string{"text_model.onnx", "text_model_int8.onnx", "vision_model_int8.onnx"}, "int8",
			layout{"text_model_int8.onnx", "vision_model_int8.onnx", ".", ".", "int8"}},
		{[]string{"textual/model.onnx", "visual/model.onnx"}, "", layout{"textual/model.onnx", "visual/model.onnx", "textual", "visual", ""}},
		{[]string{"modules.json", "onnx/model.onnx"}, "", layout{"onnx/model.onnx", "", ".", ".", ""}},
		{[]string{"tokenizer.json", "preprocessor_config.json", "onnx/model.onnx", "onnx/model_uint8.onnx"}, "", layout{"onnx/model.onnx", "onnx/model.onnx", ".", ".", ""}},
		{[]string{"tokenizer.json", "preprocessor_config.json", "onnx/model.onnx", "onnx/text_model.onnx", "onnx/vision_model.onnx"}, "",
			layout{"onnx/text_model.onnx", "onnx/vision_model.onnx", ".", ".", ""}},
		{[]string{"preprocessor_config.json", "model.onnx"}, "", layout{"", "model.onnx", ".", ".", ""}},
		{[]string{"onnx/text_model.onnx", "onnx/text_model_q4.onnx", "onnx/vision_model_q4.onnx"}, "", layout{"onnx/text_model_q4.onnx", "onnx/vision_model_q4.onnx", ".", ".", "q4"}},
		{[]string{"onnx/text_model.onnx", "onnx/vision_model_fp16.onnx"}, "", layout{"onnx/text_model.onnx", "onnx/vision_model_fp16.onnx", ".", ".", "plain/fp16"}},
		{[]string{"onnx/text_model_int8.onnx", "onnx/vision_model_uint8.onnx"}, "int8/uint8", layout{"onnx/text_model_int8.onnx", "onnx/vision_model_uint8.onnx", ".", ".", "int8/uint8"}},
		{[]string{"onnx/text_model.onnx", "onnx/vision_model_uint8.onnx"}, "plain/uint8", layout{"onnx/text_model.onnx", "onnx/vision_model_uint8.onnx", ".", ".", "plain/uint8"}},
	} {
		fsys := fstest.MapFS{}
		for _, name := range c.files {
			fsys[name] = &fstest.MapFile{}
		}
		if got, err := findLayout(fileIn(fsys), c.variant); err != nil || got != c.want {
			t.Errorf("%v: %+v, %v", c.files, got, err)
		}
	}
	for _, variant := range []string{"", "fp16", "nonsense"} {
		if _, err := findLayout(fileIn(fstest.MapFS{"model.onnx": {}}), variant); !errors.Is(err, ErrLayout) {
			t.Errorf("variant %q: %v", variant, err)
		}
	}
}

func TestLayoutNamesTheVariantsThatAreThere(t *testing.T) {
	fsys := fstest.MapFS{"onnx/text_model.onnx": {}, "onnx/text_model_q4.onnx": {}, "onnx/vision_model.onnx": {}, "onnx/vision_model_fp16.onnx": {}}
	for variant, want := range map[string]string{
		"q4":       "no q4 variant of its image tower; there are: plain, fp16",
		"fp16":     "no fp16 variant of its text tower; there are: plain, q4",
		"q4/uint8": "no uint8 variant of its image tower",
		"tiny":     "want one of fp16",
	} {
		if _, err := findLayout(fileIn(fsys), variant); !errors.Is(err, ErrLayout) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q in it", variant, err, want)
		}
	}
}

func TestSibling(t *testing.T) {
	for _, c := range [][3]string{
		{"onnx/vision_model_int8.onnx", "uint8", "onnx/vision_model_uint8.onnx"}, {"visual/model.onnx", "fp16", "visual/model_fp16.onnx"},
		{"onnx/vision_model_q4f16.onnx", "", "onnx/vision_model.onnx"},
	} {
		if got := sibling(c[0], c[1]); got != c[2] {
			t.Errorf("%s as %q: %s; want %s", c[0], c[1], got, c[2])
		}
	}
}

// TestImmichLayout opens the starter, laid out as immich's exports are.
func TestImmichLayout(t *testing.T) {
	from, dir := Starter().FS, filepath.Join(t.TempDir(), "immich")
	for old, name := range map[string]string{
		"onnx/text_model.onnx": "textual/model.onnx", "tokenizer.json": "textual/tokenizer.json",
		"tokenizer_config.json": "textual/tokenizer_config.json", "1_Pooling/config.json": "textual/1_Pooling/config.json",
		"onnx/vision_model.onnx": "visual/model.onnx", "config.json": "config.json",
	} {
		data, err := fs.ReadFile(from, old)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), data)
	}
	writeFile(t, filepath.Join(dir, "visual/preprocess_cfg.json"),
		[]byte(`{"size":260,"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"interpolation":"bicubic","resize_mode":"shortest","fill_color":0}`))
	m, err := openCopy(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := m.Describe(context.Background()); err != nil || info.Image.Spec.Source != "preprocess_cfg.json" || !info.Image.Spec.RoundCrop {
		t.Errorf("%+v, %v", info.Image, err)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpenTextOnly(t *testing.T) {
	dir := copyOfStarter(t)
	os.Remove(filepath.Join(dir, "onnx/vision_model.onnx"))
	os.Remove(filepath.Join(dir, "preprocessor_config.json"))
	os.Rename(filepath.Join(dir, "onnx/text_model.onnx"), filepath.Join(dir, "onnx/model.onnx"))
	m, err := openCopy(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.EncodePictures(context.Background(), []*preprocess.Picture{scene(1, 9, 9)}); !errors.Is(err, space.ErrModality) {
		t.Errorf("a picture gives %v", err)
	}
	if v, err := m.EncodeTexts(context.Background(), []string{"a"}); err != nil || v[0].Dim() != 384 {
		t.Errorf("a text gives %v", err)
	}
}

func TestOpenNamesWhatIsMissing(t *testing.T) {
	for remove, want := range map[string]string{
		"preprocessor_config.json": "preprocessor_config.json",
		"tokenizer.json":           "tokenizer.json",
		"1_Pooling/config.json":    "1_Pooling/config.json",
	} {
		dir := copyOfStarter(t)
		if err := os.Remove(filepath.Join(dir, remove)); err != nil {
			t.Fatal(err)
		}
		if _, err := openCopy(t, dir, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", remove, err)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	if f, err := Find(dir, ""); err != nil || f.Name != StarterName {
		t.Errorf("%v, %v", f.Name, err)
	}
	for name, want := range map[string]string{
		"clip-vit-base-patch32": "clipd models pull Xenova/clip-vit-base-patch32",
		"some/repo":             "clipd models pull some/repo",
		"nonsense":              "there are: starter",
		"./nonsense":            "no directory",
		"../../etc":             "no directory",
	} {
		if _, err := Find(dir, name); !errors.Is(err, ErrNoModel) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q in it", name, err, want)
		}
	}
	writeFile(t, filepath.Join(dir, "Xenova/clip-vit-base-patch32/onnx/text_model.onnx"), []byte("x"))
	if f, err := Find(dir, "clip-vit-base-patch32"); err != nil || f.Name != "Xenova/clip-vit-base-patch32" {
		t.Errorf("a short name finds %v, %v", f.Name, err)
	}
}

func TestCloseFailsLaterCalls(t *testing.T) {
	m, err := openCopy(t, copyOfStarter(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.EncodeTexts(context.Background(), []string{"a"}); !errors.Is(err, space.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func BenchmarkEncodeText(b *testing.B) {
	m := openStarter(b)
	b.Run("short", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.EncodeTexts(context.Background(), []string{"a photo of a cat"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("batch16", func(b *testing.B) {
		texts := make([]string, 16)
		for i := range texts {
			texts[i] = "a photo of a cat on a sofa"
		}
		for b.Loop() {
			if _, err := m.EncodeTexts(context.Background(), texts); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(16*b.N), "µs/text")
	})
}

func BenchmarkEncodePicture(b *testing.B) {
	m := openStarter(b)
	for _, n := range []int{1, 8} {
		pictures := make([]*preprocess.Picture, n)
		for i := range pictures {
			pictures[i] = scene(i, 640, 480)
		}
		b.Run(map[int]string{1: "single", 8: "batch8"}[n], func(b *testing.B) {
			for b.Loop() {
				if _, err := m.EncodePictures(context.Background(), pictures); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*b.N), "µs/picture")
		})
	}
}

func BenchmarkOpenStarter(b *testing.B) {
	openStarter(b)
	runtime, err := ort.Open(ort.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m, err := Open(context.Background(), Starter(), runtime, Options{})
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}

package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/knn"
)

const dim = 64

// bagOfWords stands for a model: a text is the sum of directions that its words hash to; a picture of one colour is
// the text that names the colour.
type bagOfWords struct {
	digest   string
	gap      float32      // the modality gap: added to one component of texts, and to another of pictures
	texts    atomic.Int64 // encoded so far
	pictures atomic.Int64
	busy     atomic.Int64 // calls that are refused before the next works
}

func (b *bagOfWords) Fingerprint() space.Fingerprint {
	return space.Fingerprint{Model: "bag", Digest: "d1" + b.digest, Dim: dim}
}

var errPoison = errors.New("this text cannot be encoded")

func (b *bagOfWords) EncodeTexts(ctx context.Context, texts []string) ([]space.Vector, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	vectors := make([]space.Vector, len(texts))
	for i, text := range texts {
		if strings.Contains(text, "poison") {
			return nil, fmt.Errorf("text %d: %w", i, errPoison)
		}
		b.texts.Add(1)
		sum := wordSum(text)
		sum[dim-2] += b.gap
		vectors[i] = unit(sum)
	}
	return vectors, nil
}

func (b *bagOfWords) DecodePicture(name string, data []byte, limits preprocess.Limits) (*preprocess.Picture, error) {
	return preprocess.Decode(name, data, limits)
}

func (b *bagOfWords) ReadPicture(name string, data []byte, limits preprocess.Limits, rows preprocess.Rows) (*preprocess.Picture, error) {
	return preprocess.Read(name, data, limits, rows)
}

func (b *bagOfWords) EncodePictures(ctx context.Context, pictures []*preprocess.Picture) ([]space.Vector, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	vectors := make([]space.Vector, len(pictures))
	for i, p := range pictures {
		b.pictures.Add(1)
		sum, err := b.Pixels(p)
		if err != nil {
			return nil, err
		}
		vectors[i] = unit(sum)
	}
	return vectors, nil
}

func (b *bagOfWords) Pixels(p *preprocess.Picture) ([]float32, error) {
	sum := wordSum(colourName(p.Image()))
	sum[dim-1] += b.gap
	return sum, nil
}

func (b *bagOfWords) EncodePixels(ctx context.Context, pixels []float32) (space.Vector, error) {
	if err := b.ready(ctx); err != nil {
		return space.Vector{}, err
	}
	b.pictures.Add(1)
	return unit(pixels), nil
}

func (b *bagOfWords) ready(ctx context.Context) error {
	if b.busy.Load() > 0 && b.busy.Add(-1) >= 0 {
		return space.ErrBusy
	}
	return ctx.Err()
}

func wordSum(text string) []float32 {
	sum := make([]float32, dim)
	for _, word := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New64a()
		h.Write([]byte(word))
		state := h.Sum64()
		for i := range sum[:dim-2] {
			state = state*6364136223846793005 + 1442695040888963407
			sum[i] += float32(int32(state>>32)) / (1 << 31)
		}
	}
	sum[0] += 1e-3 // so that no text is without direction
	return sum
}

func unit(raw []float32) space.Vector {
	v, err := space.Normalize(raw)
	if err != nil {
		panic(err)
	}
	return v
}

var colours = map[string]color.RGBA{
	"red": {255, 0, 0, 255}, "green": {0, 255, 0, 255}, "blue": {0, 0, 255, 255}, "white": {255, 255, 255, 255},
}

func colourName(img image.Image) string {
	r, g, b, _ := img.At(img.Bounds().Min.X, img.Bounds().Min.Y).RGBA()
	for name, c := range colours {
		if c.R == uint8(r>>8) && c.G == uint8(g>>8) && c.B == uint8(b>>8) {
			return name
		}
	}
	return "grey"
}

// picture is a PNG of one colour; sizes tell pictures of a colour apart.
func picture(t testing.TB, colour string, size int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := 0; i < len(img.Pix); i += 4 {
		c := colours[colour]
		copy(img.Pix[i:], []byte{c.R, c.G, c.B, 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// lib is a library in a folder of the test, and the model it was opened with.
type lib struct {
	*catalog.Library
	dir   string
	model *bagOfWords
	opts  catalog.Options
}

// smallTiers bring a collection of some hundred items into every tier of the vector index.
var smallTiers = catalog.Options{Vectors: knn.Options{CodesFrom: 60, ListsFrom: 150, Lists: 8}}

func open(t testing.TB) *lib {
	t.Helper()
	l := &lib{dir: t.TempDir(), model: &bagOfWords{}}
	l.reopen(t)
	t.Cleanup(func() { l.Close() })
	return l
}

func (l *lib) reopen(t testing.TB) {
	t.Helper()
	if l.Library != nil {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if l.Library, err = catalog.Open(l.dir, l.model, l.opts); err != nil {
		t.Fatal(err)
	}
}

// collection is the one of the name; it is made where it is missing.
func (l *lib) collection(t testing.TB, name string) *catalog.Catalog {
	t.Helper()
	c, err := l.Collection(t.Context(), name)
	if errors.Is(err, catalog.ErrNoCollection) {
		c, err = l.Create(t.Context(), name, catalog.Settings{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ingest takes documents in and fails the test where one fails.
func ingest(t testing.TB, c *catalog.Catalog, docs ...catalog.Document) []catalog.Result {
	t.Helper()
	results := c.Ingest(t.Context(), docs)
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("document %d, %s: %v", i, r.Name, r.Err)
		}
	}
	return results
}

func text(id, words string) catalog.Document { return catalog.Document{ID: id, Text: words} }

// ask asks and returns the ids of the hits.
func find(t testing.TB, c *catalog.Catalog, ask catalog.Ask) ([]string, space.Answer) {
	t.Helper()
	if ask.K == 0 {
		ask.K = 10
	}
	answer, _, err := c.Find(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	return idsOf(answer.Hits), answer
}

func idsOf(hits []space.Hit) []string {
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.Item.ID
	}
	return ids
}

// everywhere runs work in n goroutines and waits for them.
func everywhere(n int, work func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { work(i) })
	}
	group.Wait()
}

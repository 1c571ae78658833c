package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/disintegration/imaging"
	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/demo"
	"github.com/clipd/clipd/space/knn/bench"
)

// crops is a set of a model's own vectors: of random crops of the demo gallery's few photographs, and of the demo's
// sentences. They lie as a model lays them, but show few things: it is no collection of as many photographs.
type crops struct {
	dim           int
	images, texts []float32 // rows of dim
}

var _ bench.Set = (*crops)(nil)

// Image is the vector of the i-th crop.
func (c *crops) Image(i int, out []float32) { copy(out, c.images[i*c.dim:][:c.dim]) }

// Text is the vector of the i-th sentence.
func (c *crops) Text(i int, out []float32) { copy(out, c.texts[i*c.dim:][:c.dim]) }

// The files of a set of crops, in the run's folder: rows of float32. The names hold the numbers of rows by their sizes.
const (
	cropImages = "crops-image.f32"
	cropTexts  = "crops-text.f32"
)

// useCrops puts the vectors of crops and sentences in place of synthetic ones. Those that an earlier run has left in
// --dir are used again with --reuse.
func (a *app) useCrops(ctx context.Context, f *benchKNNFlags) (err error) {
	sentences := cropSentences()
	if f.Queries > len(sentences) {
		return usagef("--queries %d: there are %d sentences for crops", f.Queries, len(sentences))
	}
	s, err := a.openSite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	info, err := s.engine.model.Describe(ctx)
	if err != nil {
		return err
	}
	if info.Image == nil || info.Text == nil {
		return usagef("--vectors crops: the model %s has no towers for both images and texts", info.Fingerprint)
	}
	client, err := api.NewClient(s.url, api.ClientOptions{})
	if err != nil {
		return err
	}
	e := encoding{client, f, a}
	if f.Dim, err = e.dim(ctx); err != nil {
		return err
	}
	f.SetName = fmt.Sprintf("crops of the demo gallery by %s", info.Fingerprint)
	set := &crops{dim: f.Dim}
	photos, err := decodedPhotos()
	if err != nil {
		return err
	}
	set.images, err = e.rows(ctx, cropImages, "encode crops", f.N+f.Queries, func(i int) (api.Input, error) {
		jpeg, err := crop(photos, f.Seed, i)
		return api.Input{Image: base64.StdEncoding.EncodeToString(jpeg)}, err
	})
	if err == nil {
		set.texts, err = e.rows(ctx, cropTexts, "encode sentences", f.Queries, func(i int) (api.Input, error) {
			return api.Input{Text: sentences[i]}, nil
		})
	}
	f.Set = set
	return err
}

// encoding asks a server for vectors.
type encoding struct {
	client *api.Client
	flags  *benchKNNFlags
	a      *app
}

// dim is that of the model's vectors.
func (e encoding) dim(ctx context.Context) (int, error) {
	answer, err := e.client.Embeddings(ctx, api.EmbeddingsRequest{Input: api.EmbeddingsInput{{Text: benchSentence}}})
	if err != nil {
		return 0, err
	}
	components, err := answer.Data[0].Floats()
	return len(components), err
}

// cropBatch is how many inputs a request has.
const cropBatch = 32

// rows are the vectors of n inputs: those of an earlier run where they may be used, or new ones, which are kept.
func (e encoding) rows(ctx context.Context, name, what string, n int, input func(i int) (api.Input, error)) ([]float32, error) {
	dim, path := e.flags.Dim, filepath.Join(e.flags.Dir, name)
	rows := make([]float32, n*dim)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(rows))), 4*len(rows))
	if e.flags.Reuse {
		if old, err := os.ReadFile(path); err == nil && len(old) == len(raw) {
			copy(raw, old)
			return rows, nil
		}
	}
	progress := e.a.startProgress(what, "vectors", int64(n))
	defer progress.stop()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for from := 0; from < n && ctx.Err() == nil; from += cropBatch {
		group.Go(func() error {
			err := e.batch(ctx, from, min(from+cropBatch, n), input, rows)
			progress.add(min(cropBatch, n-from))
			return err
		})
	}
	if err := group.Wait(); err != nil || e.flags.Dir == "" {
		return rows, err
	}
	return rows, errors.Join(os.MkdirAll(e.flags.Dir, 0o755), os.WriteFile(path, raw, 0o644))
}

func (e encoding) batch(ctx context.Context, from, to int, input func(i int) (api.Input, error), rows []float32) error {
	var inputs api.EmbeddingsInput
	for i := from; i < to; i++ {
		one, err := input(i)
		if err != nil {
			return err
		}
		inputs = append(inputs, one)
	}
	answer, err := e.client.Embeddings(ctx, api.EmbeddingsRequest{Input: inputs, EncodingFormat: "base64"})
	if err != nil {
		return err
	}
	for _, embedding := range answer.Data {
		components, err := embedding.Floats()
		if err != nil {
			return err
		}
		copy(rows[(from+embedding.Index)*e.flags.Dim:][:e.flags.Dim], components)
	}
	return nil
}

func decodedPhotos() ([]image.Image, error) {
	var pictures []image.Image
	for _, photo := range demo.Photos() {
		picture, err := jpeg.Decode(bytes.NewReader(photo.Bytes))
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", photo.Name, err)
		}
		pictures = append(pictures, picture)
	}
	return pictures, nil
}

// cropSide is the longest side of a crop in pixels: about what the towers look at.
const cropSide = 256

// crop is the i-th: of a photograph drawn at random, a part of 3 to 100 % of its area, of another shape by up to a
// third, anywhere, mirrored half of the time, as JPEG.
func crop(photos []image.Image, seed uint64, i int) ([]byte, error) {
	r := rand.New(rand.NewPCG(seed^0x63726f70, uint64(i)))
	photo := photos[r.IntN(len(photos))]
	bounds := photo.Bounds()
	side := math.Sqrt(math.Exp(math.Log(0.03) * r.Float64()))
	shape := math.Sqrt(math.Exp((2*r.Float64() - 1) * math.Log(4.0/3)))
	width := min(bounds.Dx(), max(16, int(side*shape*float64(bounds.Dx()))))
	height := min(bounds.Dy(), max(16, int(side/shape*float64(bounds.Dy()))))
	at := bounds.Min.Add(image.Pt(r.IntN(bounds.Dx()-width+1), r.IntN(bounds.Dy()-height+1)))
	var picture image.Image = imaging.Crop(photo, image.Rectangle{at, at.Add(image.Pt(width, height))})
	picture = imaging.Fit(picture, cropSide, cropSide, imaging.CatmullRom)
	if r.IntN(2) == 1 {
		picture = imaging.FlipH(picture)
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}

// cropSentences are the demo's captions and articles, the labelled shop's texts and what it is asked: each once.
func cropSentences() []string {
	var all []string
	seen := map[string]bool{}
	add := func(text string) {
		if !seen[text] {
			seen[text] = true
			all = append(all, text)
		}
	}
	for _, t := range demo.Captions() {
		add(t.Text)
	}
	shop := demo.Shop()
	for i := range max(len(shop.Queries), len(shop.Texts)) {
		if i < len(shop.Queries) {
			add(shop.Queries[i].Text)
		}
		if i < len(shop.Texts) {
			add(shop.Texts[i].Text)
		}
	}
	return all
}

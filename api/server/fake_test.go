package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clipd/clipd/internal/batch"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// colours are what fakeModel knows: the first three axes of its space.
var colours = []string{"red", "green", "blue"}

const fakeDim = 16

// fakeModel is a small shared space: a picture is its mean colour, a text the sum of its words, of which the colours'
// names lie on the same axes. It reads the first eight words.
type fakeModel struct {
	busy    atomic.Bool   // encode nothing, say space.ErrBusy
	panics  atomic.Bool   // panic at the next text
	fails   atomic.Bool   // fail with an error nobody knows
	spoilt  atomic.Bool   // give what is no vector
	hold    chan struct{} // texts wait until it is closed
	reached chan struct{} // gets a value when texts begin to wait
	name    string
	digest  string
}

var errFake = errors.New("the disk of the fake is on fire")

func (m *fakeModel) Name() string { return orElse(m.name, "fake") }
func (m *fakeModel) Fingerprint() space.Fingerprint {
	return space.Fingerprint{Model: m.Name(), Digest: strings.Repeat("ab", 31) + orElse(m.digest, "00"), Dim: fakeDim}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (m *fakeModel) ContextLength() int  { return 8 }
func (m *fakeModel) LogitScale() float64 { return 10 }

func (m *fakeModel) CountTokens(text string) (int, bool) {
	n := len(strings.Fields(text))
	return min(n, 8), n > 8
}

// BatchStats are made up: the fake has no queue.
func (m *fakeModel) BatchStats() (texts, pictures batch.Stats) {
	return batch.Stats{Waiting: 3, Running: 2, Batches: 5, Items: 7, Refused: 1}, batch.Stats{}
}

func (m *fakeModel) Loaded() (text, image bool) { return true, false }

func (m *fakeModel) Resized() (int64, time.Duration) { return 4, 6 * time.Second }

func (m *fakeModel) EncodeTexts(ctx context.Context, texts []string) ([]space.Vector, error) {
	switch {
	case m.busy.Load():
		return nil, space.ErrBusy
	case m.panics.Load():
		panic("the fake panics as it was told")
	case m.fails.Load():
		return nil, errFake
	case m.spoilt.Load():
		_, err := space.Normalize([]float32{float32(math.NaN())})
		return nil, fmt.Errorf("model fake: %w: %w", space.ErrModelOutput, err)
	}
	if m.hold != nil {
		m.reached <- struct{}{}
		select {
		case <-m.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	vectors := make([]space.Vector, len(texts))
	for i, text := range texts {
		vector, err := space.Normalize(wordSum(text))
		if err != nil {
			return nil, err
		}
		vectors[i] = vector
	}
	return vectors, nil
}

func wordSum(text string) []float32 {
	sum := make([]float32, fakeDim)
	sum[fakeDim-1] = 0.01 // a text without words has a direction too
	words := strings.Fields(strings.ToLower(text))
	for _, word := range words[:min(len(words), 8)] {
		axis := axisOf(word)
		sum[axis]++
	}
	if sum[0]+sum[1]+sum[2] == 0 {
		tint(sum, text)
	}
	return sum
}

// tint gives a text that names no colour a little of all: in real models, too, no text is far from every picture.
func tint(sum []float32, text string) {
	h := fnv.New32a()
	h.Write([]byte(text))
	for axis := range colours {
		sum[axis] = float32(h.Sum32()>>(8*axis)%256) / 256 * 0.2
	}
}

func axisOf(word string) int {
	for axis, colour := range colours {
		if word == colour {
			return axis
		}
	}
	h := fnv.New32a()
	h.Write([]byte(word))
	return len(colours) + int(h.Sum32()%(fakeDim-uint32(len(colours))-1))
}

func (m *fakeModel) DecodePicture(name string, data []byte, limits preprocess.Limits) (*preprocess.Picture, error) {
	return preprocess.Decode(name, data, limits)
}

func (m *fakeModel) ReadPicture(name string, data []byte, limits preprocess.Limits, rows preprocess.Rows) (*preprocess.Picture, error) {
	return preprocess.Read(name, data, limits, rows)
}

func (m *fakeModel) Pixels(picture *preprocess.Picture) ([]float32, error) {
	return meanColour(picture.Image()), nil
}

func (m *fakeModel) EncodePixels(_ context.Context, pixels []float32) (space.Vector, error) {
	if m.busy.Load() {
		return space.Vector{}, space.ErrBusy
	}
	return space.Normalize(pixels)
}

// EncodePictures is what the library asks for.
func (m *fakeModel) EncodePictures(ctx context.Context, pictures []*preprocess.Picture) ([]space.Vector, error) {
	vectors := make([]space.Vector, len(pictures))
	for i, picture := range pictures {
		var err error
		if vectors[i], err = m.EncodePixels(ctx, meanColour(picture.Image())); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

func meanColour(img *image.RGBA) []float32 {
	sum := make([]float32, fakeDim)
	for i := 0; i < len(img.Pix); i += 4 {
		for axis := range 3 {
			sum[axis] += float32(img.Pix[i+axis]) / 255
		}
	}
	sum[fakeDim-1] = 1 // black has a direction too
	return sum
}

// painted is a picture of one colour with a mark that makes it a picture of its own.
func painted(c color.RGBA, mark int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 96, 64))
	for y := range 64 {
		for x := range 96 {
			shade := c
			if (x/8+mark)*(y/8+2*mark+1)%5 == 0 { // coarse blocks, other ones for each mark
				shade.R, shade.G, shade.B = c.R/2, c.G/2, c.B/2
			}
			img.SetRGBA(x, y, shade)
		}
	}
	return img
}

var (
	red   = color.RGBA{250, 10, 10, 255}
	green = color.RGBA{10, 250, 10, 255}
	blue  = color.RGBA{10, 10, 250, 255}
)

func pngFile(t testing.TB, c color.RGBA, mark int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, painted(c, mark)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func jpegFile(t testing.TB, c color.RGBA, mark, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, painted(c, mark), &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

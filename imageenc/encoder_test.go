package imageenc

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// fakeTower gives the mean of each channel, and one more component, so that no vector is zero.
type fakeTower struct {
	inputs, outputs []ort.TensorInfo
	fed             [][]int64 // dims of what it was fed
	spoil           float32   // the last component, where it isn't 0
}

func (f *fakeTower) Inputs() []ort.TensorInfo  { return f.inputs }
func (f *fakeTower) Outputs() []ort.TensorInfo { return f.outputs }

func (f *fakeTower) Run(ctx context.Context, in []ort.Tensor, outputs ...string) ([]ort.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.fed = append(f.fed, in[0].Dims)
	rows := int(in[0].Dims[0])
	plane := len(in[0].F32) / rows / 3
	var out []float32
	for r := range rows {
		for c := range 3 {
			var sum float32
			for _, x := range in[0].F32[(r*3+c)*plane : (r*3+c+1)*plane] {
				sum += x
			}
			out = append(out, sum/float32(plane))
		}
		last := float32(0.1)
		if f.spoil != 0 {
			last = f.spoil
		}
		out = append(out, last)
	}
	return []ort.Tensor{{Name: outputs[0], Dims: []int64{int64(rows), 4}, F32: out}}, nil
}

func info(name string, dims ...int64) ort.TensorInfo {
	return ort.TensorInfo{Name: name, DType: ort.Float32, Dims: dims, Symbols: make([]string, len(dims))}
}

func tower(batch int64) *fakeTower {
	return &fakeTower{
		inputs:  []ort.TensorInfo{info("pixel_values", batch, 3, 8, 8)},
		outputs: []ort.TensorInfo{info("last_hidden_state", -1, 5, 4), info("image_embeds", -1, 4)},
	}
}

func spec() preprocess.Spec {
	return preprocess.Spec{Source: "preprocessor_config.json", Mode: preprocess.ResizeSquash, Filter: preprocess.Bilinear,
		ResizeHeight: 8, ResizeWidth: 8, Height: 8, Width: 8, Rescale: 1.0 / 255, Std: [3]float64{1, 1, 1}}
}

func plain(c color.RGBA) *preprocess.Picture {
	img := image.NewRGBA(image.Rect(0, 0, 12, 10))
	for y := range 10 {
		for x := range 12 {
			img.SetRGBA(x, y, c)
		}
	}
	return preprocess.FromImage("plain", img)
}

func pictures() []*preprocess.Picture {
	var list []*preprocess.Picture
	for i := range uint8(7) {
		list = append(list, plain(color.RGBA{R: 30 * i, G: 200 - 20*i, B: 10, A: 255}))
	}
	return list
}

func TestBatchEqualsSinglesAndKeepsOrder(t *testing.T) {
	for _, fixed := range []int64{-1, 1, 3} {
		fake := tower(fixed)
		e, err := New(context.Background(), spec(), fake, Options{MaxBatch: 4})
		if err != nil {
			t.Fatal(err)
		}
		if e.Dim() != 4 || e.Output() != "image_embeds" {
			t.Errorf("dim %d, output %s", e.Dim(), e.Output())
		}
		together, err := e.Encode(context.Background(), pictures())
		if err != nil || len(together) != 7 {
			t.Fatal(err)
		}
		for i, p := range pictures() {
			alone, err := e.Encode(context.Background(), []*preprocess.Picture{p})
			if err != nil || alone[0].Cosine(together[i]) < 1-1e-6 {
				t.Errorf("batch %d, picture %d: alone and together differ (%v)", fixed, i, err)
			}
		}
		for _, dims := range fake.fed {
			if !slices.Equal(dims[1:], []int64{3, 8, 8}) || fixed > 0 && dims[0] != fixed || dims[0] > 4 {
				t.Errorf("batch %d: it was fed %v", fixed, dims)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*preprocess.Spec, *fakeTower){
		"doesn't fit preprocessor_config.json": func(_ *preprocess.Spec, f *fakeTower) { f.inputs[0].Dims[2] = 9 },
		"want pixel_values alone":              func(_ *preprocess.Spec, f *fakeTower) { f.inputs = append(f.inputs, info("input_ids", -1, -1)) },
		"want [batch 3 height width]":          func(_ *preprocess.Spec, f *fakeTower) { f.inputs[0].Dims = []int64{-1, 192} },
		"want image_embeds":                    func(_ *preprocess.Spec, f *fakeTower) { f.outputs = f.outputs[:1] },
		"want finite numbers":                  func(s *preprocess.Spec, _ *fakeTower) { s.Std[1] = 0 },
	} {
		s, f := spec(), tower(-1)
		change(&s, f)
		if _, err := New(context.Background(), s, f, Options{}); !errors.Is(err, ErrGraph) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
	if _, err := New(context.Background(), spec(), tower(-1), Options{Output: "none"}); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("%v", err)
	}
}

func TestCancelledEncode(t *testing.T) {
	e, err := New(context.Background(), spec(), tower(-1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Encode(ctx, pictures()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestNotFiniteOutput: a tower that gives no numbers is named by its output, when it is loaded and later.
func TestNotFiniteOutput(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		fake := tower(-1)
		e, err := New(context.Background(), spec(), fake, Options{})
		if err != nil {
			t.Fatal(err)
		}
		fake.spoil = bad
		if _, err := e.Encode(context.Background(), pictures()); !errors.Is(err, space.ErrModelOutput) || !errors.Is(err, space.ErrNotFinite) || !strings.Contains(err.Error(), `output "image_embeds"`) {
			t.Errorf("%g: %v", bad, err)
		}
		if _, err := New(context.Background(), spec(), fake, Options{}); !errors.Is(err, ErrGraph) || !strings.Contains(err.Error(), `output "image_embeds"`) {
			t.Errorf("%g, when it is loaded: %v", bad, err)
		}
	}
}

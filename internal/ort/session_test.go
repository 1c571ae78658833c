package ort

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func newTestSession(t testing.TB, model []byte, opts SessionOptions) *Session {
	t.Helper()
	s, err := open(t).NewSession(Graph{Bytes: model}, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRun(t *testing.T) {
	s := newTestSession(t, doubling(), SessionOptions{})
	for _, batch := range []int64{1, 2, 5, 1} { // the batch is a dynamic dim
		x := make([]float32, 3*batch)
		for i := range x {
			x[i] = float32(i) + 0.5
		}
		got, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{batch, 3}, F32: x}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Name != "y" || !slices.Equal(got[0].Dims, []int64{batch, 3}) {
			t.Fatalf("outputs %+v", got)
		}
		for i, y := range got[0].F32 {
			if y != 2*x[i] {
				t.Errorf("y[%d] = %g; want %g", i, y, 2*x[i])
			}
		}
	}
}

func TestRunTypes(t *testing.T) {
	n := []int64{3}
	for _, c := range []struct {
		name     string
		dtype    DType
		in, want Tensor
	}{
		{"float32", Float32, Tensor{F32: []float32{1.5, -2, 3e30}}, Tensor{F32: []float32{1.5, -2, 3e30}}},
		{"float16", Float16, Tensor{F32: []float32{1.5, -2, 65504}}, Tensor{F32: []float32{1.5, -2, 65504}}},
		{"int64", Int64, Tensor{I64: []int64{1, -2, 1 << 40}}, Tensor{I64: []int64{1, -2, 1 << 40}}},
		{"int32", Int32, Tensor{I32: []int32{1, -2, 3}}, Tensor{I32: []int32{1, -2, 3}}},
		{"uint8", UInt8, Tensor{U8: []uint8{0, 1, 255}}, Tensor{U8: []uint8{0, 1, 255}}},
		{"int64 into int32", Int32, Tensor{I64: []int64{1, -2, 3}}, Tensor{I32: []int32{1, -2, 3}}},
		{"int32 into int64", Int64, Tensor{I32: []int32{1, -2, 3}}, Tensor{I64: []int64{1, -2, 3}}},
		{"int64 into bool", Bool, Tensor{I64: []int64{0, 1, 7}}, Tensor{U8: []uint8{0, 1, 1}}},
		{"uint8 into bool", Bool, Tensor{U8: []uint8{0, 1, 7}}, Tensor{U8: []uint8{0, 1, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestSession(t, identity(c.dtype), SessionOptions{Threads: 1})
			c.in.Name, c.in.Dims = "x", n
			c.want.Name, c.want.Dims = "y", n
			got, err := s.Run(t.Context(), []Tensor{c.in})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("got %+v; want %+v", got[0], c.want)
			}
		})
	}
}

func TestRunDouble(t *testing.T) {
	s := newTestSession(t, testGraph{
		nodes:   []pb{node("Cast", []string{"x"}, []string{"y"}, attr{"to", int64(Float64)})},
		inputs:  []pb{value("x", Float32, []any{"n"})},
		outputs: []pb{value("y", Float64, []any{"n"})},
	}.model(), SessionOptions{})
	got, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{2}, F32: []float32{0.25, -3}}})
	if err != nil || !slices.Equal(got[0].F32, []float32{0.25, -3}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRunChoosesOutputs(t *testing.T) {
	in := []Tensor{
		{Name: "b", Dims: []int64{2}, F32: []float32{3, 4}}, // in any order
		{Name: "a", Dims: []int64{2}, F32: []float32{1, 2}},
	}
	s := newTestSession(t, twoTowers(), SessionOptions{})
	if got := names(s.Outputs()); !slices.Equal(got, []string{"sum", "product"}) {
		t.Errorf("outputs %q; the scalar cannot be read", got)
	}
	got, err := s.Run(t.Context(), in, "product", "sum")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0].F32, []float32{3, 8}) || !slices.Equal(got[1].F32, []float32{4, 6}) {
		t.Errorf("got %+v", got)
	}
	if _, err := s.Run(t.Context(), in, "quotient"); !errors.Is(err, ErrOutput) || !strings.Contains(err.Error(), "sum, product") {
		t.Errorf("an unknown output: %v", err)
	}
	one := newTestSession(t, twoTowers(), SessionOptions{Outputs: []string{"product"}})
	if got, err := one.Run(t.Context(), in); err != nil || len(got) != 1 || got[0].Name != "product" {
		t.Errorf("a session of one output: %+v, %v", got, err)
	}
	for _, name := range []string{"quotient", "largest"} {
		_, err := open(t).NewSession(Graph{Bytes: twoTowers()}, SessionOptions{Outputs: []string{name}})
		if !errors.Is(err, ErrOutput) || !strings.Contains(err.Error(), name) {
			t.Errorf("a session of output %q: %v", name, err)
		}
	}
}

func TestRunRefusesInputs(t *testing.T) {
	s := newTestSession(t, twoTowers(), SessionOptions{})
	a := Tensor{Name: "a", Dims: []int64{2}, F32: []float32{1, 2}}
	b := Tensor{Name: "b", Dims: []int64{2}, F32: []float32{3, 4}}
	for _, c := range []struct {
		name string
		in   []Tensor
		want string
	}{
		{"missing", []Tensor{a}, "b float32 [n] is missing"},
		{"unknown", []Tensor{a, b, {Name: "c", Dims: []int64{1}, F32: []float32{1}}}, "the graph takes a, b"},
		{"twice", []Tensor{a, b, a}, `"a": it is given twice`},
		{"type", []Tensor{a, {Name: "b", Dims: []int64{1}, I64: []int64{1}}}, "I64 does not go into b float32"},
		{"rank", []Tensor{a, {Name: "b", Dims: []int64{1, 2}, F32: []float32{1, 2}}}, "its dims are [1 2]; the graph wants b float32 [n]"},
		{"too few", []Tensor{a, {Name: "b", Dims: []int64{3}, F32: []float32{1, 2}}}, "dims [3] make 3 elements; it has 2"},
		{"empty", []Tensor{a, {Name: "b", Dims: []int64{0}}}, "0 of F32, I64, I32 and U8 have elements"},
		{"two slices", []Tensor{a, {Name: "b", Dims: []int64{1}, F32: []float32{1}, I64: []int64{1}}}, "want exactly one"},
		{"no dims", []Tensor{a, {Name: "b", F32: []float32{1}}}, "it has no dims"},
		{"negative", []Tensor{a, {Name: "b", Dims: []int64{-1}, F32: []float32{1}}}, "want each at least 1"},
		{"overflow", []Tensor{a, {Name: "b", Dims: []int64{1 << 40, 1 << 40}, F32: []float32{1}}}, "fewer than 2^31"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Run(t.Context(), c.in)
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want ErrInput with %q", err, c.want)
			}
		})
	}
	// What only the library can see: two symbols that must agree and do not.
	_, err := s.Run(t.Context(), []Tensor{a, {Name: "b", Dims: []int64{3}, F32: []float32{1, 2, 3}}})
	if err == nil || errors.Is(err, ErrInput) {
		t.Errorf("inputs of lengths 2 and 3: %v; want the library's error", err)
	}
	if _, err := s.Run(t.Context(), []Tensor{a, b}); err != nil {
		t.Errorf("after all these errors: %v", err)
	}
}

func TestRunRefusesFixedDims(t *testing.T) {
	s := newTestSession(t, doubling(), SessionOptions{})
	_, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{1, 4}, F32: make([]float32, 4)}})
	if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "dims are [1 4]; the graph wants x float32 [batch 3]") {
		t.Errorf("error %v", err)
	}
}

func TestRunRefusesBeyondInt32(t *testing.T) {
	s := newTestSession(t, identity(Int32), SessionOptions{})
	_, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{2}, I64: []int64{1, 1 << 31}}})
	if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "element 1 is 2147483648") {
		t.Errorf("error %v", err)
	}
}

func TestNewSessionRefuses(t *testing.T) {
	r := open(t)
	for name, graph := range map[string]Graph{
		"text":             {Bytes: []byte("no graph")},
		"nothing":          {},
		"unknown operator": {Bytes: testGraph{nodes: []pb{node("Conjure", []string{"x"}, []string{"y"})}, inputs: []pb{value("x", Float32, []any{"n"})}, outputs: []pb{value("y", Float32, []any{"n"})}}.model()},
	} {
		if _, err := r.NewSession(graph, SessionOptions{}); !errors.Is(err, ErrGraph) {
			t.Errorf("%s: %v; want ErrGraph", name, err)
		}
	}
	if _, err := r.NewSession(Graph{Path: "/none/model.onnx"}, SessionOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.onnx")
	model := testGraph{
		nodes:   []pb{node("Add", []string{"x", "bias"}, []string{"y"})},
		weights: []pb{externalFloats("bias", "model.onnx_data", 2)},
		inputs:  []pb{value("x", Float32, []any{"n", 2})},
		outputs: []pb{value("y", Float32, []any{"n", 2})},
	}.model()
	var data []byte
	for _, x := range []float32{10, 20} {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	if err := errors.Join(os.WriteFile(path, model, 0o600), os.WriteFile(path+"_data", data, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := open(t).NewSession(Graph{Path: path}, SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{1, 2}, F32: []float32{1, 2}}})
	if err != nil || !slices.Equal(got[0].F32, []float32{11, 22}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A float16 graph in a file, with its weights in another.
func TestHalvesFromFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.onnx")
	model := testGraph{
		nodes: []pb{
			node("Add", []string{"x", "bias"}, []string{"sum"}),
			node("Cast", []string{"sum"}, []string{"half"}, attr{"to", int64(Float16)}),
		},
		weights: []pb{externalFloats("bias", "weights", 2)},
		inputs:  []pb{value("x", Float32, []any{"n", 2})},
		outputs: []pb{value("half", Float16, []any{"n", 2}), value("sum", Float32, []any{"n", 2})},
	}.model()
	var data []byte
	for _, x := range []float32{10, 20} {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	if err := errors.Join(os.WriteFile(path, model, 0o600), os.WriteFile(filepath.Join(dir, "weights"), data, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	s, err := open(t).NewSession(Graph{Path: "model.onnx"}, SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Outputs()[0]; got.Name != "half" || got.DType != Float16 {
		t.Errorf("output %v; the graph's own names and types are to be shown", got)
	}
	got, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{1, 2}, F32: []float32{1, 0.0001}}})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Name != "half" || !slices.Equal(got[0].F32, []float32{11, 20}) || !slices.Equal(got[1].F32, []float32{11, 20.0001}) {
		t.Errorf("got %+v", got)
	}
}

func TestRunAfterContextEnded(t *testing.T) {
	s := newTestSession(t, doubling(), SessionOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestRunIsStopped cancels a computation of minutes; it must end at the next operator.
func TestRunIsStopped(t *testing.T) {
	const n = 512
	s := newTestSession(t, slow(10000), SessionOptions{Threads: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Run(ctx, []Tensor{{Name: "x", Dims: []int64{n, n}, F32: make([]float32, n*n)}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestConcurrentRuns(t *testing.T) {
	s := newTestSession(t, doubling(), SessionOptions{Threads: 2})
	var callers sync.WaitGroup
	for c := range 8 {
		rng := rand.New(rand.NewPCG(1, uint64(c)))
		callers.Go(func() {
			for range 200 {
				x := make([]float32, 3*(1+rng.IntN(50)))
				for i := range x {
					x[i] = rng.Float32()
				}
				got, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{int64(len(x) / 3), 3}, F32: x}})
				if err != nil {
					t.Error(err)
					return
				}
				for i := range x {
					if got[0].F32[i] != 2*x[i] {
						t.Errorf("another caller's numbers")
						return
					}
				}
				if rng.IntN(20) == 0 {
					runtime.GC() // the tensors live in Go's memory
				}
			}
		})
	}
	callers.Wait()
}

func TestClose(t *testing.T) {
	s := newTestSession(t, doubling(), SessionOptions{})
	in := []Tensor{{Name: "x", Dims: []int64{1, 3}, F32: []float32{1, 2, 3}}}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				_, err := s.Run(t.Context(), in)
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	time.Sleep(5 * time.Millisecond) // runs are under way
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	callers.Wait()
	if _, err := s.Run(t.Context(), in); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestHalves(t *testing.T) {
	for h := range 1 << 16 {
		f := fromHalf(uint16(h))
		if f != f {
			if back := fromHalf(toHalf(f)); back == back {
				t.Errorf("NaN %#04x became %g", h, back)
			}
			continue
		}
		if back := toHalf(f); back != uint16(h) {
			t.Fatalf("%#04x is %g, which is %#04x", h, f, back)
		}
	}
	for _, c := range []struct {
		x    float32
		want uint16
	}{
		{1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00}, {1e10, 0x7c00}, {-1e10, 0xfc00},
		{1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, // halfway: to even
		{1.0 / (1 << 24), 0x0001}, {1.0 / (1 << 25), 0x0000}, {1.5 / (1 << 24), 0x0002},
		{1.0/(1<<14) - 1.0/(1<<26), 0x0400}, // rounds up into the normal numbers
	} {
		if got := toHalf(c.x); got != c.want {
			t.Errorf("toHalf(%g) = %#04x; want %#04x", c.x, got, c.want)
		}
	}
	// Nearest: no other half is nearer.
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		x := float32(math.Ldexp(rng.Float64()*2-1, rng.IntN(40)-25))
		h := toHalf(x)
		off := math.Abs(float64(fromHalf(h)) - float64(x))
		for _, near := range []uint16{h - 1, h + 1} {
			if other := float64(fromHalf(near)); math.Abs(other-float64(x)) < off {
				t.Fatalf("toHalf(%g) = %g, but %g is nearer", x, fromHalf(h), other)
			}
		}
	}
}

// fromHalf is the oracle of toHalf: it is exact.
func fromHalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero and subnormals: fraction * 2^-24
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

func TestDTypeString(t *testing.T) {
	for dtype, want := range map[DType]string{Float32: "float32", Float16: "float16", 16: "bfloat16", 99: "ONNX type 99", -1: "ONNX type -1"} {
		if got := dtype.String(); got != want {
			t.Errorf("DType %d is %q; want %q", int32(dtype), got, want)
		}
	}
}

func BenchmarkRunSmall(b *testing.B) {
	s := newTestSession(b, doubling(), SessionOptions{Threads: 1})
	in := []Tensor{{Name: "x", Dims: []int64{1, 3}, F32: []float32{1, 2, 3}}}
	for _, c := range []struct {
		name string
		ctx  context.Context
	}{{"background", context.Background()}, {"cancellable", b.Context()}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Run(c.ctx, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRunPixels moves a batch of 224x224 pixel values in and out of the library.
func BenchmarkRunPixels(b *testing.B) {
	s := newTestSession(b, identity(Float32), SessionOptions{Threads: 1})
	in := []Tensor{{Name: "x", Dims: []int64{16 * 3 * 224 * 224}, F32: make([]float32, 16*3*224*224)}}
	b.SetBytes(int64(4 * len(in[0].F32)))
	for b.Loop() {
		if _, err := s.Run(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMatMul512 is the library's own speed on a product that towers are made of.
func BenchmarkMatMul512(b *testing.B) {
	const n = 512
	s := newTestSession(b, slow(1), SessionOptions{})
	in := []Tensor{{Name: "x", Dims: []int64{n, n}, F32: slices.Repeat([]float32{0.001}, n*n)}}
	for b.Loop() {
		if _, err := s.Run(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*n*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

package ort

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	onnx "github.com/yalue/onnxruntime_go"
)

func TestInspect(t *testing.T) {
	sig, err := Inspect(Graph{Bytes: testGraph{
		nodes:   []pb{node("Add", []string{"pixel_values", "bias"}, []string{"out"})},
		weights: []pb{floats("bias", []int64{1}, 1)},
		inputs:  []pb{value("pixel_values", Float32, []any{"batch", 3, "", 224})},
		outputs: []pb{value("out", Float32, nil), value("flag", Bool, []any{})},
	}.model()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range slices.Concat(sig.Inputs, sig.Outputs) {
		got = append(got, info.String())
	}
	want := []string{"pixel_values float32 [batch 3 ? 224]", "out float32 of any shape", "flag bool []"}
	if !slices.Equal(got, want) {
		t.Errorf("signature %q; want %q", got, want)
	}
	if in := sig.Inputs[0]; !slices.Equal(in.Dims, []int64{-1, 3, -1, 224}) {
		t.Errorf("dims %v", in.Dims)
	}
}

// Before IR version 4 every weight is listed as an input too.
func TestInspectLeavesOutInitializedInputs(t *testing.T) {
	model := oldStyle()
	sig, err := Inspect(Graph{Bytes: model})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(sig.Inputs); !slices.Equal(got, []string{"x"}) {
		t.Errorf("inputs %q; want x alone", got)
	}
}

func oldStyle() []byte {
	return testGraph{
		irVersion: 3,
		nodes:     []pb{node("Add", []string{"x", "bias"}, []string{"y"})},
		weights:   []pb{floats("bias", []int64{1}, 1)},
		inputs:    []pb{value("bias", Float32, []any{1}), value("x", Float32, []any{"n"})},
		outputs:   []pb{value("y", Float32, []any{"n"})},
	}.model()
}

// The library's own view of a graph must be the same.
func TestInspectAgreesWithLibrary(t *testing.T) {
	open(t)
	for name, model := range map[string][]byte{
		"doubling": doubling(), "two towers": twoTowers(), "half": identity(Float16), "old style": oldStyle(),
	} {
		t.Run(name, func(t *testing.T) {
			sig, err := Inspect(Graph{Bytes: model})
			if err != nil {
				t.Fatal(err)
			}
			inputs, outputs, err := onnx.GetInputOutputInfoWithONNXData(model)
			if err != nil {
				t.Fatal(err)
			}
			compareInfos(t, sig.Inputs, inputs)
			compareInfos(t, sig.Outputs, outputs)
		})
	}
}

func compareInfos(t *testing.T, got []TensorInfo, want []onnx.InputOutputInfo) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%v; the library says %v", got, want)
	}
	for i, info := range got {
		if info.Name != want[i].Name || info.DType != DType(want[i].DataType) || !slices.Equal(info.Dims, want[i].Dimensions) {
			t.Errorf("%v; the library says %v", info, &want[i])
		}
	}
}

func TestInspectPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, doubling(), 0o600); err != nil {
		t.Fatal(err)
	}
	sig, err := Inspect(Graph{Path: path})
	if err != nil || len(sig.Inputs) != 1 {
		t.Errorf("Inspect = %v, %v", sig, err)
	}
	if _, err := Inspect(Graph{Path: path + ".missing"}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "model.onnx.missing") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestInspectRefuses(t *testing.T) {
	whole := doubling()
	for name, model := range map[string][]byte{
		"nothing":           nil,
		"text":              []byte("this is no model, it is a sentence"),
		"half of a graph":   whole[:len(whole)/2],
		"no graph":          pb{}.varint(1, 8),
		"no outputs":        testGraph{inputs: []pb{value("x", Float32, nil)}}.model(),
		"endless length":    append(pb{}.varint(1, 8), 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"group wire type":   {0x3b},
		"field number 0":    {0x00, 0x01},
		"overlong varint":   slices.Repeat([]byte{0xff}, 12),
		"graph as a number": pb{}.varint(modelGraph, 1),
	} {
		if _, err := Inspect(Graph{Bytes: model}); !errors.Is(err, ErrGraph) {
			t.Errorf("%s: %v; want ErrGraph", name, err)
		}
	}
}

func FuzzInspect(f *testing.F) {
	for _, model := range [][]byte{doubling(), twoTowers(), oldStyle(), identity(Bool), {0x3a, 0xff}} {
		f.Add(model)
	}
	f.Fuzz(func(t *testing.T, model []byte) {
		sig, err := Inspect(Graph{Bytes: model})
		if err != nil {
			if !errors.Is(err, ErrGraph) {
				t.Errorf("an error that is not ErrGraph: %v", err)
			}
			return
		}
		for _, info := range slices.Concat(sig.Inputs, sig.Outputs) {
			if len(info.Dims) != len(info.Symbols) {
				t.Errorf("%d dims, %d symbols", len(info.Dims), len(info.Symbols))
			}
			_ = info.String()
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	path := filepath.Join(b.TempDir(), "model.onnx")
	if err := os.WriteFile(path, slow(1000), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Inspect(Graph{Path: path}); err != nil {
			b.Fatal(err)
		}
	}
}

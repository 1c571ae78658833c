package ort

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// joined is a graph of two towers with outputs of each and of both, a weight that both use and one of each.
func joined() []byte {
	return testGraph{
		nodes: []pb{
			node("Add", []string{"ids", "shared"}, []string{"t"}),
			node("Mul", []string{"t", "of text"}, []string{"text_embeds"}),
			node("Add", []string{"pixels", "shared"}, []string{"p"}),
			node("Mul", []string{"p", "of image"}, []string{"image_embeds"}),
			node("Mul", []string{"text_embeds", "image_embeds"}, []string{"logits"}),
		},
		weights: []pb{floats("shared", []int64{1}, 1), floats("of text", []int64{1}, 2), floats("of image", []int64{1}, 3)},
		inputs:  []pb{value("ids", Float32, []any{"n"}), value("pixels", Float32, []any{"n"})},
		outputs: []pb{
			value("logits", Float32, []any{"n"}), value("text_embeds", Float32, []any{"n"}), value("image_embeds", Float32, []any{"n"}),
		},
	}.model()
}

func TestRestrictedSession(t *testing.T) {
	runtime := open(t)
	for _, c := range []struct {
		input, output string
		want          []float32
	}{{"ids", "text_embeds", []float32{4, 8}}, {"pixels", "image_embeds", []float32{6, 12}}} {
		s, err := runtime.NewSession(Graph{Bytes: joined()}, SessionOptions{Inputs: []string{c.input}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if len(s.Inputs()) != 1 || s.Inputs()[0].Name != c.input || len(s.Outputs()) != 1 || s.Outputs()[0].Name != c.output {
			t.Fatalf("restricted to %s it takes %v and gives %v", c.input, s.Inputs(), s.Outputs())
		}
		out, err := s.Run(context.Background(), []Tensor{{Name: c.input, Dims: []int64{2}, F32: []float32{1, 3}}})
		if err != nil || !slices.Equal(out[0].F32, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.output, out, err, c.want)
		}
	}
}

func TestRestrictLeavesOutWhatIsNotNeeded(t *testing.T) {
	text, err := restrict(Graph{Bytes: joined()}, []string{"ids"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"shared": true, "of text": true, "of image": false, "logits": false} {
		if strings.Contains(string(text), name) != want {
			t.Errorf("%q is in the restricted graph: %v; want %v", name, !want, want)
		}
	}
	all, err := restrict(Graph{Bytes: joined()}, []string{"ids", "pixels"})
	if err != nil || len(all) != len(joined()) {
		t.Errorf("with all inputs it has %d bytes, %v; want %d", len(all), err, len(joined()))
	}
	if _, err := restrict(Graph{Bytes: joined()}, []string{"sound"}); !errors.Is(err, ErrGraph) || !strings.Contains(err.Error(), "sound") {
		t.Errorf("of an input that isn't there: %v", err)
	}
}

// A body of If reads values of the graph around it, which must stay, and must not come from an input that isn't given.
func TestRestrictReadsBodies(t *testing.T) {
	body := func(from string) pb {
		return pb{}.text(2, "body").bytes(graphNode, node("Identity", []string{from}, []string{"inner " + from})).bytes(graphOutput, value("inner "+from, Float32, []any{1}))
	}
	branch := func(name, from string) pb {
		return pb{}.text(attributeName, name).bytes(nodeAttributeGraph, body(from)).varint(attributeType, 5)
	}
	choose := pb{}.text(nodeInput, "yes").text(nodeOutput, "z").text(nodeOpType, "If").
		bytes(nodeAttribute, branch("then_branch", "doubled")).bytes(nodeAttribute, branch("else_branch", "x"))
	model := testGraph{
		nodes:   []pb{node("Add", []string{"x", "x"}, []string{"doubled"}), choose, node("Identity", []string{"y"}, []string{"other"})},
		inputs:  []pb{value("x", Float32, []any{1}), value("yes", Bool, []any{1}), value("y", Float32, []any{1})},
		outputs: []pb{value("z", Float32, []any{1}), value("other", Float32, []any{1})},
	}.model()
	s, err := open(t).NewSession(Graph{Bytes: model}, SessionOptions{Inputs: []string{"x", "yes"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(context.Background(), []Tensor{
		{Name: "x", Dims: []int64{1}, F32: []float32{4}}, {Name: "yes", Dims: []int64{1}, U8: []uint8{1}},
	})
	if err != nil || len(out) != 1 || out[0].F32[0] != 8 {
		t.Errorf("%v, %v; want 8", out, err)
	}
	if _, err := restrict(Graph{Bytes: model}, []string{"yes"}); err == nil {
		t.Error("z was kept without x, which a body reads")
	}
}

// Weights in a file beside the graph are found, though the restricted graph is in memory.
func TestRestrictFindsExternalWeights(t *testing.T) {
	dir := t.TempDir()
	model := testGraph{
		nodes:   []pb{node("Add", []string{"x", "w"}, []string{"y"}), node("Identity", []string{"other"}, []string{"z"})},
		weights: []pb{externalFloats("w", "weights.bin", 1)},
		inputs:  []pb{value("x", Float32, []any{1}), value("other", Float32, []any{1})},
		outputs: []pb{value("y", Float32, []any{1}), value("z", Float32, []any{1})},
	}.model()
	raw := binary.LittleEndian.AppendUint32(nil, math.Float32bits(40))
	for name, data := range map[string][]byte{"model.onnx": model, "weights.bin": raw} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	graph := Graph{Path: filepath.Join(dir, "model.onnx")}
	if sig, err := Inspect(graph); err != nil || !slices.Equal(sig.External, []string{"weights.bin"}) {
		t.Errorf("external files %v, %v", sig.External, err)
	}
	s, err := open(t).NewSession(graph, SessionOptions{Inputs: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(context.Background(), []Tensor{{Name: "x", Dims: []int64{1}, F32: []float32{2}}})
	if err != nil || len(out) != 1 || out[0].F32[0] != 42 {
		t.Errorf("%v, %v; want 42", out, err)
	}
}

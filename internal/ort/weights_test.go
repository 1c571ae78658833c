package ort

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// weighty gives y = x + w + v of [n] numbers: w is large enough to be left outside, v spells its numbers out.
func weighty(n int) []byte {
	w, v := make([]float32, n), pb{}.varint(tensorDims, uint64(n)).varint(tensorDataType, uint64(Float32)).text(tensorName, "v")
	var spelled []byte
	for i := range w {
		w[i] = float32(i)
		spelled = binary.LittleEndian.AppendUint32(spelled, math.Float32bits(0.5))
	}
	v = v.bytes(4, spelled) // float_data
	return testGraph{
		nodes:   []pb{node("Add", []string{"x", "w"}, []string{"s"}), node("Add", []string{"s", "v"}, []string{"y"})},
		weights: []pb{floats("w", []int64{int64(n)}, w...), v},
		inputs:  []pb{value("x", Float32, []any{n})},
		outputs: []pb{value("y", Float32, []any{n})},
	}.model()
}

func writeModel(t *testing.T, model []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, model, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSlimLeavesWeightsInTheFile(t *testing.T) {
	const n = 3000
	path := writeModel(t, weighty(n))
	slimmed, err := slim(Graph{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if whole := len(weighty(n)); len(slimmed.Bytes) > whole-4*n+200 || len(slimmed.Bytes) < 4*n {
		t.Errorf("%d of %d bytes are left; want those of v, and not those of w", len(slimmed.Bytes), whole)
	}
	sig, err := Inspect(slimmed)
	if err != nil || !slices.Equal(sig.External, []string{"model.onnx"}) {
		t.Errorf("weights in %v, %v; want model.onnx", sig.External, err)
	}
	link := filepath.Join(t.TempDir(), "linked.onnx")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, graph := range []Graph{{Path: path}, {Path: link}, {Bytes: weighty(n)}} {
		for _, asIs := range []bool{false, true} {
			s, err := open(t).NewSession(graph, SessionOptions{AsIs: asIs})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			out, err := s.Run(context.Background(), []Tensor{{Name: "x", Dims: []int64{n}, F32: make([]float32, n)}})
			if err != nil {
				t.Fatal(err)
			}
			for i, y := range out[0].F32 {
				if y != float32(i)+0.5 {
					t.Fatalf("%s, as is %v: y[%d] = %v", graph.name(), asIs, i, y)
				}
			}
		}
	}
}

// A graph with nothing to leave outside is what it was, byte for byte in all its fields.
func TestSlimKeepsSmallGraphs(t *testing.T) {
	slimmed, err := slim(Graph{Path: writeModel(t, twoTowers())})
	if err != nil || !bytes.Equal(slimmed.Bytes, twoTowers()) {
		t.Errorf("%v, %d bytes; want %d", err, len(slimmed.Bytes), len(twoTowers()))
	}
}

func TestBlocksReadWhatTheFileHas(t *testing.T) {
	data := make([]byte, 3*blockSize+100)
	for i := range data {
		data[i] = byte(i % 251)
	}
	b := &blocks{from: bytes.NewReader(data)}
	for _, at := range []int{0, 10, blockSize - 3, blockSize, 5, 3 * blockSize, len(data) - 4, len(data) - 10} {
		for _, size := range []int{1, 4, 10, blockSize + 1} {
			got := make([]byte, size)
			n, err := b.ReadAt(got, int64(at))
			want := data[at:min(len(data), at+size)]
			if !bytes.Equal(got[:n], want) || (err != nil) != (len(want) < size) {
				t.Errorf("%d bytes at %d: %d read, %v", size, at, n, err)
			}
		}
	}
	if n, err := b.ReadAt(make([]byte, 1), int64(len(data))); n != 0 || err == nil {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

package ort

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// eightBit gives y, the product of x [batch k] with weights of unsigned bytes [k n], as quantize_dynamic writes it. A second
// product reads the weights too. Zero points are those given: none, one, or n.
func eightBit(k, n int, weights, zeros []byte, spelled bool) []byte {
	in := []string{"q", "w", "qzero"}
	g := testGraph{
		inputs:  []pb{value("x", Float32, []any{"batch", k})},
		outputs: []pb{value("y", Float32, []any{"batch", n}), value("twice", Int32, []any{"batch", n})},
		weights: []pb{unsigned("w", false, weights, int64(k), int64(n)), floats("scales", nil, 0.01)},
	}
	switch len(zeros) {
	case 0:
	case 1:
		in, g.weights = append(in, "zeros"), append(g.weights, unsigned("zeros", spelled, zeros))
	default:
		in, g.weights = append(in, "zeros"), append(g.weights, unsigned("zeros", spelled, zeros, int64(n)))
	}
	g.nodes = []pb{
		node("DynamicQuantizeLinear", []string{"x"}, []string{"q", "scale", "qzero"}),
		node("MatMulInteger", in, []string{"sum"}),
		node("Cast", []string{"sum"}, []string{"float"}, attr{"to", int64(Float32)}),
		node("Mul", []string{"scale", "scales"}, []string{"both"}),
		node("Mul", []string{"float", "both"}, []string{"y"}),
		node("MatMulInteger", in, []string{"twice"}),
	}
	return g.model()
}

// unsigned is an initializer of uint8, as raw bytes or spelled out as numbers.
func unsigned(name string, spelled bool, data []byte, dims ...int64) pb {
	var m, numbers pb
	for _, d := range dims {
		m = m.varint(tensorDims, uint64(d))
	}
	m = m.varint(tensorDataType, uint64(UInt8)).text(tensorName, name)
	if !spelled {
		return m.bytes(tensorRaw, data)
	}
	for _, b := range data {
		numbers = appendNumber(numbers, uint64(b))
	}
	return m.bytes(tensorInt32s, numbers)
}

func appendNumber(m pb, x uint64) pb {
	for ; x >= 0x80; x >>= 7 {
		m = append(m, byte(x)|0x80)
	}
	return append(m, byte(x))
}

// signing has weights signed, or not, whatever the processor; without VNNI the library may saturate, so bits aren't compared.
func signing(t *testing.T, on bool) {
	t.Helper()
	before := signedIsFaster
	signedIsFaster = func() bool { return on }
	t.Cleanup(func() { signedIsFaster = before })
}

func TestSignedWeightsGiveTheSameBits(t *testing.T) {
	if !hasVNNI() {
		t.Skip("SKIPPED: this processor has no VNNI; there the weights stay unsigned")
	}
	random := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		k, n, batch := 1+random.IntN(300), 1+random.IntN(100), 1+random.IntN(9)
		weights := randomBytes(random, k*n)
		zeros := randomBytes(random, []int{0, 1, n}[random.IntN(3)])
		spelled := random.IntN(2) == 0
		x := make([]float32, batch*k)
		for i := range x {
			x[i] = float32(random.NormFloat64() * math.Exp(random.NormFloat64()))
		}
		name := fmt.Sprintf("%d x %d x %d, %d zero points", batch, k, n, len(zeros))
		model := eightBit(k, n, weights, zeros, spelled)
		for _, graph := range []Graph{{Bytes: model}, {Path: writeModel(t, model)}} {
			got, rewrites := runGraph(t, graph, SessionOptions{}, x, batch, k)
			want, _ := runGraph(t, graph, SessionOptions{AsIs: true}, x, batch, k)
			if rewrites.Signed != 2 {
				t.Fatalf("%s: %+v; want both products signed", name, rewrites)
			}
			if !slices.Equal(got[0].F32, want[0].F32) || !slices.Equal(got[1].F32, want[1].F32) {
				t.Fatalf("%s: other numbers", name)
			}
		}
	}
}

func randomBytes(random *rand.Rand, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// runGraph runs a graph on [batch k]; outputs of int32 are given as F32.
func runGraph(t *testing.T, graph Graph, opts SessionOptions, x []float32, batch, k int) ([]Tensor, Rewrites) {
	t.Helper()
	s, err := open(t).NewSession(graph, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{int64(batch), int64(k)}, F32: x}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		for _, v := range out[i].I32 {
			out[i].F32 = append(out[i].F32, float32(v))
		}
	}
	return out, *s.Rewrites()
}

// What isn't such a product keeps its bytes: other activations, weights that are signed, of another type or not at hand.
func TestWeightsThatStayUnsigned(t *testing.T) {
	signing(t, true)
	data := []byte{1, 2, 3, 200, 5, 6}
	x := value("x", UInt8, []any{"batch", 3})
	y := value("y", Int32, []any{"batch", 2})
	missing := pb{}.varint(tensorDims, 3).varint(tensorDims, 2).varint(tensorDataType, uint64(UInt8)).text(tensorName, "w").
		bytes(tensorExternal, pb{}.text(entryKey, "location").text(entryValue, "../elsewhere")).varint(tensorLocation, tensorOUTSIDE)
	dynamic := node("DynamicQuantizeLinear", []string{"x"}, []string{"q", "scale", "zero"})
	product := node("MatMulInteger", []string{"q", "w", "zero"}, []string{"y"})
	floating := value("x", Float32, []any{"batch", 3})
	for name, g := range map[string]testGraph{
		"activations of bytes": {nodes: []pb{node("MatMulInteger", []string{"x", "w"}, []string{"y"})}, inputs: []pb{x}, weights: []pb{unsigned("w", false, data, 3, 2)}},
		"spelled weights":      {nodes: []pb{dynamic, product}, inputs: []pb{floating}, weights: []pb{unsigned("w", true, data, 3, 2)}},
		"weights elsewhere":    {nodes: []pb{dynamic, product}, inputs: []pb{floating}, weights: []pb{missing}},
		"weights cut off":      {nodes: []pb{dynamic, product}, inputs: []pb{floating}, weights: []pb{unsigned("w", false, data[:5], 3, 2)}},
		"weights as an input": {nodes: []pb{dynamic, product}, inputs: []pb{floating, value("w", UInt8, []any{3, 2})},
			weights: []pb{unsigned("w", false, data, 3, 2)}},
		"no weights": {nodes: []pb{dynamic, product}, inputs: []pb{floating, value("w", UInt8, []any{3, 2})}},
	} {
		g.outputs = []pb{y}
		_, rewrites, err := rewrite(Graph{Bytes: g.model(), Path: "/nowhere/model.onnx"}, SessionOptions{})
		if err != nil || rewrites.Any() {
			t.Errorf("%s: %+v, %v; want it left alone", name, rewrites, err)
		}
	}
}

// Weights beyond what a message may hold stay unsigned, the others don't.
func TestSignedWeightsHaveRoom(t *testing.T) {
	g, err := readNetwork(eightBit(10, 4, make([]byte, 40), nil, false))
	if err != nil {
		t.Fatal(err)
	}
	if n, weights := g.signWeights("", 39); n != 0 || len(weights) != 0 {
		t.Errorf("%d products, %d weights in too little room", n, len(weights))
	}
	if n, weights := g.signWeights("", 40); n != 2 || len(weights) != 1 {
		t.Errorf("%d products, %d weights; want 2 of one", n, len(weights))
	}
}

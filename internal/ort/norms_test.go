package ort

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// normed gives y, the layer norm of x [batch width]; spelled as exports before opset 17 have it, squares by Mul or Pow.
func normed(width int, form string, epsilon float32, scale, bias []float32) []byte {
	g := testGraph{
		inputs:  []pb{value("x", Float32, []any{"batch", width})},
		outputs: []pb{value("y", Float32, []any{"batch", width})},
		weights: []pb{
			floats("scale", []int64{int64(width)}, scale...), floats("bias", []int64{int64(width)}, bias...),
			floats("epsilon", nil, epsilon), floats("two", nil, 2),
		},
	}
	last := pb{}.text(attributeName, "axes").varint(attributeInts, math.MaxUint64).varint(attributeType, 7)
	mean := func(in, out string) pb {
		return node("ReduceMean", []string{in}, []string{out}).bytes(nodeAttribute, last)
	}
	square := node("Pow", []string{"centred", "two"}, []string{"square"})
	switch form {
	case "node":
		g.nodes = []pb{node("LayerNormalization", []string{"x", "scale", "bias"}, []string{"y"}, attr{"axis", -1}).
			bytes(nodeAttribute, pb(floatSetting("epsilon", epsilon).raw))}
		return g.model()
	case "no bias":
		g.nodes = []pb{node("LayerNormalization", []string{"x", "scale"}, []string{"y"}, attr{"axis", 1}).
			bytes(nodeAttribute, pb(floatSetting("epsilon", epsilon).raw))}
		return g.model()
	case "spelled by Mul":
		square = node("Mul", []string{"centred", "centred"}, []string{"square"})
	}
	g.nodes = []pb{
		mean("x", "mean"), node("Sub", []string{"x", "mean"}, []string{"centred"}), square, mean("square", "variance"),
		node("Add", []string{"variance", "epsilon"}, []string{"sum"}), node("Sqrt", []string{"sum"}, []string{"root"}),
		node("Div", []string{"centred", "root"}, []string{"unit"}), node("Mul", []string{"unit", "scale"}, []string{"scaled"}),
		node("Add", []string{"scaled", "bias"}, []string{"y"}),
	}
	return g.model()
}

func TestSpreadNorms(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, form := range []string{"node", "no bias", "spelled", "spelled by Mul"} {
		for range 20 {
			width, batch := 2+random.IntN(900), 1+random.IntN(20)
			epsilon := []float32{1e-12, 1e-6, 1e-5, 1}[random.IntN(4)]
			scale, bias, x := make([]float32, width), make([]float32, width), make([]float32, width*batch)
			for i := range scale {
				scale[i], bias[i] = float32(random.NormFloat64()), float32(random.NormFloat64())
			}
			offset, spread := 30*random.NormFloat64(), math.Exp(3*random.NormFloat64())
			for i := range x {
				x[i] = float32(offset + spread*random.NormFloat64())
			}
			if form == "no bias" {
				clear(bias)
			}
			out, rewrites := runGraph(t, Graph{Bytes: normed(width, form, epsilon, scale, bias)}, SessionOptions{}, x, batch, width)
			if rewrites.Norms != 1 {
				t.Fatalf("%s: %+v; want one norm", form, rewrites)
			}
			name := fmt.Sprintf("%s of %d x %d, mean %.1f, spread %.2g, epsilon %g", form, batch, width, offset, spread, epsilon)
			for row := range batch {
				checkNorm(t, name, x[row*width:(row+1)*width], out[0].F32[row*width:(row+1)*width], scale, bias, float64(epsilon), math.Abs(offset)/spread)
			}
		}
	}
}

// checkNorm holds a row against the definition in float64. Taking a mean away leaves what rounding did to the numbers beside
// it: far says how many deviations away from zero they lie.
func checkNorm(t *testing.T, name string, x, y, scale, bias []float32, epsilon, far float64) {
	t.Helper()
	var mean, square float64
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		square += (float64(v) - mean) * (float64(v) - mean)
	}
	root := math.Sqrt(square/float64(len(x)) + epsilon)
	for i := range x {
		unit := (float64(x[i]) - mean) / root
		want := unit*float64(scale[i]) + float64(bias[i])
		allowed := 1e-6*(far+1)*math.Abs(float64(scale[i])) + 2e-6*math.Abs(unit*float64(scale[i])) + 1e-6*math.Abs(want)
		if d := math.Abs(float64(y[i]) - want); !(d <= allowed) {
			t.Fatalf("%s: y[%d] = %g; want %g", name, i, y[i], want)
		}
	}
}

// What isn't a layer norm of float32 over the last axis for certain stays what it is.
func TestNormsThatStay(t *testing.T) {
	scale := floats("scale", []int64{4}, 1, 2, 3, 4)
	half := pb{}.varint(tensorDims, 4).varint(tensorDataType, uint64(Float16)).text(tensorName, "scale").bytes(tensorRaw, make([]byte, 8))
	in := []pb{value("x", Float32, []any{"batch", 4})}
	for name, g := range map[string]testGraph{
		"another axis":   {nodes: []pb{node("LayerNormalization", []string{"x", "scale"}, []string{"y"}, attr{"axis", 0})}, inputs: in, weights: []pb{scale}},
		"its mean":       {nodes: []pb{node("LayerNormalization", []string{"x", "scale"}, []string{"y", "mean"})}, inputs: in, weights: []pb{scale}},
		"float16":        {nodes: []pb{node("LayerNormalization", []string{"x", "scale"}, []string{"y"})}, inputs: in, weights: []pb{half}},
		"a given scale":  {nodes: []pb{node("LayerNormalization", []string{"x", "s"}, []string{"y"})}, inputs: append(in, value("s", Float32, []any{4}))},
		"another scale":  {nodes: []pb{node("LayerNormalization", []string{"x", "scale"}, []string{"y"})}, inputs: in, weights: []pb{floats("scale", []int64{1, 4}, 1, 2, 3, 4)}},
		"only a mean":    {nodes: []pb{node("ReduceMean", []string{"x"}, []string{"m"}), node("Sub", []string{"x", "m"}, []string{"y"})}, inputs: in},
		"rounded blocks": {nodes: []pb{node("LayerNormalization", []string{"x", "scale"}, []string{"z"}), blocks4("z", "y")}, inputs: in, weights: []pb{scale}},
	} {
		g.outputs = []pb{value("y", Float32, []any{"batch", 4})}
		_, rewrites, err := rewrite(Graph{Bytes: g.model()}, SessionOptions{})
		if err != nil || rewrites.Any() {
			t.Errorf("%s: %+v, %v; want it left alone", name, rewrites, err)
		}
	}
	// Read before it is scaled, the quotient's type is not known for certain.
	g, err := readNetwork(normed(4, "spelled", 1e-5, make([]float32, 4), make([]float32, 4)))
	if err != nil {
		t.Fatal(err)
	}
	g.operators = append(g.operators, &operator{kind: "Neg", in: []string{"unit"}, out: []string{"z"}})
	if n := g.spreadNorms(); n != 0 {
		t.Errorf("%d norms of one that is read before it is scaled", n)
	}
}

// blocks4 is a product whose activations are rounded block by block.
func blocks4(in, out string) pb {
	return node("MatMulNBits", []string{in, "w", "s"}, []string{out}, attr{"accuracy_level", 4}).text(nodeDomain, "com.microsoft")
}

// TestOddOperatorsStay: operators with too few inputs or outputs, which the library will refuse, are no reason to panic.
func TestOddOperatorsStay(t *testing.T) {
	kinds := []string{"LayerNormalization", "Div", "Sub", "Sqrt", "Add", "Pow", "ReduceMean", "MatMulInteger", "DynamicQuantizeLinear", "Mul"}
	for _, kind := range kinds {
		for in := range 4 {
			for out := range 3 {
				names := []string{"x", "x", "y", ""}
				g := testGraph{
					nodes:   []pb{node(kind, names[:in], []string{"y", "z"}[:out]), node("Div", []string{"y", "y"}, []string{"q"}), node("Div", nil, []string{"r"})},
					inputs:  []pb{value("x", Float32, []any{"batch", 4})},
					outputs: []pb{value("q", Float32, []any{"batch", 4}), value("r", Float32, []any{"batch", 4})},
				}
				if _, rewrites, err := rewrite(Graph{Bytes: g.model()}, SessionOptions{}); err != nil || rewrites.Any() {
					t.Errorf("%s of %d inputs and %d outputs: %+v, %v", kind, in, out, rewrites, err)
				}
			}
		}
	}
}

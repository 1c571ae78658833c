package synthetic

import (
	"math"
	"slices"
	"testing"
)

// TestVectorsAreWhatTheySay holds the space to the cosines that its description gives.
func TestVectorsAreWhatTheySay(t *testing.T) {
	const dim, n = 256, 600
	s := New(dim, 3)
	var pairs [3]float64
	a, b := make([]float32, dim), make([]float32, dim)
	for i := range n {
		for j, kinds := range [][2]func(int, []float32){{s.Image, s.Image}, {s.Text, s.Text}, {s.Image, s.Text}} {
			kinds[0](i, a)
			kinds[1](i+n, b)
			pairs[j] += float64(dotOf(a, b)) / n
		}
		if length := dotOf(a, a); math.Abs(float64(length)-1) > 1e-5 {
			t.Fatalf("a vector of squared length %v", length)
		}
	}
	for j, want := range []float64{0.49, 0.64, 0.20} {
		if math.Abs(pairs[j]-want) > 0.03 {
			t.Errorf("mean cosines %.3f; want .49, .64, .20", pairs)
		}
	}
}

func TestVectorsDependOnSeedAndNumberAlone(t *testing.T) {
	a, b := make([]float32, 64), make([]float32, 64)
	first, second := New(64, 9), New(64, 9)
	second.Text(1, b)
	first.Image(5, a)
	second.Image(5, b)
	if !slices.Equal(a, b) {
		t.Error("the same vector differs")
	}
	if New(64, 10).Image(5, b); slices.Equal(a, b) {
		t.Error("another seed gives the same vector")
	}
}

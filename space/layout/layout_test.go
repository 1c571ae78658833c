package layout_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/graph"
	"github.com/clipd/clipd/space/layout"
)

// groups are n vectors around each of a few directions, and which they belong to.
func groups(t testing.TB, count, n int) (vectors []space.Vector, truth []int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 9))
	for g := range count {
		for range n {
			raw := make([]float32, 32)
			for i := range raw {
				raw[i] = float32(.12 * random.NormFloat64())
			}
			raw[g]++
			v, err := space.Normalize(raw)
			if err != nil {
				t.Fatal(err)
			}
			vectors, truth = append(vectors, v), append(truth, g)
		}
	}
	return vectors, truth
}

func nearest(vectors []space.Vector, k int) graph.Graph {
	g := make(graph.Graph, len(vectors))
	for i, v := range vectors {
		for j, w := range vectors {
			if i != j {
				g[i] = append(g[i], graph.Neighbour{Index: j, Distance: 1 - v.Cosine(w)})
			}
		}
		slices.SortFunc(g[i], func(a, b graph.Neighbour) int {
			if a.Distance != b.Distance {
				return int(math.Copysign(1, a.Distance-b.Distance))
			}
			return a.Index - b.Index
		})
		g[i] = g[i][:min(k, len(g[i]))]
	}
	return g
}

// kept is how many of the nearest 5 on the plane are of the same group.
func kept(points []layout.Point, truth []int) float64 {
	same, all := 0, 0
	for i, p := range points {
		order := make([]int, 0, len(points))
		for j := range points {
			if j != i {
				order = append(order, j)
			}
		}
		slices.SortFunc(order, func(a, b int) int {
			return int(math.Copysign(1, math.Hypot(points[a].X-p.X, points[a].Y-p.Y)-math.Hypot(points[b].X-p.X, points[b].Y-p.Y)))
		})
		for _, j := range order[:5] {
			all++
			if truth[j] == truth[i] {
				same++
			}
		}
	}
	return float64(same) / float64(all)
}

func TestUMAPKeepsNeighboursTogether(t *testing.T) {
	vectors, truth := groups(t, 8, 30)
	flat := layout.PCA(vectors)
	points, err := layout.UMAP(t.Context(), nearest(vectors, 12), flat, 42)
	if err != nil {
		t.Fatal(err)
	}
	before, after := kept(flat, truth), kept(points, truth)
	t.Logf("of the five nearest on the plane, %.2f are of the same group by PCA, %.2f by UMAP", before, after)
	if after < 0.98 || after <= before {
		t.Errorf("%.3f by PCA, %.3f by UMAP", before, after)
	}
	again, err := layout.UMAP(t.Context(), nearest(vectors, 12), flat, 42)
	if err != nil || !slices.Equal(points, again) {
		t.Error("the same seed gives another picture")
	}
	extent := 0.0
	for _, p := range points {
		extent = max(extent, math.Abs(p.X), math.Abs(p.Y))
	}
	if math.Abs(extent-1) > 1e-9 {
		t.Errorf("it extends to %v", extent)
	}
}

func TestPCAFindsTheMainDirections(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var vectors []space.Vector
	var wide []float64
	for range 300 {
		x, y := .5*random.NormFloat64(), .2*random.NormFloat64()
		raw := []float32{3, float32(x), float32(y), float32(.01 * random.NormFloat64()), 0}
		v, err := space.Normalize(raw)
		if err != nil {
			t.Fatal(err)
		}
		vectors, wide = append(vectors, v), append(wide, float64(v.Components()[1]))
	}
	points := layout.PCA(vectors)
	var sumXX, sumYY, sumXY, with float64
	for i, p := range points {
		sumXX += p.X * p.X
		sumYY += p.Y * p.Y
		sumXY += p.X * p.Y
		with += p.X * wide[i]
	}
	if sumXX < 3*sumYY || math.Abs(sumXY) > 0.01*sumXX {
		t.Errorf("variances %.3f and %.3f, covariance %.3f", sumXX, sumYY, sumXY)
	}
	if with <= 0 {
		t.Error("the first axis points the other way")
	}
}

func TestLayoutsOfLittle(t *testing.T) {
	vectors, _ := groups(t, 1, 3)
	for n := range 4 {
		points, err := layout.UMAP(t.Context(), nearest(vectors[:n], 2), layout.PCA(vectors[:n]), 1)
		if err != nil || len(points) != n {
			t.Errorf("%d points: %v, %v", n, points, err)
		}
		for _, p := range points {
			if math.IsNaN(p.X) || math.IsNaN(p.Y) {
				t.Errorf("%d points: %v", n, points)
			}
		}
	}
	same := []space.Vector{vectors[0], vectors[0], vectors[0], vectors[0]}
	points, err := layout.UMAP(t.Context(), nearest(same, 3), layout.PCA(same), 1)
	if err != nil || math.IsNaN(points[0].X) {
		t.Errorf("copies: %v, %v", points, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := layout.UMAP(gone, nearest(vectors, 2), layout.PCA(vectors), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits: %v", err)
	}
}

// BenchmarkUMAP is a map of 5,000 points, without the graph.
func BenchmarkUMAP(b *testing.B) {
	vectors, _ := groups(b, 20, 250)
	g, flat := make(graph.Graph, len(vectors)), layout.PCA(vectors)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range g {
		for j := range 15 {
			g[i] = append(g[i], graph.Neighbour{Index: (i/250)*250 + random.IntN(250), Distance: float64(j+1) * .01})
		}
	}
	for b.Loop() {
		if _, err := layout.UMAP(b.Context(), g, flat, 1); err != nil {
			b.Fatal(err)
		}
	}
}

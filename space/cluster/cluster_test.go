package cluster_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/cluster"
	"github.com/clipd/clipd/space/graph"
)

func vector(t testing.TB, raw []float32) space.Vector {
	t.Helper()
	v, err := space.Normalize(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// blobs are groups of vectors around directions that lie apart, of the given sizes and widths, and noise of random
// directions.
func blobs(t testing.TB, seed uint64, sizes []int, widths []float64, noise int) (vectors []space.Vector, truth []int) {
	t.Helper()
	const dim = 24
	random := rand.New(rand.NewPCG(seed, 1))
	for g, size := range sizes {
		for range size {
			raw := make([]float32, dim)
			for i := range raw {
				raw[i] = float32(widths[g] * random.NormFloat64())
			}
			raw[g]++
			vectors, truth = append(vectors, vector(t, raw)), append(truth, g)
		}
	}
	for range noise {
		raw := make([]float32, dim)
		for i := range raw {
			raw[i] = float32(random.NormFloat64())
		}
		vectors, truth = append(vectors, vector(t, raw)), append(truth, cluster.Noise)
	}
	return vectors, truth
}

func neighbours(vectors []space.Vector, k int) graph.Graph {
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

// rand index: of all pairs, how many are together in both or in neither. Noise points are alone.
func agreement(a, b []int) float64 {
	same, all := 0, 0
	for i := range a {
		for j := range i {
			x, y := a[i] == a[j] && a[i] != cluster.Noise, b[i] == b[j] && b[i] != cluster.Noise
			all++
			if x == y {
				same++
			}
		}
	}
	return float64(same) / float64(all)
}

func TestKMeansFindsGroups(t *testing.T) {
	vectors, truth := blobs(t, 1, []int{60, 40, 20, 10}, []float64{.08, .08, .08, .08}, 0)
	g, centroids, err := cluster.KMeans(t.Context(), vectors, 4, 7, nil)
	if err != nil || g.Groups != 4 || len(centroids) != 4 || !slices.Equal(g.Assigned, truth) {
		t.Errorf("%d groups, %v: %v", g.Groups, err, g.Assigned)
	}
	again, _, _ := cluster.KMeans(t.Context(), vectors, 4, 7, nil)
	if !slices.Equal(again.Assigned, g.Assigned) || !slices.Equal(again.Strength, g.Strength) {
		t.Error("the same question has another answer")
	}
	for i, s := range g.Strength {
		if s < 0.5 || s > 1 {
			t.Errorf("strength of %d is %v", i, s)
		}
	}
	if k, err := cluster.ChooseK(t.Context(), vectors, 7, nil); err != nil || k != 4 {
		t.Errorf("k is chosen as %d, %v", k, err)
	}
}

func TestKMeansOfLittle(t *testing.T) {
	vectors, _ := blobs(t, 2, []int{2}, []float64{.1}, 0)
	for _, k := range []int{1, 2, 5} {
		g, centroids, err := cluster.KMeans(t.Context(), vectors, k, 1, nil)
		if err != nil || g.Groups != min(k, 2) || len(centroids) != g.Groups {
			t.Errorf("k %d: %+v, %v", k, g, err)
		}
	}
	same := []space.Vector{vectors[0], vectors[0], vectors[0]}
	if g, _, err := cluster.KMeans(t.Context(), same, 2, 1, nil); err != nil || g.Groups != 1 {
		t.Errorf("three copies: %+v, %v", g, err)
	}
	if g, _, err := cluster.KMeans(t.Context(), nil, 3, 1, nil); err != nil || g.Groups != 0 {
		t.Errorf("nothing: %+v, %v", g, err)
	}
	if k, err := cluster.ChooseK(t.Context(), vectors, 1, nil); err != nil || k != 1 {
		t.Errorf("two vectors: k %d, %v", k, err)
	}
}

func TestDensityFindsGroupsAndNoise(t *testing.T) {
	vectors, truth := blobs(t, 3, []int{60, 40, 20}, []float64{.05, .1, .02}, 30)
	g := cluster.Density(neighbours(vectors, 20), 8, 5)
	if g.Groups != 3 {
		t.Errorf("%d groups", g.Groups)
	}
	if same := agreement(g.Assigned, truth); same < 0.97 {
		t.Errorf("agreement %.3f: %v", same, g.Assigned)
	}
	noise := 0
	for i, a := range g.Assigned[120:] {
		if a == cluster.Noise {
			noise++
			if g.Strength[120+i] != 0 {
				t.Error("noise has strength")
			}
		}
	}
	if noise < 20 { // 22, as with scikit-learn 1.9.1's HDBSCAN, whose groups and strengths are the same
		t.Errorf("%d of 30 points of noise are noise", noise)
	}
}

func TestDensityOfChainsAndCopies(t *testing.T) {
	// Two chains of points, which k-means would cut, and a heap of copies.
	var vectors []space.Vector
	var truth []int
	for i := range 30 {
		angle := float64(i) * 0.02
		vectors = append(vectors, vector(t, []float32{float32(math.Cos(angle)), float32(math.Sin(angle)), 0, 0}))
		truth = append(truth, 0)
	}
	for i := range 30 {
		angle := float64(i) * 0.02
		vectors = append(vectors, vector(t, []float32{0, 0, float32(math.Cos(angle)), float32(math.Sin(angle))}))
		truth = append(truth, 1)
	}
	g := cluster.Density(neighbours(vectors, 6), 5, 3)
	if g.Groups != 2 || agreement(g.Assigned, truth) < 0.99 {
		t.Errorf("%d groups: %v", g.Groups, g.Assigned)
	}
	for range 10 {
		vectors = append(vectors, vector(t, []float32{1, 0, 1, 0}))
		truth = append(truth, 2)
	}
	g = cluster.Density(neighbours(vectors, 6), 5, 3)
	if g.Groups != 3 || agreement(g.Assigned, truth) < 0.99 {
		t.Errorf("with copies: %d groups: %v", g.Groups, g.Assigned)
	}
}

func TestDensityOfLittle(t *testing.T) {
	for n := range 4 {
		g := cluster.Density(make(graph.Graph, n), 2, 1)
		if g.Groups != 0 || len(g.Assigned) != n {
			t.Errorf("%d points without neighbours: %+v", n, g)
		}
	}
}

func TestWordsAreOfTheirGroup(t *testing.T) {
	words := cluster.Words([][]string{
		{"a tabby cat on a sofa", "the cat sleeps", "black cat in a garden", "IMG_2042 cat.jpg"},
		{"a dog in a garden", "brown dog barks", "the dog on a sofa"},
		{"红色 连衣裙"},
		{},
	}, 2)
	if words[0][0] != "cat" || words[1][0] != "dog" || !slices.Contains(words[2], "红色") || len(words[3]) != 0 {
		t.Errorf("%q", words)
	}
	if slices.Contains(words[0], "tabby") {
		t.Errorf("a word of one text in four names the group: %q", words[0])
	}
}

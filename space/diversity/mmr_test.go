package diversity_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/diversity"
)

func vector(t *testing.T, raw ...float32) space.Vector {
	t.Helper()
	v, err := space.Normalize(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMMRTakesOneOfEachKindFirst(t *testing.T) {
	cat, dog, car := vector(t, 1, 0, 0), vector(t, 0, 1, 0), vector(t, 0, 0, 1)
	vectors := []space.Vector{cat, cat, cat, dog, dog, car}
	relevance := []float64{.9, .89, .88, .7, .69, .5}
	if got := diversity.MMR(relevance, vectors, 1); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("lambda 1 changes the order: %v", got)
	}
	if got := diversity.MMR(relevance, vectors, 0.5); !slices.Equal(got[:3], []int{0, 3, 5}) && !slices.Equal(got[:3], []int{0, 3, 1}) {
		t.Errorf("lambda 0.5: %v", got)
	}
	if got := diversity.MMR(relevance, vectors, 0); !slices.Equal(got[:3], []int{0, 3, 5}) {
		t.Errorf("lambda 0: %v, want a cat, a dog, a car", got)
	}
}

// TestMMRAgainstItsDefinition compares with the formula, evaluated afresh at every step.
func TestMMRAgainstItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 20 {
		n := 1 + random.IntN(30)
		vectors, relevance := make([]space.Vector, n), make([]float64, n)
		for i := range vectors {
			vectors[i] = vector(t, random.Float32()+.3, random.Float32(), random.Float32(), random.Float32())
			relevance[i] = 1 - float64(i)*random.Float64()*.01
		}
		lambda := random.Float64()
		if got, want := diversity.MMR(relevance, vectors, lambda), byDefinition(relevance, vectors, lambda); !slices.Equal(got, want) {
			t.Errorf("round %d, lambda %.2f: %v, want %v", round, lambda, got, want)
		}
	}
}

func byDefinition(relevance []float64, vectors []space.Vector, lambda float64) []int {
	least, greatest := slices.Min(relevance), slices.Max(relevance)
	var floor, pairs float64
	for i := range vectors {
		for j := range i {
			floor += vectors[i].Cosine(vectors[j])
			pairs++
		}
	}
	if pairs > 0 {
		floor /= pairs
	}
	var order []int
	for len(order) < len(vectors) {
		best, bestScore := -1, math.Inf(-1)
		for i := range vectors {
			if slices.Contains(order, i) {
				continue
			}
			nearest := 0.0
			for _, j := range order {
				nearest = max(nearest, (vectors[i].Cosine(vectors[j])-floor)/(1-floor))
			}
			score := -(1 - lambda) * nearest
			if greatest > least {
				score += lambda * (relevance[i] - least) / (greatest - least)
			} else {
				score += lambda
			}
			if score > bestScore+1e-12 {
				best, bestScore = i, score
			}
		}
		order = append(order, best)
	}
	return order
}

func TestMMROfLittle(t *testing.T) {
	if got := diversity.MMR(nil, nil, .5); len(got) != 0 {
		t.Errorf("nothing: %v", got)
	}
	same := []space.Vector{vector(t, 1, 0), vector(t, 1, 0), {}}
	if got := diversity.MMR([]float64{.5, .5, .5}, same, .5); !slices.Equal(got, []int{0, 2, 1}) {
		t.Errorf("two copies and one without a vector: %v", got)
	}
}

// BenchmarkMMR is what a search with diversity costs more.
func BenchmarkMMR(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	vectors, relevance := make([]space.Vector, 500), make([]float64, 500)
	for i := range vectors {
		raw := make([]float32, 512)
		for j := range raw {
			raw[j] = float32(random.NormFloat64())
		}
		vectors[i], _ = space.Normalize(raw)
		relevance[i] = random.Float64()
	}
	for b.Loop() {
		diversity.MMR(relevance, vectors, .5)
	}
}

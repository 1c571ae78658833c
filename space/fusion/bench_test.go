package fusion

import (
	"fmt"
	"testing"
)

// candidates of two lists of n each, half of them in both.
func candidates(n int) []Candidate {
	list := make([]Candidate, 0, 2*n)
	for i := range n {
		c := Candidate{ID: fmt.Sprintf("item-%06d", i), VectorRank: i + 1, Similarity: 0.4 - float64(i)/1e4}
		if i%2 == 0 {
			c.KeywordRank, c.KeywordScore = n-i, float64(i)
		}
		list = append(list, c)
		if i%2 == 1 {
			list = append(list, Candidate{ID: fmt.Sprintf("word-%06d", i), KeywordRank: n - i, KeywordScore: float64(i)})
		}
	}
	return list
}

func BenchmarkFusion(b *testing.B) {
	list := candidates(100)
	b.Run("rrf", func(b *testing.B) {
		for b.Loop() {
			RRF(list)
		}
	})
	b.Run("convex", func(b *testing.B) {
		combination := Combination{Alpha: 0.5}
		for b.Loop() {
			combination.Rank(list)
		}
	})
}

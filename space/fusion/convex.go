package fusion

import "fmt"

// Combination is a convex combination of scaled scores (Bruch, Gai and Ingber, ACM TOIS 2023).
//
// The similarity is scaled by its fixed bounds, (1 + cosine) / 2, and not by the least and greatest of a short list,
// which would make a hit's score depend on its neighbours. Keyword scores have no upper bound: they are divided by
// TopKeyword, the best one of the query.
type Combination struct {
	Alpha      float64 // weight of the similarity, 0 to 1
	TopKeyword float64 // greatest keyword score of the query; 0: no item matched
}

// Rank ranks candidates by alpha * similarity + (1-alpha) * keyword score, both scaled to [0, 1].
func (c Combination) Rank(candidates []Candidate) []Fused {
	fused := make([]Fused, len(candidates))
	for i, candidate := range candidates {
		similarity, keyword := c.scaled(candidate)
		fused[i] = Fused{candidate, c.Alpha*similarity + (1-c.Alpha)*keyword}
	}
	return rank(fused)
}

func (c Combination) scaled(candidate Candidate) (similarity, keyword float64) {
	if c.TopKeyword > 0 {
		keyword = candidate.KeywordScore / c.TopKeyword
	}
	return (1 + candidate.Similarity) / 2, keyword
}

// Explain writes the sum out: "0.50 * vector 0.6600 + 0.50 * keyword 1.0000 = 0.83000".
func (c Combination) Explain(f Fused) string {
	similarity, keyword := c.scaled(f.Candidate)
	return fmt.Sprintf("%.2f * vector %.4f + %.2f * keyword %.4f = %.5f", c.Alpha, similarity, 1-c.Alpha, keyword, f.Score)
}

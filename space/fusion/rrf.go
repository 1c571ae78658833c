package fusion

import (
	"fmt"
	"strings"
)

// RRFConstant is the k of reciprocal rank fusion: 60, as in Cormack, Clarke and Büttcher, SIGIR 2009.
const RRFConstant = 60

// RRF ranks candidates by the sum of 1/(60 + rank) over the lists that hold them. It needs no comparable scores.
func RRF(candidates []Candidate) []Fused {
	fused := make([]Fused, len(candidates))
	for i, c := range candidates {
		fused[i] = Fused{c, reciprocal(c.VectorRank) + reciprocal(c.KeywordRank)}
	}
	return rank(fused)
}

func reciprocal(rank int) float64 {
	if rank == 0 {
		return 0
	}
	return 1 / float64(RRFConstant+rank)
}

// ExplainRRF writes the sum out: "vector 1/(60+3) + keyword 1/(60+1) = 0.03227".
func ExplainRRF(f Fused) string {
	var parts []string
	if f.VectorRank > 0 {
		parts = append(parts, fmt.Sprintf("vector 1/(%d+%d)", RRFConstant, f.VectorRank))
	}
	if f.KeywordRank > 0 {
		parts = append(parts, fmt.Sprintf("keyword 1/(%d+%d)", RRFConstant, f.KeywordRank))
	}
	return fmt.Sprintf("%s = %.5f", strings.Join(parts, " + "), f.Score)
}

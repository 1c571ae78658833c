package fusion

import (
	"fmt"
	"strings"
)

// RRFConstant is the k of reciprocal rank fusion: 60, as in Cormack, Clarke and Büttcher, SIGIR 2009.
const RRFConstant = 60

// RRF ranks candidates by the sum of 1/(60 + rank) over the lists that hold them. It needs no comparable scores.
//
// Whole codes count as a list of their own. Whoever types "SKU-1234" wants that item; without this list, one that is
// near by chance and shares the word "SKU" would be above it, 1/(60+1) + 1/(60+2) against 1/(60+1) + 1/(60+300).
func RRF(candidates []Candidate) []Fused {
	fused := make([]Fused, len(candidates))
	for i, c := range candidates {
		fused[i] = Fused{c, reciprocal(c.VectorRank) + reciprocal(c.KeywordRank) + reciprocal(c.CodeRank)}
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
	for _, list := range []struct {
		name string
		rank int
	}{{"vector", f.VectorRank}, {"keyword", f.KeywordRank}, {"code", f.CodeRank}} {
		if list.rank > 0 {
			parts = append(parts, fmt.Sprintf("%s 1/(%d+%d)", list.name, RRFConstant, list.rank))
		}
	}
	return fmt.Sprintf("%s = %.5f", strings.Join(parts, " + "), f.Score)
}

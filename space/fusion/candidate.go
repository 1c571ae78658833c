package fusion

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Candidate is an item that at least one of the two lists holds.
type Candidate struct {
	ID           string
	VectorRank   int     // from 1; 0: not in the vector list
	Similarity   float64 // of query and item, in [-1, 1], whether or not it is in the vector list
	KeywordRank  int     // from 1; 0: not in the keyword list
	KeywordScore float64 // 0: not in the keyword list
	CodeRank     int     // from 1, among the items that have a whole code of the query, such as "SKU-1234"; 0: it has none
}

// Fused is a candidate with its place in the joint ranking.
type Fused struct {
	Candidate
	Score float64
}

// rank sorts by falling score. Among equals, what the user's own words match better comes first, then the smaller id.
func rank(fused []Fused) []Fused {
	slices.SortFunc(fused, func(a, b Fused) int {
		return cmp.Or(
			cmp.Compare(b.Score, a.Score),
			cmp.Compare(wordRank(a), wordRank(b)),
			strings.Compare(a.ID, b.ID),
		)
	})
	return fused
}

// wordRank is the place in the keyword list, behind all others where there is none.
func wordRank(f Fused) int {
	if f.KeywordRank == 0 {
		return math.MaxInt
	}
	return f.KeywordRank
}

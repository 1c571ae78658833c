package fusion

import (
	"math"
	"slices"
	"testing"
)

func order(fused []Fused) []string {
	var ids []string
	for _, f := range fused {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestRRF(t *testing.T) {
	for _, tc := range []struct {
		name       string
		candidates []Candidate
		want       []string
	}{
		{"nothing", nil, nil},
		{"both lists beat one", []Candidate{
			{ID: "vector first", VectorRank: 1}, {ID: "both", VectorRank: 40, KeywordRank: 30},
		}, []string{"both", "vector first"}},
		{"better ranks first", []Candidate{
			{ID: "a", VectorRank: 3}, {ID: "b", VectorRank: 2}, {ID: "c", VectorRank: 1},
		}, []string{"c", "b", "a"}},
		{"a tie goes to the words", []Candidate{
			{ID: "a", VectorRank: 1}, {ID: "z", KeywordRank: 1},
		}, []string{"z", "a"}},
		{"a tie among matches goes to the better match", []Candidate{
			{ID: "a", VectorRank: 1, KeywordRank: 2}, {ID: "b", VectorRank: 2, KeywordRank: 1},
		}, []string{"b", "a"}},
		{"a whole code beats nearness and a shared part", []Candidate{
			{ID: "near", VectorRank: 1, KeywordRank: 2}, {ID: "code", VectorRank: 0, KeywordRank: 1, CodeRank: 1},
		}, []string{"code", "near"}},
		{"scores don't count", []Candidate{
			{ID: "a", VectorRank: 2, Similarity: 0.9, KeywordScore: 100}, {ID: "b", VectorRank: 1, Similarity: 0.1},
		}, []string{"b", "a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := order(RRF(tc.candidates)); !slices.Equal(got, tc.want) {
				t.Errorf("%v; want %v", got, tc.want)
			}
		})
	}
}

func TestRRFScoreAndExplanation(t *testing.T) {
	f := RRF([]Candidate{{ID: "a", VectorRank: 3, KeywordRank: 1}})[0]
	if want := 1.0/63 + 1.0/61; f.Score != want {
		t.Errorf("score %v; want %v", f.Score, want)
	}
	if got, want := ExplainRRF(f), "vector 1/(60+3) + keyword 1/(60+1) = 0.03227"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	alone := RRF([]Candidate{{ID: "a", KeywordRank: 5}})[0]
	if got, want := ExplainRRF(alone), "keyword 1/(60+5) = 0.01538"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestCombination(t *testing.T) {
	candidates := []Candidate{
		{ID: "near", VectorRank: 1, Similarity: 0.6},
		{ID: "matched", KeywordRank: 1, KeywordScore: 8, Similarity: 0.2},
		{ID: "half", VectorRank: 2, KeywordRank: 2, KeywordScore: 4, Similarity: 0.4},
	}
	for _, tc := range []struct {
		alpha float64
		want  []string
	}{
		{0, []string{"matched", "half", "near"}},
		{0.5, []string{"matched", "half", "near"}}, // .8, .6, .4
		{0.8, []string{"matched", "half", "near"}}, // .68, .66, .64
		{0.9, []string{"near", "half", "matched"}}, // .72, .68, .64
		{1, []string{"near", "half", "matched"}},
	} {
		got := order(Combination{tc.alpha, 8}.Rank(candidates))
		if !slices.Equal(got, tc.want) {
			t.Errorf("alpha %v: %v; want %v", tc.alpha, got, tc.want)
		}
	}
}

func TestCombinationScoreAndExplanation(t *testing.T) {
	c := Combination{0.25, 8}
	f := c.Rank([]Candidate{{ID: "a", Similarity: 0.5, KeywordScore: 2}})[0]
	if want := 0.25*0.75 + 0.75*0.25; math.Abs(f.Score-want) > 1e-12 {
		t.Errorf("score %v; want %v", f.Score, want)
	}
	if got, want := c.Explain(f), "0.25 * vector 0.7500 + 0.75 * keyword 0.2500 = 0.37500"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestCombinationWithoutMatches(t *testing.T) {
	f := Combination{0.5, 0}.Rank([]Candidate{{ID: "a", Similarity: 1}})[0]
	if f.Score != 0.5 {
		t.Errorf("score %v; want 0.5", f.Score)
	}
}

func TestCombinationTies(t *testing.T) {
	got := order(Combination{1, 3}.Rank([]Candidate{
		{ID: "a", Similarity: 0.5}, {ID: "c", Similarity: 0.5, KeywordRank: 2, KeywordScore: 1}, {ID: "b", Similarity: 0.5},
	}))
	if want := []string{"c", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
}

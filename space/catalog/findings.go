package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/fusion"
)

// findings are what the two indexes found, before they are one list.
type findings struct {
	byID     map[string]*fusion.Candidate
	order    []string // in which they were found
	cosines  map[string]float64
	terms    map[string][]string
	coverage map[string]float64 // of the question by its words
	aim      aim
}

func newFindings() *findings {
	return &findings{
		byID: map[string]*fusion.Candidate{}, cosines: map[string]float64{}, terms: map[string][]string{}, coverage: map[string]float64{},
	}
}

// take says of an item what other findings say of it.
func (f *findings) take(id string, of *findings) {
	f.terms[id], f.coverage[id] = of.terms[id], of.coverage[id]
	if cosine, known := of.cosines[id]; known {
		f.cosines[id] = cosine
	}
}

func (f *findings) at(id string) *fusion.Candidate {
	candidate, known := f.byID[id]
	if !known {
		candidate = &fusion.Candidate{ID: id}
		f.byID[id] = candidate
		f.order = append(f.order, id)
	}
	return candidate
}

// rank makes one list: by similarity, by keyword score, or fused.
func (f *findings) rank(q space.Query) []fusion.Fused {
	candidates := make([]fusion.Candidate, len(f.order))
	for i, id := range f.order {
		candidates[i] = *f.byID[id]
	}
	switch {
	case q.Mode == space.VectorOnly:
		return byScore(candidates, func(c fusion.Candidate) float64 { return c.Similarity })
	case q.Mode == space.KeywordOnly:
		return byScore(candidates, func(c fusion.Candidate) float64 { return c.KeywordScore })
	case q.Fusion == space.Convex:
		return f.combination(q).Rank(candidates)
	}
	return fusion.RRF(candidates)
}

func byScore(candidates []fusion.Candidate, score func(fusion.Candidate) float64) []fusion.Fused {
	ranked := make([]fusion.Fused, len(candidates))
	for i, c := range candidates {
		ranked[i] = fusion.Fused{Candidate: c, Score: score(c)}
	}
	slices.SortFunc(ranked, func(a, b fusion.Fused) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID))
	})
	return ranked
}

func (f *findings) combination(q space.Query) fusion.Combination {
	combination := fusion.Combination{Alpha: q.Alpha}
	for _, candidate := range f.byID {
		combination.TopKeyword = max(combination.TopKeyword, candidate.KeywordScore)
	}
	return combination
}

func (f *findings) explain(q space.Query, hit fusion.Fused) *space.Explanation {
	explanation := &space.Explanation{
		VectorRank: hit.VectorRank, KeywordRank: hit.KeywordRank, KeywordScore: hit.KeywordScore, Terms: f.terms[hit.ID],
	}
	switch {
	case q.Mode == space.VectorOnly && q.Examples != nil:
		explanation.Fusion = f.aim.explain(f.cosines[hit.ID], hit.Score)
	case q.Mode == space.VectorOnly && f.aim.positive[0].centre.mixed:
		explanation.Fusion = fmt.Sprintf("cosine %.4f less the mean of its kind = %.4f", f.cosines[hit.ID], hit.Score)
	case q.Mode == space.VectorOnly:
		explanation.Fusion = fmt.Sprintf("cosine %.4f", hit.Score)
	case q.Mode == space.KeywordOnly:
		explanation.Fusion = fmt.Sprintf("keyword score %.4f", hit.Score)
	case q.Fusion == space.Convex:
		explanation.Fusion = f.combination(q).Explain(hit)
	default:
		explanation.Fusion = fusion.ExplainRRF(hit)
	}
	return explanation
}

// codes are those words of a query that name one thing, such as "SKU-1234": they have a digit and something else.
type codes map[string]bool

func codesOf(words string) codes {
	found := codes{}
	for _, word := range strings.Fields(strings.ToLower(words)) {
		word = strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
		digits := strings.ContainsFunc(word, unicode.IsDigit)
		others := strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsDigit(r) })
		if digits && others {
			found[word] = true
		}
	}
	return found
}

// in says whether one of the matched terms, "field:term", is a whole code.
func (c codes) in(terms []string) bool {
	return len(c) > 0 && slices.ContainsFunc(terms, func(term string) bool {
		_, value, _ := strings.Cut(term, ":")
		return c[value]
	})
}

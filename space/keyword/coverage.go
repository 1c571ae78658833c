package keyword

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/search"
)

// coverage adds up how much of a query each match has: the share of its words, each weighted by how rare it is (its idf).
type coverage struct {
	items    uint64
	likeness [][]float64 // by match and clause: how surely the clause's word is in it, 0 to 1
}

func newCoverage(matches, clauses int, items uint64) *coverage {
	c := &coverage{items: items, likeness: make([][]float64, matches)}
	for i := range c.likeness {
		c.likeness[i] = make([]float64, clauses)
	}
	return c
}

func (c *coverage) note(match, clause int, likeness float64) {
	c.likeness[match][clause] = max(c.likeness[match][clause], likeness)
}

// Shares of a word that is there in another form.
const (
	likeGuess = 0.8 // by what its stem may be
	likePart  = 0.5 // as a part of a code that is not there: SKU of SKU-1234 where there is only SKU-9
)

// of is the coverage of a match. A code names one thing: a match that has all codes of the query has all that it asks for,
// whatever else it says; and where there are only some parts of a code, these are worth half.
func (c *coverage) of(match int, q *query) float64 {
	likeness := slices.Clone(c.likeness[match])
	codes := map[string]bool{} // by their parts: a code is looked for with and without its separators
	for i, code := range q.clauses {
		if len(code.parts) > 0 {
			name := strings.Join(code.parts, " ")
			codes[name] = codes[name] || likeness[i] > 0
		}
	}
	here := 0
	for name, whole := range codes {
		q.settle(strings.Fields(name), likeness, whole)
		if whole {
			here++
		}
	}
	if here > 0 && here == len(codes) {
		return 1
	}
	return c.share(likeness, q)
}

// share is that of the words, by their idf.
func (c *coverage) share(likeness []float64, q *query) float64 {
	var sum, all float64
	for i, clause := range q.clauses {
		if clause.word != "" {
			idf := clause.idf(c.items)
			sum += idf * likeness[i]
			all += idf
		}
	}
	if all == 0 {
		return 0
	}
	return sum / all
}

// settle changes the likeness of those clauses that are parts of a code.
func (q *query) settle(parts []string, likeness []float64, whole bool) {
	all := !slices.ContainsFunc(parts, func(part string) bool {
		at := q.clauseOf(part)
		return at >= 0 && likeness[at] < 1
	})
	for _, part := range parts {
		at := q.clauseOf(part)
		switch {
		case at < 0:
		case whole:
			likeness[at] = 1
		case !all:
			likeness[at] = min(likeness[at], likePart)
		}
	}
}

func (q *query) clauseOf(word string) int {
	return slices.IndexFunc(q.clauses, func(c clause) bool { return c.word == word })
}

// idf is how rare the clause's word is; one that no item has counts as one of a single item.
func (c clause) idf(items uint64) float64 {
	known, n := float64(max(c.known, 1)), float64(max(items, 1))
	return math.Log(1 + (n-known+0.5)/(known+0.5))
}

// likenessOf says how surely an item that has the leaf has the clause's word: surely, if it is the word or a stem of it;
// less, the more of the word is missing or spelt otherwise.
func (c clause) likenessOf(l leaf) float64 {
	letters := float64(utf8.RuneCountInString(c.word))
	switch {
	case c.word == "" || l.term == c.word || strings.HasPrefix(l.field, stemPrefix) || strings.Contains(l.term, stemMark):
		return 1
	case l.field == guessField:
		return likeGuess
	case strings.HasPrefix(l.term, c.word):
		return (1 + letters/float64(utf8.RuneCountInString(l.term))) / 2
	}
	return max(0, 1-2*float64(search.LevenshteinDistance(c.word, l.term))/letters)
}

// Package relevance says how much a hit's score means. Cosines mean another thing in every model and in every
// collection: of a million pictures the nearest to any nonsense is nearer than of twenty. So a score is compared with
// those that questions get which have nothing to find there. It consists of pure functions; package catalog brings the
// vectors. See docs/search.md and docs/adr/0010.
package relevance

import (
	"math"
	"slices"
)

// Null is the distribution of the best score of a question that has nothing to find: a Gumbel distribution, which is
// what the greatest of many light-tailed values follows (Fisher and Tippett, 1928). The zero Null says nothing.
type Null struct {
	Location float64
	Scale    float64
}

// halfChance is the chance that gets a relevance of one half: of a hundred questions with nothing to find, five have a
// best hit as good as this.
const halfChance = 0.05

// The share of tops that Fit looks at. Some of the bank's questions do have something to find, how many depends on the
// collection: they are the greatest tops, and stay out.
const (
	fitFrom = 0.05
	fitTo   = 0.45
	fitAt   = 20 // quantiles in between
)

// Fit estimates a Null from the best scores of several questions, most of which have nothing to find: the line through
// their quantiles from .05 to .45 on Gumbel paper. It needs 20 tops, else it says false; all equal, too.
func Fit(tops []float64) (Null, bool) {
	if len(tops) < 20 {
		return Null{}, false
	}
	sorted := slices.Sorted(slices.Values(tops))
	var n, sumX, sumY, sumXX, sumXY float64
	for i := range fitAt {
		p := fitFrom + (fitTo-fitFrom)*float64(i)/(fitAt-1)
		x, y := -math.Log(-math.Log(p)), quantile(sorted, p)
		n, sumX, sumY, sumXX, sumXY = n+1, sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	scale := (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	null := Null{Location: (sumY - scale*sumX) / n, Scale: scale}
	return null, scale > 1e-9
}

// OfNormal is the Null of the best of n scores when a single one is normally distributed with what the quartiles above
// the middle of a sample say: up to a quarter of the sample may be what the question looks for. It needs 8 scores.
func OfNormal(sample []float64, n int) (Null, bool) {
	if len(sample) < 8 || n < 1 {
		return Null{}, false
	}
	sorted := slices.Sorted(slices.Values(sample))
	median := quantile(sorted, 0.5)
	deviation := (quantile(sorted, 0.75) - median) / 0.6745
	if deviation < 1e-9 {
		return Null{}, false
	}
	// The greatest of n normal values is about Gumbel, at the 1-1/n quantile (Coles, An Introduction to Statistical
	// Modeling of Extreme Values, 2001, § 3.1).
	at := normalQuantile(1 - 1/float64(max(n, 8)))
	return Null{Location: median + deviation*at, Scale: deviation / at}, true
}

// Among is the Null of the best of to items where that of from is known: the tail of one score falls by e with each
// Scale, so that e times the items move the best by one Scale.
func (n Null) Among(from, to int) Null {
	n.Location += n.Scale * math.Log(float64(max(to, min(from, 8)))/float64(from))
	return n
}

// Chance is how many of all questions with nothing to find have a best score of at least this.
func (n Null) Chance(score float64) float64 {
	return -math.Expm1(-math.Exp(-(score - n.Location) / n.Scale))
}

// Relevance is 0 to 1: 0 where Chance is 1, one half where it is .05, and near 1 where it is near 0. Its odds are those
// against Chance, times .05/.95.
func (n Null) Relevance(score float64) float64 {
	p := n.Chance(score)
	found, nothing := halfChance*(1-p), (1-halfChance)*p
	return found / (found + nothing)
}

// Margin is the cosine of a question and an item, less the item's mean cosine with those four of the bank's questions
// that are nearest to it. An item that is near to everything (a hub, Radovanović et al., JMLR 2010) is so to the bank,
// too. This is the item's half of CSLS (Conneau et al., ICLR 2018). The question at position skip of the bank, -1 for
// none, is not counted: a question of the bank must not be measured against itself.
func Margin(cosine float64, toBank []float64, skip int) float64 {
	var top [nearestOfBank]float64 // ascending
	for i := range top {
		top[i] = -1
	}
	for i, c := range toBank {
		if i == skip || c <= top[0] {
			continue
		}
		at := 0
		for at+1 < len(top) && top[at+1] < c {
			top[at] = top[at+1]
			at++
		}
		top[at] = c
	}
	var sum float64
	for _, c := range top {
		sum += c
	}
	return cosine - sum/nearestOfBank
}

const nearestOfBank = 4

// OfWords is the relevance of an item that has a share of a question's words, rare ones counting for more: .95 times its
// square. All words are as good as it gets, though they may stand there by chance; half of them are little.
func OfWords(share float64) float64 { return 0.95 * share * share }

// Either is the relevance of an item for which two witnesses speak that know nothing of each other.
func Either(a, b float64) float64 { return 1 - (1-a)*(1-b) }

// quantile interpolates between the order statistics.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// normalQuantile is the inverse of the standard normal distribution function.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

package space

import (
	"math"
	"slices"
)

// Verdict is one label's share in a zero-shot classification.
type Verdict struct {
	Label       string  `json:"label"`
	Cosine      float64 `json:"cosine"`
	Probability float64 `json:"probability"`
}

// Classify compares v with a vector per label and returns the labels by falling probability:
// softmax over logitScale*cosine, as in CLIP (Radford et al., arXiv 2103.00020).
func Classify(v Vector, labels []string, vectors []Vector, logitScale float64) []Verdict {
	verdicts := make([]Verdict, len(labels))
	best := math.Inf(-1)
	for i, label := range labels {
		verdicts[i] = Verdict{Label: label, Cosine: v.Cosine(vectors[i])}
		best = max(best, verdicts[i].Cosine)
	}
	var sum float64
	for i := range verdicts {
		verdicts[i].Probability = math.Exp(logitScale * (verdicts[i].Cosine - best))
		sum += verdicts[i].Probability
	}
	for i := range verdicts {
		verdicts[i].Probability /= sum
	}
	slices.SortStableFunc(verdicts, func(a, b Verdict) int {
		switch {
		case a.Probability > b.Probability:
			return -1
		case a.Probability < b.Probability:
			return 1
		}
		return 0
	})
	return verdicts
}

// Package diversity reorders a ranking so that its beginning does not say the same thing ten times. It consists of pure
// functions; package catalog brings the ranking.
package diversity

import (
	"slices"

	"github.com/clipd/clipd/space"
)

// MMR orders n items by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): the next is always the one with
// the greatest
//
//	lambda·relevance − (1−lambda)·similarity to the nearest item chosen before
//
// and it returns positions in relevance, best first. lambda is 0 (differ at any price) to 1 (relevance alone).
//
// Both terms run from 0 to 1, whatever the model: relevance is scaled by its least and greatest, and similarity is the
// cosine above the mean cosine of all pairs. (In CLIP's space unrelated pictures have cosines about .5 and a sentence
// and its picture one of .3: unscaled, lambda would mean another thing in every model.) Equals keep their order.
// A position whose vector is none is like no other.
func MMR(relevance []float64, vectors []space.Vector, lambda float64) []int {
	scaled, floor := scale(relevance), meanCosine(vectors)
	nearest := make([]float64, len(relevance)) // similarity to the nearest chosen
	left := make([]int, len(relevance))
	for i := range left {
		left[i] = i
	}
	order := make([]int, 0, len(relevance))
	for len(left) > 0 {
		at := 0
		for j := range left {
			if marginal(lambda, scaled, nearest, left[j]) > marginal(lambda, scaled, nearest, left[at]) {
				at = j
			}
		}
		chosen := left[at]
		order, left = append(order, chosen), slices.Delete(left, at, at+1)
		for _, i := range left {
			nearest[i] = max(nearest[i], similarity(vectors[chosen], vectors[i], floor))
		}
	}
	return order
}

func marginal(lambda float64, relevance, nearest []float64, i int) float64 {
	return lambda*relevance[i] - (1-lambda)*nearest[i]
}

// similarity is the part of the cosine above floor, as a share of what there is above it.
func similarity(a, b space.Vector, floor float64) float64 {
	if a.IsNone() || b.IsNone() {
		return 0
	}
	floor = min(floor, 0.99) // where all are copies, they are still alike
	return max(0, (a.Cosine(b)-floor)/(1-floor))
}

func scale(values []float64) []float64 {
	scaled := make([]float64, len(values))
	if len(values) == 0 {
		return scaled
	}
	least, greatest := slices.Min(values), slices.Max(values)
	for i, v := range values {
		scaled[i] = 1
		if greatest > least {
			scaled[i] = (v - least) / (greatest - least)
		}
	}
	return scaled
}

// meanCosine is that of all pairs: the squared length of the sum holds each pair twice, and each vector with itself.
func meanCosine(vectors []space.Vector) float64 {
	var sum []float64
	n := 0.0
	for _, v := range vectors {
		if v.IsNone() {
			continue
		}
		if sum == nil {
			sum = make([]float64, v.Dim())
		}
		for i, x := range v.Components() {
			sum[i] += float64(x)
		}
		n++
	}
	if n < 2 {
		return 0
	}
	var length float64
	for _, x := range sum {
		length += x * x
	}
	return (length - n) / (n * (n - 1))
}

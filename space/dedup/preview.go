package dedup

import (
	"cmp"
	"context"
	"slices"

	"github.com/clipd/clipd/space"
)

// Values of the thresholds that a preview tries: the strictest first.
var (
	previewDistances = []int{0, 4, 8, 12, 16, 20, 24, 28, 31, 36, 40}
	previewCosines   = []float64{0.995, 0.99, 0.98, 0.97, 0.96, 0.95, 0.925, 0.9, 0.875, 0.85}
)

// mostSamples is how many pairs a preview shows of each value.
const mostSamples = 4

// Preview says how many pairs and groups each threshold would give. All pairs are looked at once: the distances ask for
// groups of duplicates, whose other evidence stays; the cosines for groups of similar pictures. Where an item has very
// many neighbours, only the nearest are counted.
func Preview(ctx context.Context, items []space.Item, neighbours Neighbours, thumbnails Thumbnails, opts Options) (space.DuplicatePreview, error) {
	opts = opts.withDefaults()
	widest := opts
	widest.MaxDistance = max(opts.MaxDistance, previewDistances[len(previewDistances)-1])
	widest.MinCosine = min(opts.MinCosine, previewCosines[len(previewCosines)-1]+cropMargin)
	if opts.MinCosine > 1 {
		widest.MinCosine = opts.MinCosine
	}
	f := newFinder(items, neighbours, thumbnails, widest)
	f.thorough = true
	if err := f.join(ctx); err != nil {
		return space.DuplicatePreview{}, err
	}
	preview := space.DuplicatePreview{Images: len(f.images)}
	last := -1
	for _, distance := range withValue(previewDistances, opts.MaxDistance, 1) {
		preview.Distances = append(preview.Distances, f.atDistance(distance, last))
		last = distance
	}
	if opts.MinCosine > 1 || neighbours == nil {
		return preview, nil
	}
	above := 2.0
	for _, cosine := range withValue(previewCosines, opts.MinCosine, -1) {
		preview.Cosines = append(preview.Cosines, f.atCosine(cosine, above))
		above = cosine
	}
	return preview, nil
}

// withValue adds a value that a list lacks; order is 1 for a rising list, -1 for a falling one.
func withValue[T int | float64](list []T, value T, order int) []T {
	if value < 0 {
		return nil
	}
	at, found := slices.BinarySearchFunc(list, value, func(a, b T) int { return order * cmp.Compare(a, b) })
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), at, value)
}

// atDistance counts the duplicates of a greatest distance. Samples are of pairs that are farther apart than last.
func (f *finder) atDistance(distance, last int) space.Threshold {
	t := space.Threshold{Value: float64(distance), Samples: []space.Sample{}}
	kin := make([][]int, len(f.nodes))
	for _, p := range f.sortedVerdicts() {
		proof := f.verdicts.of[p].proof
		hashed := f.hashDistance(p)
		switch {
		case proof.Level == space.Similar && hashed <= distance:
			t.Rejected++
		case proof.Level == space.Duplicate && (hashed <= distance || f.verdicts.of[p].byVector || proof.Evidence == space.SameBytes):
			kin[p.a], kin[p.b] = append(kin[p.a], int(p.b)), append(kin[p.b], int(p.a))
			t.Pairs++
			if hashed > last && hashed <= distance && len(t.Samples) < mostSamples {
				t.Samples = append(t.Samples, f.sample(p, proof))
			}
		}
	}
	for _, n := range f.nodes { // equal files, each with the first
		t.Pairs += len(n.images) - 1
	}
	f.countStars(&t, kin, func(n int) int { return len(f.nodes[n].images) })
	return t
}

// atCosine counts the similar pictures of a least cosine. Samples are of pairs whose cosine is below above.
func (f *finder) atCosine(least, above float64) space.Threshold {
	t := space.Threshold{Value: least, Samples: []space.Sample{}}
	kin := make([][]int, len(f.nodes))
	for n, list := range f.near {
		for _, near := range list {
			p := pair(n, int(near.node))
			if float64(near.cosine) < least || f.verdicts.of[p].proof.Level == space.Duplicate {
				continue
			}
			kin[n], kin[near.node] = append(kin[n], int(near.node)), append(kin[near.node], n)
			if int(p.a) != n && f.keeps(int(p.a), n) {
				continue // counted with the other
			}
			t.Pairs++
			if float64(near.cosine) < above && len(t.Samples) < mostSamples {
				proof := space.Pair{Level: space.Similar, Evidence: space.Semantic, Cosine: float64(near.cosine)}
				t.Samples = append(t.Samples, f.sample(p, proof))
			}
		}
	}
	for n := range kin {
		slices.Sort(kin[n])
		kin[n] = slices.Compact(kin[n])
	}
	f.countStars(&t, kin, func(int) int { return 1 })
	return t
}

// keeps says whether b is among the neighbours that are kept of a.
func (f *finder) keeps(a, b int) bool {
	return slices.ContainsFunc(f.near[a], func(n neighbour) bool { return int(n.node) == b })
}

// countStars counts the groups that the nodes' kin make, each about a node that all others of it are kin of.
func (f *finder) countStars(t *space.Threshold, kin [][]int, images func(n int) int) {
	taken := make([]bool, len(f.nodes))
	for _, n := range f.byDegree(func(n int) int { return len(kin[n]) }) {
		if taken[n] {
			continue
		}
		size := images(n)
		taken[n] = true
		for _, m := range kin[n] {
			if !taken[m] {
				taken[m] = true
				size += images(m)
			}
		}
		if size > 1 {
			t.Groups++
			t.Images += size
		}
	}
}

func (f *finder) sample(p pairOf, proof space.Pair) space.Sample {
	return space.Sample{A: f.first(int(p.a)).ID, B: f.first(int(p.b)).ID, Proof: proof}
}

// hashDistance is that of two nodes' nearest hashes; more than any threshold where they prove nothing.
func (f *finder) hashDistance(p pairOf) int {
	least := hashSide*hashSide + 1
	for _, a := range f.opts.hashes(f.first(int(p.a))) {
		for _, b := range f.opts.hashes(f.first(int(p.b))) {
			if !a.IsZero() && !b.IsZero() {
				_, d := nearestTransform(a, b)
				least = min(least, d)
			}
		}
	}
	return least
}

// sortedVerdicts are the pairs with a verdict, in order.
func (f *finder) sortedVerdicts() []pairOf {
	pairs := make([]pairOf, 0, len(f.verdicts.of))
	for p := range f.verdicts.of {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b pairOf) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) })
	return pairs
}

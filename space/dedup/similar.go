package dedup

import (
	"context"
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
)

// similar are the groups of pictures that are near each other and no copies, among the nodes that stand for others.
// Each member is near the group's medoid itself.
func (f *finder) similar(ctx context.Context, singles []int) ([]space.Group, error) {
	taken := make([]bool, len(f.nodes))
	for n := range taken {
		taken[n] = true
	}
	for _, n := range singles {
		taken[n] = false
	}
	kin := f.kin(taken, f.opts.MinCosine, f.opts.MaxDistance)
	var groups []space.Group
	for _, medoid := range f.byDegree(func(n int) int { return len(kin[n]) }) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if taken[medoid] || len(kin[medoid]) == 0 {
			continue
		}
		taken[medoid] = true
		group := space.Group{Level: space.Similar, Medoid: f.first(medoid).ID}
		original := medoid
		members := f.kinOf(medoid, kin, taken)
		for _, m := range members {
			original = min(original, m.node)
		}
		group.Original = f.first(original)
		for _, m := range members {
			if m.node == original {
				m = relative{medoid, reversed(m.proof)} // whose proof is against the original
			}
			if m.node != original {
				group.Copies = append(group.Copies, space.Member{Item: f.first(m.node), Proof: m.proof})
			}
		}
		if len(group.Copies) > 0 {
			sortCopies(group.Copies)
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, func(a, b space.Group) int { return strings.Compare(a.Original.ID, b.Original.ID) })
	return groups, nil
}

// kin are, by node, those that are similar to it, of the nodes that are not left out.
func (f *finder) kin(without []bool, minCosine float64, maxDistance int) [][]int {
	kin := make([][]int, len(f.nodes))
	join := func(a, b int) {
		if !without[a] && !without[b] {
			kin[a], kin[b] = append(kin[a], b), append(kin[b], a)
		}
	}
	for n, list := range f.near {
		for _, near := range list {
			if float64(near.cosine) >= minCosine {
				join(n, int(near.node))
			}
		}
	}
	for p, v := range f.verdicts.of {
		if v.proof.Level == space.Similar && v.proof.Distance <= maxDistance {
			join(int(p.a), int(p.b))
		}
	}
	for n := range kin {
		slices.Sort(kin[n])
		kin[n] = slices.Compact(kin[n])
	}
	return kin
}

// relative is a node and why it is similar to another.
type relative struct {
	node  int
	proof space.Pair
}

// kinOf takes all that are similar to the medoid, among its kin and theirs.
func (f *finder) kinOf(medoid int, kin [][]int, taken []bool) []relative {
	var members []relative
	images := slices.Clone(f.nodes[medoid].images)
	tried := map[int]bool{medoid: true}
	for queue := kin[medoid]; len(queue) > 0; {
		var batch, next []int
		for _, n := range queue {
			if !tried[n] && !taken[n] {
				tried[n] = true
				batch = append(batch, n)
			}
		}
		for i, cosine := range f.cosines(medoid, batch) {
			proof := f.resemblance(medoid, batch[i], cosine)
			if proof.Level == "" || f.apart(images, f.nodes[batch[i]].images) {
				continue
			}
			images = append(images, f.nodes[batch[i]].images...)
			taken[batch[i]] = true
			members = append(members, relative{batch[i], proof})
			next = append(next, kin[batch[i]]...)
		}
		queue = next
	}
	return members
}

// resemblance says by which evidence the second node is similar to the first; of level "": by none.
func (f *finder) resemblance(a, b int, cosine float64) space.Pair {
	v := f.verdicts.of[pair(a, b)]
	switch {
	case v.proof.Level == space.Similar && v.proof.Distance <= f.opts.MaxDistance:
		v.proof.Cosine = cosine
		if a > b {
			return reversed(v.proof)
		}
		return v.proof
	case cosine >= f.opts.MinCosine && v.proof.Level != space.Duplicate:
		return space.Pair{Level: space.Similar, Evidence: space.Semantic, Cosine: cosine}
	}
	return space.Pair{}
}

// cosines are those of a node and others; 0 where they are not known.
func (f *finder) cosines(a int, others []int) []float64 {
	if f.neighbours == nil || len(others) == 0 {
		return make([]float64, len(others))
	}
	ids := make([]string, len(others))
	for i, n := range others {
		ids[i] = f.first(n).ID
	}
	cosines := f.neighbours.Cosines(f.first(a).ID, ids)
	for i, c := range cosines {
		if c != c { // not there
			cosines[i] = 0
		}
	}
	return cosines
}

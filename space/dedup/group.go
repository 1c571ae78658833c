package dedup

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
)

// mostFailures is how many comparisons in a row may fail before a medoid's further candidates are left.
const mostFailures = 16

// star is a node and those that are proven against it.
type star struct {
	medoid  int
	members []int // without the medoid
}

// duplicates are the groups of copies. singles are the nodes that stand for all others: medoids, and nodes in no group.
// Families, nodes that proven copies join, are grouped on all cores: no group is of two.
func (f *finder) duplicates(ctx context.Context) (groups []space.Group, singles []int, err error) {
	families := f.familiesByDegree()
	type outcome struct {
		groups  []space.Group
		singles []int
	}
	found := make([]outcome, len(families))
	taken := make([]bool, len(f.nodes)) // each family has its own
	err = eachOf(ctx, len(families), func(i int) (err error) {
		found[i].groups, found[i].singles, err = f.groupFamily(ctx, families[i], taken)
		return err
	})
	for _, o := range found {
		groups, singles = append(groups, o.groups...), append(singles, o.singles...)
	}
	slices.SortFunc(groups, func(a, b space.Group) int { return strings.Compare(a.Original.ID, b.Original.ID) })
	slices.Sort(singles)
	return groups, singles, err
}

// familiesByDegree are the nodes of each family, those with most copies first.
func (f *finder) familiesByDegree() [][]int {
	place := map[int32]int{}
	var families [][]int
	for _, n := range f.byDegree(func(n int) int { return len(f.nodes[n].edges) + len(f.nodes[n].images) - 1 }) {
		at, known := place[f.families[n]]
		if !known {
			at = len(families)
			place[f.families[n]] = at
			families = append(families, nil)
		}
		families[at] = append(families[at], n)
	}
	return families
}

// groupFamily makes the groups of one family.
func (f *finder) groupFamily(ctx context.Context, family []int, taken []bool) (groups []space.Group, singles []int, err error) {
	for _, n := range family {
		if taken[n] {
			continue
		}
		s, err := f.star(ctx, n, taken)
		if err != nil {
			return nil, nil, err
		}
		singles = append(singles, s.medoid)
		if len(s.members) == 0 && len(f.nodes[n].images) == 1 {
			continue
		}
		group, err := f.group(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		groups = append(groups, group)
	}
	return groups, singles, nil
}

// byDegree are all nodes, those of the greatest degree first, equals as they are preferred as originals.
func (f *finder) byDegree(degree func(n int) int) []int {
	order, degrees := make([]int, len(f.nodes)), make([]int, len(f.nodes))
	for n := range order {
		order[n], degrees[n] = n, degree(n)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(degrees[b], degrees[a]) })
	return order
}

// star is a medoid with all its copies that no other has taken; the preferred original becomes the medoid where it can.
func (f *finder) star(ctx context.Context, medoid int, taken []bool) (star, error) {
	s := star{medoid: medoid}
	taken[medoid] = true
	if err := f.grow(ctx, &s, taken); err != nil {
		return s, err
	}
	recentred, err := f.aboutOriginal(ctx, s)
	if err != nil || recentred.medoid == medoid {
		return recentred, err
	}
	return recentred, f.grow(ctx, &recentred, taken)
}

// grow takes all copies of a star's medoid that no other has taken: those that are near it or proven, and those of its
// copies, as far as they are proven against the medoid, too.
func (f *finder) grow(ctx context.Context, s *star, taken []bool) error {
	tried := map[int]bool{}
	queue := f.candidates(s.medoid)
	images := slices.Clone(f.nodes[s.medoid].images)
	for _, n := range s.members {
		queue = append(queue, f.candidates(n)...)
		images = append(images, f.nodes[n].images...)
	}
	failures := 0
	for len(queue) > 0 && failures < mostFailures {
		n := queue[0]
		queue = queue[1:]
		if tried[n] || taken[n] {
			continue
		}
		tried[n] = true
		v, err := f.verdict(ctx, s.medoid, n)
		if err != nil {
			return err
		}
		if v.proof.Level != space.Duplicate {
			failures++
			continue
		}
		failures = 0
		if f.apart(images, f.nodes[n].images) {
			continue
		}
		taken[n] = true
		images = append(images, f.nodes[n].images...)
		s.members = append(s.members, n)
		queue = append(queue, f.candidates(n)...)
	}
	slices.Sort(s.members)
	return nil
}

// mostRecentred is the size of groups up to which the preferred original is tried as the medoid.
const mostRecentred = 32

// aboutOriginal makes the preferred original the medoid, where all others are proven against it, too.
func (f *finder) aboutOriginal(ctx context.Context, s star) (star, error) {
	if len(s.members) == 0 || len(s.members) > mostRecentred || s.members[0] > s.medoid {
		return s, nil
	}
	others := append(s.members[1:len(s.members):len(s.members)], s.medoid)
	for _, n := range others {
		if v, err := f.verdict(ctx, s.members[0], n); err != nil || v.proof.Level != space.Duplicate {
			return s, err
		}
	}
	slices.Sort(others)
	return star{s.members[0], others}, nil
}

// group writes a star down.
func (f *finder) group(ctx context.Context, s star) (space.Group, error) {
	images := slices.Clone(f.nodes[s.medoid].images)
	for _, n := range s.members {
		images = append(images, f.nodes[n].images...)
	}
	original, medoid := slices.Min(images), f.nodes[s.medoid].images[0]
	group := space.Group{Level: space.Duplicate, Medoid: f.images[medoid].ID, Original: f.images[original]}
	for _, i := range images {
		if i == original {
			continue
		}
		against := medoid
		if i == medoid {
			against = original
		}
		proof, err := f.proof(ctx, against, i)
		if err != nil {
			return group, err
		}
		group.Copies = append(group.Copies, space.Member{Item: f.images[i], Proof: proof})
	}
	f.addCosines(&group)
	sortCopies(group.Copies)
	return group, nil
}

func sortCopies(copies []space.Member) {
	slices.SortFunc(copies, func(a, b space.Member) int { return strings.Compare(a.Item.ID, b.Item.ID) })
}

// proof is that of two images of a group, from the first to the second.
func (f *finder) proof(ctx context.Context, a, b int) (space.Pair, error) {
	if n, m := f.nodeOf[a], f.nodeOf[b]; n < m {
		if v, known := f.verdicts.get(pair(n, m)); known && f.images[a].SHA256 != f.images[b].SHA256 {
			return v.proof, nil
		}
	}
	return prove(ctx, f.images[a], f.images[b], f.pictures, f.opts)
}

// addCosines fills in the cosines of the proofs.
func (f *finder) addCosines(group *space.Group) {
	if f.neighbours == nil {
		return
	}
	ids := make([]string, len(group.Copies))
	for i, c := range group.Copies {
		ids[i] = c.Item.ID
		if ids[i] == group.Medoid {
			ids[i] = group.Original.ID
		}
	}
	for i, cosine := range f.neighbours.Cosines(group.Medoid, ids) {
		if !math.IsNaN(cosine) {
			group.Copies[i].Proof.Cosine = cosine
		}
	}
}

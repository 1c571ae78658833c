package dedup

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/clipd/clipd/space"
)

const (
	// roundPairs is how many pairs are compared before what they prove is taken into account. They show some 200
	// pictures, so that those which are met again in the next round are loaded still.
	roundPairs = 128
	// mostThorough is the size of families up to which all near pairs are compared where no member is proven to be what
	// all others are copies of.
	mostThorough = 32
	// mostRefused is how many pairs of two families may fail before the rest of theirs are left. The first are their
	// leaders: what is no copy of a family's leader is in no group with it, whatever other members say.
	mostRefused = 3
)

// verdicts are what is known of pairs. They are safe for concurrent use.
type verdicts struct {
	mu     sync.RWMutex
	of     map[pairOf]verdict
	failed map[pairOf]struct{} // those that show nothing in common
}

func newVerdicts() verdicts {
	return verdicts{of: map[pairOf]verdict{}, failed: map[pairOf]struct{}{}}
}

func (v *verdicts) get(p pairOf) (verdict, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	known, found := v.of[p]
	if !found {
		_, found = v.failed[p]
	}
	return known, found
}

func (v *verdicts) put(p pairOf, known verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if known.proof.Level == "" {
		v.failed[p] = struct{}{}
	} else {
		v.of[p] = known
	}
}

// verifyNearest looks at the pixels of the nearest pairs, on all cores, and notes the proven ones with their nodes. Unless
// thorough is set, a pair that proven copies join is left to the group that it will be in: of n copies of one picture some
// n pairs are compared, and not n², nearly all of them with the preferred original. Only where that leaves open what they
// are copies of, all near pairs of theirs are.
func (f *finder) verifyNearest(ctx context.Context) error {
	pairs := f.nearestPairs()
	joined := newForest(len(f.nodes))
	for p, v := range f.verdicts.of {
		f.note(p, v, joined)
	}
	f.compared(0, len(pairs))
	passed := pairs
	if !f.thorough {
		var err error
		if passed, err = f.span(ctx, pairs, joined); err != nil {
			return err
		}
		if err = f.compareAll(ctx, f.ofLeaders(joined), joined); err != nil {
			return err
		}
		passed = f.unsettled(passed, joined)
	}
	if err := f.compareAll(ctx, passed, joined); err != nil {
		return err
	}
	f.compared(len(pairs), len(pairs))
	for n := range f.nodes {
		slices.Sort(f.nodes[n].edges)
	}
	f.families = joined.roots()
	return nil
}

// compareAll compares pairs, those aside of which the verdict is known.
func (f *finder) compareAll(ctx context.Context, pairs []pairOf, joined forest) error {
	pairs = slices.DeleteFunc(pairs, f.isKnown)
	for len(pairs) > 0 {
		n := min(roundPairs, len(pairs))
		if err := f.compareRound(ctx, pairs[:n], joined); err != nil {
			return err
		}
		pairs = pairs[n:]
	}
	return nil
}

func (f *finder) isKnown(p pairOf) bool {
	_, known := f.verdicts.get(p)
	return known
}

// span compares pairs until all that are copies are joined by proven ones: first the leaders of the pictures' families,
// that these become stars; then the pictures themselves. passed are the pairs that were not compared since proven ones join
// them. Which they are does not depend on who is faster: a round is made of what earlier ones proved.
func (f *finder) span(ctx context.Context, pairs []pairOf, joined forest) (passed []pairOf, err error) {
	total := len(pairs)
	refused := map[pairOf]int{} // by two families' leaders
	for waiting := []pairOf(nil); len(waiting)+len(pairs) > 0; {
		supposed := slices.Clone(joined) // that all of this round are copies
		var round, later []pairOf
		take := func(p pairOf) {
			leaders := pair(joined.root(int(p.a)), joined.root(int(p.b)))
			switch {
			case leaders.a == leaders.b:
				passed = append(passed, p)
			case refused[leaders] >= mostRefused || f.isKnown(p):
				// they are of two pictures
			case supposed.together(p):
				later = append(later, p) // unless the round proves otherwise, it is passed over
			case p != leaders && !f.isKnown(leaders):
				supposed.join(int(p.a), int(p.b))
				round, later = append(round, leaders), append(later, p)
			default:
				supposed.join(int(p.a), int(p.b))
				round = append(round, p)
			}
		}
		for _, p := range waiting {
			take(p)
		}
		for ; len(pairs) > 0 && len(round) < roundPairs; pairs = pairs[1:] {
			take(pairs[0])
		}
		if err := f.compareRound(ctx, round, joined); err != nil {
			return nil, err
		}
		for _, p := range round {
			if !joined.together(p) {
				refused[pair(joined.root(int(p.a)), joined.root(int(p.b)))]++
			}
		}
		waiting = later
		f.compared(total-len(pairs)-len(waiting), total)
	}
	return passed, nil
}

// ofLeaders are the pairs of each family's leader, the preferred original, with all others of it.
func (f *finder) ofLeaders(joined forest) []pairOf {
	var pairs []pairOf
	roots := joined.roots()
	size := sizes(roots)
	for n, root := range roots {
		if int(root) != n && size[root] <= mostThorough {
			pairs = append(pairs, pairOf{root, int32(n)})
		}
	}
	slices.SortFunc(pairs, comparePairs)
	return pairs
}

// sizes are how many nodes have a root.
func sizes(roots []int32) map[int32]int {
	size := map[int32]int{}
	for _, root := range roots {
		size[root]++
	}
	return size
}

// unsettled are those pairs of which it matters what they show, family by family: those of families in which no member is
// proven against all others.
func (f *finder) unsettled(pairs []pairOf, joined forest) []pairOf {
	roots := joined.roots()
	size, degree := sizes(roots), map[int32]int{}
	for n, root := range roots {
		degree[root] = max(degree[root], len(f.nodes[n].edges))
	}
	pairs = slices.DeleteFunc(pairs, func(p pairOf) bool {
		root := roots[p.a]
		return degree[root] == size[root]-1 || size[root] > mostThorough
	})
	slices.SortFunc(pairs, func(p, q pairOf) int { return cmp.Or(cmp.Compare(roots[p.a], roots[q.a]), comparePairs(p, q)) })
	return pairs
}

// compareRound compares pairs on all cores. Those of one picture are given to one core, so that it is loaded once.
func (f *finder) compareRound(ctx context.Context, round []pairOf, joined forest) error {
	var starts []int
	for i, p := range round {
		if i == 0 || p.a != round[i-1].a {
			starts = append(starts, i)
		}
	}
	starts = append(starts, len(round))
	found := make([]verdict, len(round))
	err := eachOf(ctx, len(starts)-1, func(run int) (err error) {
		for i := starts[run]; i < starts[run+1] && err == nil; i++ {
			found[i], err = f.judge(ctx, int(round[i].a), int(round[i].b))
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, v := range found {
		f.verdicts.put(round[i], v)
		f.note(round[i], v, joined)
	}
	return nil
}

// note joins two nodes that are proven copies.
func (f *finder) note(p pairOf, v verdict, joined forest) {
	if v.proof.Level == space.Duplicate {
		f.nodes[p.a].edges = append(f.nodes[p.a].edges, int(p.b))
		f.nodes[p.b].edges = append(f.nodes[p.b].edges, int(p.a))
		joined.join(int(p.a), int(p.b))
	}
}

// verdict is that of a pair, which is looked at now if it was not before.
func (f *finder) verdict(ctx context.Context, a, b int) (verdict, error) {
	p := pair(a, b)
	if v, known := f.verdicts.get(p); known {
		return v, nil
	}
	if err := ctx.Err(); err != nil {
		return verdict{}, err
	}
	v, err := f.judge(ctx, int(p.a), int(p.b))
	f.verdicts.put(p, v)
	return v, err
}

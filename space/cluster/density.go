package cluster

import (
	"cmp"
	"math"
	"slices"

	"github.com/clipd/clipd/space/graph"
)

// Density is HDBSCAN* (Campello, Moulavi and Sander, PAKDD 2013; McInnes and Healy, arXiv 1705.07321) on the graph of
// nearest neighbours instead of all pairs: mutual reachability distances, their minimum spanning tree, the tree of
// groups of at least minSize points, and those groups that last longest. core is how many neighbours make a place dense.
// What the graph does not connect counts as infinitely far apart. Strength is the membership probability of the paper. With
// the graph of all pairs, groups and strengths are those of scikit-learn's HDBSCAN (1.9.1, min_samples = core + 1, for it
// counts the point itself; testdata/goldens), but for points that join just when two groups become one: they may be counted
// to either or none, there as here.
func Density(g graph.Graph, minSize, core int) Grouping {
	minSize, core = max(2, minSize), max(1, core)
	assigned, strength := make([]int, len(g)), make([]float64, len(g))
	for i := range assigned {
		assigned[i] = Noise
	}
	if len(g) == 0 {
		return Grouping{Assigned: assigned, Strength: strength}
	}
	tree := condense(link(len(g), spanning(reachability(g, core))), len(g), minSize)
	groups := tree.choose()
	tree.label(groups, assigned, strength)
	grouping, _ := bySize(assigned, len(groups))
	grouping.Strength = strength
	return grouping
}

// edge connects two points.
type edge struct {
	a, b     int
	distance float64
}

// reachability has for each pair of neighbours the greatest of their distance and both core distances.
func reachability(g graph.Graph, core int) []edge {
	cores := make([]float64, len(g))
	for i, near := range g {
		switch {
		case len(near) == 0:
			cores[i] = math.Inf(1)
		default:
			cores[i] = near[min(core, len(near))-1].Distance
		}
	}
	var edges []edge
	for i, near := range g {
		for _, n := range near {
			edges = append(edges, edge{min(i, n.Index), max(i, n.Index), max(n.Distance, cores[i], cores[n.Index])})
		}
	}
	return edges
}

// spanning is the minimum spanning forest (Kruskal), by rising distance.
func spanning(edges []edge) []edge {
	slices.SortFunc(edges, func(x, y edge) int {
		return cmp.Or(cmp.Compare(x.distance, y.distance), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	sets := union{}
	var tree []edge
	for _, e := range edges {
		if sets.join(e.a, e.b) {
			tree = append(tree, e)
		}
	}
	return tree
}

// union finds which points are connected.
type union map[int]int

func (u union) root(i int) int {
	for {
		parent, known := u[i]
		if !known || parent == i {
			return i
		}
		if grand, known := u[parent]; known {
			u[i] = grand
		}
		i = parent
	}
}

func (u union) join(a, b int) bool {
	a, b = u.root(a), u.root(b)
	if a != b {
		u[b] = a
	}
	return a != b
}

// merge is a node of the dendrogram: two nodes that become one at a distance. Nodes below n are points; node n+i is the
// i-th merge.
type merge struct {
	left, right int
	distance    float64
	size        int
}

// link makes the dendrogram of a spanning forest; what is not connected is merged last, infinitely far apart.
func link(n int, tree []edge) []merge {
	merges := make([]merge, 0, n-1)
	sets, top := union{}, make([]int, n) // top is the node of a root's set
	for i := range top {
		top[i] = i
	}
	size := func(node int) int {
		if node < n {
			return 1
		}
		return merges[node-n].size
	}
	add := func(a, b int, distance float64) {
		a, b = sets.root(a), sets.root(b)
		merges = append(merges, merge{top[a], top[b], distance, size(top[a]) + size(top[b])})
		sets.join(a, b)
		top[sets.root(a)] = n + len(merges) - 1
	}
	for _, e := range tree {
		add(e.a, e.b, e.distance)
	}
	for i := 1; i < n; i++ {
		if sets.root(i) != sets.root(0) {
			add(0, i, math.Inf(1))
		}
	}
	return merges
}

// condensed is the tree of groups of at least minSize points. Group 0 is everything.
type condensed struct {
	groups []group
	points []fall // by point
}

// group is born when its parent falls apart, and ends when it falls apart itself. lambda is 1/distance.
type group struct {
	parent    int
	birth     float64
	children  []int
	stability float64
}

// fall is where a point leaves the tree.
type fall struct {
	group  int
	lambda float64
}

// greatest keeps lambdas finite: copies have distance 0.
const greatest = 1e6

func lambdaOf(distance float64) float64 { return min(greatest, 1/max(distance, 1e-12)) }

func condense(merges []merge, n, minSize int) *condensed {
	c := &condensed{groups: []group{{parent: -1}}, points: make([]fall, n)}
	if len(merges) == 0 {
		return c
	}
	type visit struct{ node, group int }
	todo := []visit{{n + len(merges) - 1, 0}}
	size := func(node int) int {
		if node < n {
			return 1
		}
		return merges[node-n].size
	}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v.node < n {
			c.drop(v.node, v.group, greatest)
			continue
		}
		m := merges[v.node-n]
		lambda := lambdaOf(m.distance)
		left, right := size(m.left) >= minSize, size(m.right) >= minSize
		for _, side := range []struct {
			node  int
			large bool
		}{{m.left, left}, {m.right, right}} {
			switch {
			case left && right:
				todo = append(todo, visit{side.node, c.split(v.group, lambda)})
				c.groups[v.group].stability += float64(size(side.node)) * (lambda - c.groups[v.group].birth)
			case side.large:
				todo = append(todo, visit{side.node, v.group})
			default:
				for _, point := range pointsBelow(merges, n, side.node) {
					c.drop(point, v.group, lambda)
				}
			}
		}
	}
	return c
}

func (c *condensed) split(parent int, lambda float64) int {
	child := len(c.groups)
	c.groups = append(c.groups, group{parent: parent, birth: lambda})
	c.groups[parent].children = append(c.groups[parent].children, child)
	return child
}

func (c *condensed) drop(point, from int, lambda float64) {
	c.points[point] = fall{from, lambda}
	c.groups[from].stability += lambda - c.groups[from].birth
}

func pointsBelow(merges []merge, n, node int) []int {
	var points []int
	todo := []int{node}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at < n {
			points = append(points, at)
			continue
		}
		todo = append(todo, merges[at-n].left, merges[at-n].right)
	}
	return points
}

// choose takes the groups whose stability is more than that of those that they fall apart into ("excess of mass").
// Everything is never one group, for that would say nothing.
func (c *condensed) choose() []int {
	chosen := make([]bool, len(c.groups))
	best := make([]float64, len(c.groups))
	for i := len(c.groups) - 1; i > 0; i-- { // children have greater numbers
		var below float64
		for _, child := range c.groups[i].children {
			below += best[child]
		}
		chosen[i] = c.groups[i].stability >= below
		best[i] = max(c.groups[i].stability, below)
	}
	var groups []int
	for i := 1; i < len(c.groups); i++ {
		if chosen[i] && !c.within(i, chosen) {
			groups = append(groups, i)
		}
	}
	return groups
}

// within says whether a group lies inside a chosen one.
func (c *condensed) within(group int, chosen []bool) bool {
	for p := c.groups[group].parent; p > 0; p = c.groups[p].parent {
		if chosen[p] {
			return true
		}
	}
	return false
}

func (c *condensed) label(groups, assigned []int, strength []float64) {
	number := map[int]int{}
	for n, group := range groups {
		number[group] = n
	}
	last := c.last()
	for i, f := range c.points {
		for at := f.group; at > 0; at = c.groups[at].parent {
			if n, chosen := number[at]; chosen {
				assigned[i] = n
				strength[i] = 1
				if last[at] > 0 {
					strength[i] = min(1, f.lambda/last[at])
				}
				break
			}
		}
	}
}

// last is for each group the greatest lambda at which it still was a group of its own: at which its last point left it, or
// it fell apart. Who is in a group within has strength 1.
func (c *condensed) last() []float64 {
	last := make([]float64, len(c.groups))
	for _, f := range c.points {
		last[f.group] = max(last[f.group], f.lambda)
	}
	for _, g := range c.groups[1:] {
		last[g.parent] = max(last[g.parent], g.birth)
	}
	return last
}

package dedup

// forest holds disjoint sets: each node knows its parent, and a root itself.
type forest []int32

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

func (f forest) root(i int) int {
	for int(f[i]) != i {
		f[i] = f[f[i]]
		i = int(f[i])
	}
	return i
}

func (f forest) join(a, b int) {
	a, b = f.root(a), f.root(b)
	f[max(a, b)] = int32(min(a, b))
}

// together says whether two nodes are in one set.
func (f forest) together(p pairOf) bool { return f.root(int(p.a)) == f.root(int(p.b)) }

// roots are the roots of all nodes. Any number of goroutines may read them.
func (f forest) roots() []int32 {
	roots := make([]int32, len(f))
	for i := range f {
		roots[i] = int32(f.root(i))
	}
	return roots
}

// Package graph is the graph of nearest neighbours: who is near to whom. Clusters by density (package cluster) and maps
// (package layout) are made of it. Package catalog makes it of an index.
package graph

// Neighbour is another point and how far it is.
type Neighbour struct {
	Index    int
	Distance float64 // 1 - cosine, 0 to 2
}

// Graph has for each point its nearest others, nearest first, without itself.
type Graph [][]Neighbour

// Parts are the sets of points that are connected, in whichever direction; each in rising order, the set of the least
// point first.
func (g Graph) Parts() [][]int {
	parent := make([]int, len(g))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i, near := range g {
		for _, n := range near {
			a, b := root(i), root(n.Index)
			parent[max(a, b)] = min(a, b)
		}
	}
	var parts [][]int
	number := map[int]int{}
	for i := range g {
		r := root(i)
		if _, known := number[r]; !known {
			number[r] = len(parts)
			parts = append(parts, nil)
		}
		parts[number[r]] = append(parts[number[r]], i)
	}
	return parts
}

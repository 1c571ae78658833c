// Package cluster parts vectors into groups that belong together: spherical k-means, where every point belongs to one of
// k groups, and HDBSCAN on a graph of nearest neighbours, where groups are dense places of any shape and the rest is
// noise. Words puts names to groups. It consists of pure functions: the same points give the same groups.
package cluster

// Noise is the group of points that belong to none.
const Noise = -1

// Grouping says to which group each point belongs, 0, 1, … by falling size, or Noise.
type Grouping struct {
	Groups   int
	Assigned []int     // by point
	Strength []float64 // by point: how surely it belongs there, 0 to 1
}

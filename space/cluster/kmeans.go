package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/clipd/clipd/space"
)

const (
	maxRounds  = 30
	beginnings = 3 // of which the best is taken, since k-means ends in the nearest local optimum; of few vectors 10
)

// KMeans is spherical k-means (Dhillon and Modha, Machine Learning 42, 2001): each vector belongs to the group whose mean
// direction it has the greatest cosine with. It begins with k-means++ (Arthur and Vassilvitskii, SODA 2007), three
// times (below 1,000 vectors ten times), and takes the best. Groups that would be empty are left out. Strength is the silhouette by centroids, scaled to
// 0 … 1: one half means halfway between two groups.
func KMeans(ctx context.Context, vectors []space.Vector, k int, seed uint64) (Grouping, []space.Vector, error) {
	k = min(k, len(vectors))
	if k < 1 {
		return Grouping{}, nil, ctx.Err()
	}
	var best []space.Vector
	bestSum := math.Inf(-1)
	times := beginnings
	if len(vectors) < 1000 {
		times = 10
	}
	for i := range times {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		centroids := plusPlus(vectors, k, random)
		sum, err := lloyd(ctx, vectors, centroids)
		if err != nil {
			return Grouping{}, nil, err
		}
		if sum > bestSum {
			best, bestSum = centroids, sum
		}
	}
	assigned := make([]int, len(vectors))
	for i, v := range vectors {
		assigned[i], _ = nearest(v, best)
	}
	g, order := bySize(assigned, len(best))
	centroids := make([]space.Vector, len(order))
	for to, from := range order {
		centroids[to] = best[from]
	}
	g.Strength = make([]float64, len(vectors))
	for i, v := range vectors {
		_, g.Strength[i] = Belongs(v, centroids)
	}
	return g, centroids, nil
}

// Belongs is the group of a vector among those of the centroids, and its Strength there.
func Belongs(v space.Vector, centroids []space.Vector) (int, float64) {
	own, near := nearest(v, centroids)
	other := -1.0
	for i, c := range centroids {
		if i != own {
			other = max(other, cosine(v, c))
		}
	}
	a, b := 1-near, 1-other
	if len(centroids) < 2 || b <= 0 {
		return own, 1
	}
	return own, min(1, max(0, (1+(b-a)/max(a, b))/2))
}

func nearest(v space.Vector, centroids []space.Vector) (int, float64) {
	best, greatest := 0, math.Inf(-1)
	for i, c := range centroids {
		if x := cosine(v, c); x > greatest {
			best, greatest = i, x
		}
	}
	return best, greatest
}

// plusPlus chooses k vectors that lie apart: each next one with a chance in proportion to its distance from those chosen.
func plusPlus(vectors []space.Vector, k int, random *rand.Rand) []space.Vector {
	chosen := []space.Vector{vectors[random.IntN(len(vectors))]}
	distance := make([]float64, len(vectors))
	for i := range distance {
		distance[i] = math.Inf(1)
	}
	for len(chosen) < k {
		var sum float64
		for i, v := range vectors {
			distance[i] = min(distance[i], max(0, 1-cosine(v, chosen[len(chosen)-1])))
			sum += distance[i]
		}
		at, next := random.Float64()*sum, len(vectors)-1
		for i, d := range distance {
			if at -= d; at < 0 {
				next = i
				break
			}
		}
		chosen = append(chosen, vectors[next])
	}
	return chosen
}

// lloyd moves the centroids until nothing changes, and returns the sum of all cosines.
func lloyd(ctx context.Context, vectors, centroids []space.Vector) (float64, error) {
	assigned := make([]int, len(vectors))
	for round := range maxRounds {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		changed := round == 0
		for i, v := range vectors {
			if to, _ := nearest(v, centroids); to != assigned[i] {
				assigned[i], changed = to, true
			}
		}
		if !changed {
			break
		}
		move(vectors, assigned, centroids)
	}
	var sum float64
	for _, v := range vectors {
		_, near := nearest(v, centroids)
		sum += near
	}
	return sum, nil
}

// move puts each centroid into the mean direction of its group; one without a group stays.
func move(vectors []space.Vector, assigned []int, centroids []space.Vector) {
	sums := make([][]float32, len(centroids))
	for i, v := range vectors {
		if sums[assigned[i]] == nil {
			sums[assigned[i]] = make([]float32, v.Dim())
		}
		for j, x := range v.Components() {
			sums[assigned[i]][j] += x
		}
	}
	for i, sum := range sums {
		if mean, err := space.Normalize(sum); sum != nil && err == nil {
			centroids[i] = mean
		}
	}
}

// bySize numbers groups by falling size, equals by their first point, and leaves empty ones out. order[new] is the old number.
func bySize(assigned []int, groups int) (g Grouping, order []int) {
	sizes, first := make([]int, groups), make([]int, groups)
	for i := len(assigned) - 1; i >= 0; i-- {
		if a := assigned[i]; a != Noise {
			sizes[a]++
			first[a] = i
		}
	}
	for i := range groups {
		if sizes[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		if sizes[a] != sizes[b] {
			return sizes[b] - sizes[a]
		}
		return first[a] - first[b]
	})
	to := make([]int, groups)
	for n, old := range order {
		to[old] = n
	}
	g = Grouping{Groups: len(order), Assigned: make([]int, len(assigned))}
	for i, a := range assigned {
		g.Assigned[i] = Noise
		if a != Noise {
			g.Assigned[i] = to[a]
		}
	}
	return g, order
}

// chooseAmong is how many vectors are looked at to choose k.
const chooseAmong = 1000

// ChooseK is the k from 2 to about the root of the number of vectors, at most 40, whose groups are the best parted: with
// the greatest mean silhouette by centroids (Rousseeuw, 1987, in the simplified form of Hruschka et al., 2004). It looks
// at up to 1,000 vectors, evenly spaced.
func ChooseK(ctx context.Context, vectors []space.Vector, seed uint64) (int, error) {
	if len(vectors) > chooseAmong {
		some := make([]space.Vector, chooseAmong)
		for i := range some {
			some[i] = vectors[i*len(vectors)/chooseAmong]
		}
		vectors = some
	}
	if len(vectors) < 4 {
		return 1, ctx.Err()
	}
	best, bestMean := 1, 0.0
	most := min(40, max(3, int(math.Sqrt(float64(len(vectors)))*1.5)))
	for k := 2; k <= min(most, len(vectors)/2); k = max(k+1, k*6/5) {
		g, _, err := KMeans(ctx, vectors, k, seed)
		if err != nil {
			return 0, err
		}
		var sum float64
		for _, s := range g.Strength {
			sum += s
		}
		if mean := sum / float64(len(vectors)); mean > bestMean {
			best, bestMean = k, mean
		}
	}
	return best, nil
}

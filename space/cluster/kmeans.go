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
// times (below 1,000 vectors ten times), and takes the best. Groups that would be empty are left out. Strength is that of
// Place. near finds the nearest centroids, which is nearly all of the work; nil: Plain.
func KMeans(ctx context.Context, vectors []space.Vector, k int, seed uint64, near Nearest) (Grouping, []space.Vector, error) {
	k = min(k, len(vectors))
	if k < 1 {
		return Grouping{}, nil, ctx.Err()
	}
	if near == nil {
		near = Plain
	}
	var best []space.Vector
	var places []Place
	bestSum := math.Inf(-1)
	times := beginnings
	if len(vectors) < 1000 {
		times = 10
	}
	for i := range times {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		centroids := plusPlus(vectors, k, random)
		at, err := lloyd(ctx, vectors, centroids, near)
		if err != nil {
			return Grouping{}, nil, err
		}
		if sum := sumOf(at); sum > bestSum {
			best, places, bestSum = centroids, at, sum
		}
	}
	assigned := make([]int, len(vectors))
	for i, p := range places {
		assigned[i] = p.Group
	}
	g, order := bySize(assigned, len(best))
	centroids := make([]space.Vector, len(order))
	for to, from := range order {
		centroids[to] = best[from]
	}
	if len(order) < len(best) { // an empty group is nobody's next
		var err error
		if places, err = near(ctx, vectors, centroids); err != nil {
			return Grouping{}, nil, err
		}
	}
	g.Strength = make([]float64, len(vectors))
	for i, p := range places {
		g.Strength[i] = p.Strength()
	}
	return g, centroids, nil
}

// Nearest finds for each vector the nearest of the centroids, of equals the first, and how near the next is.
type Nearest func(ctx context.Context, vectors, centroids []space.Vector) ([]Place, error)

// Place is where a vector belongs among centroids.
type Place struct {
	Group  int
	Cosine float64
	Next   float64 // cosine with the next nearest centroid; -1 where there is none
}

// Strength is the silhouette by centroids, scaled to 0 … 1: one half means halfway between two groups.
func (p Place) Strength() float64 {
	a, b := 1-p.Cosine, 1-p.Next
	if p.Next == -1 || b <= 0 {
		return 1
	}
	return min(1, max(0, (1+(b-a)/max(a, b))/2))
}

// Plain is Nearest in plain Go.
func Plain(ctx context.Context, vectors, centroids []space.Vector) ([]Place, error) {
	places := make([]Place, len(vectors))
	for i, v := range vectors {
		p := Place{Cosine: math.Inf(-1), Next: -1}
		for g, c := range centroids {
			switch x := cosine(v, c); {
			case x > p.Cosine:
				if g > 0 {
					p.Next = p.Cosine
				}
				p.Group, p.Cosine = g, x
			default:
				p.Next = max(p.Next, x)
			}
		}
		places[i] = p
	}
	return places, ctx.Err()
}

func sumOf(places []Place) (sum float64) {
	for _, p := range places {
		sum += p.Cosine
	}
	return sum
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

// lloyd moves the centroids until nothing changes, and returns where the vectors are then.
func lloyd(ctx context.Context, vectors, centroids []space.Vector, near Nearest) ([]Place, error) {
	assigned := make([]int, len(vectors))
	for round := range maxRounds + 1 {
		places, err := near(ctx, vectors, centroids)
		if err != nil {
			return nil, err
		}
		changed := round == 0
		for i, p := range places {
			if p.Group != assigned[i] {
				assigned[i], changed = p.Group, true
			}
		}
		if !changed || round == maxRounds {
			return places, nil
		}
		move(vectors, assigned, centroids)
	}
	panic("unreachable")
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
func ChooseK(ctx context.Context, vectors []space.Vector, seed uint64, near Nearest) (int, error) {
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
		g, _, err := KMeans(ctx, vectors, k, seed, near)
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

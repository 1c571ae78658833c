package layout

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/clipd/clipd/space/graph"
)

// The curve 1/(1 + a·d^2b) of nearness on the plane, fitted to min_dist 0.1 and spread 1, as in UMAP's reference
// implementation; and its constants of the descent.
const (
	curveA        = 1.577
	curveB        = 0.8951
	negatives     = 5 // points pushed away for each neighbour pulled
	learningRate  = 1.0
	greatestStep  = 4.0
	initialExtent = 10.0
	smoothRounds  = 64
)

// UMAP draws the graph's points: uniform manifold approximation and projection (McInnes, Healy and Melville, arXiv
// 1802.03426). Each point's distances become weights, so that its nearest neighbour has weight 1 and all together
// log2(k); weights of both directions are joined; then neighbours pull each other in proportion to their weight and
// others, drawn by chance, push. from is where the points begin; PCA is the usual choice. The result is scaled to
// -1 … 1 by its greater extent.
func UMAP(ctx context.Context, g graph.Graph, from []Point, seed uint64) ([]Point, error) {
	points := spread(from, initialExtent, seed)
	edges := weigh(g)
	epochs := 200
	if len(points) > 5000 {
		epochs = 100
	}
	random := rand.New(rand.NewPCG(seed, 2))
	for epoch := range epochs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rate := learningRate * (1 - float64(epoch)/float64(epochs))
		for i := range edges {
			if e := &edges[i]; e.due() {
				pull(points, e.a, e.b, rate)
				for range negatives {
					push(points, e.a, random.IntN(len(points)), rate)
				}
			}
		}
	}
	return spread(points, 1, seed), nil
}

// tie is a pair of neighbours.
type tie struct {
	a, b   int
	weight float64
	paid   float64 // how much of the weight has been spent on epochs
}

// due says whether the tie takes part in an epoch: those of weight 1 in each, the others as often as their weight says.
func (t *tie) due() bool {
	t.paid += t.weight
	if t.paid < 1 {
		return false
	}
	t.paid--
	return true
}

// weigh makes fuzzy weights of distances and joins both directions: w + w' - w·w'.
func weigh(g graph.Graph) []tie {
	type pair struct{ a, b int }
	var order []pair
	weights := map[pair][2]float64{}
	for i, near := range g {
		for j, w := range smooth(near) {
			key, side := pair{min(i, near[j].Index), max(i, near[j].Index)}, 0
			if near[j].Index < i {
				side = 1
			}
			both, seen := weights[key]
			if !seen {
				order = append(order, key)
			}
			both[side] = w
			weights[key] = both
		}
	}
	ties := make([]tie, 0, len(order))
	for _, key := range order {
		w := weights[key]
		ties = append(ties, tie{a: key.a, b: key.b, weight: w[0] + w[1] - w[0]*w[1]})
	}
	return ties
}

// smooth are exp(-(d - nearest)/sigma), with the sigma that makes their sum log2(k).
func smooth(near []graph.Neighbour) []float64 {
	weights := make([]float64, len(near))
	if len(near) == 0 {
		return weights
	}
	nearest, want := near[0].Distance, math.Log2(float64(len(near))+1)
	low, high, sigma := 0.0, math.Inf(1), 0.1
	for range smoothRounds {
		var sum float64
		for i, n := range near {
			weights[i] = math.Exp(-(n.Distance - nearest) / sigma)
			sum += weights[i]
		}
		if math.Abs(sum-want) < 1e-5 {
			break
		}
		if sum > want {
			high = sigma
			sigma = (low + high) / 2
		} else {
			low = sigma
			sigma = min(2*sigma, (low+high)/2)
		}
		sigma = max(sigma, 1e-6)
	}
	return weights
}

func pull(points []Point, a, b int, rate float64) {
	dx, dy := points[a].X-points[b].X, points[a].Y-points[b].Y
	d := dx*dx + dy*dy
	if d == 0 {
		return
	}
	power := math.Pow(d, curveB)
	force := -2 * curveA * curveB * power / d / (1 + curveA*power)
	x, y := step(force*dx)*rate, step(force*dy)*rate
	points[a].X += x
	points[a].Y += y
	points[b].X -= x
	points[b].Y -= y
}

func push(points []Point, a, b int, rate float64) {
	if a == b {
		return
	}
	dx, dy := points[a].X-points[b].X, points[a].Y-points[b].Y
	d := dx*dx + dy*dy
	force := 2 * curveB / ((0.001 + d) * (1 + curveA*math.Pow(d, curveB)))
	points[a].X += step(force*dx) * rate
	points[a].Y += step(force*dy) * rate
}

func step(x float64) float64 { return max(-greatestStep, min(greatestStep, x)) }

// spread scales points so that the greater extent is from -to to to, centred. Points in one place get a little noise:
// nothing could part them.
func spread(points []Point, to float64, seed uint64) []Point {
	out := make([]Point, len(points))
	if len(points) == 0 {
		return out
	}
	low, high := points[0], points[0]
	for _, p := range points {
		low = Point{min(low.X, p.X), min(low.Y, p.Y)}
		high = Point{max(high.X, p.X), max(high.Y, p.Y)}
	}
	extent := max(high.X-low.X, high.Y-low.Y, 1e-12) / 2
	random := rand.New(rand.NewPCG(seed, 3))
	for i, p := range points {
		out[i] = Point{(p.X - (low.X+high.X)/2) / extent * to, (p.Y - (low.Y+high.Y)/2) / extent * to}
		out[i] = Point{max(-to, min(to, out[i].X)), max(-to, min(to, out[i].Y))} // rounding
		if to > 1 {
			out[i].X += random.NormFloat64() * 1e-3
			out[i].Y += random.NormFloat64() * 1e-3
		}
	}
	return out
}

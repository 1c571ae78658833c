package knn

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// rounds of k-means: more gain nothing that search would notice.
const kmeansRounds = 8

// trainPerList is how many vectors k-means sees for each centroid.
const trainPerList = 48

// kmeans partitions points, rows of dim components, around n centroids (Lloyd's algorithm, seeded).
func kmeans(ctx context.Context, k kernel, points []float32, dim, n int, seed uint64) ([]float32, error) {
	r := rand.New(rand.NewPCG(seed, 0x6b6d65616e73))
	count := len(points) / dim
	centroids := make([]float32, 0, n*dim)
	for _, i := range r.Perm(count)[:n] {
		centroids = append(centroids, points[i*dim:][:dim]...)
	}
	nearest := make([]uint32, count)
	for range kmeansRounds {
		a := newAssigner(k, centroids, dim)
		if err := a.assign(ctx, points, nearest); err != nil {
			return nil, err
		}
		centroids = means(points, nearest, dim, n, r)
	}
	return centroids, nil
}

// means are those of the points of each centroid. One that has none splits the points of the largest.
func means(points []float32, nearest []uint32, dim, n int, r *rand.Rand) []float32 {
	sums, counts := make([]float32, n*dim), make([]int, n)
	for i, c := range nearest {
		counts[c]++
		sum := sums[int(c)*dim:][:dim]
		for j, x := range points[i*dim:][:dim] {
			sum[j] += x
		}
	}
	for c, count := range counts {
		if count > 0 {
			scale(sums[c*dim:][:dim], 1/float32(count))
		}
	}
	for c, count := range counts {
		if count > 0 {
			continue
		}
		largest := slices.Index(counts, slices.Max(counts))
		counts[largest] /= 2
		for j, x := range sums[largest*dim:][:dim] {
			step := 0.01 * x * float32(r.NormFloat64())
			sums[c*dim+j], sums[largest*dim+j] = x+step, x-step
		}
		counts[c] = counts[largest]
	}
	return sums
}

func scale(v []float32, by float32) {
	for i := range v {
		v[i] *= by
	}
}

// assigner finds the nearest centroid of many points.
type assigner struct {
	kernel    kernel
	dim       int
	centroids []float32
	halves    []float32
}

func newAssigner(k kernel, centroids []float32, dim int) *assigner {
	a := &assigner{k, dim, centroids, make([]float32, len(centroids)/dim)}
	for i := range a.halves {
		a.halves[i] = halfSquare(centroids[i*dim:][:dim])
	}
	return a
}

// assignPiece is how many points a worker takes at once; assignTile is how many centroids stay in the cache meanwhile.
const (
	assignPiece = 64
	assignTile  = 128
)

// assign writes the nearest centroid of each point, sharing the work out among processors.
func (a *assigner) assign(ctx context.Context, points []float32, nearest []uint32) error {
	return inPieces(ctx, len(nearest), assignPiece, func() func(from, to int) {
		scores, best := make([]float32, 4*assignTile), make([]float32, assignPiece)
		return func(from, to int) { a.piece(points[from*a.dim:to*a.dim], nearest[from:to], best, scores) }
	})
}

func (a *assigner) piece(points []float32, nearest []uint32, best, scores []float32) {
	for i := range nearest {
		best[i] = float32(-1e30)
	}
	for at := 0; at < len(a.halves); at += assignTile {
		halves := a.halves[at:min(at+assignTile, len(a.halves))]
		tile := a.centroids[at*a.dim:][:len(halves)*a.dim]
		for p := 0; p < len(nearest); {
			group := 1
			if p+4 <= len(nearest) {
				group = 4
				a.kernel.quads(points[p*a.dim:(p+4)*a.dim], tile, scores[:4*len(halves)])
			} else {
				a.kernel.dots(points[p*a.dim:(p+1)*a.dim], tile, scores[:len(halves)])
			}
			for i := range group {
				for c, score := range scores[i*len(halves):][:len(halves)] {
					if score -= halves[c]; score > best[p+i] {
						best[p+i], nearest[p+i] = score, uint32(at+c)
					}
				}
			}
			p += group
		}
	}
}

// inPieces calls work for pieces of 0 … n until all are done, on all processors; each has a work of its own.
func inPieces(ctx context.Context, n, piece int, newWork func() func(from, to int)) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+piece-1)/piece) {
		work := newWork()
		wait.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(int64(piece))) - piece
				if from >= n {
					return
				}
				work(from, min(from+piece, n))
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}

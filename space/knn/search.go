package knn

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

// chunkRows is how many rows one call of the kernel takes. A chunk stays in the L2 cache (384 kB at 384 components)
// while the queries of a batch pass over it.
const chunkRows = 256

// parallelRows is the number of rows from which a search is shared out among processors: below, it takes less than a
// tenth of a millisecond.
const parallelRows = 2048

// sparseShare: where a filter keeps less than one row in sparseShare, its rows are visited one by one.
const sparseShare = 8

// Search returns the k items nearest to q, nearest first, equals by id. Only items whose slots are in allow are
// answered; nil allows all.
func (x *Flat) Search(ctx context.Context, q space.Vector, k int, allow *roaring.Bitmap) ([]Neighbour, error) {
	answers, err := x.SearchBatch(ctx, []space.Vector{q}, k, allow)
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// SearchBatch answers several queries in one pass over memory; the i-th answer is what Search gives for the i-th.
func (x *Flat) SearchBatch(ctx context.Context, queries []space.Vector, k int, allow *roaring.Bitmap) ([][]Neighbour, error) {
	for i, q := range queries {
		if err := x.check(q); err != nil {
			return nil, fmt.Errorf("query %d: %w", i, err)
		}
	}
	if k < 1 {
		return nil, fmt.Errorf("%w: k is %d; want at least 1", space.ErrInvalidQuery, k)
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	k = min(k, len(x.slots))
	if k == 0 || len(queries) == 0 {
		return make([][]Neighbour, len(queries)), ctx.Err()
	}
	if allow != nil && allow.GetCardinality()*sparseShare < uint64(len(x.ids)) {
		return x.visit(ctx, queries, k, allow)
	}
	return x.scan(ctx, queries, k, allow)
}

// visit computes the products of allowed rows only.
func (x *Flat) visit(ctx context.Context, queries []space.Vector, k int, allow *roaring.Bitmap) ([][]Neighbour, error) {
	answers := make([][]Neighbour, len(queries))
	for i, q := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		best := top{k: k}
		for it := allow.Iterator(); it.HasNext(); {
			slot := it.Next()
			if int(slot) >= len(x.ids) || x.ids[slot] == "" {
				continue
			}
			best.offer(Neighbour{x.ids[slot], slot, x.cosine(q.Components(), slot)})
		}
		answers[i] = best.sorted()
	}
	return answers, nil
}

// scan computes the products of all rows, shared out among processors.
func (x *Flat) scan(ctx context.Context, queries []space.Vector, k int, allow *roaring.Bitmap) ([][]Neighbour, error) {
	workers := 1
	if len(x.ids) >= parallelRows {
		workers = min(runtime.GOMAXPROCS(0), len(x.blocks))
	}
	parts := make([][]top, workers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for w := range parts {
		parts[w] = make([]top, len(queries))
		for i := range parts[w] {
			parts[w][i].k = k
		}
		work := func() {
			scores := make([]float32, chunkRows)
			for start := next.Add(chunkRows) - chunkRows; int(start) < len(x.ids) && ctx.Err() == nil; start = next.Add(chunkRows) - chunkRows {
				x.scanChunk(int(start), queries, allow, scores, parts[w])
			}
		}
		if w == workers-1 {
			work() // the caller's goroutine works too
		} else {
			wait.Go(work)
		}
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return merge(parts), nil
}

// chunk is the memory of up to chunkRows rows from the slot start on, which is a multiple of chunkRows.
func (x *Flat) chunk(start int) (rows []float32, n int) {
	n = min(chunkRows, len(x.ids)-start)
	at := start % blockRows * x.dim
	return x.blocks[start/blockRows][at : at+n*x.dim], n
}

func (x *Flat) scanChunk(start int, queries []space.Vector, allow *roaring.Bitmap, scores []float32, best []top) {
	rows, n := x.chunk(start)
	for i, q := range queries {
		x.kernel.dots(q.Components(), rows, scores[:n])
		least := best[i].least()
		for j, score := range scores[:n] {
			if score < least {
				continue
			}
			slot := uint32(start + j)
			if x.ids[slot] == "" || allow != nil && !allow.Contains(slot) {
				continue
			}
			best[i].offer(Neighbour{x.ids[slot], slot, clamp(score)})
			least = best[i].least()
		}
	}
}

// merge joins what the workers found, query by query.
func merge(parts [][]top) [][]Neighbour {
	answers := make([][]Neighbour, len(parts[0]))
	for i := range answers {
		best := parts[0][i]
		for _, part := range parts[1:] {
			for _, n := range part[i].heap {
				best.offer(n)
			}
		}
		answers[i] = best.sorted()
	}
	return answers
}

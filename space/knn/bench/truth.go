package bench

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// k of all measurements.
const k = 10

// truth is what a perfect index would answer, found by all products in one pass over the vectors. Rows are known by
// their numbers.
type truth struct {
	Image, Text [][]uint32 // the k nearest of each query, nearest first
	// Filtered are those of the first text queries among the rows that a filter keeps: by filter, by query.
	Filtered [][][]uint32
	// Within are the rows at or above least of each altered row.
	Within [][]uint32
}

func (t *truth) of(kind space.Kind) [][]uint32 {
	if kind == space.Text {
		return t.Text
	}
	return t.Image
}

const (
	// filteredQueries is how many text queries are asked with each filter.
	filteredQueries = 50
	// alteredQueries is how many altered rows are looked for.
	alteredQueries = 100
	// mostWithin is how many rows of a block may be at or above least of an altered row.
	mostWithin = 100
)

// filterSteps: a filter keeps one row in so many.
var filterSteps = []int{1000, 100, 10, 2}

// findTruth finds the true neighbours of all queries.
func findTruth(ctx context.Context, d *data, opts Options) (*truth, error) {
	add, stop := opts.Progress("true neighbours", "vectors", d.n)
	defer stop()
	texts := d.texts[:min(filteredQueries, len(d.texts))]
	altered := d.altered(opts.Seed)
	nearest := map[space.Kind][]ranking{space.Image: newRankings(d.images, k), space.Text: newRankings(d.texts, k)}
	filtered := make([][]ranking, len(filterSteps))
	for i := range filtered {
		filtered[i] = newRankings(texts, k)
	}
	within := newRankings(altered, 0)
	err := d.blocks(ctx, d.n, d.set.Image, func(block *knn.Flat, from int) error {
		errs := []error{collect(ctx, block, from, d.images, k, nil, nearest[space.Image]), collect(ctx, block, from, d.texts, k, nil, nearest[space.Text])}
		for i, step := range filterSteps {
			errs = append(errs, collect(ctx, block, from, texts, k, every(step, from, block.Len()), filtered[i]))
		}
		errs = append(errs, collectWithin(ctx, block, from, altered, within))
		add(block.Len())
		return errors.Join(errs...)
	})
	if err != nil {
		return nil, err
	}
	t := &truth{Image: numbers(nearest[space.Image]), Text: numbers(nearest[space.Text]), Within: numbers(within)}
	for _, f := range filtered {
		t.Filtered = append(t.Filtered, numbers(f))
	}
	return t, nil
}

// altered are copies of rows drawn at random, with noise.
func (d *data) altered(seed uint64) []space.Vector {
	r := rand.New(rand.NewPCG(seed, 77))
	vectors := make([]space.Vector, alteredQueries)
	for i := range vectors {
		vectors[i] = altered(r, d.row(r.IntN(d.n)))
	}
	return vectors
}

// every is the bitmap of the slots of a block whose rows' numbers are multiples of step.
func every(step, from, n int) *roaring.Bitmap {
	slots := roaring.New()
	for i := (step - from%step) % step; i < n; i += step {
		slots.Add(uint32(i))
	}
	return slots
}

// ranking is the best rows of a query so far, best first.
type ranking struct {
	most int // 0: all are kept
	rows []ranked
}

type ranked struct {
	number uint32
	cosine float64
}

func newRankings(queries []space.Vector, most int) []ranking {
	rankings := make([]ranking, len(queries))
	for i := range rankings {
		rankings[i].most = most
	}
	return rankings
}

func (r *ranking) merge(from int, found []knn.Neighbour) {
	for _, n := range found {
		r.rows = append(r.rows, ranked{uint32(from) + n.Slot, n.Cosine})
	}
	slices.SortFunc(r.rows, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.cosine, a.cosine), cmp.Compare(a.number, b.number))
	})
	if r.most > 0 {
		r.rows = r.rows[:min(len(r.rows), r.most)]
	}
}

func numbers(rankings []ranking) [][]uint32 {
	all := make([][]uint32, len(rankings))
	for i, r := range rankings {
		all[i] = make([]uint32, len(r.rows))
		for j, row := range r.rows {
			all[i][j] = row.number
		}
	}
	return all
}

// collect merges a block's nearest of each query into the rankings.
func collect(ctx context.Context, block *knn.Flat, from int, queries []space.Vector, n int, allow *roaring.Bitmap, into []ranking) error {
	found, err := block.SearchBatch(ctx, queries, n, allow)
	for i := range found {
		into[i].merge(from, found[i])
	}
	return err
}

// collectWithin merges a block's rows at or above least of each query into the rankings.
func collectWithin(ctx context.Context, block *knn.Flat, from int, queries []space.Vector, into []ranking) error {
	found, err := block.SearchBatch(ctx, queries, mostWithin, nil)
	for i, neighbours := range found {
		beyond := slices.IndexFunc(neighbours, func(n knn.Neighbour) bool { return n.Cosine < least })
		if beyond < 0 && len(neighbours) == mostWithin && block.Len() > mostWithin {
			return errors.New("the vectors are too near to each other to measure range queries on")
		}
		if beyond >= 0 {
			neighbours = neighbours[:beyond]
		}
		into[i].merge(from, neighbours)
	}
	return err
}

// writeFor writes the true neighbours' numbers for peers: k of each query.
func (t *truth) writeFor(dir string) error {
	for _, kind := range kinds {
		raw := bytesOf(slices.Concat(t.of(kind)...))
		if err := os.WriteFile(filepath.Join(dir, "true-"+string(kind)+".u32"), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// found is how many of the true rows an answer has.
func found(answer []knn.Neighbour, want []uint32) int {
	hits := 0
	for _, n := range answer {
		if number, ok := rowNumber(n.ID); ok && slices.Contains(want, uint32(number)) {
			hits++
		}
	}
	return hits
}

package catalog

import (
	"context"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

// scan calls do for each item that passes the filter, in the order of ids. The components are do's to read until it
// returns. Items that come or go meanwhile may be left out; nothing waits for it.
func (c *Catalog) scan(ctx context.Context, f *space.Filter, do func(id string, kind space.Kind, components []float32) error) error {
	var allow *roaring.Bitmap
	if f != nil {
		var err error
		if allow, err = c.filteredNow(ctx, f); err != nil {
			return err
		}
	}
	return c.store.Vectors(ctx, func(id string, kind space.Kind, components []float32) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if allow != nil && !c.passes(id, allow) {
			return nil
		}
		return do(id, kind, components)
	})
}

// filteredNow evaluates a filter as of now.
func (c *Catalog) filteredNow(ctx context.Context, f *space.Filter) (*roaring.Bitmap, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, space.ErrClosed
	}
	if err := f.Validate(); err != nil {
		return nil, err
	}
	allow, err := c.filtered(ctx, f)
	if err != nil {
		return nil, err
	}
	return allow.Clone(), nil
}

func (c *Catalog) passes(id string, allow *roaring.Bitmap) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	slot, found := c.vectors.Slot(id)
	return found && allow.Contains(slot)
}

// gathered are items with copies of their vectors: all, or a sample.
type gathered struct {
	ids     []string
	kinds   []space.Kind
	vectors []space.Vector
	total   int                      // items that pass the filter
	means   map[space.Kind][]float32 // where there are both kinds, once centred
}

// gather takes up to most items that pass the filter: all, or those whose ids have the least hashes, which is a sample
// that does not depend on when items came.
func (c *Catalog) gather(ctx context.Context, f *space.Filter, most int) (gathered, error) {
	var g gathered
	var hashes []uint64
	limit := uint64(math.MaxUint64)
	err := c.scan(ctx, f, func(id string, kind space.Kind, components []float32) error {
		g.total++
		hash := hashOf(id)
		if hash > limit {
			return nil
		}
		v, err := space.FromUnit(slices.Clone(components))
		if err != nil {
			return err
		}
		g.ids, g.kinds, g.vectors, hashes = append(g.ids, id), append(g.kinds, kind), append(g.vectors, v), append(hashes, hash)
		if len(g.ids) >= 2*most {
			limit = g.thin(&hashes, most)
		}
		return nil
	})
	if len(g.ids) > most {
		g.thin(&hashes, most)
	}
	return g, err
}

// thin keeps the n items of the least hashes, and returns the greatest of these.
func (g *gathered) thin(hashes *[]uint64, n int) uint64 {
	limit := slices.Sorted(slices.Values(*hashes))[n-1]
	to := 0
	for i, hash := range *hashes {
		if hash <= limit && to < n {
			g.ids[to], g.kinds[to], g.vectors[to], (*hashes)[to] = g.ids[i], g.kinds[i], g.vectors[i], hash
			to++
		}
	}
	g.ids, g.kinds, g.vectors, *hashes = g.ids[:to], g.kinds[:to], g.vectors[:to], (*hashes)[:to]
	return limit
}

func hashOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	x := h.Sum64()
	x ^= x >> 33 // ids that differ at the end only would have like hashes
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

// centreKinds takes from each vector the mean of its kind where there are both, since texts and images lie apart
// (Liang et al., arXiv 2203.02053) and would be two groups whatever they are about.
func (g *gathered) centreKinds() {
	sums, counts := map[space.Kind][]float32{}, map[space.Kind]float32{}
	for i, v := range g.vectors {
		if sums[g.kinds[i]] == nil {
			sums[g.kinds[i]] = make([]float32, v.Dim())
		}
		for j, x := range v.Components() {
			sums[g.kinds[i]][j] += x
		}
		counts[g.kinds[i]]++
	}
	if len(sums) < 2 {
		return
	}
	for kind, sum := range sums {
		for j := range sum {
			sum[j] /= counts[kind]
		}
	}
	g.means = sums
	for i, v := range g.vectors {
		if unit, err := g.centred(g.kinds[i], v.Components()); err == nil { // the only one of its kind stays as it is
			g.vectors[i] = unit
		}
	}
}

// centred is a vector as the sample's are.
func (g *gathered) centred(kind space.Kind, components []float32) (space.Vector, error) {
	own := slices.Clone(components)
	for j, x := range g.means[kind] {
		own[j] -= x
	}
	return space.Normalize(own)
}

// itemText is what words can be taken from: the text, the title, and the words of the file's name.
func itemText(it space.Item) string {
	var parts []string
	for _, value := range []any{it.Text, it.Metadata["title"], it.Metadata["filename"]} {
		if s, ok := value.(string); ok && s != "" {
			parts = append(parts, s)
		}
	}
	if it.Source != "" {
		parts = append(parts, it.Source[strings.LastIndexAny(it.Source, `/\`)+1:])
	}
	return strings.Join(parts, " ")
}

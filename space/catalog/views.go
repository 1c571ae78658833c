package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/semaphore"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/graph"
	"github.com/clipd/clipd/space/knn"
)

// maxViews is how many answers about the whole collection, groups and maps, are kept.
const maxViews = 8

// views keeps answers that take long and hold as long as nothing is written. They are made one after the other: each takes
// seconds of all processors, and some 200 MB.
type views struct {
	turn *semaphore.Weighted // 1: whoever has it makes an answer
	mu   sync.Mutex
	kept []view // the latest used last
}

func newViews() views { return views{turn: semaphore.NewWeighted(1)} }

type view struct {
	key   string
	state uint64
	value any
}

// viewOf returns the kept answer to a question, or makes it. The question is its key, as JSON. Two who ask the same at
// once wait for one answer.
func viewOf[Q, T any](ctx context.Context, c *Catalog, question Q, make func(context.Context, Q) (T, error)) (T, error) {
	var none T
	text, err := json.Marshal(question)
	if err != nil {
		return none, err
	}
	key := fmt.Sprintf("%T%s", none, text)
	if have, known, err := c.keptView(key); known || err != nil {
		value, _ := have.(T)
		return value, err
	}
	if err := c.views.turn.Acquire(ctx, 1); err != nil {
		return none, err
	}
	defer c.views.turn.Release(1)
	have, known, err := c.keptView(key) // somebody may have asked the same
	if known || err != nil {
		value, _ := have.(T)
		return value, err
	}
	state := c.viewState()
	value, err := make(ctx, question)
	if err == nil {
		c.views.keep(view{key, state, value})
	}
	return value, err
}

// viewState changes whenever kept answers no longer hold.
func (c *Catalog) viewState() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.slotChanges
}

// keptView is the answer of the key, if it is kept and still holds.
func (c *Catalog) keptView(key string) (value any, known bool, err error) {
	if c.isClosed() {
		return nil, false, space.ErrClosed
	}
	state := c.viewState()
	v := &c.views
	v.mu.Lock()
	defer v.mu.Unlock()
	i := slices.IndexFunc(v.kept, func(v view) bool { return v.key == key })
	if i < 0 {
		return nil, false, nil
	}
	have := v.kept[i]
	v.kept = slices.Delete(v.kept, i, i+1)
	if have.state != state {
		return nil, false, nil
	}
	v.kept = append(v.kept, have)
	return have.value, true, nil
}

func (v *views) keep(made view) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.kept) == maxViews {
		v.kept = slices.Delete(v.kept, 0, 1)
	}
	v.kept = append(v.kept, made)
}

// queriesAtOnce share one pass over the vectors while the graph is made.
const queriesAtOnce = 64

// flatOf is an index of vectors, and which of them lies in each slot. Of equals, the first is the nearest.
func flatOf(vectors []space.Vector) (*knn.Flat, map[uint32]int, error) {
	if len(vectors) == 0 {
		return nil, nil, nil
	}
	index, at := knn.NewFlat(vectors[0].Dim()), make(map[uint32]int, len(vectors))
	for i, v := range vectors {
		slot, err := index.Add(fmt.Sprintf("%08d", i), v.Components())
		if err != nil {
			return nil, nil, err
		}
		at[slot] = i
	}
	return index, at, nil
}

// neighbours is the graph of the k nearest of all vectors, exact, made connected by further edges: without these, a
// lonely point would belong to whatever part it happens to hang on.
func neighbours(ctx context.Context, vectors []space.Vector, k int) (graph.Graph, error) {
	g := make(graph.Graph, len(vectors))
	if len(vectors) < 2 {
		return g, ctx.Err()
	}
	index, at, err := flatOf(vectors)
	if err != nil {
		return nil, err
	}
	i := 0
	for queries := range slices.Chunk(vectors, queriesAtOnce) {
		answers, err := index.SearchBatch(ctx, queries, k+1, nil)
		if err != nil {
			return nil, err
		}
		for _, near := range answers {
			for _, n := range near {
				if other := at[n.Slot]; other != i && len(g[i]) < k {
					g[i] = append(g[i], graph.Neighbour{Index: other, Distance: max(0, 1-n.Cosine)})
				}
			}
			i++
		}
	}
	return g, connect(ctx, g, vectors, index, at)
}

// connectors is how many points of a part look for the nearest point outside of it.
const connectors = 3

// connect joins the parts of a graph, each to the nearest of the others, until there is one (Borůvka's way to a spanning
// tree, with a few points of each part instead of all).
func connect(ctx context.Context, g graph.Graph, vectors []space.Vector, index *knn.Flat, at map[uint32]int) error {
	slots := make([]uint32, len(vectors))
	all := roaring.New()
	for slot, i := range at {
		slots[i] = slot
		all.Add(slot)
	}
	for parts := g.Parts(); len(parts) > 1; parts = g.Parts() {
		for _, part := range parts {
			outside := all.Clone()
			for _, i := range part {
				outside.Remove(slots[i])
			}
			for n := range min(connectors, len(part)) {
				i := part[n*len(part)/min(connectors, len(part))]
				near, err := index.Search(ctx, vectors[i], 1, outside)
				if err != nil {
					return err
				}
				g[i] = append(g[i], graph.Neighbour{Index: at[near[0].Slot], Distance: max(0, 1-near[0].Cosine)})
			}
		}
	}
	return nil
}

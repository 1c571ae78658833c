package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
	"github.com/clipd/clipd/space/keep"
)

// Duplicates groups the copies among the images. What the query leaves open is taken from the collection's settings,
// then from the model, then from package dedup.
func (c *Catalog) Duplicates(ctx context.Context, q space.DuplicateQuery) ([]space.Group, error) {
	policy, err := keep.Complete(q.Keep)
	if err != nil {
		return nil, err
	}
	ruled, err := c.rulings(ctx)
	if err != nil {
		return nil, err
	}
	images, err := c.images(ctx, q.Within)
	if err != nil {
		return nil, fmt.Errorf("duplicates in %q: %w", c.name, err)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, fmt.Errorf("duplicates in %q: %w", c.name, space.ErrClosed)
	}
	groups, err := dedup.Find(ctx, images, selfJoin{c.vectors, c.vectors.images.slots}, c, dedup.Options{
		MaxDistance: cmp.Or(q.MaxDistance, c.settings.DuplicateDistance),
		MinCosine:   cmp.Or(q.MinCosine, c.settings.DuplicateCosine, c.opts.DuplicateCosine),
		Apart:       ruled.notDuplicates(),
	})
	if err != nil {
		return nil, fmt.Errorf("duplicates in %q: %w", c.name, err)
	}
	return electAll(groups, policy, ruled.marks(), q.Decided), nil
}

// electAll gives each group the original that is to be kept. Groups whose copies are all kept are left out unless wanted.
func electAll(groups []space.Group, policy space.KeepPolicy, marks keep.Marks, decided bool) []space.Group {
	var left []space.Group
	for _, g := range groups {
		g = keep.Elect(g, policy, marks)
		if decided || slices.ContainsFunc(g.Copies, func(m space.Member) bool { return !m.Kept }) {
			left = append(left, g)
		}
	}
	return left
}

// images are those of the collection, or of the given ids.
func (c *Catalog) images(ctx context.Context, within []string) ([]space.Item, error) {
	wanted := make(map[string]bool, len(within))
	for _, id := range within {
		wanted[id] = true
	}
	var images []space.Item
	err := c.store.Items(ctx, "", func(it space.Item) error {
		if it.Kind == space.Image && (len(within) == 0 || wanted[it.ID]) {
			images = append(images, it)
		}
		return nil
	})
	return images, err
}

// selfJoin is the vector index's, restricted to images.
type selfJoin struct {
	vectors vectors
	images  *roaring.Bitmap
}

// SelfJoin implements dedup.Neighbours.
func (s selfJoin) SelfJoin(ctx context.Context, least float64, yield func(a, b string, cosine float64) error) error {
	return s.vectors.SelfJoin(ctx, least, s.images, yield)
}

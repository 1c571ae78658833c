package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
	"github.com/clipd/clipd/space/keep"
)

// Duplicates groups the copies among the images, and on request those that are similar. What the query leaves open is
// taken from the collection's settings, then from the model, then from package dedup. Writes go on meanwhile.
func (c *Catalog) Duplicates(ctx context.Context, q space.DuplicateQuery) ([]space.Group, error) {
	policy, err := keep.Complete(keep.Or(q.Keep, c.opts.Keep))
	if err != nil {
		return nil, err
	}
	ruled, err := c.rulings(ctx)
	if err != nil {
		return nil, err
	}
	images, neighbours, err := c.compared(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("duplicates in %q: %w", c.name, err)
	}
	opts := c.duplicateOptions(q)
	opts.Apart = ruled.notDuplicates()
	groups, err := dedup.Find(ctx, images, neighbours, c, opts)
	if err != nil {
		return nil, fmt.Errorf("duplicates in %q: %w", c.name, err)
	}
	groups = electAll(groups, policy, ruled.marks(), q.Decided)
	return groups, c.fill(ctx, groups)
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

// PreviewDuplicates says what each threshold would give; see dedup.Preview.
func (c *Catalog) PreviewDuplicates(ctx context.Context, q space.DuplicateQuery) (space.DuplicatePreview, error) {
	images, neighbours, err := c.compared(ctx, q)
	if err != nil {
		return space.DuplicatePreview{}, fmt.Errorf("preview duplicates in %q: %w", c.name, err)
	}
	ruled, err := c.rulings(ctx)
	if err != nil {
		return space.DuplicatePreview{}, err
	}
	opts := c.duplicateOptions(q)
	opts.Apart = ruled.notDuplicates()
	preview, err := dedup.Preview(ctx, images, neighbours, c, opts)
	if err != nil {
		return preview, fmt.Errorf("preview duplicates in %q: %w", c.name, err)
	}
	return preview, nil
}

func (c *Catalog) duplicateOptions(q space.DuplicateQuery) dedup.Options {
	return dedup.Options{
		Similar:     q.Similar,
		Progress:    q.Progress,
		MaxDistance: cmp.Or(q.MaxDistance, c.settings.DuplicateDistance),
		MinCosine:   cmp.Or(q.MinCosine, c.settings.DuplicateCosine, c.opts.DuplicateCosine),
	}
}

// compared are the images that a query is about, and the vector index as it is now.
func (c *Catalog) compared(ctx context.Context, q space.DuplicateQuery) ([]space.Item, dedup.Neighbours, error) {
	images, err := c.images(ctx, q.Within)
	if err != nil {
		return nil, nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, nil, space.ErrClosed
	}
	return images, selfJoin{c.vectors, c.vectors.images.slots.Clone()}, nil
}

// images are those of the collection, or of the given ids, without what the comparison does not need: 100,000 of them
// take some 100 MB.
func (c *Catalog) images(ctx context.Context, within []string) ([]space.Item, error) {
	wanted := make(map[string]bool, len(within))
	for _, id := range within {
		wanted[id] = true
	}
	var images []space.Item
	err := c.store.Items(ctx, "", func(it space.Item) error {
		if it.Kind == space.Image && (len(within) == 0 || wanted[it.ID]) {
			it.Vector, it.Metadata, it.Text = space.Vector{}, nil, ""
			images = append(images, it)
		}
		return nil
	})
	return images, err
}

// fill gives the members of the groups what images left out. One that is gone meanwhile stays as it was.
func (c *Catalog) fill(ctx context.Context, groups []space.Group) error {
	for i := range groups {
		if err := c.fillItem(ctx, &groups[i].Original); err != nil {
			return err
		}
		for j := range groups[i].Copies {
			if err := c.fillItem(ctx, &groups[i].Copies[j].Item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Catalog) fillItem(ctx context.Context, it *space.Item) error {
	whole, err := c.store.Item(ctx, it.ID)
	if errors.Is(err, space.ErrNotFound) {
		return nil
	}
	if err == nil {
		it.Text, it.Metadata = whole.Text, whole.Metadata
	}
	return err
}

// selfJoin is the vector index, restricted to images.
type selfJoin struct {
	vectors vectors
	images  *roaring.Bitmap
}

// SelfJoin implements dedup.Neighbours.
func (s selfJoin) SelfJoin(ctx context.Context, least float64, yield func(a, b string, cosine float64) error) error {
	return s.vectors.SelfJoin(ctx, least, s.images, yield)
}

// Cosines implements dedup.Neighbours.
func (s selfJoin) Cosines(a string, others []string) []float64 {
	if slot, found := s.vectors.Slot(a); found {
		if v, err := space.FromUnit(s.vectors.Components(slot)); err == nil {
			if cosines, err := s.vectors.Cosines(v, others); err == nil {
				return cosines
			}
		}
	}
	none := make([]float64, len(others))
	for i := range none {
		none[i] = math.NaN()
	}
	return none
}

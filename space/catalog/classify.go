package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/relevance"
)

// ClassifyQuery asks which of some labels fits each item best.
type ClassifyQuery struct {
	Labels  []string
	Prompts []string      // what is encoded for each label
	Scale   float64       // factor of cosines before the softmax; 0: the logit scale of the collection's model
	Filter  *space.Filter // which items
	Other   string        // the label of items that fit none; empty: each gets one of Labels
}

// Labelled is an item and its label.
type Labelled struct {
	ID          string
	Kind        space.Kind
	Label       int // in Labels; -1: Other
	Probability float64
	Cosine      float64
}

// Classify gives each item that passes the filter to do, with its label: the one with the greatest probability, softmax
// over scale times cosine (Radford et al., arXiv 2103.00020). With Other, an item that is nearer to the bank of package
// relevance than to every label, as the mean of the nearest four, has none of them.
func (c *Catalog) Classify(ctx context.Context, q ClassifyQuery, do func(Labelled) error) error {
	if len(q.Labels) < 1 || len(q.Labels) != len(q.Prompts) {
		return fmt.Errorf("%w: %d labels and %d prompts", space.ErrInvalidQuery, len(q.Labels), len(q.Prompts))
	}
	given := q
	q.Scale = cmp.Or(q.Scale, c.opts.Traits.LogitScale, DefaultLogitScale)
	vectors, err := c.enc.EncodeTexts(ctx, q.Prompts)
	if err != nil {
		return fmt.Errorf("classify %q: labels: %w", c.name, err)
	}
	var bank *bank
	if q.Other != "" {
		c.yardstick.prepare(ctx)
		if bank = c.yardstick.loaded(); bank == nil {
			return fmt.Errorf("classify %q: %w: the texts that other is measured with could not be encoded; try again", c.name, space.ErrBusy)
		}
	}
	begun := false
	err = c.scan(ctx, q.Filter, func(id string, kind space.Kind, components []float32) error {
		begun = true
		labelled, err := classifyOne(components, vectors, q.Scale, bank)
		if err != nil {
			return err
		}
		labelled.ID, labelled.Kind = id, kind
		return do(labelled)
	})
	if next := c.moved(err); next != nil && !begun {
		return next.Classify(ctx, given, do)
	}
	if err != nil {
		return fmt.Errorf("classify %q: %w", c.name, err)
	}
	return nil
}

func classifyOne(components []float32, labels []space.Vector, scale float64, bank *bank) (Labelled, error) {
	v, err := space.FromUnit(components)
	if err != nil {
		return Labelled{}, err
	}
	best := Labelled{Cosine: math.Inf(-1)}
	cosines := make([]float64, len(labels))
	for i, label := range labels {
		if cosines[i] = v.Cosine(label); cosines[i] > best.Cosine {
			best.Label, best.Cosine = i, cosines[i]
		}
	}
	var sum float64
	for _, cosine := range cosines {
		sum += math.Exp(scale * (cosine - best.Cosine))
	}
	best.Probability = 1 / sum
	if bank == nil {
		return best, nil
	}
	toBank, err := bank.cosines(components)
	if err == nil && relevance.Margin(best.Cosine, toBank, -1) < 0 {
		best.Label, best.Probability = -1, 0
	}
	return best, err
}

// writeBatch is how many items are written at once.
const writeBatch = 256

// SetMetadata puts a value into a field of each item, and returns how many were changed. An item that is gone is passed
// over; other fields stay. A change of the same item by somebody else at the same moment may be lost.
func (c *Catalog) SetMetadata(ctx context.Context, field string, values map[string]string, ids []string) (int, error) {
	if err := (space.Metadata{field: ""}).Validate(); err != nil {
		return 0, fmt.Errorf("%w: %w", space.ErrInvalidQuery, err)
	}
	changed := 0
	var entries []space.Entry
	flush := func() error {
		changes, err := c.Put(ctx, entries)
		for _, change := range changes {
			if change == space.Updated {
				changed++
			}
		}
		entries = nil
		return err
	}
	for _, id := range ids {
		entry, err := c.entry(ctx, id)
		if errors.Is(err, space.ErrNotFound) {
			continue
		}
		if err != nil {
			return changed, err
		}
		metadata := maps.Clone(entry.Item.Metadata)
		if metadata == nil {
			metadata = space.Metadata{}
		}
		metadata[field] = values[id]
		entry.Item.Metadata = metadata
		if entries = append(entries, entry); len(entries) == writeBatch {
			if err := flush(); err != nil {
				return changed, err
			}
		}
	}
	if len(entries) == 0 {
		return changed, nil
	}
	return changed, flush()
}

// entry is an item as it was put.
func (c *Catalog) entry(ctx context.Context, id string) (space.Entry, error) {
	it, err := c.store.Item(ctx, id)
	if err != nil {
		return space.Entry{}, err
	}
	thumbnail, err := c.store.Thumbnail(ctx, id)
	if errors.Is(err, space.ErrNotFound) {
		thumbnail, err = nil, nil
	}
	return space.Entry{Item: it, Thumbnail: thumbnail}, err
}

package catalog

import (
	"context"
	"fmt"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keyword"
	"github.com/clipd/clipd/space/store"
)

// Record is all that is kept of one item, its vector included; see store.Record.
type Record = store.Record

// Decision is what the user decided for good; see store.Decision.
type Decision = store.Decision

// wordsAtOnce is how many items of an import have their words indexed before it is acknowledged.
const wordsAtOnce = 64

// Import keeps records that have their vectors already, durably and in one batch. The i-th result is that of the i-th
// record; one that is invalid fails alone. Vectors can be searched when it returns, words of many records a while
// later: Describe says how many are behind. The caller answers for the vectors being of the collection's model.
func (c *Catalog) Import(ctx context.Context, records []Record) ([]Result, error) {
	results := make([]Result, len(records))
	operations, places := make([]store.Operation, 0, len(records)), make([]int, 0, len(records))
	for i := range records {
		results[i].ID = records[i].Item.ID
		if results[i].Err = c.validate(records[i].Item); results[i].Err == nil {
			operations, places = append(operations, store.Operation{Put: &records[i]}), append(places, i)
		}
	}
	steps, err := c.importBatch(ctx, operations)
	if err != nil {
		return nil, fmt.Errorf("import into %q: %w", c.name, err)
	}
	for i, step := range steps {
		results[places[i]].Change = step.Change
	}
	return results, nil
}

func (c *Catalog) importBatch(ctx context.Context, operations []store.Operation) ([]store.Step, error) {
	if len(operations) == 0 {
		return nil, ctx.Err()
	}
	c.commits.writing.Lock()
	defer c.commits.writing.Unlock()
	outcome, err := c.store.Write(ctx, operations)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // what is in the store goes into the indexes
	batch := changedBatch(operations, outcome)
	if err := c.indexVectors(batch.Puts, batch.Deletes); err != nil {
		return nil, err
	}
	switch changed := len(batch.Puts) + len(batch.Deletes); {
	case changed == 0:
	case changed <= wordsAtOnce:
		err = c.indexWords(ctx, batch)
	default:
		c.follower.stir()
		c.leaveWords(changed)
	}
	return outcome.Steps, err
}

// changedBatch is what a batch that is in the store changes in the indexes.
func changedBatch(operations []store.Operation, outcome store.Outcome) keyword.Batch {
	batch := keyword.Batch{Sequence: outcome.Sequence}
	last := make(map[string]int, len(operations)) // the step that an item was left by
	for i, op := range operations {
		if op.Put != nil {
			last[op.Put.Item.ID] = i
		} else {
			last[op.Delete] = i
		}
	}
	for _, id := range outcome.Changed {
		if i := last[id]; operations[i].Put != nil {
			batch.Puts = append(batch.Puts, outcome.Steps[i].Item)
		} else {
			batch.Deletes = append(batch.Deletes, id)
		}
	}
	return batch
}

// ImportDecisions keeps decisions of the user in one durable batch; one without verdict revokes an earlier one.
func (c *Catalog) ImportDecisions(ctx context.Context, decisions []Decision) error {
	if err := c.store.Decide(ctx, decisions...); err != nil {
		return fmt.Errorf("import decisions into %q: %w", c.name, err)
	}
	return nil
}

// Export calls yield with every record in the order of their ids, as the collection was when it began.
func (c *Catalog) Export(ctx context.Context, yield func(Record) error) error {
	if err := c.store.Records(ctx, "", yield); err != nil {
		return fmt.Errorf("export %q: %w", c.name, err)
	}
	return nil
}

// ExportDecisions calls yield with all decisions in the order of their keys.
func (c *Catalog) ExportDecisions(ctx context.Context, yield func(Decision) error) error {
	if err := c.store.Decisions(ctx, yield); err != nil {
		return fmt.Errorf("decisions of %q: %w", c.name, err)
	}
	return nil
}

// Fingerprint is that of the collection's vectors, as it is now.
func (c *Catalog) Fingerprint() space.Fingerprint {
	if next := c.successor.Load(); next != nil {
		return next.Fingerprint()
	}
	return c.store.Identity().Fingerprint
}

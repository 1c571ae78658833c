package catalog

import (
	"context"
	"fmt"
	"sync"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keyword"
	"github.com/clipd/clipd/space/store"
)

// commitQueue joins the writes of many callers into one fsync: whoever gets to write takes all that wait along.
type commitQueue struct {
	mu      sync.Mutex
	waiting []*commit

	writing sync.Mutex // held by the one who writes, and by Rebuild and Close
}

// commit is one caller's operations and, when done is true, what became of them.
type commit struct {
	operations []store.Operation
	steps      []store.Step
	err        error
	done       bool // under commitQueue.writing
}

// write does the operations, all or none, durably, and brings the indexes up to them.
// The operations must be valid: they may share a batch with those of others.
func (c *Catalog) write(ctx context.Context, operations []store.Operation) ([]store.Step, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(operations) == 0 {
		return nil, nil
	}
	own := &commit{operations: operations}
	c.commits.mu.Lock()
	c.commits.waiting = append(c.commits.waiting, own)
	c.commits.mu.Unlock()

	c.commits.writing.Lock()
	defer c.commits.writing.Unlock()
	if !own.done {
		c.commits.mu.Lock()
		group := c.commits.waiting
		c.commits.waiting = nil
		c.commits.mu.Unlock()
		c.commitGroup(context.WithoutCancel(ctx), group)
	}
	return own.steps, own.err
}

// commitGroup writes the operations of several callers in one batch.
func (c *Catalog) commitGroup(ctx context.Context, group []*commit) {
	var operations []store.Operation
	for _, g := range group {
		operations = append(operations, g.operations...)
	}
	outcome, err := c.store.Write(ctx, operations)
	if err == nil {
		err = c.index(ctx, operations, outcome)
	}
	for _, g := range group {
		g.done, g.err = true, err
		if err == nil {
			g.steps, outcome.Steps = outcome.Steps[:len(g.operations)], outcome.Steps[len(g.operations):]
		}
	}
}

// index brings both indexes up to a batch that is in the store.
func (c *Catalog) index(ctx context.Context, operations []store.Operation, outcome store.Outcome) error {
	if len(outcome.Changed) == 0 {
		return nil
	}
	batch := changedBatch(operations, outcome)
	if err := c.indexVectors(batch.Puts, batch.Deletes); err != nil {
		return err
	}
	return c.indexWords(ctx, batch)
}

// putsAtOnce is how many vectors are indexed while searches wait: some 2 ms.
const putsAtOnce = 32

func (c *Catalog) indexVectors(puts []space.Item, deletes []string) error {
	for len(puts)+len(deletes) > 0 {
		n, m := min(putsAtOnce, len(puts)), min(putsAtOnce, len(deletes))
		if err := c.indexSome(puts[:n], deletes[:m]); err != nil {
			return err
		}
		puts, deletes = puts[n:], deletes[m:]
		c.saver.changed += n + m
	}
	c.saveVectorsIfDue()
	return nil
}

func (c *Catalog) indexSome(puts []space.Item, deletes []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slotChanges++
	for _, id := range deletes {
		c.forgetCopies(id)
		c.vectors.remove(id)
	}
	for _, it := range puts {
		c.forgetCopies(it.ID)
		if err := c.vectors.put(it.ID, it.Kind, it.Vector.Components()); err != nil {
			return err
		}
		c.noteCopies(it)
	}
	return nil
}

// indexWords applies a batch. Where the index has not seen all earlier batches, this one's words can be searched at once
// all the same, and the follower brings it past all of them.
func (c *Catalog) indexWords(ctx context.Context, batch keyword.Batch) error {
	c.follower.applying.Lock()
	defer c.follower.applying.Unlock()
	have := c.words.Sequence()
	isBehind := have < batch.Sequence-1
	if isBehind {
		batch.Sequence = have
	}
	err := c.words.Apply(ctx, batch)
	if isBehind || err != nil {
		c.leaveWords(len(batch.Puts) + len(batch.Deletes))
	}
	if err != nil {
		return fmt.Errorf("the items are kept, but their words cannot be searched yet: %w", err)
	}
	return nil
}

// Put keeps the entries, all or none; see space.Index.
func (c *Catalog) Put(ctx context.Context, entries []space.Entry) ([]space.Change, error) {
	records := make([]store.Record, len(entries))
	for i, e := range entries {
		records[i] = store.Record{Item: e.Item, Thumbnail: e.Thumbnail}
		if p := e.Item.Picture; p != nil {
			records[i].File = store.File{Bytes: p.Bytes, Modified: p.Modified}
		}
		if err := c.validate(e.Item); err != nil {
			return nil, fmt.Errorf("put: entry %d: %w", i, err)
		}
	}
	return c.putRecords(ctx, records)
}

func (c *Catalog) putRecords(ctx context.Context, records []store.Record) ([]space.Change, error) {
	operations := make([]store.Operation, len(records))
	for i := range records {
		operations[i].Put = &records[i]
	}
	steps, err := c.write(ctx, operations)
	if err != nil {
		return nil, fmt.Errorf("put into %q: %w", c.name, err)
	}
	changes := make([]space.Change, len(steps))
	for i, step := range steps {
		changes[i] = step.Change
	}
	return changes, nil
}

// validate checks all that the store would refuse, since a refusal there would hit other callers' items too.
func (c *Catalog) validate(it space.Item) error {
	if err := it.Validate(); err != nil {
		return err
	}
	if want := c.store.Identity().Fingerprint.Dim; it.Vector.Dim() != want {
		return fmt.Errorf("%w: item %q has %d, the collection %d", space.ErrDimension, it.ID, it.Vector.Dim(), want)
	}
	return nil
}

// Delete removes the items and says how many were there.
func (c *Catalog) Delete(ctx context.Context, ids []string) (int, error) {
	operations := make([]store.Operation, len(ids))
	for i, id := range ids {
		operations[i].Delete = id
	}
	steps, err := c.write(ctx, operations)
	if err != nil {
		return 0, fmt.Errorf("delete from %q: %w", c.name, err)
	}
	deleted := 0
	for _, step := range steps {
		if step.Deleted {
			deleted++
		}
	}
	return deleted, nil
}

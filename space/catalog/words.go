package catalog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keyword"
	"github.com/clipd/clipd/space/store"
)

// wordBatch is how many items are brought to the keyword index at once while it catches up.
const wordBatch = 500

// wordOptions: the keyword index need not be durable, since it is brought up to the store when it is opened.
var wordOptions = keyword.Options{NoSync: true}

// openWords opens the keyword index and brings it up to the store. One that is damaged or of another version, or that
// the change log no longer reaches, is made anew.
func (c *Catalog) openWords(ctx context.Context) error {
	dir := filepath.Join(c.dir, keywordDir)
	index, err := keyword.Open(dir, wordOptions)
	if errors.Is(err, keyword.ErrDamaged) || errors.Is(err, keyword.ErrVersion) {
		c.opts.Logger.Warn("making the keyword index anew", "collection", c.name, "cause", err)
		return c.renewWords(ctx, dir)
	}
	if err != nil {
		return err
	}
	onDisk := index.Sequence()
	behind, err := c.countBehind(ctx, index)
	if err == nil && behind <= catchUpAtOnce {
		behind, err = 0, c.catchUp(ctx, index)
	}
	if errors.Is(err, store.ErrTrimmed) || errors.Is(err, errAhead) {
		c.opts.Logger.Warn("making the keyword index anew", "collection", c.name, "cause", err)
		if err := index.Close(); err != nil {
			return err
		}
		return c.renewWords(ctx, dir)
	}
	if err != nil {
		return errors.Join(err, index.Close())
	}
	c.words = index
	if behind > 0 {
		c.opts.Logger.Info("words are brought to the keyword index in the background", "collection", c.name, "items", behind)
		c.leaveWords(behind)
	}
	return c.store.Trim(ctx, min(onDisk, c.saver.onDisk.Load()))
}

// catchUpAtOnce is how many changed items opening waits for: some seconds' work. More are left to the follower.
const catchUpAtOnce = 2000

// countBehind is how many changed items the index has not seen.
func (c *Catalog) countBehind(ctx context.Context, index *keyword.Index) (n int, err error) {
	if have, last := index.Sequence(), c.store.Sequence(); have > last {
		return 0, fmt.Errorf("%w: %d, the store is at %d", errAhead, have, last)
	}
	err = c.store.Changes(ctx, index.Sequence(), func(_ uint64, ids []string) error { n += len(ids); return nil })
	return n, err
}

// errAhead: the keyword index has seen batches that the store has not, which was put back from a backup.
var errAhead = errors.New("the keyword index is ahead of the store")

// catchUp replays the store's change log from where the index is.
func (c *Catalog) catchUp(ctx context.Context, index *keyword.Index) error {
	var pending keyword.Batch
	flush := func() error {
		if pending.Sequence == 0 {
			return nil
		}
		batch := pending
		pending = keyword.Batch{}
		return index.Apply(ctx, batch)
	}
	err := c.store.Changes(ctx, index.Sequence(), func(sequence uint64, ids []string) error {
		for _, id := range ids {
			if err := c.replay(ctx, id, &pending); err != nil {
				return err
			}
		}
		pending.Sequence = sequence
		if len(pending.Puts)+len(pending.Deletes) >= wordBatch {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// replay adds the present state of an item to the batch.
func (c *Catalog) replay(ctx context.Context, id string, batch *keyword.Batch) error {
	it, err := c.store.Item(ctx, id)
	switch {
	case errors.Is(err, space.ErrNotFound):
		batch.Deletes = append(batch.Deletes, id)
	case err != nil:
		return err
	default:
		batch.Puts = append(batch.Puts, it)
	}
	return nil
}

// renewWords removes the keyword index, makes it from the store and opens it.
func (c *Catalog) renewWords(ctx context.Context, dir string) error {
	if err := keyword.Remove(dir); err != nil {
		return err
	}
	index, err := c.buildWords(ctx, dir, nil)
	if err != nil {
		return err
	}
	c.words = index
	return nil
}

// buildWords makes a keyword index of all items in dir, which must not exist. The caller sees to it that nothing is
// written meanwhile.
func (c *Catalog) buildWords(ctx context.Context, dir string, progress Progress) (*keyword.Index, error) {
	index, err := keyword.Open(dir, wordOptions)
	if err != nil {
		return nil, err
	}
	if err := c.fillWords(ctx, index, progress); err != nil {
		return nil, errors.Join(err, index.Close())
	}
	return index, nil
}

// fillWords applies all items, durably: the change log is trimmed, so that an index that is closed before it is on disk
// could not catch up. The index has sequence 0 until the last of them is in: an interrupted build starts over.
func (c *Catalog) fillWords(ctx context.Context, index *keyword.Index, progress Progress) error {
	last := c.store.Sequence()
	count := progress.counter("words", c.vectors.Len())
	var batch keyword.Batch
	err := c.store.Items(ctx, "", func(it space.Item) error {
		batch.Puts = append(batch.Puts, it)
		count()
		if len(batch.Puts) < wordBatch {
			return nil
		}
		err := index.Apply(ctx, batch)
		batch.Puts = nil
		return err
	})
	if err != nil {
		return err
	}
	batch.Sequence = last
	if err := index.Apply(ctx, batch); err != nil {
		return err
	}
	return index.Sync(ctx)
}

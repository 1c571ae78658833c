package catalog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keyword"
)

// Rebuild makes all indexes anew from the store; answers stay the same. Pictures that an earlier version filed get what it
// did not keep of them, as far as their thumbnails tell. Searches go on meanwhile, writes wait.
func (c *Catalog) Rebuild(ctx context.Context, progress Progress) error {
	c.commits.writing.Lock()
	defer c.commits.writing.Unlock()
	if err := c.rebuild(ctx, progress); err != nil {
		return fmt.Errorf("rebuild %q: %w", c.name, err)
	}
	return nil
}

func (c *Catalog) rebuild(ctx context.Context, progress Progress) error {
	c.mu.RLock()
	total, closed := c.vectors.Len(), c.closed
	c.mu.RUnlock()
	if closed {
		return space.ErrClosed
	}
	if err := c.lookForFrames(ctx, progress); err != nil {
		return err
	}
	progress.at("vectors", 0, total)
	fresh, err := loadVectors(ctx, c.store, c.indexOptions(rebuiltDir))
	if err != nil {
		return err
	}
	fresh.Settle()
	if err := c.rebuildWords(ctx, fresh, progress); err != nil {
		return errors.Join(err, fresh.Close())
	}
	return nil
}

// rebuildWords makes the keyword index anew, and puts both fresh indexes in place.
func (c *Catalog) rebuildWords(ctx context.Context, fresh vectors, progress Progress) error {
	dir := filepath.Join(c.dir, rebuildingDir)
	if err := keyword.Remove(dir); err != nil {
		return err
	}
	words, err := c.buildWords(ctx, dir, progress)
	if err != nil {
		return err
	}
	if err := words.Close(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.swap(ctx, fresh, dir)
}

// swap puts fresh indexes in place of the present ones.
func (c *Catalog) swap(ctx context.Context, fresh vectors, dir string) error {
	c.follower.halt() // it begins anew with the next batch that is left to it; the fresh index has seen all so far
	c.follower.applying.Lock()
	defer c.follower.applying.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.Join(space.ErrClosed, keyword.Remove(dir))
	}
	old := filepath.Join(c.dir, keywordDir)
	if err := errors.Join(c.words.Close(), keyword.Remove(old)); err != nil {
		return err
	}
	if err := renameDurably(dir, old); err != nil {
		return err
	}
	if err := c.replaceVectors(fresh); err != nil {
		return err
	}
	c.copies = nil // the slots are other ones
	c.slotChanges++
	c.follower.behind.Store(0)
	return c.openWords(context.WithoutCancel(ctx)) // without words the collection could not answer
}

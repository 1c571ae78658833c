package catalog

import (
	"context"
	"errors"

	"github.com/clipd/clipd/space"
)

// retire closes a collection whose place another generation has taken. Questions that reach it afterwards, or were being
// encoded meanwhile, are answered by the successor. The caller holds commits.writing.
func (c *Catalog) retire(successor *Catalog) error {
	c.successor.Store(successor)
	c.follower.halt()
	c.saver.wait()
	return c.shut()
}

func (c *Catalog) isClosed() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.closed
}

// moved is the generation that has taken this one's place, where err says that this one is closed; else nil.
func (c *Catalog) moved(err error) *Catalog {
	if !errors.Is(err, space.ErrClosed) {
		return nil
	}
	return c.successor.Load()
}

// passOn gives the documents that this generation could no longer take to the one that took its place. A vector that came
// with a document is of the old model, and is not passed on.
func (c *Catalog) passOn(ctx context.Context, docs []Document, results []Result) {
	var left []Document
	var places []int
	var next *Catalog
	for i, result := range results {
		if moved := c.moved(result.Err); moved != nil && docs[i].Vector == nil {
			next, left, places = moved, append(left, docs[i]), append(places, i)
		}
	}
	if next == nil {
		return
	}
	for i, result := range next.Ingest(ctx, left) {
		results[places[i]] = result
	}
}

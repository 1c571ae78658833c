package catalog

import (
	"context"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keyword"
)

// ForgetVector takes an item out of the vector index alone, as a fault of clipd would.
func (c *Catalog) ForgetVector(id string) { c.vectors.remove(id) }

// ForgetWords takes an item out of the keyword index alone.
func (c *Catalog) ForgetWords(ctx context.Context, id string) error {
	return c.words.Apply(ctx, keyword.Batch{Deletes: []string{id}, Sequence: c.words.Sequence()})
}

// InventWords brings an item to the keyword index that the store does not have.
func (c *Catalog) InventWords(ctx context.Context, it space.Item) error {
	return c.words.Apply(ctx, keyword.Batch{Puts: []space.Item{it}, Sequence: c.words.Sequence()})
}

// TurnVector gives an item another vector in the vector index alone.
func (c *Catalog) TurnVector(id string, kind space.Kind, v space.Vector) error {
	return c.vectors.put(id, kind, v.Components())
}

// SettleVectors waits until the vector index has nothing to do in the background.
func (c *Catalog) SettleVectors() { c.vectors.Settle() }

// SettleWords waits until the words of all that was written can be searched.
func (c *Catalog) SettleWords(ctx context.Context) error {
	for {
		c.mu.RLock()
		behind := c.wordsBehind()
		c.mu.RUnlock()
		if behind == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// SetDeepest sets how deep lists are made, and returns what was set.
func SetDeepest(n int) int {
	old := deepest
	deepest = n
	return old
}

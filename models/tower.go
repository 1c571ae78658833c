package models

import (
	"context"
	"fmt"
	"sync"

	"github.com/clipd/clipd/space"
)

// tower is an encoder that is loaded once, when it is first needed. A failed load is tried again by the next caller.
type tower[E any] struct {
	load   func(ctx context.Context) (E, func() error, error)
	mu     sync.Mutex
	value  E
	close  func() error
	loaded bool
	closed bool
}

// get gives the encoder, loading it if need be. After shut it fails with space.ErrClosed.
func (t *tower[E]) get(ctx context.Context) (E, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var none E
	if t.closed {
		return none, fmt.Errorf("the model: %w", space.ErrClosed)
	}
	if t.loaded {
		return t.value, nil
	}
	value, closer, err := t.load(ctx)
	if err != nil {
		return none, err
	}
	t.value, t.close, t.loaded = value, closer, true
	return value, nil
}

// peek gives the encoder if it is loaded.
func (t *tower[E]) peek() (E, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value, t.loaded && !t.closed
}

func (t *tower[E]) shut() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if t.close == nil {
		return nil
	}
	return t.close()
}

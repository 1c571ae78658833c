package models

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clipd/clipd/space"
)

// tower is an encoder that is loaded when it is first needed, and can be let go while nobody uses it. A failed load is
// tried again by the next caller.
type tower[E any] struct {
	load   func(ctx context.Context) (E, func() error, error)
	loaded atomic.Bool // for those who don't wait for a load

	mu     sync.Mutex
	value  E
	close  func() error
	closed bool
	users  int
	free   chan struct{} // closed when users is 0 again; nil: nobody waits for that
	used   time.Time     // when the last user was through
}

func newTower[E any](load func(ctx context.Context) (E, func() error, error)) *tower[E] {
	return &tower[E]{load: load}
}

// hold gives the encoder, loading it if need be; it stays until release is called. After shut it fails with
// space.ErrClosed.
func (t *tower[E]) hold(ctx context.Context) (encoder E, release func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var none E
	if t.closed {
		return none, nil, fmt.Errorf("the model: %w", space.ErrClosed)
	}
	if !t.loaded.Load() {
		value, closer, err := t.load(ctx)
		if err != nil {
			return none, nil, err
		}
		t.value, t.close = value, closer
		t.loaded.Store(true)
	}
	t.users++
	return t.value, t.release, nil
}

func (t *tower[E]) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.users--
	t.used = time.Now()
	if t.users == 0 && t.free != nil {
		close(t.free)
		t.free = nil
	}
}

// get is hold for those who know that the tower is not unloaded meanwhile.
func (t *tower[E]) get(ctx context.Context) (E, error) {
	encoder, release, err := t.hold(ctx)
	if err == nil {
		release()
	}
	return encoder, err
}

// peek gives the encoder if it is loaded.
func (t *tower[E]) peek() (E, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value, t.loaded.Load() && !t.closed
}

// unload lets the encoder go if nobody has used it for that long, and says whether it did.
func (t *tower[E]) unload(idle time.Duration) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.loaded.Load() || t.users > 0 || time.Since(t.used) < idle {
		return false, nil
	}
	return true, t.drop()
}

// drop frees the encoder. t.mu is held.
func (t *tower[E]) drop() error {
	if !t.loaded.Load() {
		return nil
	}
	closer := t.close
	var none E
	t.value, t.close = none, nil
	t.loaded.Store(false)
	return closer()
}

// shut waits for the users and frees the encoder for good.
func (t *tower[E]) shut() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for t.users > 0 {
		if t.free == nil {
			t.free = make(chan struct{})
		}
		free := t.free
		t.mu.Unlock()
		<-free
		t.mu.Lock()
	}
	return t.drop()
}

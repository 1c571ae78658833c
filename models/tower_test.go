package models

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clipd/clipd/space"
)

// countedTower is a tower of numbers that counts loads and closes.
type countedTower struct {
	*tower[int]
	loads, closes int
	fail          error
}

func newCountedTower() *countedTower {
	c := &countedTower{}
	c.tower = newTower(func(context.Context) (int, func() error, error) {
		if c.fail != nil {
			return 0, nil, c.fail
		}
		c.loads++
		return c.loads, func() error { c.closes++; return nil }, nil
	})
	return c
}

func TestTowerIsLoadedOnceAndAgainAfterUnload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCountedTower()
		for range 3 {
			if got, err := c.get(t.Context()); err != nil || got != 1 {
				t.Fatalf("got %d, %v", got, err)
			}
		}
		if done, err := c.unload(time.Minute); done || err != nil {
			t.Fatalf("it was unloaded at once: %v, %v", done, err)
		}
		time.Sleep(time.Minute)
		if done, err := c.unload(time.Minute); !done || err != nil || c.closes != 1 || c.loaded.Load() {
			t.Fatalf("unloaded %v, %v; closed %d times", done, err, c.closes)
		}
		if done, _ := c.unload(time.Minute); done || c.closes != 1 {
			t.Error("it was unloaded twice")
		}
		if got, err := c.get(t.Context()); err != nil || got != 2 || !c.loaded.Load() {
			t.Errorf("after unloading: got %d, %v; want the second load", got, err)
		}
	})
}

func TestTowerInUseIsNotUnloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCountedTower()
		_, release, err := c.hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if done, _ := c.unload(time.Minute); done {
			t.Error("it was unloaded in use")
		}
		var shutting sync.WaitGroup
		shutting.Go(func() {
			if err := c.shut(); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if c.closes != 0 {
			t.Error("it was closed in use")
		}
		if _, err := c.get(t.Context()); !errors.Is(err, space.ErrClosed) {
			t.Errorf("while it shuts: %v; want ErrClosed", err)
		}
		release()
		shutting.Wait()
		if c.closes != 1 || c.shut() != nil || c.closes != 1 {
			t.Errorf("closed %d times", c.closes)
		}
	})
}

func TestTowerThatFailsToLoadIsTriedAgain(t *testing.T) {
	c := newCountedTower()
	c.fail = errors.New("no disk")
	if _, err := c.get(t.Context()); !errors.Is(err, c.fail) {
		t.Fatalf("got %v", err)
	}
	c.fail = nil
	if got, err := c.get(t.Context()); err != nil || got != 1 {
		t.Errorf("got %d, %v", got, err)
	}
}

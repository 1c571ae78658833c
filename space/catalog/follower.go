package catalog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clipd/clipd/space/keyword"
)

// follower brings the keyword index up to the store in the background, where a write left its words for later: words
// cost ten times what a vector costs. It reads the store's change log, so that nothing is lost when it is stopped.
type follower struct {
	applying sync.Mutex   // one batch is brought to the keyword index at a time
	behind   atomic.Int64 // changed items whose words cannot be searched yet
	stirred  atomic.Int64 // when something was left to it last, as nanoseconds since 1970

	mu    sync.Mutex // guards what follows
	stop  context.CancelFunc
	done  chan struct{} // closed when the present run has ended; nil: none runs
	again bool          // more was left to the present run
}

// followChunk is how many items' words are applied while other writers wait for their own.
const followChunk = 500

// follow starts the follower, or has it look again. The caller holds commits.writing, or opens the collection.
func (c *Catalog) follow() {
	f := &c.follower
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done != nil {
		f.again = true
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	f.stop, f.done, f.again = stop, make(chan struct{}), true
	go f.run(ctx, f.done, func() {
		if err := c.followAll(ctx); err != nil && ctx.Err() == nil {
			c.opts.Logger.Error("words of new items cannot be searched yet", "collection", c.name, "cause", err)
		}
	})
}

// run works until nothing more is left to it.
func (f *follower) run(ctx context.Context, done chan struct{}, work func()) {
	defer close(done)
	for {
		f.mu.Lock()
		if !f.again || ctx.Err() != nil {
			f.stop()
			f.done = nil
			f.mu.Unlock()
			return
		}
		f.again = false
		f.mu.Unlock()
		work()
	}
}

// quiet is how long nothing must have been left to the follower before it works: an import has the machine to itself.
const quiet = 500 * time.Millisecond

// stir notes that something is left to the follower now.
func (f *follower) stir() { f.stirred.Store(time.Now().UnixNano()) }

// rest waits until nothing was left to the follower for a while.
func (f *follower) rest(ctx context.Context) error {
	for {
		wait := quiet - time.Since(time.Unix(0, f.stirred.Load()))
		if wait <= 0 {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// halt stops the follower and waits for it.
func (f *follower) halt() {
	f.mu.Lock()
	stop, done := f.stop, f.done
	f.mu.Unlock()
	if done != nil {
		stop()
		<-done
	}
}

// followAll works until the keyword index has seen all batches.
func (c *Catalog) followAll(ctx context.Context) error {
	for {
		sequence, ids, err := c.nextChange(ctx)
		if err != nil || ids == nil {
			return err
		}
		chunks := slices.Collect(slices.Chunk(ids, followChunk))
		for i, chunk := range chunks {
			if err := c.follower.rest(ctx); err != nil {
				return err
			}
			if err := c.followIDs(ctx, chunk, sequence, i == len(chunks)-1); err != nil {
				return err
			}
		}
	}
}

var errOneIsEnough = errors.New("one is enough")

// nextChange is the first batch that the keyword index has not seen; no ids: it has seen all.
func (c *Catalog) nextChange(ctx context.Context) (sequence uint64, ids []string, err error) {
	err = c.store.Changes(ctx, c.words.Sequence(), func(n uint64, changed []string) error {
		sequence, ids = n, changed
		return errOneIsEnough
	})
	if errors.Is(err, errOneIsEnough) {
		err = nil
	}
	return sequence, ids, err
}

// followIDs brings the present state of some items of a batch to the keyword index.
func (c *Catalog) followIDs(ctx context.Context, ids []string, sequence uint64, last bool) error {
	c.follower.applying.Lock()
	defer c.follower.applying.Unlock()
	batch := keyword.Batch{Sequence: c.words.Sequence()}
	if last {
		batch.Sequence = sequence
	}
	for _, id := range ids {
		if err := c.replay(ctx, id, &batch); err != nil {
			return err
		}
	}
	if err := c.words.Apply(ctx, batch); err != nil {
		return err
	}
	c.follower.behind.Add(int64(-len(ids)))
	return nil
}

// leaveWords leaves the words of n changed items to the follower.
func (c *Catalog) leaveWords(n int) {
	c.follower.behind.Add(int64(n))
	c.follow()
}

// wordsBehind is about how many changed items have words that cannot be searched yet; 0 is exact. The caller holds mu.
func (c *Catalog) wordsBehind() int {
	if c.words.Sequence() >= c.store.Sequence() {
		return 0
	}
	return int(max(1, c.follower.behind.Load()))
}

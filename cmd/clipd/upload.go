package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/clipd/clipd/api"
)

// How files travel. A batch is acknowledged as a whole, when all it holds is durable; two are on their way so that
// the encoders need not wait for the disk.
const (
	uploadsInFlight = 2
	batchFiles      = 32
	batchBytes      = 48 << 20
	knownChunk      = 1000
)

// counts are what became of the items of an index run.
type counts struct {
	Created   int           `json:"created"`
	Updated   int           `json:"updated"`
	Unchanged int           `json:"unchanged"`
	Failed    int           `json:"failed"`
	Failures  []itemFailure `json:"failures"`
}

// tally counts. Its methods may be called from several goroutines; its counts may be read when these are done.
type tally struct {
	mu sync.Mutex
	counts
}

// itemFailure is an item that did not go in, and why.
type itemFailure struct {
	Item  string `json:"item"`
	Error string `json:"error"`
}

func (t *tally) unchanged(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Unchanged += n
}

func (t *tally) fail(item, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Failed++
	t.Failures = append(t.Failures, itemFailure{item, why})
}

// record counts the results of a batch; names are what messages call its items.
func (t *tally) record(answer api.AddResponse, names []string) error {
	if len(answer.Results) != len(names) {
		return fmt.Errorf("the server answered %d results for %d items", len(answer.Results), len(names))
	}
	for i, result := range answer.Results {
		if result.Error != nil {
			t.fail(names[i], result.Error.Message)
			continue
		}
		t.mu.Lock()
		switch result.Status {
		case "created":
			t.Created++
		case "updated":
			t.Updated++
		default:
			t.Unchanged++
		}
		t.mu.Unlock()
	}
	return nil
}

// sendAll gives batches to send, uploadsInFlight at a time. When ctx ends, no further batch is begun, but those on
// their way are finished: send gets a context that does not end. It returns the first error, or ctx's.
func sendAll[Batch any](ctx context.Context, batches func(yield func(Batch) bool), send func(context.Context, Batch) error) error {
	var (
		senders sync.WaitGroup
		mu      sync.Mutex
		failed  error
		slots   = make(chan struct{}, uploadsInFlight)
	)
	stopped := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return failed != nil || ctx.Err() != nil
	}
	for batch := range batches {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if stopped() {
			break
		}
		senders.Go(func() {
			defer func() { <-slots }()
			if err := send(context.WithoutCancel(ctx), batch); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
			}
		})
	}
	senders.Wait()
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// chunks cuts files into batches of limited number and size.
func chunks(files []file) func(yield func([]file) bool) {
	return func(yield func([]file) bool) {
		for len(files) > 0 {
			n, bytes := 1, files[0].bytes
			for n < len(files) && n < batchFiles && bytes+files[n].bytes <= batchBytes {
				bytes += files[n].bytes
				n++
			}
			if !yield(files[:n]) {
				return
			}
			files = files[n:]
		}
	}
}

// uploadFiles sends a batch of files into a collection and counts what became of them.
func uploadFiles(ctx context.Context, c *connection, collection string, batch []file, t *tally) error {
	uploads, names := make([]api.Upload, len(batch)), make([]string, len(batch))
	for i, f := range batch {
		names[i] = f.path
		uploads[i] = api.Upload{
			Name: f.path,
			Item: api.NewItem{Source: f.path, Modified: f.modified},
			Open: func() (io.ReadCloser, error) { return os.Open(f.path) },
		}
	}
	answer, err := c.Upload(ctx, collection, uploads)
	if err != nil {
		return err
	}
	return t.record(answer, names)
}

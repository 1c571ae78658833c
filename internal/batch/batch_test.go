package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clipd/clipd/space"
)

// recorder is a run function that doubles numbers, notes its batches, and can be held.
type recorder struct {
	mu      sync.Mutex
	batches [][]int
	hold    chan struct{} // each run takes one element first; nil: runs at once
	refuse  func(int) error
}

func (r *recorder) run(ctx context.Context, in []int) ([]int, error) {
	r.mu.Lock()
	r.batches = append(r.batches, slices.Clone(in))
	r.mu.Unlock()
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	out := make([]int, len(in))
	for i, x := range in {
		if r.refuse != nil {
			if err := r.refuse(x); err != nil {
				return nil, err
			}
		}
		out[i] = 2 * x
	}
	return out, nil
}

func (r *recorder) seen() [][]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.batches)
}

func numbers(from, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = from + i
	}
	return list
}

func TestLoneItemRunsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New((&recorder{}).run, Options[int]{})
		defer b.Close()
		start := time.Now()
		got, err := b.Do(t.Context(), 21)
		if err != nil || got != 42 {
			t.Fatalf("Do(21) = %d, %v; want 42", got, err)
		}
		if waited := time.Since(start); waited != 0 { // synctest's clock only moves when everybody waits
			t.Errorf("an idle batcher made its caller wait %v", waited)
		}
	})
}

func TestBatchFormsWhileBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 4})
		defer b.Close()
		var callers sync.WaitGroup
		for i := range 7 {
			callers.Go(func() {
				if got, err := b.Do(t.Context(), i); err != nil || got != 2*i {
					t.Errorf("Do(%d) = %d, %v", i, got, err)
				}
			})
			synctest.Wait() // so that callers line up in order
		}
		if stats := b.Stats(); stats.Waiting != 6 || stats.Running != 1 {
			t.Errorf("stats while busy: %+v; want 6 waiting, 1 running", stats)
		}
		close(r.hold)
		callers.Wait()
		want := [][]int{{0}, {1, 2, 3, 4}, {5, 6}}
		if got := r.seen(); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("batches %v; want %v", got, want)
		}
		if stats := b.Stats(); stats.Batches != 3 || stats.Items != 7 || stats.Waiting+stats.Running != 0 {
			t.Errorf("stats at the end: %+v", stats)
		}
	})
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 2, Bytes: func(x int) int { return x }, MaxBytes: 100})
		defer b.Close()
		var callers sync.WaitGroup
		ask := func(ctx context.Context, items ...int) {
			callers.Go(func() { _, _ = b.DoAll(ctx, items) })
			synctest.Wait()
		}
		ask(t.Context(), 500) // runs at once: it does not wait
		leaving, leave := context.WithCancel(t.Context())
		ask(leaving, 60, 1, 1) // more than a batch: what waits for later counts, too
		ask(t.Context(), 30)
		if got := b.Stats(); got.Bytes != 92 || got.Waiting != 3 {
			t.Errorf("%d bytes of %d items wait; want 92 of 3", got.Bytes, got.Waiting)
		}
		if _, err := b.Do(t.Context(), 9); !errors.Is(err, space.ErrBusy) {
			t.Errorf("9 bytes more than 100 gave %v; want ErrBusy", err)
		}
		leave()
		synctest.Wait()
		if got := b.Stats(); got.Bytes != 30 {
			t.Errorf("%d bytes wait when a caller has left; want 30", got.Bytes)
		}
		ask(t.Context(), 70)
		close(r.hold)
		callers.Wait()
		ask(t.Context(), 1000) // wider than the whole queue, and let into an empty one
		if got := b.Stats(); got.Bytes != 0 || got.Refused != 1 || got.Items != 4 {
			t.Errorf("stats at the end: %+v; want no bytes, 1 refused, 4 run", got)
		}
	})
}

func TestStatsAddUpTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(_ context.Context, in []int) ([]int, error) {
			time.Sleep(time.Second)
			return in, nil
		}
		b := New(slow, Options[int]{MaxBatch: 2})
		defer b.Close()
		if _, err := b.DoAll(t.Context(), numbers(0, 5)); err != nil {
			t.Fatal(err)
		}
		// Batches of 2, 2 and 1 items began after 0, 1 and 2 seconds.
		if stats := b.Stats(); stats.Ran != 3*time.Second || stats.Waited != (0+0+1+1+2)*time.Second {
			t.Errorf("ran %v, waited %v; want 3s and 4s", stats.Ran, stats.Waited)
		}
	})
}

func TestSingleDoesNotWaitBehindMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 8, MaxQueue: 16})
		defer b.Close()
		var callers sync.WaitGroup
		many := numbers(0, 10000)
		callers.Go(func() {
			got, err := b.DoAll(t.Context(), many)
			if err != nil || !slices.IsSorted(got) || len(got) != 10000 || got[9999] != 19998 {
				t.Errorf("DoAll of many: %d outputs, %v", len(got), err)
			}
		})
		synctest.Wait()
		callers.Go(func() {
			if got, err := b.Do(t.Context(), -1); err != nil || got != -2 {
				t.Errorf("Do(-1) = %d, %v", got, err)
			}
		})
		synctest.Wait()
		close(r.hold)
		callers.Wait()
		if got := r.seen(); !slices.Contains(got[1], -1) {
			t.Errorf("the single item was not in the next batch %v", got[1])
		}
	})
}

func TestSingleOfAnotherBucketIsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 4, Bucket: func(x int) int { return min(x, 0) }})
		defer b.Close()
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = b.DoAll(t.Context(), numbers(0, 40)) })
		synctest.Wait()
		callers.Go(func() { _, _ = b.Do(t.Context(), -1) })
		synctest.Wait()
		close(r.hold)
		callers.Wait()
		want := [][]int{{0, 1, 2, 3}, {-1}, {4, 5, 6, 7}}
		if got := r.seen(); !slices.EqualFunc(got[:3], want, slices.Equal) {
			t.Errorf("batches %v; want %v: whoever came while the first batch ran is next", got, want)
		}
	})
}

func TestLargeCallLeavesAWorkerToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(_ context.Context, in []int) ([]int, error) {
			time.Sleep(time.Second)
			return in, nil
		}
		b := New(slow, Options[int]{MaxBatch: 2, Workers: 2})
		defer b.Close()
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = b.DoAll(t.Context(), numbers(0, 40)) })
		time.Sleep(1500 * time.Millisecond)
		begun := time.Now()
		if _, err := b.Do(t.Context(), -1); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("a single item took %v beside 40; want its own second", took)
		}
		callers.Wait()
	})
}

func TestLeavingAndClosingWhileItemsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 2, Bytes: func(int) int { return 10 }})
		var callers sync.WaitGroup
		leaving, leave := context.WithCancel(t.Context())
		callers.Go(func() {
			if _, err := b.DoAll(leaving, numbers(0, 60)); !errors.Is(err, context.Canceled) {
				t.Errorf("a caller that left got %v", err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		if got := b.Stats(); got.Waiting != 0 || got.Bytes != 0 || got.Running != 0 {
			t.Errorf("the only caller left: %+v", got)
		}
		callers.Go(func() {
			if _, err := b.DoAll(t.Context(), numbers(100, 60)); !errors.Is(err, space.ErrClosed) {
				t.Errorf("a caller with items to come got %v when the batcher closed; want ErrClosed", err)
			}
		})
		synctest.Wait()
		callers.Go(b.Close)
		synctest.Wait()
		close(r.hold)
		callers.Wait()
		if got := r.seen(); len(got) != 2 {
			t.Errorf("batches %v; want one of each caller", got)
		}
	})
}

func TestCallersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 3})
		defer b.Close()
		var callers sync.WaitGroup
		for _, from := range []int{0, 100, 200, 300} {
			callers.Go(func() {
				if _, err := b.DoAll(t.Context(), numbers(from, 4)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(r.hold)
		callers.Wait()
		want := [][]int{{0, 1, 2}, {3, 100, 200}, {300, 101, 201}, {301, 102, 202}, {302, 103, 203}, {303}}
		if got := r.seen(); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("batches %v; want %v", got, want)
		}
	})
}

func TestFullQueueIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 2, MaxQueue: 3})
		defer b.Close()
		var callers sync.WaitGroup
		for i := range 4 { // one runs, three wait
			callers.Go(func() {
				if _, err := b.Do(t.Context(), i); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		if _, err := b.Do(t.Context(), 9); !errors.Is(err, space.ErrBusy) || !strings.Contains(err.Error(), "3 items") {
			t.Errorf("with a full queue: %v; want ErrBusy with the number of items", err)
		}
		if got := b.Stats().Refused; got != 1 {
			t.Errorf("%d refused; want 1", got)
		}
		close(r.hold)
		callers.Wait()
		if _, err := b.Do(t.Context(), 9); err != nil {
			t.Errorf("after the queue emptied: %v", err)
		}
	})
}

func TestCallWiderThanQueueEntersEmptyOne(t *testing.T) {
	b := New((&recorder{}).run, Options[int]{MaxBatch: 8, MaxQueue: 2})
	defer b.Close()
	if got, err := b.DoAll(t.Context(), numbers(0, 20)); err != nil || got[19] != 38 {
		t.Errorf("DoAll = %v, %v", got, err)
	}
}

func TestCallerThatLeftIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 4})
		defer b.Close()
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = b.Do(t.Context(), 0) })
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		callers.Go(func() {
			if _, err := b.DoAll(ctx, numbers(10, 3)); !errors.Is(err, context.Canceled) {
				t.Errorf("a caller that left got %v", err)
			}
		})
		synctest.Wait()
		callers.Go(func() { _, _ = b.Do(t.Context(), 1) })
		synctest.Wait()
		leave()
		synctest.Wait()
		if got := b.Stats().Waiting; got != 1 {
			t.Errorf("%d items wait after their caller left; want 1", got)
		}
		close(r.hold)
		callers.Wait()
		if got, want := r.seen(), [][]int{{0}, {1}}; !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("batches %v; want %v", got, want)
		}
	})
}

func TestRunEndsWhenAllItsCallersLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 4})
		var callers sync.WaitGroup
		first, leaveFirst := context.WithCancel(t.Context())
		callers.Go(func() { _, _ = b.Do(first, 0) })
		synctest.Wait()
		second, leaveSecond := context.WithCancel(t.Context())
		third, leaveThird := context.WithCancel(t.Context())
		callers.Go(func() { _, _ = b.DoAll(second, []int{1, 2}) })
		callers.Go(func() { _, _ = b.Do(third, 3) })
		synctest.Wait()
		leaveFirst() // the first run ends, the second begins
		synctest.Wait()
		leaveSecond()
		synctest.Wait()
		if got := b.Stats(); got.Running != 3 {
			t.Errorf("a batch with a caller present: %+v; want 3 running", got)
		}
		leaveThird()
		synctest.Wait()
		if got := b.Stats(); got.Running != 0 {
			t.Errorf("a batch without callers goes on: %+v", got)
		}
		callers.Wait()
		b.Close()
		if got := r.seen(); len(got) != 2 {
			t.Errorf("batches %v; want 2: items of callers that left are not run again", got)
		}
	})
}

func TestContextEndedBefore(t *testing.T) {
	r := &recorder{}
	b := New(r.run, Options[int]{})
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Do(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Do with an ended context: %v", err)
	}
	if len(r.seen()) != 0 {
		t.Error("it ran all the same")
	}
}

func TestBadItemFailsAlone(t *testing.T) {
	bad := errors.New("a bad item")
	r := &recorder{refuse: func(x int) error {
		switch x % 10 {
		case 3:
			return fmt.Errorf("%w: %d", bad, x)
		case 7:
			panic("seven")
		}
		return nil
	}}
	b := New(r.run, Options[int]{MaxBatch: 16})
	defer b.Close()
	got, err := b.DoAll(t.Context(), numbers(0, 20))
	errs, ok := err.(Errors)
	if !ok || len(errs) != 4 {
		t.Fatalf("error %v; want 4 item errors", err)
	}
	for i, want := range []int{3, 7, 13, 17} {
		if errs[i].Index != want {
			t.Errorf("error %d is of item %d; want %d", i, errs[i].Index, want)
		}
	}
	for i, x := range got {
		if want := 2 * i; i%10 != 3 && i%10 != 7 && x != want {
			t.Errorf("output %d is %d; want %d", i, x, want)
		}
	}
	if !errors.Is(err, bad) {
		t.Error("errors.Is does not see the cause")
	}
	var p *PanicError
	if !errors.As(err, &p) || p.Value != "seven" || !strings.Contains(string(p.Stack), "batch_test.go") {
		t.Errorf("panic came back as %v", p)
	}
	if text := err.Error(); !strings.Contains(text, "item 3: a bad item: 3") || !strings.Contains(text, "and 1 more") {
		t.Errorf("text %q", text)
	}
	if _, err := b.Do(t.Context(), 3); !errors.Is(err, bad) || err.Error() != "a bad item: 3" {
		t.Errorf("a single bad item: %v", err)
	}
}

func TestWrongNumberOfOutputs(t *testing.T) {
	b := New(func(context.Context, []int) ([]int, error) { return nil, nil }, Options[int]{})
	defer b.Close()
	if _, err := b.Do(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "1 items gave 0 outputs") {
		t.Errorf("error %v", err)
	}
}

func TestBucketsDoNotMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		tens := func(x int) int { return x / 10 }
		b := New(r.run, Options[int]{MaxBatch: 4, Bucket: tens})
		defer b.Close()
		var callers sync.WaitGroup
		callers.Go(func() { _, _ = b.Do(t.Context(), 0) })
		synctest.Wait()
		callers.Go(func() {
			got, err := b.DoAll(t.Context(), []int{11, 21, 12, 22, 13, 23})
			if want := []int{22, 42, 24, 44, 26, 46}; err != nil || !slices.Equal(got, want) {
				t.Errorf("DoAll = %v, %v; want %v", got, err, want)
			}
		})
		synctest.Wait()
		callers.Go(func() { _, _ = b.Do(t.Context(), 29) })
		synctest.Wait()
		close(r.hold)
		callers.Wait()
		want := [][]int{{0}, {11, 12, 13}, {29, 21, 22, 23}}
		if got := r.seen(); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("batches %v; want %v", got, want)
		}
	})
}

func TestCostBoundsABatch(t *testing.T) {
	r := &recorder{}
	b := New(r.run, Options[int]{MaxBatch: 10, Cost: func(x int) int { return x }, MaxCost: 10})
	defer b.Close()
	if _, err := b.DoAll(t.Context(), []int{4, 4, 4, 50, 3, 3, 3, 3}); err != nil {
		t.Fatal(err)
	}
	want := [][]int{{4, 4}, {4}, {50}, {3, 3, 3}, {3}}
	if got := r.seen(); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("batches %v; want %v", got, want)
	}
}

func TestCloseFailsWhatWaitsAndEndsWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{hold: make(chan struct{})}
		b := New(r.run, Options[int]{MaxBatch: 1})
		var callers sync.WaitGroup
		callers.Go(func() {
			if got, err := b.Do(t.Context(), 1); err != nil || got != 2 {
				t.Errorf("the running item: %d, %v", got, err)
			}
		})
		synctest.Wait()
		callers.Go(func() {
			if _, err := b.DoAll(t.Context(), numbers(2, 3)); !errors.Is(err, space.ErrClosed) {
				t.Errorf("a waiting item: %v; want ErrClosed", err)
			}
		})
		synctest.Wait()
		closed := make(chan struct{})
		go func() { b.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait for the running batch")
		default:
		}
		close(r.hold)
		<-closed
		callers.Wait()
		if _, err := b.Do(t.Context(), 1); !errors.Is(err, space.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		b.Close()
	})
}

func TestEmptyCall(t *testing.T) {
	b := New((&recorder{}).run, Options[int]{})
	defer b.Close()
	if got, err := b.DoAll(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("DoAll of nothing = %v, %v", got, err)
	}
}

// TestRandomCallers lets many callers come, leave and fail at random; every outcome must be the caller's own.
func TestRandomCallers(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var running atomic.Int64
	run := func(_ context.Context, in []int) ([]int, error) {
		if running.Add(1) > 3 {
			t.Error("more batches than workers")
		}
		defer running.Add(-1)
		out := make([]int, len(in))
		for i, x := range in {
			if x%97 == 0 {
				return nil, fmt.Errorf("%d is a multiple of 97", x)
			}
			if in[0]%4 != x%4 {
				t.Errorf("batch %v mixes buckets", in)
			}
			out[i] = -x
		}
		return out, nil
	}
	b := New(run, Options[int]{MaxBatch: 7, MaxQueue: 200, Workers: 3, Bucket: func(x int) int { return x % 4 }})
	var callers sync.WaitGroup
	for c := range 16 {
		rng := rand.New(rand.NewPCG(seed, uint64(c)))
		callers.Go(func() {
			for range 100 {
				randomCall(t, b, rng)
			}
		})
	}
	callers.Wait()
	if stats := b.Stats(); stats.Waiting != 0 || stats.Running > 21 {
		t.Errorf("after the last caller: %+v", stats)
	}
	b.Close()
	if stats := b.Stats(); stats.Running != 0 {
		t.Errorf("after Close: %+v", stats)
	}
}

func randomCall(t *testing.T, b *Batcher[int, int], rng *rand.Rand) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if rng.IntN(3) == 0 {
		time.AfterFunc(time.Duration(rng.IntN(50))*time.Microsecond, cancel)
	}
	in := make([]int, 1+rng.IntN(30))
	for i := range in {
		in[i] = rng.IntN(1000)
	}
	got, err := b.DoAll(ctx, in)
	var errs Errors
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, space.ErrBusy):
		return
	case err != nil && !errors.As(err, &errs):
		t.Errorf("DoAll: %v", err)
		return
	}
	failed := map[int]bool{}
	for _, e := range errs {
		failed[e.Index] = true
	}
	for i, x := range in {
		if failed[i] != (x%97 == 0) || !failed[i] && got[i] != -x {
			t.Errorf("item %d of %v: output %d, failed %t", i, in, got[i], failed[i])
		}
	}
}

func BenchmarkDo(b *testing.B) {
	batcher := New(func(_ context.Context, in []int) ([]int, error) { return in, nil }, Options[int]{})
	defer batcher.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := batcher.Do(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDoParallel(b *testing.B) {
	batcher := New(func(_ context.Context, in []int) ([]int, error) { return in, nil }, Options[int]{MaxQueue: 1 << 20})
	defer batcher.Close()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := batcher.Do(context.Background(), 1); err != nil {
				b.Error(err)
			}
		}
	})
	stats := batcher.Stats()
	b.ReportMetric(float64(stats.Items)/float64(stats.Batches), "items/batch")
}

func BenchmarkDoAll10000(b *testing.B) {
	batcher := New(func(_ context.Context, in []int) ([]int, error) { return in, nil }, Options[int]{})
	defer batcher.Close()
	many := numbers(0, 10000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := batcher.DoAll(b.Context(), many); err != nil {
			b.Fatal(err)
		}
	}
}

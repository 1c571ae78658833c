// Package batch lets many callers share a function that works best on several items at once.
//
// There is no timer: an item that finds a worker idle is run at once and alone; a batch forms only from what came in
// while all workers were busy. Callers take turns, so that one search does not wait behind ten thousand photographs:
// whoever is served goes to the end of the line, a large call only when that batch has run.
// What the items are and how they are run is for packages textenc and imageenc.
package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clipd/clipd/space"
)

// Options bound the batches. The zero value works.
type Options[In any] struct {
	MaxBatch int          // most items of one batch; 0: 16
	MaxQueue int          // most items waiting; 0: 64 batches. Of a DoAll, one batch at a time counts as waiting.
	Workers  int          // batches that run at the same time; 0: 1
	Cost     func(In) int // what an item costs, as in tokens; nil: MaxCost is not looked at
	MaxCost  int          // most cost of one batch, but one item always goes; 0: no bound
	Bucket   func(In) int // only items of one bucket, as a padded length, share a batch; nil: all do
	Bytes    func(In) int // memory that an item holds while it waits; nil: MaxBytes is not looked at
	MaxBytes int64        // most memory of the items that wait; 0: no bound
}

func (o Options[In]) withDefaults() Options[In] {
	if o.MaxBatch <= 0 {
		o.MaxBatch = 16
	}
	if o.MaxQueue <= 0 {
		o.MaxQueue = 64 * o.MaxBatch
	}
	if o.Workers <= 0 {
		o.Workers = 1
	}
	return o
}

// Run computes one output per input, in order. Its ctx ends when every caller of the batch has left.
type Run[In, Out any] func(ctx context.Context, in []In) ([]Out, error)

// Batcher collects items into batches. It is safe for concurrent use.
type Batcher[In, Out any] struct {
	run  Run[In, Out]
	opts Options[In]

	mu     sync.Mutex
	work   *sync.Cond       // signalled when calls or closed changed
	calls  []*call[In, Out] // with items waiting, in the order in which they take turns; but for those away
	queued int              // items waiting, at most MaxBatch of each call
	bytes  int64            // of all items waiting
	closed bool
	stats  Stats

	workers sync.WaitGroup
}

// Stats are counters since New, and the present state.
type Stats struct {
	Waiting int           // items in the queue now
	Bytes   int64         // memory of these, and of those that DoAll keeps for later
	Running int           // items in batches now
	Batches uint64        // runs that ended, of an item alone after its batch failed, too
	Items   uint64        // items of those runs
	Refused uint64        // items refused with space.ErrBusy
	Waited  time.Duration // of those items, from their call to their batch, added up
	Ran     time.Duration // of those batches, added up; of two that run at the same time, both count
}

// call is one Do or DoAll. Its fields are guarded by the Batcher's mutex once it is enqueued.
type call[In, Out any] struct {
	ctx    context.Context
	since  time.Time
	in     []In
	order  []int // positions in the order in which they run
	taken  int   // how many of order have been taken
	left   int   // items without an outcome
	out    []Out
	errs   Errors
	away   bool          // large, and items are running: it comes back into line when they are through
	gone   bool          // the caller left, or the batcher closed
	closed bool          // gone because the batcher closed
	done   chan struct{} // closed when left is 0, or the batcher closed
}

// ticket is one item in a batch.
type ticket[In, Out any] struct {
	call *call[In, Out]
	at   int // position in call.in
}

// New starts the workers. Close stops them.
func New[In, Out any](run Run[In, Out], opts Options[In]) *Batcher[In, Out] {
	b := &Batcher[In, Out]{run: run, opts: opts.withDefaults()}
	b.work = sync.NewCond(&b.mu)
	for range b.opts.Workers {
		b.workers.Go(b.serve)
	}
	return b
}

// Do runs one item, in a batch with others where the workers are busy. It fails with space.ErrBusy when the queue is
// full, with space.ErrClosed after Close, with ctx's error when ctx ends first, else with run's error.
// When ctx ends while the item is running, Do returns at once and run may still be reading the item.
func (b *Batcher[In, Out]) Do(ctx context.Context, in In) (Out, error) {
	var none Out
	outs, err := b.DoAll(ctx, []In{in})
	if errs, ok := err.(Errors); ok {
		return none, errs[0].Err
	}
	if err != nil {
		return none, err
	}
	return outs[0], nil
}

// DoAll runs all items and waits for them; the i-th output belongs to the i-th item. Items that failed have a zero
// output and an entry in the error, which is then an Errors; the others are good. Other errors are as of Do, and
// concern all items.
func (b *Batcher[In, Out]) DoAll(ctx context.Context, in []In) ([]Out, error) {
	if len(in) == 0 {
		return nil, ctx.Err()
	}
	c := &call[In, Out]{ctx: ctx, since: time.Now(), in: in, order: b.ordered(in), left: len(in), out: make([]Out, len(in)), done: make(chan struct{})}
	if err := b.enqueue(c); err != nil {
		return nil, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		b.leave(c)
		return nil, ctx.Err()
	}
	switch {
	case c.closed:
		return nil, space.ErrClosed
	case len(c.errs) > 0:
		slices.SortFunc(c.errs, func(a, b ItemError) int { return a.Index - b.Index })
		return c.out, c.errs
	}
	return c.out, nil
}

// ordered gives the items' positions, those of one bucket together.
func (b *Batcher[In, Out]) ordered(in []In) []int {
	order := make([]int, len(in))
	buckets := make([]int, len(in))
	for i := range in {
		order[i] = i
		if b.opts.Bucket != nil {
			buckets[i] = b.opts.Bucket(in[i])
		}
	}
	if b.opts.Bucket != nil {
		slices.SortStableFunc(order, func(i, j int) int { return buckets[i] - buckets[j] })
	}
	return order
}

func (b *Batcher[In, Out]) enqueue(c *call[In, Out]) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return space.ErrClosed
	}
	adds, bytes := b.window(c), b.bytesOf(c)
	// A call wider than the whole queue is let into an empty one, else it never could.
	full := b.queued+adds > b.opts.MaxQueue || b.opts.MaxBytes > 0 && b.bytes+bytes > b.opts.MaxBytes
	if b.queued > 0 && full {
		b.stats.Refused += uint64(len(c.in))
		return fmt.Errorf("%w: %d items of %d bytes are waiting; try again in a moment", space.ErrBusy, b.queued, b.bytes)
	}
	b.queued += adds
	b.bytes += bytes
	b.calls = append(b.calls, c)
	b.work.Signal()
	return nil
}

// window is how many of the call's items count as waiting.
func (b *Batcher[In, Out]) window(c *call[In, Out]) int {
	return min(len(c.order)-c.taken, b.opts.MaxBatch)
}

// bytesOf is the memory of the call's items that are waiting.
func (b *Batcher[In, Out]) bytesOf(c *call[In, Out]) int64 {
	var sum int64
	if b.opts.Bytes != nil {
		for _, at := range c.order[c.taken:] {
			sum += int64(b.opts.Bytes(c.in[at]))
		}
	}
	return sum
}

// drop takes what waits of a call out of the count.
func (b *Batcher[In, Out]) drop(c *call[In, Out]) {
	b.queued -= b.window(c)
	b.bytes -= b.bytesOf(c)
}

// leave takes a call whose caller gave up out of the queue.
func (b *Batcher[In, Out]) leave(c *call[In, Out]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.gone {
		return
	}
	c.gone = true
	if at := slices.Index(b.calls, c); at >= 0 {
		b.calls = slices.Delete(b.calls, at, at+1)
		b.drop(c)
	} else if c.away && !b.closed {
		b.drop(c)
	}
}

// serve is a worker.
func (b *Batcher[In, Out]) serve() {
	for {
		tickets := b.next()
		if tickets == nil {
			return
		}
		b.settle(tickets)
		b.lineUp(tickets)
	}
}

// lineUp puts the large calls of a batch at the end of the line, behind whoever came meanwhile. So they leave the
// other workers to others.
func (b *Batcher[In, Out]) lineUp(tickets []ticket[In, Out]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range tickets {
		c := t.call
		if !c.away {
			continue
		}
		c.away = false
		switch {
		case c.gone:
		case b.closed:
			c.shut()
		default:
			b.calls = append(b.calls, c)
			b.work.Signal()
		}
	}
}

// next waits for items and forms a batch of them; nil after Close.
func (b *Batcher[In, Out]) next() []ticket[In, Out] {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		for len(b.calls) == 0 && !b.closed {
			b.work.Wait()
		}
		if b.closed {
			return nil
		}
		if tickets := b.form(); len(tickets) > 0 {
			b.stats.Running += len(tickets)
			now := time.Now()
			for _, t := range tickets {
				b.stats.Waited += now.Sub(t.call.since)
			}
			if len(b.calls) > 0 {
				b.work.Signal() // another idle worker may take the rest
			}
			return tickets
		}
	}
}

// form takes one item of each call in turn until the batch is full. Calls whose next item does not fit keep their
// place at the front of the line; large ones are away until the batch has run.
func (b *Batcher[In, Out]) form() []ticket[In, Out] {
	var forming draft[In, Out]
	var more []*call[In, Out] // have had their turn, and have more items
	line := b.calls
	b.calls = nil
	for i, c := range line {
		if len(forming.tickets) == b.opts.MaxBatch {
			b.calls = append(b.calls, line[i:]...)
			break
		}
		switch {
		case c.ctx.Err() != nil: // its caller is about to leave
			b.drop(c)
		case !b.take(&forming, c):
			b.calls = append(b.calls, c)
		case c.taken < len(c.order):
			more = append(more, c)
		}
	}
	var unfit []*call[In, Out]
	for len(more) > 0 && len(forming.tickets) < b.opts.MaxBatch {
		c := more[0]
		more = more[1:]
		if !b.take(&forming, c) {
			unfit = append(unfit, c)
		} else if c.taken < len(c.order) {
			more = append(more, c)
		}
	}
	for _, c := range append(unfit, more...) {
		if c.away = len(c.order)-c.taken > largeBatches*b.opts.MaxBatch; !c.away {
			b.calls = append(b.calls, c)
		}
	}
	return forming.tickets
}

// largeBatches is how many batches a call must have left to count as large: it then runs in one batch at a time.
const largeBatches = 4

// draft is a batch in the making.
type draft[In, Out any] struct {
	tickets      []ticket[In, Out]
	bucket, cost int
}

// take puts the call's next item into the batch, if it fits.
func (b *Batcher[In, Out]) take(into *draft[In, Out], c *call[In, Out]) bool {
	item := c.in[c.order[c.taken]]
	bucket, cost := b.measure(item)
	if len(into.tickets) > 0 && (bucket != into.bucket || b.opts.MaxCost > 0 && into.cost+cost > b.opts.MaxCost) {
		return false
	}
	into.bucket, into.cost = bucket, into.cost+cost
	into.tickets = append(into.tickets, ticket[In, Out]{c, c.order[c.taken]})
	before := b.window(c)
	c.taken++
	b.queued -= before - b.window(c)
	if b.opts.Bytes != nil {
		b.bytes -= int64(b.opts.Bytes(item))
	}
	return true
}

func (b *Batcher[In, Out]) measure(item In) (bucket, cost int) {
	if b.opts.Bucket != nil {
		bucket = b.opts.Bucket(item)
	}
	if b.opts.Cost != nil {
		cost = b.opts.Cost(item)
	}
	return bucket, cost
}

// settle runs a batch and hands out the outcomes. Where a batch of several fails, each item is run alone, so that a
// bad one fails alone.
func (b *Batcher[In, Out]) settle(tickets []ticket[In, Out]) {
	outs, err := b.attempt(tickets)
	if err == nil {
		b.deliver(tickets, outs, nil)
		return
	}
	if len(tickets) == 1 {
		b.deliver(tickets, nil, err)
		return
	}
	for i, t := range tickets {
		if err := t.call.ctx.Err(); err != nil {
			b.deliver(tickets[i:i+1], nil, err)
			continue
		}
		outs, err := b.attempt(tickets[i : i+1])
		b.deliver(tickets[i:i+1], outs, err)
	}
}

// attempt runs the items under a context that ends when all their callers have left.
func (b *Batcher[In, Out]) attempt(tickets []ticket[In, Out]) ([]Out, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	items := make([]In, len(tickets))
	var present atomic.Int64
	present.Store(1) // this function, until all callers are counted
	left := func() {
		if present.Add(-1) == 0 {
			cancel()
		}
	}
	counted := make(map[*call[In, Out]]bool, len(tickets))
	for i, t := range tickets {
		items[i] = t.call.in[t.at]
		if !counted[t.call] {
			counted[t.call] = true
			present.Add(1)
			defer context.AfterFunc(t.call.ctx, left)()
		}
	}
	left()
	begun := time.Now()
	outs, err := b.guarded(ctx, items)
	b.ran(len(items), time.Since(begun))
	if err == nil && len(outs) != len(items) {
		err = fmt.Errorf("batch of %d items gave %d outputs", len(items), len(outs))
	}
	return outs, err
}

func (b *Batcher[In, Out]) ran(items int, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Batches++
	b.stats.Items += uint64(items)
	b.stats.Ran += took
}

// guarded turns a panic of run into an error, so that it costs one batch and not the process.
func (b *Batcher[In, Out]) guarded(ctx context.Context, items []In) (outs []Out, err error) {
	defer func() {
		if r := recover(); r != nil {
			outs, err = nil, &PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	return b.run(ctx, items)
}

// deliver notes the outcomes of one attempt.
func (b *Batcher[In, Out]) deliver(tickets []ticket[In, Out], outs []Out, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Running -= len(tickets)
	for i, t := range tickets {
		c := t.call
		if c.gone {
			continue
		}
		if err != nil {
			c.errs = append(c.errs, ItemError{t.at, err})
		} else {
			c.out[t.at] = outs[i]
		}
		if c.left--; c.left == 0 {
			close(c.done)
		}
	}
}

// Stats says what the batcher has done and is doing.
func (b *Batcher[In, Out]) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	stats := b.stats
	stats.Waiting, stats.Bytes = b.queued, b.bytes
	return stats
}

// Close fails what waits with space.ErrClosed, lets running batches end and waits for them. It may be called again.
func (b *Batcher[In, Out]) Close() {
	b.mu.Lock()
	b.closed = true
	for _, c := range b.calls {
		c.shut()
	}
	b.calls, b.queued, b.bytes = nil, 0, 0
	b.work.Broadcast()
	b.mu.Unlock()
	b.workers.Wait()
}

// shut fails a call because the batcher closed.
func (c *call[In, Out]) shut() {
	if !c.gone {
		c.gone, c.closed = true, true
		close(c.done)
	}
}

// ItemError is the failure of one item of a DoAll.
type ItemError struct {
	Index int // position in DoAll's items
	Err   error
}

// Errors are the failures of a DoAll, by rising index; there is at least one.
type Errors []ItemError

// Error lists the failed items, the first three in full.
func (e Errors) Error() string {
	var text strings.Builder
	for i, item := range e {
		if i == 3 {
			fmt.Fprintf(&text, "; and %d more", len(e)-i)
			break
		}
		if i > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "item %d: %v", item.Index, item.Err)
	}
	return text.String()
}

// Unwrap makes errors.Is and errors.As look into every failure.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, item := range e {
		list[i] = item.Err
	}
	return list
}

// PanicError is a panic of a run.
type PanicError struct {
	Value any
	Stack []byte // of the panicking goroutine, for the log
}

// Error leaves the stack out.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

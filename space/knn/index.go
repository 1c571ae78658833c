package knn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

// Options of an Index. The zero value works.
type Options struct {
	// Dir holds the files of an index that is too large for the exact tier. Empty: files in the system's temporary
	// directory, which vanish when the index is closed.
	Dir string
	// CodesFrom is the number of items from which codes are scanned; 0: DefaultCodesFrom.
	CodesFrom int
	// ListsFrom is the number of items from which codes lie in lists; 0: DefaultListsFrom.
	ListsFrom int
	// Lists is their number; 0: by the number of items.
	Lists int
	// Recall is the recall@10 that calibration holds; 0: DefaultRecall.
	Recall float64
	// Seed of the rotation and of k-means.
	Seed uint64
	// Logger hears of work in the background; nil: nobody does.
	Logger *slog.Logger
}

// Defaults of Options. The exact tier scans 50,000 vectors of 512 components in 1 to 2 ms on two cores.
const (
	DefaultCodesFrom = 50_000
	DefaultListsFrom = 100_000
	DefaultRecall    = 0.95
)

func (o Options) withDefaults() Options {
	if o.CodesFrom < 1 {
		o.CodesFrom = DefaultCodesFrom
	}
	if o.ListsFrom < 1 {
		o.ListsFrom = DefaultListsFrom
	}
	if o.Recall == 0 {
		o.Recall = DefaultRecall
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// listsFor is the number of lists for n items: a search looks at every centroid, and at a share of the items.
func (o Options) listsFor(n int) int {
	if o.Lists > 0 {
		return o.Lists
	}
	return 1 << int(math.Round(math.Log2(2*math.Sqrt(float64(n)))))
}

// Index finds nearest unit vectors in the way that suits their number: few by all products, more by codes, many by
// codes in lists. It changes its way in the background, while it is searched and written; slots stay what they are.
// It is safe for concurrent use.
type Index struct {
	dim    int
	kernel kernel
	opts   Options
	state  atomic.Pointer[state]

	writing  sync.Mutex          // taken by writers of the exact tier
	changed  map[uint32]struct{} // slots written since codes began to be made; nil: none are
	prepared sync.Pool
	asked    asked

	retryAt atomic.Int64    // items from which work that failed is tried again
	ctx     context.Context // of the background
	cancel  context.CancelFunc
	mu      sync.Mutex
	running chan struct{} // closed when the work in the background is done; nil: there is none
}

// state is the tier in use: flat, or coded where that is not nil.
type state struct {
	flat  *Flat
	coded *coded
}

// New makes an empty index of vectors with dim components.
func New(dim int, opts Options) *Index { return newIndex(dim, kernels()[0], opts) }

func newIndex(dim int, k kernel, opts Options) *Index {
	x := &Index{dim: dim, kernel: k, opts: opts.withDefaults()}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	x.state.Store(&state{flat: newFlat(dim, k)})
	return x
}

// Tier names the way this index searches: TierExact, TierCodes or TierLists.
func (x *Index) Tier() string {
	if s := x.state.Load(); s.coded != nil {
		return s.coded.tier()
	}
	return TierExact
}

// Len is the number of items.
func (x *Index) Len() int {
	if s := x.state.Load(); s.coded != nil {
		return s.coded.Len()
	} else {
		return s.flat.Len()
	}
}

// Add puts the unit vector of an item in, in place of the one it had, and returns its slot. The components are copied.
func (x *Index) Add(id string, components []float32) (uint32, error) {
	if len(components) != x.dim {
		return 0, fmt.Errorf("%w: vector of %q has %d, the index %d", space.ErrDimension, id, len(components), x.dim)
	}
	if id == "" {
		return 0, fmt.Errorf("%w: it has no id", space.ErrInvalidItem)
	}
	if x.state.Load().coded == nil {
		if slot, added, err := x.addFlat(id, components); added {
			return slot, err
		}
	}
	c := x.state.Load().coded
	p, ok := x.prepared.Get().(*prepared)
	if !ok {
		p = new(prepared)
	}
	defer x.prepared.Put(p)
	c.prepare(components, p)
	slot, err := c.add(id, components, p)
	if err == nil {
		x.consider()
	}
	return slot, err
}

// crowded: an exact tier with so many times Options.CodesFrom items waits for the codes that are being made. Else writers
// that are faster than the one who makes codes would fill the memory with float32 rows, and never leave the tier.
const crowded = 2

// addFlat adds to the exact tier; false: it is not in use any more.
func (x *Index) addFlat(id string, components []float32) (slot uint32, added bool, err error) {
	if s := x.state.Load(); s.coded == nil && s.flat.Len() >= crowded*x.opts.CodesFrom {
		x.wait()
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	s := x.state.Load()
	if s.coded != nil {
		return 0, false, nil
	}
	slot, err = s.flat.Add(id, components)
	x.note(slot)
	x.consider()
	return slot, true, err
}

func (x *Index) note(slot uint32) {
	if x.changed != nil {
		x.changed[slot] = struct{}{}
	}
}

// Remove takes an item out and returns the slot that it had; false: it was not there.
func (x *Index) Remove(id string) (uint32, bool) {
	x.writing.Lock()
	defer x.writing.Unlock()
	s := x.state.Load()
	if s.coded != nil {
		return s.coded.remove(id)
	}
	slot, removed := s.flat.Remove(id)
	if removed {
		x.note(slot)
	}
	return slot, removed
}

// Slot is that of an item; false: it is not there.
func (x *Index) Slot(id string) (uint32, bool) {
	if s := x.state.Load(); s.coded != nil {
		return s.coded.slots.slot(id)
	} else {
		return s.flat.Slot(id)
	}
}

// Components are a copy of those in a slot that is in use.
func (x *Index) Components(slot uint32) []float32 {
	s := x.state.Load()
	if s.coded == nil {
		return s.flat.Components(slot)
	}
	s.coded.gate.RLock()
	defer s.coded.gate.RUnlock()
	if s.coded.closed {
		return make([]float32, x.dim)
	}
	return append([]float32(nil), s.coded.components(slot)...)
}

// Slots are the slots of those ids that are there.
func (x *Index) Slots(ids []string) *roaring.Bitmap {
	if s := x.state.Load(); s.coded != nil {
		return s.coded.slots.bitmap(ids)
	} else {
		return s.flat.Slots(ids)
	}
}

// Cosines are those of q and the items; NaN where an item is not there.
func (x *Index) Cosines(q space.Vector, ids []string) ([]float64, error) {
	s := x.state.Load()
	if s.coded == nil {
		return s.flat.Cosines(q, ids)
	}
	if q.Dim() != x.dim {
		return nil, fmt.Errorf("%w: the query has %d, the index %d", space.ErrDimension, q.Dim(), x.dim)
	}
	return s.coded.cosines(q, ids)
}

// Search returns the items nearest to the query, nearest first, equals by id.
func (x *Index) Search(ctx context.Context, q Query) ([]Neighbour, error) {
	if err := q.check(x.dim); err != nil {
		return nil, err
	}
	s := x.state.Load()
	if s.coded == nil {
		return s.flat.Search(ctx, q.Vector, q.K, q.Allow)
	}
	if q.Allow == nil && x.asked.note(q) {
		x.start("calibrate", x.calibrateIfNeeded)
	}
	return s.coded.search(ctx, q, nil)
}

// SearchWith is Search with a given effort, for measurements. In the exact tier the effort says nothing.
func (x *Index) SearchWith(ctx context.Context, q Query, effort Effort) ([]Neighbour, error) {
	s := x.state.Load()
	if s.coded == nil {
		return x.Search(ctx, q)
	}
	if err := q.check(x.dim); err != nil {
		return nil, err
	}
	return s.coded.search(ctx, q, &effort)
}

// Effort is that of searches by vectors of a kind; zero in the exact tier.
func (x *Index) Effort(kind space.Kind) Effort {
	if s := x.state.Load(); s.coded != nil {
		return s.coded.views.Load().efforts.of(kind)
	}
	return Effort{}
}

// Lists is the number of lists; 1 where codes lie in one, 0 in the exact tier.
func (x *Index) Lists() int {
	if s := x.state.Load(); s.coded != nil {
		return len(s.coded.views.Load().layout.lists)
	}
	return 0
}

// MappedBytes are the bytes a vector, in mapped files, that searches look at again and again. They come on top of the
// heap; the float32 rows, of which a search reads some dozens, do not count.
func (x *Index) MappedBytes() float64 {
	if s := x.state.Load(); s.coded != nil {
		return float64(quantStride(x.dim))
	}
	return 0
}

// consider starts work in the background where the number of items asks for it.
func (x *Index) consider() {
	s := x.state.Load()
	if s.coded == nil {
		if n := s.flat.Len(); n >= x.opts.CodesFrom && int64(n) >= x.retryAt.Load() {
			x.start("make codes", x.toCodes)
		}
		return
	}
	if n := s.coded.Len(); n >= s.coded.relistAt(x.opts) && int64(n) >= x.retryAt.Load() {
		x.start("make lists", x.toLists)
	}
}

// relistAt is the number of items from which lists should be made anew: the first time, then when there are twice as
// many.
func (x *coded) relistAt(opts Options) int {
	if l := x.views.Load().layout; len(l.lists) > 1 {
		return 2 * l.madeOf
	}
	return opts.ListsFrom
}

// start does work in the background, unless some is going on.
func (x *Index) start(what string, work func(context.Context) error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ctx.Err() != nil || x.running != nil {
		return
	}
	done := make(chan struct{})
	x.running = done
	go func() {
		if err := work(x.ctx); err != nil && x.ctx.Err() == nil {
			x.retryAt.Store(int64(x.Len()) * 11 / 10)
			x.opts.Logger.Error("vector index: "+what, "error", err, "items", x.Len())
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		x.running = nil
		close(done)
	}()
}

// wait waits for the work that goes on in the background; false: there was none.
func (x *Index) wait() bool {
	x.mu.Lock()
	running := x.running
	x.mu.Unlock()
	if running != nil {
		<-running
	}
	return running != nil
}

// Settle waits until nothing goes on in the background, and nothing wants to.
func (x *Index) Settle() {
	for {
		x.consider()
		if !x.wait() {
			return
		}
	}
}

// toCodes makes a coded index of what the exact one holds, and takes its place.
func (x *Index) toCodes(ctx context.Context) error {
	x.writing.Lock()
	x.changed = map[uint32]struct{}{}
	flat := x.state.Load().flat
	x.writing.Unlock()
	c, err := x.encode(ctx, flat)
	if err != nil {
		x.writing.Lock()
		defer x.writing.Unlock()
		x.changed = nil
		return err
	}
	return x.swap(c, flat)
}

func (x *Index) encode(ctx context.Context, flat *Flat) (c *coded, err error) {
	dir, keep := x.opts.Dir, true
	if dir == "" {
		if dir, err = os.MkdirTemp("", "clipd-knn-"); err != nil {
			return nil, err
		}
		keep = false
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	c, err = newCoded(dir, keep, x.dim, x.kernel, flat.mean(), x.opts.Seed)
	if err != nil {
		if !keep {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return nil, err
	}
	for from := 0; from < flat.rowCount(); from += blockRows {
		if err := errors.Join(ctx.Err(), c.copyFrom(flat, from, blockRows)); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	if err := c.relist(ctx, 1, x.opts.Seed); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// swap catches up with what has changed in the exact index, in rounds that get shorter, and puts the other in its place.
func (x *Index) swap(c *coded, flat *Flat) error {
	for {
		x.writing.Lock()
		changed := x.changed
		last := len(changed) <= fewChanges
		if last {
			x.changed = nil
			defer x.writing.Unlock()
		} else {
			x.changed = map[uint32]struct{}{}
			x.writing.Unlock()
		}
		if err := c.follow(flat, changed); err != nil {
			if !last {
				x.writing.Lock()
				x.changed = nil
				x.writing.Unlock()
			}
			return errors.Join(err, c.close())
		}
		if last {
			c.free, c.quarantine = c.unused(), nil // nobody has looked at it yet
			x.state.Store(&state{coded: c})
			return nil
		}
	}
}

func (x *Index) toLists(ctx context.Context) error {
	c := x.state.Load().coded
	n := c.Len()
	if err := c.relist(ctx, x.opts.listsFor(n), x.opts.Seed); err != nil {
		return err
	}
	return x.calibrate(ctx)
}

// Move renames the folder of the index's files. Nobody may use the index meanwhile.
func (x *Index) Move(dir string) error {
	x.wait()
	old := x.opts.Dir
	x.opts.Dir = dir
	if c := x.state.Load().coded; c != nil && c.keep {
		c.dir = dir
		return os.Rename(old, dir)
	}
	return nil
}

// Close stops work in the background and gives everything back. Later searches fail with space.ErrClosed where the
// index is not exact.
func (x *Index) Close() error {
	x.cancel()
	x.wait()
	x.writing.Lock()
	defer x.writing.Unlock()
	if c := x.state.Load().coded; c != nil {
		return c.close()
	}
	return nil
}

package knn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn/synthetic"
)

// tiers are options that bring an index of some thousand items into each tier.
var tiers = map[string]Options{
	TierExact: {CodesFrom: 1 << 30},
	TierCodes: {CodesFrom: 300, ListsFrom: 1 << 30},
	TierLists: {CodesFrom: 300, ListsFrom: 900, Lists: 24},
}

func inTiers(t *testing.T, test func(t *testing.T, tier string, opts Options)) {
	for tier, opts := range tiers {
		t.Run(tier, func(t *testing.T) { test(t, tier, opts) })
	}
}

func open(t *testing.T, dim int, k kernel, opts Options) *Index {
	t.Helper()
	x := newIndex(dim, k, opts)
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func put(t testing.TB, x *Index, id string, v space.Vector) uint32 {
	t.Helper()
	slot, err := x.Add(id, v.Components())
	if err != nil {
		t.Fatal(err)
	}
	return slot
}

// maker makes vectors, and those of images below made once only.
type maker struct {
	*synthetic.Space
	dim  int
	made []space.Vector
}

const madeOnce = 5000

var makers = map[int]maker{}

func newMaker(dim int) maker {
	if m, known := makers[dim]; known {
		return m
	}
	m := maker{Space: synthetic.New(dim, 42), dim: dim}
	made := make([]space.Vector, madeOnce)
	for i := range made {
		made[i] = m.image(i)
	}
	m.made = made
	makers[dim] = m
	return m
}

func (m maker) make(fill func(int, []float32), i int) space.Vector {
	raw := make([]float32, m.dim)
	fill(i, raw)
	v, err := space.FromUnit(raw)
	if err != nil {
		panic(err)
	}
	return v
}

func (m maker) image(i int) space.Vector {
	if i < len(m.made) {
		return m.made[i]
	}
	return m.make(m.Image, i)
}

func (m maker) text(i int) space.Vector { return m.make(m.Text, i) }

func name(i int) string { return fmt.Sprintf("item-%05d", i) }

func search(t testing.TB, x *Index, q Query) []Neighbour {
	t.Helper()
	found, err := x.Search(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// recalled is the share of wanted neighbours that were found.
func recalled(got, want []Neighbour) float64 {
	if len(want) == 0 {
		return 1
	}
	there := map[string]bool{}
	for _, n := range got {
		there[n.ID] = true
	}
	found := 0
	for _, n := range want {
		if there[n.ID] {
			found++
		}
	}
	return float64(found) / float64(len(want))
}

// TestTiersFindWhatFlatFinds holds each tier, with each kernel, to a floor of recall on both kinds of queries, and its
// exact answers to those of Flat. No query has been asked before. Lists come out differently as items meet the making of
// them: in them image queries find .99, with a standard deviation below .01, and text queries all.
func TestTiersFindWhatFlatFinds(t *testing.T) {
	const dim, n, queries = 96, 2000, 40
	m := newMaker(dim)
	oracle := NewFlat(dim)
	for i := range n {
		add(t, oracle, name(i), m.image(i))
	}
	for _, k := range kernels() {
		inTiers(t, func(t *testing.T, tier string, opts Options) {
			x := open(t, dim, k, opts)
			for i := range n {
				put(t, x, name(i), m.image(i))
			}
			x.Settle()
			if x.Tier() != tier || x.Len() != n {
				t.Fatalf("%s kernel: tier %s with %d items; want %s with %d", k.name, x.Tier(), x.Len(), tier, n)
			}
			for kind, floor := range map[space.Kind]float64{space.Image: 0.92, space.Text: 0.98} {
				var sum float64
				for i := range queries {
					v := m.image(n + i)
					if kind == space.Text {
						v = m.text(i)
					}
					want, err := oracle.Search(context.Background(), v, 10, nil)
					if err != nil {
						t.Fatal(err)
					}
					sum += recalled(search(t, x, Query{Vector: v, K: 10, Kind: kind}), want)
					equal(t, search(t, x, Query{Vector: v, K: 10, Kind: kind, Exact: true}), want)
				}
				if recall := sum / queries; recall < floor {
					t.Errorf("%s kernel, %s queries: recall %.3f; want %.2f", k.name, kind, recall, floor)
				}
			}
		})
	}
}

// TestFewListsHoldMostNeighbours: of 24 lists the third that is scanned is the right one. It finds .87, with a standard
// deviation of .006.
func TestFewListsHoldMostNeighbours(t *testing.T) {
	const dim, n, queries = 96, 2000, 60
	m := newMaker(dim)
	for _, k := range kernels() {
		x := open(t, dim, k, Options{CodesFrom: 300, ListsFrom: n, Lists: 24})
		for i := range n {
			put(t, x, name(i), m.image(i))
		}
		x.Settle()
		for _, kind := range []space.Kind{space.Image, space.Text} {
			var sum float64
			for i := range queries {
				q := Query{Vector: m.image(n + i), K: 10, Kind: kind}
				if kind == space.Text {
					q.Vector = m.text(i)
				}
				some, err := x.SearchWith(context.Background(), q, Effort{Probes: 8, Rerank: 1000})
				if err != nil {
					t.Fatal(err)
				}
				q.Exact = true
				sum += recalled(some, search(t, x, q))
			}
			if recall := sum / queries; recall < 0.8 {
				t.Errorf("%s kernel, %s queries: recall %.3f; want .80", k.name, kind, recall)
			}
		}
	}
}

// TestFiltersInTiers: whatever share a filter keeps, only what it keeps is answered, k of it, and nearly the nearest;
// where it keeps few, exactly these.
func TestFiltersInTiers(t *testing.T) {
	const dim, n = 64, 9000
	m := newMaker(dim)
	inTiers(t, func(t *testing.T, _ string, opts Options) {
		x := open(t, dim, kernels()[0], opts)
		for i := range n {
			put(t, x, name(i), m.image(i))
		}
		x.Settle()
		r := rand.New(rand.NewPCG(1, 1))
		for _, share := range []float64{0.9, 0.55, 0.1, 0.003} {
			allow := roaring.New()
			for slot := range uint32(n) {
				if r.Float64() < share {
					allow.Add(slot)
				}
			}
			var sum float64
			for i := range 30 {
				q := Query{Vector: m.text(i), K: 10, Kind: space.Text, Allow: allow}
				got := search(t, x, q)
				q.Exact = true
				want := search(t, x, q)
				sum += recalled(got, want)
				for _, n := range got {
					if !allow.Contains(n.Slot) {
						t.Fatalf("share %g: %v is not allowed", share, n)
					}
				}
				if share == 0.003 {
					equal(t, got, want)
				}
				if len(got) != 10 {
					t.Fatalf("share %g: %d neighbours", share, len(got))
				}
			}
			if sum/30 < 0.9 {
				t.Errorf("share %g: recall %.3f", share, sum/30)
			}
		}
		if got := search(t, x, Query{Vector: m.text(1), K: 3, Allow: roaring.New()}); len(got) != 0 {
			t.Errorf("nothing is allowed, found %v", got)
		}
	})
}

// TestIndexBesideMap adds, replaces, removes and searches at random beside a plain map, while tiers come and go.
func TestIndexBesideMap(t *testing.T) {
	inTiers(t, func(t *testing.T, tier string, opts Options) {
		const dim, ids = 48, 2500
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		m, items := newMaker(dim), map[string]space.Vector{}
		x := open(t, dim, kernels()[0], opts)
		slots := map[string]uint32{}
		var found, asked float64
		for step := range 14_000 {
			id := name(r.IntN(ids))
			switch {
			case r.IntN(4) == 0:
				slot, removed := x.Remove(id)
				if _, there := items[id]; there != removed || there && slot != slots[id] {
					t.Fatalf("step %d: removed %v from %d; it was there: %v in %d", step, removed, slot, there, slots[id])
				}
				delete(items, id)
				delete(slots, id)
			default:
				items[id] = m.image(r.IntN(madeOnce))
				slots[id] = put(t, x, id, items[id])
			}
			if step%500 == 499 {
				recall := besideMap(t, x, items, slots, m.text(step))
				found, asked = found+recall, asked+1
			}
		}
		x.Settle()
		if x.Tier() != tier {
			t.Errorf("tier %s; want %s", x.Tier(), tier)
		}
		besideMap(t, x, items, slots, m.image(7))
		if found/asked < 0.75 {
			t.Errorf("mean recall %.3f", found/asked)
		}
	})
}

// besideMap compares an index with a map: everything that has to agree, and the recall of a search.
func besideMap(t *testing.T, x *Index, items map[string]space.Vector, slots map[string]uint32, q space.Vector) float64 {
	t.Helper()
	if x.Len() != len(items) {
		t.Fatalf("%d items; want %d", x.Len(), len(items))
	}
	want := nearest(items, q, 10, nil)
	equal(t, search(t, x, Query{Vector: q, K: 10, Exact: true}), want)
	got := search(t, x, Query{Vector: q, K: 10, Kind: space.Text})
	for _, n := range got {
		if v, there := items[n.ID]; !there || n.Cosine-q.Cosine(v) > 1e-6 || q.Cosine(v)-n.Cosine > 1e-6 {
			t.Fatalf("found %v; it is there: %v", n, there)
		}
	}
	for id, v := range items {
		slot, there := x.Slot(id)
		if !there || slot != slots[id] {
			t.Fatalf("%s lies in %d, %v; want %d", id, slot, there, slots[id])
		}
		if !slices.Equal(x.Components(slot), v.Components()) {
			t.Fatalf("%s has other components", id)
		}
		break
	}
	return recalled(got, want)
}

// TestSlotsAreTakenAgain: an index that is rewritten over and over does not grow without end.
func TestSlotsAreTakenAgain(t *testing.T) {
	const dim, ids = 32, 2000
	m := newMaker(dim)
	x := open(t, dim, kernels()[0], tiers[TierLists])
	for i := range 20 * ids {
		put(t, x, name(i%ids), m.image(i%5000))
	}
	x.Settle()
	if used := x.state.Load().coded.slots.used.Load(); used > 7*ids {
		t.Errorf("%d slots for %d items", used, ids)
	}
}

// TestSlotsTakenWhileCodesAreMadeStayTaken: items that come while the exact tier is left lie in slots that were free when
// the codes were made; no later item may get these.
func TestSlotsTakenWhileCodesAreMadeStayTaken(t *testing.T) {
	const dim, n = 32, 3000
	m := newMaker(dim)
	x := open(t, dim, kernels()[0], Options{CodesFrom: 4 * n, ListsFrom: 1 << 30})
	items := map[string]int{}
	add := func(from, to int) {
		for i := from; i < to; i++ {
			put(t, x, name(i), m.image(i%madeOnce))
			items[name(i)] = i % madeOnce
		}
	}
	add(0, n)
	for i := range n / 2 {
		x.Remove(name(i))
		delete(items, name(i))
	}
	x.changed = map[uint32]struct{}{}
	flat := x.state.Load().flat
	c, err := x.encode(context.Background(), flat)
	if err != nil {
		t.Fatal(err)
	}
	add(n, 2*n-n/2-100)
	if err := x.swap(c, flat); err != nil {
		t.Fatal(err)
	}
	add(2*n, 4*n)
	if x.Len() != len(items) {
		t.Errorf("%d items; want %d", x.Len(), len(items))
	}
	for id, i := range items {
		if slot, there := x.Slot(id); !there || !slices.Equal(x.Components(slot), m.image(i).Components()) {
			t.Fatalf("%s is there: %v, or has other components", id, there)
		}
	}
}

// TestJoinsMakeListsForThemselves: in the codes tier, a join of many items goes by lists.
func TestJoinsMakeListsForThemselves(t *testing.T) {
	const dim, n, least = 48, joinListsFrom + 500, 0.9
	r := rand.New(rand.NewPCG(5, 0))
	m, oracle := newMaker(dim), NewFlat(dim)
	x := open(t, dim, kernels()[0], Options{CodesFrom: 1000, ListsFrom: 1 << 30})
	for i := range n {
		v := m.image(i % madeOnce)
		if i >= madeOnce {
			v = altered(r, v, 0.04)
		}
		add(t, oracle, name(i), v)
		put(t, x, name(i), v)
	}
	x.Settle()
	if x.Tier() != TierCodes {
		t.Fatalf("tier %s", x.Tier())
	}
	if l, err := x.state.Load().coded.joinLayout(context.Background(), 64); err != nil || len(l.lists) != 64 {
		t.Fatalf("a join's layout: %v", err)
	}
	wantPairs(t, joined(t, x, least, nil), joined(t, oracle, least, nil))
}

// TestWritesGoOnWhileTiersChange is for the race detector, and for what is lost: nothing.
func TestWritesGoOnWhileTiersChange(t *testing.T) {
	const dim, each = 32, 1500
	m := newMaker(dim)
	x := open(t, dim, kernels()[0], tiers[TierLists])
	var writers, readers sync.WaitGroup
	var stop atomic.Bool
	for range 2 {
		readers.Go(func() {
			for i := 0; !stop.Load(); i++ {
				q := Query{Vector: m.text(i), K: 10, Kind: space.Text, Exact: i%5 == 0}
				found, err := x.Search(context.Background(), q)
				if err != nil {
					t.Error(err)
					return
				}
				if !slices.IsSortedFunc(found, nearer) {
					t.Errorf("out of order: %v", found)
					return
				}
			}
		})
	}
	for w := range 3 {
		writers.Go(func() {
			for i := range each {
				id := w*each + i
				put(t, x, name(id), m.image(id))
				if i%3 == 0 {
					put(t, x, name(id), m.image(id+1))
				}
				if i%5 == 0 {
					x.Remove(name(id))
				}
			}
		})
	}
	writers.Wait()
	x.Settle()
	stop.Store(true)
	readers.Wait()
	if want := 3 * each * 4 / 5; x.Len() != want || x.Tier() != TierLists {
		t.Fatalf("%d items in tier %s; want %d", x.Len(), x.Tier(), want)
	}
	for id := range 3 * each {
		slot, there := x.Slot(name(id))
		if there == (id%each%5 == 0) {
			t.Fatalf("item %d is there: %v", id, there)
		}
		want := id
		if id%each%3 == 0 {
			want++
		}
		if there && !slices.Equal(x.Components(slot), m.image(want).Components()) {
			t.Fatalf("item %d has another vector", id)
		}
	}
	q := m.image(3)
	found := search(t, x, Query{Vector: q, K: 10, Kind: space.Image})
	seen := map[string]bool{}
	for _, n := range found {
		if seen[n.ID] {
			t.Errorf("%s is answered twice", n.ID)
		}
		seen[n.ID] = true
	}
}

// TestJoinsInTiers holds joins and range queries to those of Flat.
func TestJoinsInTiers(t *testing.T) {
	const dim, n, least = 64, 3000, 0.9
	m, r := newMaker(dim), rand.New(rand.NewPCG(2, 2))
	oracle := NewFlat(dim)
	vectors := make([]space.Vector, n)
	for i := range vectors {
		vectors[i] = m.image(i)
		if i%3 == 1 { // a copy of the one before, altered a little
			vectors[i] = altered(r, vectors[i-1], 0.05)
		}
		add(t, oracle, name(i), vectors[i])
	}
	allow := roaring.New()
	allow.AddRange(500, 2500)
	for _, some := range []*roaring.Bitmap{nil, allow} {
		want := joined(t, oracle, least, some)
		inTiers(t, func(t *testing.T, _ string, opts Options) {
			x := open(t, dim, kernels()[0], opts)
			for i, v := range vectors {
				put(t, x, name(i), v)
			}
			x.Settle()
			wantPairs(t, joined(t, x, least, some), want)
			withinBesideFlat(t, x, oracle, vectors[600:800], least, some)
		})
	}
}

func altered(r *rand.Rand, v space.Vector, by float32) space.Vector {
	raw := slices.Clone(v.Components())
	for i := range raw {
		raw[i] += by * float32(r.NormFloat64()) / 2
	}
	out, err := space.Normalize(raw)
	if err != nil {
		panic(err)
	}
	return out
}

type joins interface {
	SelfJoin(ctx context.Context, least float64, allow *roaring.Bitmap, yield func(a, b string, cosine float64) error) error
}

// wantPairs wants nearly all pairs that there are, and no others.
func wantPairs(t *testing.T, got, want map[[2]string]bool) {
	t.Helper()
	missed := 0
	for p := range want {
		if !got[p] {
			missed++
		}
	}
	for p := range got {
		if !want[p] {
			t.Errorf("pair %v is not one", p)
		}
	}
	if missed*100 > len(want) || len(want) < 300 {
		t.Errorf("%d of %d pairs were missed", missed, len(want))
	}
}

func joined(t *testing.T, x joins, least float64, allow *roaring.Bitmap) map[[2]string]bool {
	t.Helper()
	pairs := map[[2]string]bool{}
	err := x.SelfJoin(context.Background(), least, allow, func(a, b string, cosine float64) error {
		p := [2]string{min(a, b), max(a, b)}
		if pairs[p] || cosine < least-1e-6 {
			t.Errorf("pair %v, cosine %v: twice, or unwanted", p, cosine)
		}
		pairs[p] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

func withinBesideFlat(t *testing.T, x *Index, oracle *Flat, queries []space.Vector, least float64, allow *roaring.Bitmap) {
	t.Helper()
	missed, all := 0, 0
	for _, q := range queries {
		want, err := oracle.Within(context.Background(), q, least, allow)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Within(context.Background(), q, least, allow)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > len(want) {
			t.Fatalf("%d are within; want %d", len(got), len(want))
		}
		missed, all = missed+len(want)-len(got), all+len(want)
	}
	if missed*100 > all || all == 0 {
		t.Errorf("%d of %d within were missed", missed, all)
	}
}

func TestJoinStopsAtAnErrorInTiers(t *testing.T) {
	m := newMaker(32)
	inTiers(t, func(t *testing.T, _ string, opts Options) {
		x := open(t, 32, kernels()[0], opts)
		for i := range 1000 {
			put(t, x, name(i), m.image(i%100))
		}
		x.Settle()
		stop, calls := errors.New("enough"), 0
		err := x.SelfJoin(context.Background(), 0.99, nil, func(string, string, float64) error { calls++; return stop })
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%d calls, %v; want one, and the error", calls, err)
		}
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		err = x.SelfJoin(cancelled, 0.99, nil, func(string, string, float64) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

func TestBadInputInTiers(t *testing.T) {
	m := newMaker(32)
	inTiers(t, func(t *testing.T, _ string, opts Options) {
		x := newIndex(32, kernels()[0], opts)
		for i := range 1000 {
			put(t, x, name(i), m.image(i))
		}
		x.Settle()
		ctx, wide := context.Background(), randomVector(rand.New(rand.NewPCG(1, 1)), 33)
		if _, err := x.Add("a", make([]float32, 31)); !errors.Is(err, space.ErrDimension) {
			t.Errorf("a vector too short: %v", err)
		}
		if _, err := x.Add("", make([]float32, 32)); !errors.Is(err, space.ErrInvalidItem) {
			t.Errorf("no id: %v", err)
		}
		if _, err := x.Search(ctx, Query{Vector: wide, K: 1}); !errors.Is(err, space.ErrDimension) {
			t.Errorf("a query too long: %v", err)
		}
		if _, err := x.Within(ctx, wide, 0.9, nil); !errors.Is(err, space.ErrDimension) {
			t.Errorf("a range query too long: %v", err)
		}
		if _, err := x.Search(ctx, Query{Vector: m.image(1)}); !errors.Is(err, space.ErrInvalidQuery) {
			t.Errorf("k = 0: %v", err)
		}
		if err := x.SelfJoin(ctx, -2, nil, nil); !errors.Is(err, space.ErrInvalidQuery) {
			t.Errorf("least cosine -2: %v", err)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := x.Search(cancelled, Query{Vector: m.image(1), K: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := errors.Join(x.Close(), x.Close()); err != nil {
			t.Error(err)
		}
		if _, err := x.Search(ctx, Query{Vector: m.image(1), K: 1}); x.Tier() != TierExact && !errors.Is(err, space.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// TestCalibrationHoldsTheTarget: each kind has an effort that holds the recall on queries that were not measured.
func TestCalibrationHoldsTheTarget(t *testing.T) {
	const dim, n = 64, 8_000
	m := newMaker(dim)
	x := open(t, dim, kernels()[0], Options{CodesFrom: 1000, ListsFrom: 4000, Lists: 128, Recall: 0.95})
	for i := range n {
		put(t, x, name(i), m.image(i))
	}
	x.Settle()
	for i := range 200 {
		search(t, x, Query{Vector: m.text(i), K: 10, Kind: space.Text})
		search(t, x, Query{Vector: m.image(n + i), K: 10, Kind: space.Image})
	}
	x.Settle()
	if err := x.Calibrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	text, image := x.Effort(space.Text), x.Effort(space.Image)
	t.Logf("text %+v, image %+v", text, image)
	if text.Recall < 0.95 || image.Recall < 0.95 || text.Probes >= 128 || image.Probes >= 128 {
		t.Errorf("efforts for texts %+v, for images %+v", text, image)
	}
	var sum float64
	for i := range 100 {
		q := Query{Vector: m.text(1000 + i), K: 10, Kind: space.Text}
		got := search(t, x, q)
		q.Exact = true
		sum += recalled(got, search(t, x, q))
	}
	if sum/100 < 0.92 {
		t.Errorf("recall %.3f on other queries", sum/100)
	}
}

func TestRotationKeepsProducts(t *testing.T) {
	for _, dim := range []int{1, 33, 64, 100} {
		rot := newRotation(dim, 5)
		r := rand.New(rand.NewPCG(3, uint64(dim)))
		a, b := randomVector(r, dim), randomVector(r, dim)
		ra, rb := make([]float32, padded(dim)), make([]float32, padded(dim))
		rot.rotate(plain(), a.Components(), ra)
		rot.rotateMany(plain(), b.Components(), rb)
		if got, want := float64(dotPlain(ra, rb)), a.Cosine(b); got-want > 1e-5 || want-got > 1e-5 {
			t.Errorf("%d components: the product is %v after rotation, %v before", dim, got, want)
		}
	}
}

// TestWritersWaitForCodes adds faster than codes are made: the exact tier must not grow meanwhile.
func TestWritersWaitForCodes(t *testing.T) {
	const from, dim = 100, 256
	x := New(dim, Options{CodesFrom: from, ListsFrom: 1 << 30, Dir: t.TempDir()})
	defer x.Close()
	v := make([]float32, dim)
	for i := range 20 * from {
		clear(v)
		v[i%dim], v[(i*7+3)%dim] = 0.8, 0.6
		if _, err := x.Add(fmt.Sprint(i), v); err != nil {
			t.Fatal(err)
		}
		if s := x.state.Load(); s.coded == nil && s.flat.Len() > crowded*from {
			t.Fatalf("%d vectors are in the exact tier, which ends at %d", s.flat.Len(), from)
		}
	}
	if x.Settle(); x.Tier() != TierCodes || x.Len() != 20*from {
		t.Errorf("%d items, tier %s", x.Len(), x.Tier())
	}
}

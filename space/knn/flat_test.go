package knn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

func randomVector(r *rand.Rand, dim int) space.Vector {
	raw := make([]float32, dim)
	for i := range raw {
		raw[i] = float32(r.NormFloat64())
	}
	v, err := space.Normalize(raw)
	if err != nil {
		panic(err)
	}
	return v
}

func add(t testing.TB, x *Flat, id string, v space.Vector) {
	t.Helper()
	if _, err := x.Add(id, v.Components()); err != nil {
		t.Fatal(err)
	}
}

// nearest is the oracle: all cosines in float64, sorted.
func nearest(items map[string]space.Vector, q space.Vector, k int, allowed func(string) bool) []Neighbour {
	var all []Neighbour
	for id, v := range items {
		if allowed == nil || allowed(id) {
			all = append(all, Neighbour{ID: id, Cosine: q.Cosine(v)})
		}
	}
	slices.SortFunc(all, nearer)
	return all[:min(k, len(all))]
}

func equal(t *testing.T, got, want []Neighbour) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d neighbours; want %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i].Cosine-want[i].Cosine) > 1e-6 {
			t.Fatalf("neighbour %d: %v; want %v", i, got[i], want[i])
		}
		if got[i].ID != want[i].ID && math.Abs(got[i].Cosine-want[i].Cosine) > 1e-7 {
			t.Fatalf("neighbour %d: %v; want %v", i, got[i], want[i])
		}
	}
}

// TestFlatBesideMap adds, replaces, removes and searches at random beside a plain map, with every kernel.
func TestFlatBesideMap(t *testing.T) {
	for _, k := range kernels() {
		t.Run(k.name, func(t *testing.T) {
			const dim = 33
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			r := rand.New(rand.NewPCG(seed, 0))
			x, items := newFlat(dim, k), map[string]space.Vector{}
			for range 6000 {
				id := fmt.Sprintf("item-%d", r.IntN(3000))
				if r.IntN(4) == 0 {
					_, removed := x.Remove(id)
					if _, there := items[id]; there != removed {
						t.Fatalf("removed %v; it was there: %v", removed, there)
					}
					delete(items, id)
					continue
				}
				items[id] = randomVector(r, dim)
				add(t, x, id, items[id])
			}
			if x.Len() != len(items) {
				t.Fatalf("%d items; want %d", x.Len(), len(items))
			}
			if len(x.ids) > 3000 {
				t.Errorf("%d slots for at most 3000 items: freed ones are not taken again", len(x.ids))
			}
			searchBesideMap(t, r, x, items)
		})
	}
}

func searchBesideMap(t *testing.T, r *rand.Rand, x *Flat, items map[string]space.Vector) {
	ctx := context.Background()
	for _, share := range []float64{1, 0.5, 0.01, 0} {
		var ids []string
		kept := map[string]bool{}
		for id := range items {
			if r.Float64() < share {
				ids, kept[id] = append(ids, id), true
			}
		}
		allow, allowed := x.Slots(ids), func(id string) bool { return kept[id] }
		for range 5 {
			q := randomVector(r, x.dim)
			for _, k := range []int{1, 10, 5000} {
				got, err := x.Search(ctx, q, k, allow)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, got, nearest(items, q, k, allowed))
			}
			got, err := x.Search(ctx, q, 7, nil)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, nearest(items, q, 7, nil))
		}
	}
}

func TestEqualVectorsComeInOrderOfIDs(t *testing.T) {
	x := NewFlat(8)
	v := randomVector(rand.New(rand.NewPCG(1, 1)), 8)
	for i := range 50 {
		add(t, x, fmt.Sprintf("%02d", (i*7)%50), v)
	}
	got, err := x.Search(context.Background(), v, 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range got {
		if want := fmt.Sprintf("%02d", i); n.ID != want {
			t.Errorf("place %d: %s; want %s", i, n.ID, want)
		}
		if n.Cosine > 1 || n.Cosine < 0.999999 {
			t.Errorf("cosine of equal vectors: %v", n.Cosine)
		}
	}
}

func TestSearchBatchEqualsSingles(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	x := NewFlat(48)
	for i := range 5000 {
		add(t, x, fmt.Sprint(i), randomVector(r, 48))
	}
	queries := make([]space.Vector, 9)
	for i := range queries {
		queries[i] = randomVector(r, 48)
	}
	batch, err := x.SearchBatch(context.Background(), queries, 12, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range queries {
		single, err := x.Search(context.Background(), q, 12, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(batch[i], single) {
			t.Errorf("query %d: a batch gives %v, a single %v", i, batch[i], single)
		}
	}
}

func TestSelfJoinFindsAllPairsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	x, items := NewFlat(6), map[string]space.Vector{}
	for i := range 900 {
		id := fmt.Sprint(i)
		items[id] = randomVector(r, 6)
		add(t, x, id, items[id])
	}
	for i := 0; i < 900; i += 5 {
		x.Remove(fmt.Sprint(i))
		delete(items, fmt.Sprint(i))
	}
	var odd []string
	for id := range items {
		if id[len(id)-1]%2 == 1 {
			odd = append(odd, id)
		}
	}
	for _, tc := range []struct {
		name  string
		ids   []string
		allow *roaring.Bitmap
	}{{"all", keys(items), nil}, {"some", odd, x.Slots(odd)}} {
		t.Run(tc.name, func(t *testing.T) { joinBesideLoops(t, x, items, tc.ids, tc.allow) })
	}
}

func keys(items map[string]space.Vector) []string {
	var ids []string
	for id := range items {
		ids = append(ids, id)
	}
	return ids
}

func joinBesideLoops(t *testing.T, x *Flat, items map[string]space.Vector, ids []string, allow *roaring.Bitmap) {
	const least = 0.8
	want := map[[2]string]bool{}
	for i, a := range ids {
		for _, b := range ids[:i] {
			if items[a].Cosine(items[b]) >= least {
				want[[2]string{min(a, b), max(a, b)}] = true
			}
		}
	}
	if len(want) == 0 {
		t.Fatal("the test has no near pairs")
	}
	err := x.SelfJoin(context.Background(), least, allow, func(a, b string, cosine float64) error {
		pair := [2]string{min(a, b), max(a, b)}
		if !want[pair] {
			t.Errorf("pair %v, cosine %v: unwanted, or twice", pair, cosine)
		}
		delete(want, pair)
		if math.Abs(cosine-items[a].Cosine(items[b])) > 1e-6 {
			t.Errorf("pair %v: cosine %v; want %v", pair, cosine, items[a].Cosine(items[b]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(want) > 0 {
		t.Errorf("%d pairs are missing, %v among them", len(want), keysOf(want)[0])
	}
}

func keysOf(m map[[2]string]bool) [][2]string {
	var all [][2]string
	for k := range m {
		all = append(all, k)
	}
	return all
}

func TestSelfJoinStopsAtAnError(t *testing.T) {
	x := NewFlat(4)
	v := randomVector(rand.New(rand.NewPCG(1, 1)), 4)
	for i := range 10 {
		add(t, x, fmt.Sprint(i), v)
	}
	stop, calls := errors.New("enough"), 0
	err := x.SelfJoin(context.Background(), 0.5, nil, func(string, string, float64) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v; want one, and the error", calls, err)
	}
}

func TestBadInput(t *testing.T) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 2))
	x := NewFlat(8)
	add(t, x, "a", randomVector(r, 8))
	if _, err := x.Add("b", make([]float32, 7)); !errors.Is(err, space.ErrDimension) {
		t.Errorf("a vector too short: %v", err)
	}
	if _, err := x.Add("", make([]float32, 8)); !errors.Is(err, space.ErrInvalidItem) {
		t.Errorf("no id: %v", err)
	}
	if _, err := x.Search(ctx, randomVector(r, 9), 1, nil); !errors.Is(err, space.ErrDimension) {
		t.Errorf("a query too long: %v", err)
	}
	if _, err := x.Search(ctx, randomVector(r, 8), 0, nil); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("k = 0: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := x.Search(cancelled, randomVector(r, 8), 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	cosines, err := x.Cosines(randomVector(r, 8), []string{"a", "nobody"})
	if err != nil || math.IsNaN(cosines[0]) || !math.IsNaN(cosines[1]) {
		t.Errorf("cosines %v, %v", cosines, err)
	}
}

func TestEmptyIndex(t *testing.T) {
	got, err := NewFlat(8).Search(context.Background(), randomVector(rand.New(rand.NewPCG(1, 1)), 8), 5, nil)
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	x := NewFlat(16)
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 0))
			for i := range 300 {
				add(t, x, fmt.Sprint(r.IntN(2500)), randomVector(r, 16))
				x.Remove(fmt.Sprint(r.IntN(2500)))
				if i%10 == 0 {
					if _, err := x.Search(context.Background(), randomVector(r, 16), 5, nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wait.Wait()
}

func benchmarkIndex(b *testing.B, n, dim int) (*Flat, []space.Vector) {
	r := rand.New(rand.NewPCG(1, 7))
	x := NewFlat(dim)
	for i := range n {
		add(b, x, fmt.Sprintf("item-%07d", i), randomVector(r, dim))
	}
	queries := make([]space.Vector, 16)
	for i := range queries {
		queries[i] = randomVector(r, dim)
	}
	b.ResetTimer()
	return x, queries
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{10_000, 50_000, 100_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			x, queries := benchmarkIndex(b, n, 384)
			for i := 0; b.Loop(); i++ {
				if _, err := x.Search(context.Background(), queries[i%len(queries)], 10, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSearchBatch answers 16 queries at once; ns/query is the figure.
func BenchmarkSearchBatch(b *testing.B) {
	x, queries := benchmarkIndex(b, 50_000, 384)
	for b.Loop() {
		if _, err := x.SearchBatch(context.Background(), queries, 10, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(queries)), "ns/query")
}

// BenchmarkSearchFiltered keeps one row in a thousand.
func BenchmarkSearchFiltered(b *testing.B) {
	x, queries := benchmarkIndex(b, 50_000, 384)
	allow := roaring.New()
	for slot := uint32(0); slot < 50_000; slot += 1000 {
		allow.Add(slot)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := x.Search(context.Background(), queries[i%len(queries)], 10, allow); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSelfJoin(b *testing.B) {
	for _, n := range []int{10_000, 50_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			x, _ := benchmarkIndex(b, n, 384)
			for b.Loop() {
				if err := x.SelfJoin(context.Background(), 0.95, nil, func(string, string, float64) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

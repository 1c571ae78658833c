package catalog_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/knn/synthetic"
)

// painter is an encoder for a synthetic space: each text is one of its captions.
type painter struct {
	wide
	space *synthetic.Space
}

func (p painter) EncodeTexts(_ context.Context, texts []string) ([]space.Vector, error) {
	vectors := make([]space.Vector, len(texts))
	for i, text := range texts {
		h := fnv.New32a()
		h.Write([]byte(text))
		raw := make([]float32, p.dim)
		p.space.Text(int(h.Sum32()>>1), raw)
		vectors[i] = unit(raw)
	}
	return vectors, nil
}

// wholeItems is how many items the benchmark of questions about whole collections has: CLIPD_BENCH_ITEMS, else 20,000.
func wholeItems(b *testing.B) int {
	b.Helper()
	text := os.Getenv("CLIPD_BENCH_ITEMS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("CLIPD_BENCH_ITEMS: %v", err)
	}
	return n
}

// painted is a collection of n pictures of a synthetic space of 512 dimensions, with captions, brought in by Import.
func painted(b *testing.B, n int) *catalog.Catalog {
	b.Helper()
	const dim = 512
	p := painter{wide{dim: dim}, synthetic.New(dim, 1)}
	library, err := catalog.Open(b.TempDir(), p, catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { library.Close() })
	c, err := library.Create(b.Context(), "painted", catalog.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	for first := 0; first < n; first += 2000 {
		records := make([]catalog.Record, min(2000, n-first))
		for i := range records {
			at, raw := first+i, make([]float32, dim)
			p.space.Image(at, raw)
			records[i].Item = space.Item{
				ID: fmt.Sprintf("%08d", at), Kind: space.Image, Vector: unit(raw),
				Text: fmt.Sprintf("a picture of a %s and a %s", vocabulary[at%14], vocabulary[at/14%14]),
			}
		}
		if _, err := c.Import(b.Context(), records); err != nil {
			b.Fatal(err)
		}
	}
	for d := (space.Description{WordsBehind: 1}); d.WordsBehind > 0; time.Sleep(50 * time.Millisecond) {
		if d, err = c.Describe(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// beside asks one search after the other until it is stopped, and then says how long the middle and the longest took.
func beside(b *testing.B, c *catalog.Catalog) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan []time.Duration)
	go func() {
		var times []time.Duration
		for i := 0; ctx.Err() == nil; i++ {
			begun := time.Now()
			if _, _, err := c.Find(ctx, catalog.Ask{Text: fmt.Sprintf("a %s %d", vocabulary[i%14], i), Mode: space.VectorOnly, K: 10}); err == nil {
				times = append(times, time.Since(begun))
			}
			time.Sleep(20 * time.Millisecond)
		}
		done <- times
	}()
	return func() {
		cancel()
		if times := slices.Sorted(slices.Values(<-done)); len(times) > 0 {
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1e3, "ms/search")
			b.ReportMetric(float64(times[len(times)-1].Microseconds())/1e3, "ms/longest-search")
		}
	}
}

// peak watches the heap until it is stopped, and then says how much more than at the beginning it was at most.
func peak(b *testing.B) (stop func()) {
	b.Helper()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan uint64)
	go func() {
		var most uint64
		for ctx.Err() == nil {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			time.Sleep(50 * time.Millisecond)
		}
		done <- most
	}()
	return func() {
		cancel()
		b.ReportMetric(float64(max(<-done, before.HeapAlloc)-before.HeapAlloc)/(1<<20), "MiB-more")
	}
}

// BenchmarkWhole asks questions about a whole collection, with searches beside them. Each answer is made once: it is kept
// until something is written.
func BenchmarkWhole(b *testing.B) {
	n := wholeItems(b)
	c := painted(b, n)
	for _, question := range []struct {
		name string
		ask  func() error
	}{
		{"first-search", func() error { // which learns what a score is worth
			_, _, err := c.Find(b.Context(), catalog.Ask{Text: "a question", Mode: space.VectorOnly, K: 10})
			return err
		}},
		{"clusters-density", func() error { _, err := c.Group(b.Context(), catalog.GroupQuery{}); return err }},
		{"clusters-kmeans", func() error {
			_, err := c.Group(b.Context(), catalog.GroupQuery{Method: catalog.ByKMeans})
			return err
		}},
		{"clusters-kmeans-200", func() error {
			_, err := c.Group(b.Context(), catalog.GroupQuery{Method: catalog.ByKMeans, K: 200})
			return err
		}},
		{"map-2000", func() error { _, err := c.Map(b.Context(), catalog.MapQuery{}); return err }},
		{"map-20000", func() error {
			_, err := c.Map(b.Context(), catalog.MapQuery{Items: catalog.MaxMapItems})
			return err
		}},
		{"pages-to-50000", func() error {
			answer, _, err := c.Find(b.Context(), catalog.Ask{Text: "a picture of a red house", K: 1000, Stable: true})
			for pages := 0; err == nil && answer.More && pages < 49; pages++ {
				var page catalog.Page
				page, err = c.Next(b.Context(), answer.Cursor, 1000)
				answer = page.Answer
			}
			return err
		}},
		{"classify-14", func() error {
			return c.Classify(b.Context(), catalog.ClassifyQuery{Labels: vocabulary[:14], Prompts: vocabulary[:14]},
				func(catalog.Labelled) error { return nil })
		}},
	} {
		b.Run(fmt.Sprintf("%s/items=%d", question.name, n), func(b *testing.B) {
			heap, searches, used := peak(b), beside(b, c), cpuTime(b)
			b.ResetTimer()
			if err := question.ask(); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric((cpuTime(b) - used).Seconds(), "cpu-s")
			searches()
			heap()
		})
	}
}

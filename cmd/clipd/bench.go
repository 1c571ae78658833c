package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

type benchFlags struct {
	collection string
	seconds    float64
	callers    int
	width      int
	height     int
}

// maxBenchSeconds bounds each measurement.
const maxBenchSeconds = 120

func (a *app) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure encoding and searching on this machine",
		Example: "  clipd bench encode\n  clipd bench search -c photos --callers 4",
		Args:    cobra.ArbitraryArgs,
		RunE:    helpOrSuggest,
	}
	cmd.AddCommand(a.benchEncodeCommand(), a.benchSearchCommand())
	return cmd
}

func (f *benchFlags) add(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.seconds, "seconds", 5, "length of each measurement")
	cmd.Flags().IntVar(&f.callers, "callers", 2, "requests in flight at once, where throughput is measured")
}

func (f *benchFlags) check() error {
	switch {
	case !(f.seconds > 0 && f.seconds <= maxBenchSeconds):
		return usagef("--seconds %g: want more than 0 and at most %d", f.seconds, maxBenchSeconds)
	case f.callers < 1 || f.callers > 64:
		return usagef("--callers %d: want 1 to 64", f.callers)
	}
	return nil
}

func (a *app) benchEncodeCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "encode",
		Short: "Measure images and texts a second",
		Long: `Encode measures the whole way of a request: JSON in, decoding, encoding, JSON out. Images are made for the purpose:
JPEGs of smooth colours and noise. "One at a time" is the latency that a lone caller sees; throughput has --callers
requests in flight. Everything runs after a warm-up.`,
		Example: "  clipd bench encode --seconds 10 --width 4000 --height 3000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if f.width < 1 || f.height < 1 || f.width*f.height > 50_000_000 {
				return usagef("--width %d, --height %d: want 1 to 50,000,000 pixels in all", f.width, f.height)
			}
			return a.with(cmd.Context(), func(c *connection) error { return a.benchEncode(cmd.Context(), c, f) })
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.width, "width", 640, "width of the images in pixels")
	cmd.Flags().IntVar(&f.height, "height", 480, "height of the images in pixels")
	return cmd
}

func (a *app) benchEncode(ctx context.Context, c *connection, f benchFlags) error {
	picture, err := benchPicture(f.width, f.height)
	if err != nil {
		return err
	}
	oneImage := api.EmbeddingsInput{{Image: base64.StdEncoding.EncodeToString(picture)}}
	oneText := api.EmbeddingsInput{{Text: "a photo of a dog that runs along the beach"}}
	var manyTexts api.EmbeddingsInput
	for i := range 32 {
		manyTexts = append(manyTexts, api.Input{Text: fmt.Sprintf("a photo of number %d on the side of a road", i)})
	}
	size := fmt.Sprintf("JPEG %d×%d, %d kB", f.width, f.height, len(picture)/1000)
	runs := []load{
		{"image, one at a time", "images", size, 1, 1, embedWork(c, oneImage)},
		{"image, throughput", "images", fmt.Sprintf("%s, %d callers", size, f.callers), 1, f.callers, embedWork(c, oneImage)},
		{"text, one at a time", "texts", "10 words", 1, 1, embedWork(c, oneText)},
		{"text, throughput", "texts", fmt.Sprintf("32 texts a request, %d callers", f.callers), len(manyTexts), f.callers, embedWork(c, manyTexts)},
	}
	return a.bench(ctx, c, runs, f)
}

func embedWork(c *connection, input api.EmbeddingsInput) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		_, err := c.Embeddings(ctx, api.EmbeddingsRequest{Input: input, EncodingFormat: "base64"})
		return err
	}
}

// benchPicture is a JPEG whose size is about that of a photograph: smooth colours and some noise; always the same.
func benchPicture(width, height int) ([]byte, error) {
	random := rand.New(rand.NewPCG(1, 2))
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			noise := uint8(random.UintN(24))
			canvas.SetRGBA(x, y, color.RGBA{uint8(x*200/width) + noise, uint8(y*200/height) + noise, uint8((x+y)%200) + noise, 255})
		}
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: 85})
	return out.Bytes(), err
}

func (a *app) benchSearchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:     "search",
		Short:   "Measure queries a second on a collection",
		Long:    "Search measures queries by words, by an item, and by words alone without their meaning, as the API answers them.",
		Example: "  clipd bench search -c demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error { return a.benchSearch(cmd.Context(), c, f) })
		},
	}
	f.add(cmd)
	a.collectionFlag(cmd, &f.collection, usualCollection)
	return cmd
}

// benchWords are queries of different lengths.
var benchWords = []string{
	"a cat", "a dog on the beach", "coffee", "people who sit around a table in the evening", "an old motorcycle",
	"snow on mountains", "a red car in front of a house", "the night sky",
}

func (a *app) benchSearch(ctx context.Context, c *connection, f benchFlags) error {
	collection, err := a.chooseCollection(ctx, c, f.collection)
	if err != nil {
		return err
	}
	page, err := c.Items(ctx, collection.Name, "", 100)
	if err != nil {
		return err
	}
	if len(page.Items) == 0 {
		return fmt.Errorf("collection %s is empty", collection.Name)
	}
	ask := func(request func(i int) api.SearchRequest) func(context.Context, int) error {
		return func(ctx context.Context, i int) error {
			_, err := c.Search(ctx, collection.Name, request(i))
			return err
		}
	}
	words := func(i int) string { return benchWords[i%len(benchWords)] }
	byWords := ask(func(i int) api.SearchRequest { return api.SearchRequest{Text: words(i)} })
	size := fmt.Sprintf("%d items, k 10", collection.Items)
	runs := []load{
		{"words and meaning, one at a time", "queries", size, 1, 1, byWords},
		{"words and meaning, throughput", "queries", fmt.Sprintf("%s, %d callers", size, f.callers), 1, f.callers, byWords},
		{"more like an item, one at a time", "queries", size, 1, 1, ask(func(i int) api.SearchRequest {
			return api.SearchRequest{Like: page.Items[i%len(page.Items)].ID}
		})},
		{"words alone, one at a time", "queries", size, 1, 1, ask(func(i int) api.SearchRequest {
			return api.SearchRequest{Text: words(i), Mode: "keyword"}
		})},
	}
	return a.bench(ctx, c, runs, f)
}

// load is one measurement: work is called over and over, by some callers at once.
type load struct {
	name, unit, detail string
	units              int // of one call
	callers            int
	work               func(ctx context.Context, i int) error
}

// benchReport is what a bench prints.
type benchReport struct {
	Model   string   `json:"model"`
	SIMD    string   `json:"simd"`
	Threads int      `json:"threads"`
	Place   string   `json:"place"`
	Results []timing `json:"results"`
}

func (a *app) bench(ctx context.Context, c *connection, runs []load, f benchFlags) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	report := benchReport{Model: status.Model.Fingerprint.String(), SIMD: status.SIMD, Threads: status.Threads, Place: c.place}
	for _, run := range runs {
		result, err := run.measure(ctx, time.Duration(f.seconds*float64(time.Second)))
		if err != nil {
			return fmt.Errorf("%s: %w", run.name, err)
		}
		report.Results = append(report.Results, result)
	}
	if a.json {
		return a.writeJSON(report)
	}
	a.note("model %s, %d threads, %s kernels, answered by %s", report.Model, report.Threads, report.SIMD, report.Place)
	rows := make([][]string, len(report.Results))
	for i, r := range report.Results {
		rows[i] = []string{r.Name, fmt.Sprintf("%.1f %s/s", r.Rate, r.Unit), fmt.Sprintf("%.2f", r.P50), fmt.Sprintf("%.2f", r.P95), fmt.Sprint(r.Count), r.Detail}
	}
	return a.table([]column{{title: "what"}, {title: "rate", right: true}, {title: "p50 ms", right: true}, {title: "p95 ms", right: true}, {title: "count", right: true}, {title: "of"}}, rows)
}

// measure calls the work for about the given time, after a warm-up of a few calls.
func (l load) measure(ctx context.Context, length time.Duration) (timing, error) {
	for i := range 3 {
		if err := l.work(ctx, i); err != nil {
			return timing{}, err
		}
	}
	var (
		callers  sync.WaitGroup
		mu       sync.Mutex
		requests []time.Duration
		failed   error
	)
	start := time.Now()
	for caller := range l.callers {
		callers.Go(func() {
			times, err := l.repeat(ctx, caller, start.Add(length))
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, times...)
			if failed == nil {
				failed = err
			}
		})
	}
	callers.Wait()
	return newTiming(l.name, l.unit, l.detail, len(requests)*l.units, time.Since(start), requests), failed
}

func (l load) repeat(ctx context.Context, caller int, end time.Time) ([]time.Duration, error) {
	var times []time.Duration
	for i := caller; time.Now().Before(end); i += l.callers {
		begin := time.Now()
		if err := l.work(ctx, i); err != nil {
			return times, err
		}
		times = append(times, time.Since(begin))
	}
	return times, nil
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// Options of a run.
type Options struct {
	N, Dim  int
	Queries int // of each kind
	Seed    uint64
	Seconds float64 // of each measurement
	Callers int     // requests in flight where throughput is measured
	Join    bool    // measure the self-join, which takes minutes at a million
	Peers   []string
	Python  string
	Dir     string      // for vectors and index; empty: a temporary one
	Index   knn.Options // of the index; Dir and Seed are set by the run
	Note    func(format string, args ...any)
	// Progress begins a piece of work of total units and returns how to count and to end it.
	Progress func(name, unit string, total int) (add func(int), stop func())
}

// Point is recall against speed at one effort. Recall is recall@10.
type Point struct {
	Index  string     `json:"index"`
	Kind   space.Kind `json:"kind"` // of the queries
	Param  string     `json:"param"`
	Recall float64    `json:"recall"`
	QPS    float64    `json:"qps"`
	Chosen bool       `json:"chosen,omitempty"` // by calibration
}

// Build is what making an index took.
type Build struct {
	Index string `json:"index"`
	// Seconds from the first vector until nothing is left to do. Bytes in memory a vector: of clipd the heap and the
	// mapped bytes that searches look at; of peers what the process grew by.
	Seconds     float64 `json:"seconds"`
	BytesPerRow float64 `json:"bytes_per_vector"`
}

// Latency of single searches in milliseconds, one caller.
type Latency struct {
	What  string  `json:"what"`
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
}

// Report is what a run found.
type Report struct {
	Date      string        `json:"date"`
	N         int           `json:"n"`
	Dim       int           `json:"dim"`
	Seed      uint64        `json:"seed"`
	SIMD      string        `json:"simd"`
	Threads   int           `json:"threads"`
	Load      string        `json:"load,omitempty"` // of the machine, before: 1, 5 and 15 minutes
	Builds    []Build       `json:"builds"`
	Points    []Point       `json:"points"`
	Latencies []Latency     `json:"latencies"`
	Open      float64       `json:"open_seconds,omitempty"`
	Text      knn.Effort    `json:"text_effort"`
	Image     knn.Effort    `json:"image_effort"`
	Join      *Join         `json:"join,omitempty"`
	Within    *WithinReport `json:"within,omitempty"`
}

// Run measures.
func Run(ctx context.Context, opts Options) (report Report, err error) {
	dir := opts.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "clipd-bench-knn-"); err != nil {
			return report, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	report = Report{Date: time.Now().Format(time.DateOnly), N: opts.N, Dim: opts.Dim, Seed: opts.Seed, SIMD: knn.SIMD(),
		Threads: runtime.GOMAXPROCS(0), Load: loadAverage()}
	add, stop := opts.Progress("make vectors", "vectors", opts.N)
	d, err := makeData(ctx, dir, opts, add)
	stop()
	if err != nil {
		return report, err
	}
	err = own(ctx, d, opts, &report)
	if err = errors.Join(err, d.close()); err != nil {
		return report, err
	}
	return report, peers(ctx, d, opts, &report)
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	var a, b, c string
	if _, err := fmt.Sscan(string(text), &a, &b, &c); err != nil {
		return ""
	}
	return a + " " + b + " " + c
}

// own measures clipd's index.
func own(ctx context.Context, d *data, opts Options, report *Report) (err error) {
	dir := filepath.Join(d.dir, "index")
	before := heap()
	start := time.Now()
	index := opts.Index
	index.Dir, index.Seed = dir, opts.Seed
	x := knn.New(opts.Dim, index)
	defer func() { err = errors.Join(err, x.Close()) }()
	if err := fill(ctx, x, d, opts); err != nil {
		return err
	}
	x.Settle()
	report.Builds = append(report.Builds, Build{"clipd", time.Since(start).Seconds(), float64(heap()-before)/float64(opts.N) + x.MappedBytes()})
	opts.Note("%s, built in %.1f s; measuring recall and speed", x.Tier(), time.Since(start).Seconds())
	m := &meter{index: x, data: d, opts: opts, report: report}
	if err := m.all(ctx); err != nil {
		return err
	}
	return reopen(ctx, x, index, opts, report)
}

// reopen writes the index's snapshot and opens it again, up to the first answers.
func reopen(ctx context.Context, x *knn.Index, index knn.Options, opts Options, report *Report) error {
	shot := x.Snapshot()
	if shot == nil {
		return nil
	}
	if err := errors.Join(shot.Write(1, nil), x.Close()); err != nil {
		return err
	}
	start := time.Now()
	again, _, err := knn.Open(opts.Dim, index)
	if err != nil {
		return err
	}
	report.Open = time.Since(start).Seconds()
	if again.Len() != opts.N {
		err = fmt.Errorf("opened with %d items; want %d", again.Len(), opts.N)
	}
	return errors.Join(err, again.Close())
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func rowID(i int) string { return fmt.Sprintf("item-%08d", i) }

// fill adds all vectors, as a collection would, two at a time.
func fill(ctx context.Context, x *knn.Index, d *data, opts Options) error {
	add, stop := opts.Progress("build", "vectors", opts.N)
	defer stop()
	return inParallel(opts.N, workers, func(i int) error {
		if i%1000 == 0 {
			add(min(1000, opts.N-i))
		}
		_, err := x.Add(rowID(i), d.row(i))
		return errors.Join(err, ctx.Err())
	})
}

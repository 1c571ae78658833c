package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/knn/synthetic"
)

// Options of a run.
type Options struct {
	N, Dim  int
	Queries int // of each kind
	Seed    uint64
	Set     Set     // the vectors; nil: those of package synthetic
	SetName string  // what they are
	Seconds float64 // of each measurement
	Callers int     // requests in flight where throughput is measured
	Join    bool    // measure the self-join, which takes minutes at a million
	Peers   []string
	Python  string
	Dir     string      // for index, true neighbours and peers' indexes; empty: a temporary one
	Reuse   bool        // what an earlier run on the same vectors left in Dir
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
	// Seconds from the first vector until nothing is left to do, without those that making the vectors took. Bytes in
	// memory a vector: of clipd the heap and the mapped bytes that searches look at; of peers what the process grew by.
	Seconds     float64 `json:"seconds"`
	CPU         float64 `json:"cpu_seconds"` // of all cores
	BytesPerRow float64 `json:"bytes_per_vector"`
	Date        string  `json:"date"`
	Load        string  `json:"load,omitempty"` // of the machine, before
}

// Phase is a step of a run.
type Phase struct {
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
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
	Set       string        `json:"set"`
	SIMD      string        `json:"simd"`
	Threads   int           `json:"threads"`
	Load      string        `json:"load,omitempty"` // of the machine, before: 1, 5 and 15 minutes
	Geometry  Geometry      `json:"geometry"`
	Builds    []Build       `json:"builds"`
	Phases    []Phase       `json:"phases"`
	Memory    []Memory      `json:"memory"`
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
	if opts.Set == nil {
		opts.Set, opts.SetName = synthetic.New(opts.Dim, opts.Seed), "synthetic"
	}
	if opts.Dir == "" {
		if opts.Dir, err = os.MkdirTemp("", "clipd-bench-knn-"); err != nil {
			return report, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(opts.Dir)) }()
	} else if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return report, err
	}
	report = Report{Date: time.Now().Format(time.DateOnly), N: opts.N, Dim: opts.Dim, Seed: opts.Seed, Set: opts.SetName,
		SIMD: knn.SIMD(), Threads: runtime.GOMAXPROCS(0), Load: loadAverage()}
	r := run{opts: opts, report: &report}
	if r.kept, err = load(opts.Dir, opts); err != nil {
		return report, err
	}
	if r.data, err = newData(opts.Dir, opts.Set, opts); err != nil {
		return report, err
	}
	report.Geometry = r.data.geometry()
	if err := r.own(ctx); err != nil {
		return report, err
	}
	return report, r.peers(ctx)
}

// run is a run that goes on.
type run struct {
	opts   Options
	data   *data
	kept   *kept
	report *Report
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

// indexFolder, in a run's folder, is clipd's index.
const indexFolder = "index"

func (r *run) index() knn.Options {
	index := r.opts.Index
	index.Dir, index.Seed = filepath.Join(r.opts.Dir, indexFolder), r.opts.Seed
	return index
}

// own measures clipd's index.
func (r *run) own(ctx context.Context) (err error) {
	x, err := r.open()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, knn.ErrDamaged) {
		x, err = r.build(ctx)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if err := r.findTruth(ctx); err != nil {
		return err
	}
	r.report.Builds = append(r.report.Builds, r.kept.Builds...)
	r.report.Phases = append(r.report.Phases, r.kept.Phases...)
	r.report.Memory = append(r.report.Memory, r.kept.Memory...)
	r.opts.Note("%s: measuring recall and speed", x.Tier())
	end := watchMemory("clipd, searched")
	m := &meter{index: x, data: r.data, opts: r.opts, report: r.report, truth: r.kept.Answers}
	err = m.all(ctx)
	r.report.Memory = append(r.report.Memory, end())
	return err
}

// phase measures a step and notes it.
func (r *run) phase(what string, into *[]Phase, work func() error) error {
	start, used := time.Now(), machine.Used()
	if err := work(); err != nil {
		return err
	}
	p := Phase{what, time.Since(start).Seconds(), (machine.Used() - used).Seconds()}
	*into = append(*into, p)
	r.opts.Note("%s: %.1f s, %.1f s of processor time", p.What, p.Seconds, p.CPU)
	return nil
}

// open opens the index from its files; it fails with fs.ErrNotExist where there are none.
func (r *run) open() (x *knn.Index, err error) {
	err = r.phase("open", &r.report.Phases, func() error {
		x, _, err = knn.Open(r.opts.Dim, r.index())
		return err
	})
	if err != nil {
		return nil, err
	}
	r.report.Open = r.report.Phases[len(r.report.Phases)-1].Seconds
	if n := x.Len(); n != r.opts.N {
		return nil, errors.Join(fmt.Errorf("opened with %d items; want %d", n, r.opts.N), x.Close())
	}
	return x, nil
}

// build makes the index, keeps it, and opens it again: what is measured then is what a collection has after a start. In
// the exact tier there is nothing to keep.
func (r *run) build(ctx context.Context) (*knn.Index, error) {
	r.kept.Builds, r.kept.Phases, r.kept.Memory = nil, nil, nil
	end := watchMemory("clipd, built")
	x, err := r.make(ctx)
	r.kept.Memory = append(r.kept.Memory, end())
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	shot := x.Snapshot()
	if shot == nil {
		return x, nil
	}
	err = r.phase("write files", &r.kept.Phases, func() error { return shot.Write(1, nil) })
	if err = errors.Join(err, x.Close()); err != nil {
		return nil, err
	}
	x, shot = nil, nil
	machine.Trim()
	if err := r.kept.save(r.opts.Dir); err != nil {
		return nil, err
	}
	return r.open()
}

// make fills an index and waits until it rests.
func (r *run) make(ctx context.Context) (*knn.Index, error) {
	before, load := heap(), loadAverage()
	x := knn.New(r.opts.Dim, r.index())
	var making time.Duration
	err := r.phase("add all vectors, and make them", &r.kept.Phases, func() (err error) {
		making, err = r.data.fill(ctx, x, r.opts)
		return err
	})
	if err != nil {
		return x, err
	}
	err = r.phase("make the last lists", &r.kept.Phases, func() error { x.Settle(); return nil })
	b := Build{Index: "clipd", Date: r.report.Date, Load: load, Seconds: -making.Seconds(), CPU: -workers * making.Seconds()}
	for _, p := range r.kept.Phases {
		b.Seconds, b.CPU = b.Seconds+p.Seconds, b.CPU+p.CPU
	}
	b.BytesPerRow = float64(heap()-before)/float64(r.opts.N) + x.MappedBytes()
	r.kept.Builds = append(r.kept.Builds, b)
	r.opts.Note("%s, built in %.1f s, %.1f s of processor time", x.Tier(), b.Seconds, b.CPU)
	return x, err
}

// findTruth finds the true neighbours, unless an earlier run did.
func (r *run) findTruth(ctx context.Context) error {
	if r.kept.Answers == nil {
		err := r.phase("find the true neighbours", &r.kept.Phases, func() (err error) {
			r.kept.Answers, err = findTruth(ctx, r.data, r.opts)
			return err
		})
		if err != nil {
			return err
		}
	}
	return r.kept.save(r.opts.Dir)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

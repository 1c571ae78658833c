package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

type benchFlags struct {
	collection string
	seconds    float64
	callers    int
}

// length of a measurement.
func (f *benchFlags) length() time.Duration { return time.Duration(f.seconds * float64(time.Second)) }

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
	cmd.AddCommand(a.benchEncodeCommand(), a.benchIndexCommand(), a.benchSoakCommand(), a.benchPlotCommand(), a.benchSearchCommand(), a.benchFusionCommand(), a.benchKNNCommand())
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
		result, err := run.measure(ctx, f.length())
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
	for i := caller; len(times) == 0 || time.Now().Before(end); i += l.callers {
		begin := time.Now()
		if err := l.work(ctx, i); err != nil {
			return times, err
		}
		times = append(times, time.Since(begin))
	}
	return times, nil
}

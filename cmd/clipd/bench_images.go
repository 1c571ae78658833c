package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/models"
)

// imageResult is the rate of images of one size, over HTTP and of the bare session.
type imageResult struct {
	Name      string    `json:"name"`
	Bytes     int       `json:"bytes"` // of an average JPEG
	Callers   int       `json:"callers"`
	Count     int       `json:"count"`
	Rate      float64   `json:"per_second"`
	P50       float64   `json:"p50_ms"` // of a request, with the callers in flight
	P99       float64   `json:"p99_ms"`
	CPU       float64   `json:"cpu_ms"` // processor time an image, server and client
	Raw       rawResult `json:"raw"`
	Ratio     float64   `json:"ratio"`     // of the rates
	RatioCPU  float64   `json:"ratio_cpu"` // of the processor times: what is left where the machine has other work
	RoundLow  float64   `json:"ratio_low"` // of one round
	RoundHigh float64   `json:"ratio_high"`
	Stages    []stage   `json:"stages"`
	Batch     float64   `json:"batch"` // images of a run of the tower, on average
	RSS       int64     `json:"rss"`   // after it
}

// rawResult is the bare session at its best setting.
type rawResult struct {
	Callers int     `json:"callers"`
	Threads int     `json:"threads"` // of each run
	Batch   int     `json:"batch"`
	Rate    float64 `json:"per_second"`
	CPU     float64 `json:"cpu_ms"`
}

// stage is one step on the way, as the server measures it.
type stage struct {
	Name  string  `json:"name"`
	Items float64 `json:"items"`
	Each  float64 `json:"ms_each"`
}

// rawSetting is one way to feed the bare session with full batches.
type rawSetting struct {
	models.RawImages
	callers int
}

func (r rawSetting) measure(ctx context.Context, length time.Duration) (window, error) {
	return steady(ctx, r.callers, r.Rows, length, func(ctx context.Context, _ int) error { return r.Run(ctx) })
}

// bestRaw tries, twice, one caller and two, with all threads for each run and with the threads shared out. The caller
// closes what it gives.
func (s *site) bestRaw(ctx context.Context, length time.Duration) (rawSetting, error) {
	sessions, err := s.engine.model.RawImages(ctx)
	if err != nil {
		return rawSetting{}, err
	}
	var settings []rawSetting
	for _, session := range sessions {
		settings = append(settings, rawSetting{session, 1}, rawSetting{session, 2})
	}
	best, err := fastest(ctx, settings, length)
	for _, session := range sessions {
		if err != nil || session.Threads != best.Threads {
			err = errors.Join(err, session.Close())
		}
	}
	return best, err
}

func fastest(ctx context.Context, settings []rawSetting, length time.Duration) (rawSetting, error) {
	done := make([]window, len(settings))
	best := 0
	for range 2 {
		for i, setting := range settings {
			w, err := setting.measure(ctx, length)
			if err != nil {
				return setting, fmt.Errorf("bare session: %w", err)
			}
			done[i].add(w)
		}
	}
	for i := range done {
		if done[i].rate() > done[best].rate() {
			best = i
		}
	}
	return settings[best], nil
}

func (s *site) measureImages(ctx context.Context, f encodeFlags, sizes []size) ([]imageResult, error) {
	length := f.length()
	raw, err := s.bestRaw(ctx, length/2)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	var results []imageResult
	for _, of := range sizes {
		s.a.note("images of %v: as files and in JSON, %d rounds of %.0f s over HTTP and %.0f s of the bare session each", of, f.rounds, f.seconds, f.seconds)
		photos, err := benchPhotos(of, photosOfASize)
		if err != nil {
			return nil, err
		}
		for _, way := range imageWays {
			result, err := s.measureSize(ctx, f, "JPEG "+of.String()+way.suffix, photos, way, raw)
			if err != nil {
				return nil, fmt.Errorf("images of %v%s: %w", of, way.suffix, err)
			}
			results = append(results, result)
		}
	}
	return results, nil
}

// imageWay is how an image travels.
type imageWay struct {
	suffix, kind string
	body         func(photo []byte) ([]byte, error)
}

var imageWays = []imageWay{
	{"", "image/jpeg", func(photo []byte) ([]byte, error) { return photo, nil }},
	{" in JSON", "application/json", imageBody},
}

// photosOfASize is enough that the processor's caches don't hold them all.
const photosOfASize = 4

func (s *site) measureSize(ctx context.Context, f encodeFlags, name string, photos [][]byte, way imageWay, raw rawSetting) (result imageResult, err error) {
	result = imageResult{Name: name, Callers: f.callers, Raw: rawResult{Callers: raw.callers, Threads: raw.Threads, Batch: raw.Rows}}
	bodies := make([][]byte, len(photos))
	for i, photo := range photos {
		result.Bytes += len(photo) / len(photos)
		if bodies[i], err = way.body(photo); err != nil {
			return result, err
		}
	}
	ask := func(ctx context.Context, i int) error { return s.embedBody(ctx, way.kind, bodies[i%len(bodies)]) }
	var ours, bare window
	stages := s.stagesBegin(ctx)
	_, before := s.engine.model.BatchStats()
	for round := range f.rounds {
		over, err := steady(ctx, f.callers, 1, f.length(), ask)
		if err != nil {
			return result, err
		}
		session, err := raw.measure(ctx, f.length())
		if err != nil {
			return result, err
		}
		ours.add(over)
		bare.add(session)
		ratio := quotient(over.rate(), session.rate())
		if round == 0 {
			result.RoundLow, result.RoundHigh = ratio, ratio
		}
		result.RoundLow, result.RoundHigh = min(result.RoundLow, ratio), max(result.RoundHigh, ratio)
	}
	if result.Stages, err = stages(ctx); err != nil {
		return result, err
	}
	_, after := s.engine.model.BatchStats()
	result.Batch = quotient(float64(after.Items-before.Items), float64(after.Batches-before.Batches))
	summary := newTiming("", "", "", ours.count, ours.elapsed, ours.took)
	result.Count, result.Rate, result.P50, result.P99, result.CPU = summary.Count, summary.Rate, summary.P50, summary.P99, ours.cpuEach()
	result.Raw.Rate, result.Raw.CPU = bare.rate(), bare.cpuEach()
	result.Ratio, result.RatioCPU = quotient(result.Rate, result.Raw.Rate), quotient(result.Raw.CPU, result.CPU)
	result.RSS = machine.Resident()
	return result, nil
}

func imageBody(photo []byte) ([]byte, error) {
	return body(api.Input{Image: base64.StdEncoding.EncodeToString(photo)})
}

func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// imageStages are the metrics of a picture's stages: a total of seconds, and what it is divided by.
var imageStages = []struct{ name, seconds, label, value, count string }{
	{"decode", "clipd_stage_duration_seconds", "stage", "decode", ""},
	{"resize", "clipd_resize_seconds_total", "tower", "image", "clipd_resized_total"},
	{"queue", "clipd_queue_wait_seconds_total", "tower", "image", "clipd_tower_inputs_total"},
	{"session", "clipd_tower_run_seconds_total", "tower", "image", "clipd_tower_inputs_total"},
}

// stagesBegin notes the server's stage times; the function that it returns tells what was added since.
func (s *site) stagesBegin(ctx context.Context) func(context.Context) ([]stage, error) {
	before, errBefore := s.stageTotals(ctx)
	return func(ctx context.Context) ([]stage, error) {
		if errBefore != nil {
			return nil, errBefore
		}
		after, err := s.stageTotals(ctx)
		for i := range after {
			seconds := after[i].Each - before[i].Each
			after[i].Items -= before[i].Items
			after[i].Each = 1000 * quotient(seconds, after[i].Items)
		}
		return after, err
	}
}

// stageTotals holds total seconds in Each.
func (s *site) stageTotals(ctx context.Context) ([]stage, error) {
	totals := make([]stage, len(imageStages))
	for i, m := range imageStages {
		seconds, count, err := s.metric(ctx, m.seconds, m.label, m.value)
		if err == nil && m.count != "" {
			count, _, err = s.metric(ctx, m.count, m.label, m.value)
		}
		if err != nil {
			return nil, err
		}
		totals[i] = stage{m.name, count, seconds}
	}
	return totals, nil
}

func (a *app) printImages(results []imageResult) error {
	if len(results) == 0 {
		return nil
	}
	var rows, stages [][]string
	for _, r := range results {
		rows = append(rows, []string{
			r.Name, fmt.Sprintf("%.1f/s", r.Rate), fmt.Sprintf("%.1f/s", r.Raw.Rate), fmt.Sprintf("%.2f", r.Ratio),
			fmt.Sprintf("%.2f–%.2f", r.RoundLow, r.RoundHigh), fmt.Sprintf("%.1f", r.CPU), fmt.Sprintf("%.1f", r.Raw.CPU), fmt.Sprintf("%.2f", r.RatioCPU),
			fmt.Sprintf("%.0f", r.P50), fmt.Sprintf("%.0f", r.P99),
			fmt.Sprintf("%d kB, %d callers; session: %d × batch %d, threads %d", r.Bytes/1000, r.Callers, r.Raw.Callers, r.Raw.Batch, r.Raw.Threads),
		})
		row := []string{r.Name}
		for _, s := range r.Stages {
			row = append(row, fmt.Sprintf("%.2f", s.Each))
		}
		row = append(row, fmt.Sprintf("%.1f", r.Batch))
		stages = append(stages, row)
	}
	err := a.table([]column{
		{title: "images"}, {title: "HTTP", right: true}, {title: "session", right: true}, {title: "ratio", right: true}, {title: "rounds", right: true},
		{title: "cpu ms", right: true}, {title: "session", right: true}, {title: "ratio", right: true},
		{title: "p50 ms", right: true}, {title: "p99 ms", right: true}, {title: "of"},
	}, rows)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	columns := []column{{title: "ms an image"}}
	for _, s := range imageStages {
		columns = append(columns, column{title: s.name, right: true})
	}
	columns = append(columns, column{title: "images a batch", right: true})
	return a.table(columns, stages)
}

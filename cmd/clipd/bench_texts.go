package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clipd/clipd/api"
)

// benchSentence is what a person types.
const benchSentence = "a photo of a cat"

// measureTexts measures a lone sentence, and many texts.
func (s *site) measureTexts(ctx context.Context, f encodeFlags) ([]timing, error) {
	s.a.note("texts: %.0f s of one sentence at a time, %.0f s of many", f.seconds, f.seconds)
	alone, err := s.sentence(ctx, "one sentence at a time", f.length())
	if err != nil {
		return nil, err
	}
	const each = 32
	many, err := body(benchTexts(each)...)
	if err != nil {
		return nil, err
	}
	w, err := steady(ctx, f.callers, each, f.length(), func(ctx context.Context, _ int) error { return s.embed(ctx, many) })
	if err != nil {
		return nil, err
	}
	detail := fmt.Sprintf("%d texts of 4 to 10 words a request, %d callers", each, f.callers)
	return []timing{alone, newTiming("many texts", "texts", detail, w.count, w.elapsed, w.took)}, nil
}

// sentence has one caller ask for the vector of a sentence, over and over.
func (s *site) sentence(ctx context.Context, name string, length time.Duration) (timing, error) {
	one, err := body(api.Input{Text: benchSentence})
	if err != nil {
		return timing{}, err
	}
	before, _ := s.engine.model.BatchStats()
	w, err := steady(ctx, 1, 1, length, func(ctx context.Context, _ int) error { return s.embed(ctx, one) })
	after, _ := s.engine.model.BatchStats()
	run := quotient(milliseconds(after.Ran-before.Ran), float64(after.Batches-before.Batches))
	return newTiming(name, "texts", fmt.Sprintf("%q; a run of the tower: %.1f ms", benchSentence, run), w.count, w.elapsed, w.took), err
}

// benchTexts are different short texts of different lengths.
func benchTexts(n int) []api.Input {
	words := []string{"red", "car", "on", "the", "beach", "with", "many", "old", "trees"}
	texts := make([]api.Input, n)
	for i := range texts {
		text := fmt.Sprintf("a photo of %d", i)
		for w := range i % 7 {
			text += " " + words[(i/7+w)%len(words)]
		}
		texts[i] = api.Input{Text: text}
	}
	return texts
}

// fairness is what a lone query meets beside heavy work.
type fairness struct {
	Idle    timing  `json:"idle"`
	Texts   timing  `json:"beside_texts"`  // one request of many texts
	Images  timing  `json:"beside_images"` // as many callers with images as --callers
	Batch   float64 `json:"batch_ms"`      // of the text tower meanwhile, on average
	Allowed float64 `json:"allowed_ms"`    // 3 times the idle p99, and one batch
	Held    bool    `json:"held"`          // p99 beside the texts is within that
}

// measureFairness asks for one sentence at a time while the server works at a large batch of texts, then while it
// works at images.
func (s *site) measureFairness(ctx context.Context, f encodeFlags) (*fairness, error) {
	s.a.note("fairness: one sentence at a time beside a batch of %d texts, then beside images", f.texts)
	var fair fairness
	var err error
	if fair.Idle, err = s.sentence(ctx, "idle", f.length()); err != nil {
		return nil, err
	}
	batch, err := body(benchTexts(f.texts)...)
	if err != nil {
		return nil, err
	}
	before, _ := s.engine.model.BatchStats()
	if fair.Texts, err = s.beside(ctx, fmt.Sprintf("beside %d texts", f.texts), 1, batch, f.length()); err != nil {
		return nil, err
	}
	after, _ := s.engine.model.BatchStats()
	fair.Batch = quotient(milliseconds(after.Ran-before.Ran), float64(after.Batches-before.Batches))
	fair.Allowed = 3*fair.Idle.P99 + fair.Batch
	fair.Held = fair.Texts.P99 <= fair.Allowed
	if info, err := s.engine.model.Describe(ctx); err != nil || info.Image == nil {
		return &fair, err
	}
	photo, err := benchPhoto(size{640, 480}, 0)
	if err != nil {
		return nil, err
	}
	image, err := imageBody(photo)
	if err != nil {
		return nil, err
	}
	fair.Images, err = s.beside(ctx, fmt.Sprintf("beside %d callers with images", f.callers), f.callers, image, f.length())
	return &fair, err
}

// beside measures the sentence while callers send the body over and over.
func (s *site) beside(ctx context.Context, name string, callers int, body []byte, length time.Duration) (timing, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := steady(ctx, callers, 1, 2*maxBenchSeconds*time.Second, func(ctx context.Context, _ int) error { return s.embed(ctx, body) })
		ended <- err
	}()
	sleep(ctx, length/4) // until the work is under way
	result, err := s.sentence(ctx, name, length)
	cancel()
	return result, errors.Join(err, <-ended)
}

func (a *app) printTexts(r encodeReport) error {
	times := r.Texts
	if r.Fairness != nil {
		for _, t := range []timing{r.Fairness.Texts, r.Fairness.Images} {
			if t.Count > 0 {
				t.Name = "one sentence " + t.Name
				times = append(times, t)
			}
		}
	}
	if len(times) == 0 {
		return nil
	}
	rows := make([][]string, len(times))
	for i, t := range times {
		rows[i] = []string{
			t.Name, fmt.Sprintf("%.1f/s", t.Rate), fmt.Sprintf("%.2f", t.P50), fmt.Sprintf("%.2f", t.P95), fmt.Sprintf("%.2f", t.P99), fmt.Sprint(t.Count), t.Detail,
		}
	}
	fmt.Fprintln(a.out)
	err := a.table([]column{
		{title: "texts"}, {title: "HTTP", right: true}, {title: "p50 ms", right: true}, {title: "p95 ms", right: true}, {title: "p99 ms", right: true},
		{title: "count", right: true}, {title: "of"},
	}, rows)
	if fair := r.Fairness; err == nil && fair != nil {
		verdict := "held"
		if !fair.Held {
			verdict = "not held"
		}
		a.note("fairness: p99 %.1f ms beside texts; 3 × %.1f ms idle + one batch of %.1f ms = %.1f ms: %s", fair.Texts.P99, fair.Idle.P99, fair.Batch, fair.Allowed, verdict)
	}
	return err
}

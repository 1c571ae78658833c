package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clipd/clipd/space"
)

// Find encodes the question and searches. It fails as Search does, with preprocess's errors for a picture that cannot
// be read, and with space.ErrNotFound where Like or Unlike name no item.
func (c *Catalog) Find(ctx context.Context, ask Ask) (space.Answer, Timing, error) {
	answer, timing, err := c.find(ctx, ask)
	if next := c.moved(err); next != nil {
		return next.Find(ctx, ask)
	}
	return answer, timing, err
}

func (c *Catalog) find(ctx context.Context, ask Ask) (space.Answer, Timing, error) {
	var timing Timing
	start := time.Now()
	q, err := c.query(ctx, ask)
	timing.Encode = time.Since(start)
	if err != nil {
		return space.Answer{}, timing, err
	}
	start = time.Now()
	answer, err := c.Search(ctx, q)
	timing.Search = time.Since(start)
	return answer, timing, err
}

// query encodes an Ask. What can be refused without encoding is refused before.
func (c *Catalog) query(ctx context.Context, ask Ask) (space.Query, error) {
	q := space.Query{
		Words: ask.Text, Mode: ask.Mode, Fusion: ask.Fusion, Alpha: ask.Alpha, Boosts: ask.Boosts, Filter: ask.filter(),
		K: ask.K, Offset: ask.Offset, MinScore: ask.MinScore, Explain: ask.Explain, Exact: ask.Exact, Modality: space.Text,
		Exclude: slices.Concat(ask.Like, ask.Unlike), Composed: ask.parts() > 1,
		Least: ask.Least, MMR: ask.MMR, Stable: ask.Stable,
	}
	if err := ask.check(q); err != nil {
		return q, err
	}
	if ask.Mode == space.KeywordOnly {
		return q, nil
	}
	if ask.Text == "" {
		q.Modality = space.Image
	}
	var err error
	if q.Vector, q.Examples, err = c.encodeAsk(ctx, ask); err != nil {
		return q, err
	}
	c.yardstick.prepare(ctx)
	return q, nil
}

// parts is how many things the vector is made of.
func (a Ask) parts() int {
	n := len(a.Like) + len(a.Unlike) + len(a.Not)
	if a.Text != "" {
		n++
	}
	if a.hasImage() {
		n++
	}
	return n
}

// check validates the query as if it had its vector.
func (a Ask) check(q space.Query) error {
	positive := a.Text != "" || a.hasImage() || len(a.Like) > 0
	if !positive && len(a.Not)+len(a.Unlike) > 0 {
		return fmt.Errorf("%w: it says only what not to find; say also what to look for", space.ErrInvalidQuery)
	}
	if a.Strategy != "" && a.Strategy != space.Average && a.Strategy != space.BestScore {
		return fmt.Errorf("%w: strategy %q; want average or best", space.ErrInvalidQuery, a.Strategy)
	}
	if a.Mode != space.KeywordOnly && positive {
		q.Vector = placeholder
	}
	_, err := q.Validate()
	return err
}

// placeholder stands for a vector that is still to be made.
var placeholder, _ = space.FromUnit([]float32{1})

func (a Ask) hasImage() bool { return a.Picture != nil || a.Image != nil }

// filter joins Filter, Kind, and where words are searched, that the words of Not are not wanted.
func (a Ask) filter() *space.Filter {
	var parts []space.Filter
	if a.Kind != "" {
		parts = append(parts, kindFilter(a.Kind))
	}
	if a.Text != "" && a.Mode != space.VectorOnly {
		for _, part := range a.Not {
			if part.Text != "" {
				parts = append(parts, space.Filter{Not: &space.Filter{Field: "_text", Match: part.Text}})
			}
		}
	}
	if len(parts) == 0 {
		return a.Filter
	}
	if a.Filter != nil {
		parts = append(parts, *a.Filter)
	}
	if len(parts) == 1 {
		return &parts[0]
	}
	return &space.Filter{And: parts}
}

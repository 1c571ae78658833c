package catalog

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// Find encodes the question and searches. It fails as Search does, with preprocess's errors for a picture that cannot
// be read, and with space.ErrNotFound where Like is no item.
func (c *Catalog) Find(ctx context.Context, ask Ask) (space.Answer, Timing, error) {
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
		Words: ask.Text, Mode: ask.Mode, Fusion: ask.Fusion, Alpha: ask.Alpha, Filter: ask.filter(),
		K: ask.K, Offset: ask.Offset, MinScore: ask.MinScore, Explain: ask.Explain, Exact: ask.Exact, Modality: space.Text,
	}
	if ask.Like != "" {
		q.Exclude = []string{ask.Like}
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
	q.Vector, err = c.encodeAsk(ctx, ask)
	return q, err
}

// check validates the query as if it had its vector.
func (a Ask) check(q space.Query) error {
	if a.Mode != space.KeywordOnly && (a.Text != "" || a.hasImage() || a.Like != "") {
		q.Vector = placeholder
	}
	_, err := q.Validate()
	return err
}

// placeholder stands for a vector that is still to be made.
var placeholder, _ = space.FromUnit([]float32{1})

func (a Ask) hasImage() bool { return a.Picture != nil || a.Image != nil }

// filter joins Kind and Filter.
func (a Ask) filter() *space.Filter {
	if a.Kind == "" {
		return a.Filter
	}
	kind := kindFilter(a.Kind)
	if a.Filter == nil {
		return &kind
	}
	return &space.Filter{And: []space.Filter{kind, *a.Filter}}
}

// encodeAsk makes the joint vector of all parts.
func (c *Catalog) encodeAsk(ctx context.Context, ask Ask) (space.Vector, error) {
	var sum weighted
	if ask.Text != "" {
		vectors, err := c.enc.EncodeTexts(ctx, []string{ask.Text})
		if err != nil {
			return space.Vector{}, err
		}
		sum.add(vectors[0], ask.Weights.Text)
	}
	if ask.hasImage() {
		v, err := c.encodeImage(ctx, ask)
		if err != nil {
			return space.Vector{}, err
		}
		sum.add(v, ask.Weights.Image)
	}
	if ask.Like != "" {
		it, err := c.store.Item(ctx, ask.Like)
		if err != nil {
			return space.Vector{}, fmt.Errorf("like %q: %w", ask.Like, err)
		}
		sum.add(it.Vector, ask.Weights.Like)
	}
	v, err := space.Normalize(sum)
	if err != nil {
		return v, fmt.Errorf("%w: its parts cancel each other out: %w", space.ErrInvalidQuery, err)
	}
	return v, nil
}

func (c *Catalog) encodeImage(ctx context.Context, ask Ask) (space.Vector, error) {
	picture := ask.Picture
	if picture == nil {
		var err error
		if picture, err = preprocess.Decode(cmp.Or(ask.Name, "the query image"), ask.Image, c.opts.Limits); err != nil {
			return space.Vector{}, err
		}
	}
	vectors, err := c.enc.EncodePictures(ctx, []*preprocess.Picture{picture})
	if err != nil {
		return space.Vector{}, err
	}
	return vectors[0], nil
}

// weighted is a sum of unit vectors.
type weighted []float32

// add adds a vector; a weight of zero counts as 1.
func (w *weighted) add(v space.Vector, weight float64) {
	if weight == 0 {
		weight = 1
	}
	if *w == nil {
		*w = make(weighted, v.Dim())
	}
	for i, x := range v.Components() {
		(*w)[i] += float32(weight) * x
	}
}

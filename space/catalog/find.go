package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
	"github.com/clipd/clipd/space/fusion"
)

// Find encodes the question and searches.
func (c *Catalog) Find(ctx context.Context, ask Ask) (space.Answer, Timing, error) {
	start := time.Now()
	var timing Timing
	q := space.Query{Words: ask.Text, Mode: ask.Mode, Fusion: ask.Fusion, Alpha: ask.Alpha, Filter: ask.Filter, K: ask.K,
		Offset: ask.Offset, MinScore: ask.MinScore, Explain: ask.Explain, Exact: ask.Exact, Modality: space.Text}
	if ask.Kind != "" {
		kind := space.Filter{Field: "_kind", Equals: string(ask.Kind)}
		if q.Filter == nil {
			q.Filter = &kind
		} else {
			q.Filter = &space.Filter{And: []space.Filter{kind, *ask.Filter}}
		}
	}
	var total []float32
	add := func(v space.Vector, w float64) {
		if w == 0 {
			w = 1
		}
		if total == nil {
			total = make([]float32, v.Dim())
		}
		for i, x := range v.Components() {
			total[i] += float32(w) * x
		}
	}
	picture := ask.Picture
	if picture == nil && ask.Image != nil {
		var err error
		if picture, err = preprocess.Decode(ask.Name, ask.Image, c.opts.Limits); err != nil {
			return space.Answer{}, timing, err
		}
	}
	if ask.Text != "" && ask.Mode != space.KeywordOnly {
		v, err := c.enc.EncodeTexts(ctx, []string{ask.Text})
		if err != nil {
			return space.Answer{}, timing, err
		}
		add(v[0], ask.Weights.Text)
	}
	if picture != nil {
		v, err := c.enc.EncodePictures(ctx, []*preprocess.Picture{picture})
		if err != nil {
			return space.Answer{}, timing, err
		}
		add(v[0], ask.Weights.Image)
	}
	if ask.Like != "" {
		it, err := c.store.Item(ctx, ask.Like)
		if err != nil {
			return space.Answer{}, timing, err
		}
		add(it.Vector, ask.Weights.Like)
		q.Exclude = append(q.Exclude, ask.Like)
	}
	if total != nil {
		v, err := space.Normalize(total)
		if err != nil {
			return space.Answer{}, timing, err
		}
		q.Vector = v
	}
	timing.Encode = time.Since(start)
	start = time.Now()
	answer, err := c.Search(ctx, q)
	timing.Search = time.Since(start)
	return answer, timing, err
}

// Search searches.
func (c *Catalog) Search(ctx context.Context, q space.Query) (space.Answer, error) {
	q, err := q.Validate()
	if err != nil {
		return space.Answer{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	allow := c.vectors.all()
	if q.Filter != nil {
		ids, err := c.words.Filter(ctx, *q.Filter)
		if err != nil {
			return space.Answer{}, err
		}
		allow = c.vectors.Slots(ids)
	}
	allow = roaring.AndNot(allow, c.vectors.Slots(q.Exclude))
	want := q.K + q.Offset + 1
	by := map[string]*fusion.Candidate{}
	terms := map[string][]string{}
	var order []string
	at := func(id string) *fusion.Candidate {
		if by[id] == nil {
			by[id] = &fusion.Candidate{ID: id}
			order = append(order, id)
		}
		return by[id]
	}
	if q.Mode != space.KeywordOnly {
		found, err := c.vectors.Search(ctx, q.Vector, max(want, 100), allow)
		if err != nil {
			return space.Answer{}, err
		}
		for i, n := range found {
			at(n.ID).VectorRank, at(n.ID).Similarity = i+1, n.Cosine
		}
	}
	if q.Mode != space.VectorOnly {
		found, err := c.words.Search(ctx, q.Words, q.Filter, max(want, 100))
		if err != nil {
			return space.Answer{}, err
		}
		for i, m := range found {
			at(m.ID).KeywordRank, at(m.ID).KeywordScore = i+1, m.Score
			terms[m.ID] = m.Terms
		}
	}
	var list []fusion.Candidate
	for _, id := range order {
		list = append(list, *by[id])
	}
	ranked := fusion.RRF(list)
	answer := space.Answer{Searched: int(allow.GetCardinality())}
	for i, f := range ranked {
		if i < q.Offset {
			continue
		}
		if len(answer.Hits) == q.K {
			answer.More = true
			break
		}
		it, err := c.store.Item(ctx, f.ID)
		if err != nil {
			return answer, err
		}
		hit := space.Hit{Item: it, Score: f.Score}
		if !q.Vector.IsNone() {
			cosine := q.Vector.Cosine(it.Vector)
			hit.Cosine = &cosine
			if q.Mode == space.VectorOnly {
				hit.Score = cosine
			}
			if q.MinScore != nil && cosine < *q.MinScore && f.KeywordRank == 0 {
				continue
			}
		}
		if q.Explain {
			hit.Explanation = &space.Explanation{VectorRank: f.VectorRank, KeywordRank: f.KeywordRank, KeywordScore: f.KeywordScore, Terms: terms[f.ID], Fusion: fusion.ExplainRRF(f)}
		}
		answer.Hits = append(answer.Hits, hit)
	}
	return answer, nil
}

type joiner struct {
	v     vectors
	allow *roaring.Bitmap
}

func (j joiner) SelfJoin(ctx context.Context, least float64, yield func(a, b string, cosine float64) error) error {
	return j.v.SelfJoin(ctx, least, j.allow, yield)
}

// Duplicates groups copies.
func (c *Catalog) Duplicates(ctx context.Context, q space.DuplicateQuery) ([]space.Group, error) {
	var items []space.Item
	if err := c.store.Items(ctx, "", func(it space.Item) error { items = append(items, it); return nil }); err != nil {
		return nil, fmt.Errorf("duplicates: %w", err)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return dedup.Find(ctx, items, joiner{c.vectors, c.vectors.images}, c, dedup.Options{MaxDistance: q.MaxDistance, MinCosine: q.MinCosine})
}

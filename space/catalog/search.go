package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/diversity"
	"github.com/clipd/clipd/space/keyword"
)

// Search finds the nearest and best matching items. It fails with space.ErrInvalidQuery, space.ErrInvalidFilter or
// space.ErrDimension.
func (c *Catalog) Search(ctx context.Context, q space.Query) (space.Answer, error) {
	q, err := q.Validate()
	if err != nil {
		return space.Answer{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return space.Answer{}, fmt.Errorf("search %q: %w", c.name, space.ErrClosed)
	}
	answer, err := c.search(ctx, q)
	if err != nil {
		return answer, fmt.Errorf("search %q: %w", c.name, err)
	}
	return answer, nil
}

// search answers a valid query. The caller holds mu.
func (c *Catalog) search(ctx context.Context, q space.Query) (space.Answer, error) {
	r, err := c.rank(ctx, q, depth(q))
	if err != nil {
		return space.Answer{}, err
	}
	answer := c.blank(r.searched)
	page := r.ranked[min(q.Offset, len(r.ranked)):]
	if answer.More = len(page) > q.K; answer.More {
		page = page[:q.K]
	}
	rated := page
	if answer.More && q.Stable {
		rated = r.ranked
	}
	if err := r.ruler.rate(rated, r.found); err != nil {
		return answer, err
	}
	if answer.Hits, err = c.hits(ctx, q, page, r.found); err != nil {
		return answer, err
	}
	if len(r.ranked) == 0 {
		if answer.Nearest, err = c.hits(ctx, q, r.left[:min(len(r.left), nearestShown)], r.found); err != nil {
			return answer, err
		}
	}
	if answer.More && q.Stable {
		answer.Cursor, err = c.keepList(r.list(q), q.Offset+q.K)
	}
	return answer, err
}

// ranking is what both indexes found, as one list.
type ranking struct {
	ranked   []rated
	left     []rated // those that were not relevant enough; all others are rated then, too
	found    *findings
	ruler    *ruler
	searched int
	depth    int  // how many of each index were looked at
	more     bool // an index has more than that
}

// rank makes one list of the best of both indexes, so many of each. The caller holds mu.
func (c *Catalog) rank(ctx context.Context, q space.Query, depth int) (*ranking, error) {
	allow, err := c.allowed(ctx, q)
	if err != nil {
		return nil, err
	}
	r := &ranking{found: newFindings(), searched: int(allow.GetCardinality()), depth: depth}
	if q.Mode != space.KeywordOnly {
		if err := c.addNearest(ctx, q, allow, r); err != nil {
			return nil, err
		}
	}
	if q.Mode != space.VectorOnly {
		if err := c.addMatches(ctx, q, r); err != nil {
			return nil, err
		}
	}
	if r.ruler, err = c.ruler(ctx, q, allow, r.found); err != nil {
		return nil, err
	}
	for _, f := range r.found.rank(q) {
		r.ranked = append(r.ranked, rated{Fused: f})
	}
	if q.Least > 0 {
		if err := r.sift(q.Least); err != nil {
			return nil, err
		}
	}
	if q.MMR != nil {
		c.diversify(r.ranked[:min(len(r.ranked), diversityPool)], *q.MMR)
	}
	return r, nil
}

// sift leaves out what is less relevant; of which nothing is known, stays. Where that is most of all, what lies deeper
// is not relevant either.
func (r *ranking) sift(least float64) error {
	if err := r.ruler.rate(r.ranked, r.found); err != nil {
		return err
	}
	var kept []rated
	for _, hit := range r.ranked {
		if hit.relevance == nil || *hit.relevance >= least {
			kept = append(kept, hit)
		} else {
			r.left = append(r.left, hit)
		}
	}
	r.ranked = kept
	r.more = r.more && len(kept) > len(r.left)
	return nil
}

// blank is an answer without hits.
func (c *Catalog) blank(searched int) space.Answer {
	return space.Answer{Searched: searched, Model: c.store.Identity().Fingerprint.Model, MatchCosine: c.opts.Traits.MatchCosine}
}

// nearestShown is how many hits are shown where none is relevant.
const nearestShown = 3

// rate fills in the relevance of each.
func (r *ruler) rate(ranked []rated, found *findings) error {
	for i, hit := range ranked {
		if hit.relevance != nil {
			continue
		}
		cosine, has := found.cosines[hit.ID]
		value, known, err := r.relevance(hit.Fused, cosine, has, found.coverage[hit.ID])
		if err != nil {
			return err
		}
		if known {
			ranked[i].relevance = &value
		}
	}
	return nil
}

// diversityPool is how many of the best are put into a diverse order; the rest follow as they are.
const diversityPool = 500

// diversify puts a ranking into the order of maximal marginal relevance.
func (c *Catalog) diversify(ranked []rated, lambda float64) {
	scores, vectors := make([]float64, len(ranked)), make([]space.Vector, len(ranked))
	for i, hit := range ranked {
		scores[i] = hit.Score
		if slot, found := c.vectors.Slot(hit.ID); found {
			vectors[i], _ = space.FromUnit(c.vectors.Components(slot)) // none is like no other
		}
	}
	old := slices.Clone(ranked)
	for to, from := range diversity.MMR(scores, vectors, lambda) {
		ranked[to] = old[from]
	}
}

// depth is how many of each list are joined. It steps, and does not grow with every page, since an item's fused score
// depends on which lists hold it: within a step, pages fit together.
func depth(q space.Query) int {
	if q.Stable || q.MMR != nil {
		q.Offset = max(q.Offset, 1000-q.K) // all pages come of one list
	}
	for _, step := range []int{200, 2000} {
		if 2*(q.Offset+q.K) <= step {
			return step
		}
	}
	return space.MaxOffset + space.MaxK + 1
}

// allowed are the slots that the filter lets through, less the excluded.
func (c *Catalog) allowed(ctx context.Context, q space.Query) (*roaring.Bitmap, error) {
	allow, err := c.filtered(ctx, q.Filter)
	if err != nil {
		return nil, err
	}
	if len(q.Exclude) > 0 {
		allow = roaring.AndNot(allow, c.vectors.Slots(q.Exclude))
	}
	return allow, nil
}

// filtered evaluates a filter. Kinds are bitmaps already; all else is the keyword index's.
func (c *Catalog) filtered(ctx context.Context, f *space.Filter) (*roaring.Bitmap, error) {
	switch {
	case f == nil:
		return c.vectors.all(), nil
	case f.Field == "_kind" && (f.Equals == string(space.Image) || f.Equals == string(space.Text)):
		return c.vectors.of(space.Kind(f.Equals.(string))).slots.Clone(), nil
	case len(f.And) > 0:
		allow := c.vectors.all()
		for i := range f.And {
			part, err := c.filtered(ctx, &f.And[i])
			if err != nil {
				return nil, err
			}
			allow.And(part)
		}
		return allow, nil
	}
	return c.slotsOf(ctx, *f)
}

func kindFilter(kind space.Kind) space.Filter {
	return space.Filter{Field: "_kind", Equals: string(kind)}
}

// addNearest adds the vector list.
func (c *Catalog) addNearest(ctx context.Context, q space.Query, allow *roaring.Bitmap, r *ranking) error {
	found := r.found
	found.aim = c.vectors.aim(q, allow)
	near, err := found.aim.nearest(ctx, r.depth, allow)
	if err != nil {
		return err
	}
	r.more = r.more || len(near) == r.depth
	rank := 0
	for _, n := range near {
		if q.MinScore != nil && n.Cosine < *q.MinScore {
			continue
		}
		rank++
		candidate := found.at(n.ID)
		candidate.VectorRank, candidate.Similarity = rank, n.centred
		found.cosines[n.ID] = n.Cosine
	}
	return nil
}

// addMatches adds the keyword list, and the cosines of those that the vector list does not hold.
func (c *Catalog) addMatches(ctx context.Context, q space.Query, r *ranking) error {
	found, most := r.found, r.depth+len(q.Exclude)
	matches, err := c.words.Search(ctx, keyword.Ask{Words: q.Words, Filter: q.Filter, N: most, Boosts: q.Boosts})
	if err != nil {
		return err
	}
	r.more = r.more || len(matches) == most
	excluded := make(map[string]bool, len(q.Exclude))
	for _, id := range q.Exclude {
		excluded[id] = true
	}
	codes := codesOf(q.Words)
	rank, codeRank := 0, 0
	for _, m := range matches {
		if excluded[m.ID] {
			continue
		}
		rank++
		candidate := found.at(m.ID)
		candidate.KeywordRank, candidate.KeywordScore = rank, m.Score
		found.terms[m.ID] = m.Terms
		found.coverage[m.ID] = m.Coverage
		if codes.in(m.Terms) {
			codeRank++
			candidate.CodeRank = codeRank
		}
	}
	return c.addCosines(q, found)
}

// addCosines fills in what the vector list does not say.
func (c *Catalog) addCosines(q space.Query, found *findings) error {
	if q.Vector.IsNone() {
		return nil
	}
	var ids []string
	for _, id := range found.order {
		if _, known := found.cosines[id]; !known {
			ids = append(ids, id)
		}
	}
	judged, err := found.aim.judge(ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		found.cosines[id] = judged[i].cosine
		found.at(id).Similarity = judged[i].similarity
	}
	return nil
}

// hits reads the items of a page.
func (c *Catalog) hits(ctx context.Context, q space.Query, page []rated, found *findings) ([]space.Hit, error) {
	hits := make([]space.Hit, 0, len(page))
	for _, f := range page {
		item, err := c.store.Item(ctx, f.ID)
		if errors.Is(err, space.ErrNotFound) {
			continue // it is being deleted: gone from the store, not yet from the indexes
		}
		if err != nil {
			return nil, err
		}
		hit := space.Hit{Item: item, Score: f.Score, Relevance: f.relevance}
		if cosine, known := found.cosines[f.ID]; known {
			hit.Cosine = &cosine
		}
		if q.Explain {
			hit.Explanation = found.explain(q, f.Fused)
		}
		hits = append(hits, hit)
	}
	return hits, nil
}

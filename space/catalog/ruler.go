package catalog

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/fusion"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/relevance"
)

// ruler measures the hits of one question. A question of words alone is compared with the bank's questions, by margin.
// Any other is compared with itself: with its cosines with a sample of the items.
type ruler struct {
	vectors vectors
	bank    *bank // nil: not by margin
	nulls   map[space.Kind]relevance.Null
	aim     aim
}

// ruler is that of a question. The caller holds mu.
func (c *Catalog) ruler(ctx context.Context, q space.Query, allow *roaring.Bitmap, found *findings) (*ruler, error) {
	r := &ruler{vectors: c.vectors, nulls: map[space.Kind]relevance.Null{}, aim: found.aim}
	if q.Mode == space.KeywordOnly {
		return r, nil
	}
	byBank := q.Modality == space.Text && !q.Composed && q.Examples == nil
	if byBank {
		if r.bank = c.yardstick.loaded(); r.bank == nil {
			return r, nil
		}
	}
	for _, kind := range []space.Kind{space.Text, space.Image} {
		allowed := roaring.And(allow, c.vectors.of(kind).slots)
		n := int(allowed.GetCardinality())
		if n == 0 {
			continue
		}
		if !byBank {
			if err := r.measureItself(ctx, kind, allowed, n); err != nil {
				return nil, err
			}
			continue
		}
		null, err := c.bankNull(ctx, r.bank, kind)
		if err != nil {
			return nil, err
		}
		if null.known {
			r.nulls[kind] = null.null.Among(null.items, n)
		}
	}
	return r, nil
}

// measureItself takes the question's own cosines with a sample of the kind; of several examples, each item's best.
func (r *ruler) measureItself(ctx context.Context, kind space.Kind, allowed *roaring.Bitmap, n int) error {
	sample := thin(r.vectors.of(kind).slots, queryScores)
	best := map[uint32]float64{}
	for _, s := range r.aim.positive {
		near, err := r.vectors.Search(ctx, knn.Query{Vector: s.vector, K: int(sample.GetCardinality()), Allow: sample})
		if err != nil {
			return err
		}
		for _, found := range near {
			if have, seen := best[found.Slot]; !seen || found.Cosine > have {
				best[found.Slot] = found.Cosine
			}
		}
	}
	scores := make([]float64, 0, len(best))
	for _, cosine := range best {
		scores = append(scores, cosine)
	}
	if null, known := relevance.OfNormal(scores, n); known {
		r.nulls[kind] = null
	}
	return nil
}

// relevance is that of a hit; false: nothing can be said.
func (r *ruler) relevance(hit fusion.Fused, cosine float64, hasCosine bool, coverage float64) (float64, bool, error) {
	byWords := 0.0
	if hit.KeywordRank > 0 {
		byWords = relevance.OfWords(coverage)
	}
	if !hasCosine {
		return byWords, hit.KeywordRank > 0, nil
	}
	byVector, known, err := r.byVector(hit, cosine)
	if err != nil || !known {
		return byWords, byWords > 0, err
	}
	return relevance.Either(byWords, byVector), true, nil
}

func (r *ruler) byVector(hit fusion.Fused, cosine float64) (float64, bool, error) {
	if hit.Similarity < -behind/2 {
		return 0, true, nil // nearer to a counterexample
	}
	slot, found := r.vectors.Slot(hit.ID)
	if !found {
		return 0, false, nil
	}
	null, known := r.nulls[r.vectors.kind(slot)]
	if !known {
		return 0, false, nil
	}
	if r.bank == nil {
		return null.Relevance(cosine), true, nil
	}
	toBank, err := r.bank.cosines(r.vectors.Components(slot))
	if err != nil {
		return 0, false, err
	}
	return null.Relevance(relevance.Margin(cosine, toBank, -1)), true, nil
}

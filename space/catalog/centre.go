package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// centre makes texts and images comparable in one list. In CLIP's space the two modalities lie apart (Liang et al.,
// arXiv 2203.02053): a sentence is nearer to any text than to the right image, so that a mixed collection would answer
// all its texts first. Hence from each cosine the mean cosine of the query and that item's kind is taken.
//
// Where all candidates are of one kind, the means stay zero and a similarity is the cosine itself.
type centre struct {
	mixed     bool
	imageMean float64
	textMean  float64
}

// centre is that of a query among the allowed slots.
func (v vectors) centre(q space.Vector, allow *roaring.Bitmap) centre {
	if !allow.Intersects(v.images.slots) || !allow.Intersects(v.texts.slots) {
		return centre{}
	}
	return centre{mixed: true, imageMean: v.images.meanCosine(q), textMean: v.texts.meanCosine(q)}
}

// mean is what is taken from the cosines of a kind.
func (c centre) mean(kind space.Kind) float64 {
	if kind == space.Image {
		return c.imageMean
	}
	return c.textMean
}

// near is a neighbour and its centred cosine.
type near struct {
	knn.Neighbour
	centred float64
}

// nearest are the items of the vector list, best first.
func (v vectors) nearest(ctx context.Context, q knn.Query, by centre) ([]near, error) {
	if !by.mixed {
		return v.nearestOf(ctx, q, 0)
	}
	allow, k := q.Allow, q.K
	var all []near
	for _, kind := range []space.Kind{space.Image, space.Text} {
		q.Allow = roaring.And(allow, v.of(kind).slots)
		some, err := v.nearestOf(ctx, q, by.mean(kind))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(b.centred, a.centred), strings.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), k)], nil
}

func (v vectors) nearestOf(ctx context.Context, q knn.Query, mean float64) ([]near, error) {
	if q.Allow.GetCardinality() == uint64(v.Len()) {
		q.Allow = nil // a filter that keeps all costs something, and stands in the way of calibration
	}
	neighbours, err := v.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	list := make([]near, len(neighbours))
	for i, n := range neighbours {
		list[i] = near{n, n.Cosine - mean}
	}
	return list, nil
}

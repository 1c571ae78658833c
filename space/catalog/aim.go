package catalog

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// aim is what the vector list of a query is ranked by: nearness to one vector, or the best score over several.
type aim struct {
	vectors  vectors
	positive []sight
	negative []sight
	kind     space.Kind // what the vectors were made from
	exact    bool       // compute every product
}

// query asks for the k items nearest to one vector of the aim.
func (a aim) query(s sight, k int, allow *roaring.Bitmap) knn.Query {
	return knn.Query{Vector: s.vector, K: k, Kind: a.kind, Allow: allow, Exact: a.exact}
}

// sight is one vector of an aim, and how its cosines with texts and images are made comparable.
type sight struct {
	vector space.Vector
	centre centre
}

// judgement is what an aim says of one item.
type judgement struct {
	cosine     float64 // with the nearest example
	similarity float64 // what the vector list is ranked by
}

func (v vectors) aim(q space.Query, allow *roaring.Bitmap) aim {
	a := aim{vectors: v, kind: q.Modality, exact: q.Exact}
	if q.Composed {
		a.kind = space.Text // which tries harder
	}
	if q.Examples == nil {
		a.positive = []sight{{q.Vector, v.centre(q.Vector, allow)}}
		return a
	}
	for _, e := range q.Examples.Positive {
		a.positive = append(a.positive, sight{e, v.centre(e, allow)})
	}
	for _, e := range q.Examples.Negative {
		a.negative = append(a.negative, sight{e, v.centre(e, allow)})
	}
	return a
}

// nearest are the k best items, best first. With counterexamples they are chosen among the k nearest of each example.
func (a aim) nearest(ctx context.Context, k int, allow *roaring.Bitmap) ([]near, error) {
	if len(a.positive) == 1 && len(a.negative) == 0 {
		return a.vectors.nearest(ctx, a.query(a.positive[0], k, allow), a.positive[0].centre)
	}
	found := map[string]near{}
	for _, s := range a.positive {
		some, err := a.vectors.nearest(ctx, a.query(s, k, allow), s.centre)
		if err != nil {
			return nil, err
		}
		for _, n := range some {
			found[n.ID] = n
		}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	judged, err := a.judge(ids)
	if err != nil {
		return nil, err
	}
	all := make([]near, 0, len(ids))
	for i, id := range ids {
		n := found[id]
		n.Cosine, n.centred = judged[i].cosine, judged[i].similarity
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(b.centred, a.centred), strings.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), k)], nil
}

// judge says of each item how well it fits.
func (a aim) judge(ids []string) ([]judgement, error) {
	judged := make([]judgement, len(ids))
	for i := range judged {
		judged[i] = judgement{math.Inf(-1), math.Inf(-1)}
	}
	for _, s := range a.positive {
		cosines, err := a.vectors.Cosines(s.vector, ids)
		if err != nil {
			return nil, err
		}
		for i, cosine := range cosines {
			centred := cosine - s.centre.mean(a.vectors.kindOf(ids[i]))
			judged[i] = judgement{max(judged[i].cosine, cosine), max(judged[i].similarity, centred)}
		}
	}
	return judged, a.demote(ids, judged)
}

// behind is taken from the similarity of what is nearer to a counterexample: no other item has so little.
const behind = 4

// demote puts what is nearer to a counterexample than to every example behind all the rest.
func (a aim) demote(ids []string, judged []judgement) error {
	worst := make([]float64, len(ids))
	for i := range worst {
		worst[i] = math.Inf(-1)
	}
	for _, s := range a.negative {
		cosines, err := a.vectors.Cosines(s.vector, ids)
		if err != nil {
			return err
		}
		for i, cosine := range cosines {
			worst[i] = max(worst[i], cosine-s.centre.mean(a.vectors.kindOf(ids[i])))
		}
	}
	for i := range judged {
		if worst[i] > judged[i].similarity {
			judged[i].similarity += -worst[i] - behind
		}
	}
	return nil
}

// kindOf is the kind of an item that is in the index.
func (v vectors) kindOf(id string) space.Kind {
	slot, _ := v.Slot(id)
	return v.kind(slot)
}

// explain says in words what the similarity of a hit is made of.
func (a aim) explain(cosine, similarity float64) string {
	if similarity < -behind/2 {
		return fmt.Sprintf("nearer to a counterexample than to every example (best %.4f), hence behind", cosine)
	}
	return fmt.Sprintf("best of %d examples: cosine %.4f", len(a.positive), cosine)
}

package catalog

import (
	"context"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/relevance"
)

// How much of a collection is looked at. The null of a sample is extended to the whole by package relevance.
const (
	bankSample  = 4096 // items that the bank's questions are asked of
	queryScores = 512  // items whose cosines with a question are its own measure
	bankDepth   = 8    // nearest items of a question of the bank whose margins are compared
)

// calibration are the nulls of the bank's questions on this collection, of texts and of images. They are made when they
// are first needed, and again when a tenth of the items have changed.
type calibration struct {
	mu    sync.Mutex
	kinds map[space.Kind]kindNull
}

type kindNull struct {
	of      *modality
	changes uint64 // of the modality, when this was made
	items   int    // in the sample
	null    relevance.Null
	known   bool
}

// stale says whether the null has to be made anew.
func (k kindNull) stale(m *modality) bool {
	return k.of != m || 10*(m.changes-k.changes) > m.slots.GetCardinality()
}

// bankNull is the null of the bank's questions among the items of a kind, and the number of items that it is of.
// The caller holds Catalog.mu.
func (c *Catalog) bankNull(ctx context.Context, b *bank, kind space.Kind) (kindNull, error) {
	c.calibration.mu.Lock()
	defer c.calibration.mu.Unlock()
	m := c.vectors.of(kind)
	if have, made := c.calibration.kinds[kind]; made && !have.stale(m) {
		return have, nil
	}
	made, err := c.vectors.calibrate(ctx, b, m)
	if err != nil {
		return made, err
	}
	if c.calibration.kinds == nil {
		c.calibration.kinds = map[space.Kind]kindNull{}
	}
	c.calibration.kinds[kind] = made
	return made, nil
}

// calibrate asks the bank's questions of a sample. 128 questions of 4,096 items of 256 dimensions take some
// 15 ms (2 cores of an AMD EPYC, Zen 5, 2026-11-25).
func (v vectors) calibrate(ctx context.Context, b *bank, m *modality) (kindNull, error) {
	sample := m.sample(bankSample)
	made := kindNull{of: m, changes: m.changes, items: int(sample.GetCardinality())}
	if made.items == 0 {
		return made, nil
	}
	toBank := map[uint32][]float64{}
	tops := make([]float64, len(b.vectors))
	for i, question := range b.vectors {
		near, err := v.Search(ctx, knn.Query{Vector: question, K: bankDepth, Kind: space.Text, Allow: sample})
		if err != nil {
			return made, err
		}
		tops[i] = -2
		for _, n := range near {
			if toBank[n.Slot] == nil {
				if toBank[n.Slot], err = b.cosines(v.Components(n.Slot)); err != nil {
					return made, err
				}
			}
			tops[i] = max(tops[i], relevance.Margin(n.Cosine, toBank[n.Slot], i))
		}
	}
	made.null, made.known = relevance.Fit(tops)
	return made, nil
}

// sample are up to n slots, evenly spaced.
func (m *modality) sample(n int) *roaring.Bitmap { return thin(m.slots, n) }

func thin(slots *roaring.Bitmap, n int) *roaring.Bitmap {
	all := slots.GetCardinality()
	if all <= uint64(n) {
		return slots
	}
	some := roaring.New()
	for i := range uint64(n) {
		slot, err := slots.Select(uint32(i * all / uint64(n)))
		if err != nil {
			break // no such rank: it is below the cardinality
		}
		some.Add(slot)
	}
	return some
}

package catalog

import (
	"context"
	"errors"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/store"
)

// vectorIndex is what a collection asks of its vectors. knn.Index is one.
type vectorIndex interface {
	Tier() string
	Len() int
	Add(id string, components []float32) (slot uint32, err error)
	Remove(id string) (slot uint32, removed bool)
	Slot(id string) (slot uint32, found bool)
	Components(slot uint32) []float32
	Slots(ids []string) *roaring.Bitmap
	Cosines(q space.Vector, ids []string) ([]float64, error)
	Search(ctx context.Context, q knn.Query) ([]knn.Neighbour, error)
	SelfJoin(ctx context.Context, least float64, allow *roaring.Bitmap, yield func(a, b string, cosine float64) error) error
	Snapshot() *knn.Snapshot
	Settle()
	Verify() error
	Move(dir string) error
	Close() error
}

// vectors are the vector index and what is known of each modality's part of it. Catalog.mu guards it.
type vectors struct {
	vectorIndex
	texts, images *modality
}

func newVectors(dim int, opts knn.Options) vectors {
	return vectors{knn.New(dim, opts), newModality(dim), newModality(dim)}
}

// loadVectors fills a vector index from the store. Its files, if it needs any, lie in opts.Dir.
func loadVectors(ctx context.Context, s *store.Store, opts knn.Options) (vectors, error) {
	if err := knn.Remove(opts.Dir); err != nil {
		return vectors{}, err
	}
	v := newVectors(s.Identity().Fingerprint.Dim, opts)
	if err := s.Vectors(ctx, v.put); err != nil {
		return v, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v vectors) put(id string, kind space.Kind, components []float32) error {
	v.remove(id)
	slot, err := v.Add(id, components)
	if err == nil {
		v.of(kind).add(slot, components)
	}
	return err
}

func (v vectors) remove(id string) {
	slot, found := v.Slot(id)
	if !found {
		return
	}
	v.of(v.kind(slot)).remove(slot, v.Components(slot))
	v.Remove(id)
}

// kind is that of the item in a slot.
func (v vectors) kind(slot uint32) space.Kind {
	if v.images.slots.Contains(slot) {
		return space.Image
	}
	return space.Text
}

// of is the modality of a kind.
func (v vectors) of(kind space.Kind) *modality {
	if kind == space.Image {
		return v.images
	}
	return v.texts
}

// all are the slots in use.
func (v vectors) all() *roaring.Bitmap { return roaring.Or(v.texts.slots, v.images.slots) }

// modality are the vectors of one kind: their slots, and their sum, which is kept up to date while they come and go.
type modality struct {
	slots   *roaring.Bitmap
	sum     []float64
	changes uint64 // so far
}

func newModality(dim int) *modality {
	return &modality{slots: roaring.New(), sum: make([]float64, dim)}
}

func (m *modality) add(slot uint32, components []float32) {
	m.slots.Add(slot)
	m.changes++
	for i, x := range components {
		m.sum[i] += float64(x)
	}
}

func (m *modality) remove(slot uint32, components []float32) {
	m.slots.Remove(slot)
	m.changes++
	for i, x := range components {
		m.sum[i] -= float64(x)
	}
}

// meanCosine is the mean of the cosines of q and all vectors of the modality; 0 where it has none.
func (m *modality) meanCosine(q space.Vector) float64 {
	if m.slots.IsEmpty() {
		return 0
	}
	var dot float64
	for i, x := range q.Components() {
		dot += float64(x) * m.sum[i]
	}
	return dot / float64(m.slots.GetCardinality())
}

package catalog

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/store"
)

// nearest is what a collection asks of its vector index. knn.Flat is one; others trade exactness for speed.
type nearest interface {
	Tier() string
	Len() int
	Add(id string, components []float32) (slot uint32, err error)
	Remove(id string) (slot uint32, removed bool)
	Slots(ids []string) *roaring.Bitmap
	Cosines(q space.Vector, ids []string) ([]float64, error)
	SlotCosines(q space.Vector, slots []uint32) ([]float64, error)
	Search(ctx context.Context, q space.Vector, k int, allow *roaring.Bitmap) ([]knn.Neighbour, error)
	SelfJoin(ctx context.Context, least float64, allow *roaring.Bitmap, yield func(a, b string, cosine float64) error) error
}

// vectors are the vector index and which of its slots hold texts and which images. Catalog.mu guards it.
type vectors struct {
	nearest
	texts, images *roaring.Bitmap
}

func newVectors(dim int) vectors {
	return vectors{knn.NewFlat(dim), roaring.New(), roaring.New()}
}

// loadVectors fills a vector index from the store.
func loadVectors(ctx context.Context, s *store.Store) (vectors, error) {
	v := newVectors(s.Identity().Fingerprint.Dim)
	return v, s.Vectors(ctx, v.put)
}

func (v vectors) put(id string, kind space.Kind, components []float32) error {
	slot, err := v.Add(id, components)
	if err != nil {
		return err
	}
	v.texts.Remove(slot)
	v.images.Remove(slot)
	v.of(kind).Add(slot)
	return nil
}

func (v vectors) remove(id string) {
	if slot, removed := v.Remove(id); removed {
		v.texts.Remove(slot)
		v.images.Remove(slot)
	}
}

// of are the slots of one kind.
func (v vectors) of(kind space.Kind) *roaring.Bitmap {
	if kind == space.Image {
		return v.images
	}
	return v.texts
}

// all are the slots in use.
func (v vectors) all() *roaring.Bitmap { return roaring.Or(v.texts, v.images) }

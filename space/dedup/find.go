package dedup

import (
	"context"
	"errors"
	"image"

	"github.com/clipd/clipd/space"
)

// Neighbours is the vector index's self-join. SelfJoin calls yield once for each unordered pair of ids whose cosine
// is at or above least (an index may leave out pairs beyond the nearest few of an item), and stops at yield's error.
type Neighbours interface {
	SelfJoin(ctx context.Context, least float64, yield func(a, b string, cosine float64) error) error
}

// Thumbnails gives an image's thumbnail as JPEG or PNG bytes. A space.Index is one.
type Thumbnails interface {
	Thumbnail(ctx context.Context, id string) ([]byte, error)
}

// Options of Find. Zero values take the defaults.
type Options struct {
	MaxDistance int     // greatest Hamming distance of two hashes; default DefaultMaxDistance; negative: only equal bytes and pixels
	MinCosine   float64 // least cosine of a pair that is looked at more closely; default DefaultMinCosine; above 1: none
	MinQuality  int     // hashes of less quality prove nothing; default DefaultMinQuality; negative: all do
}

// Defaults of Options.
const (
	DefaultMaxDistance = 31
	DefaultMinCosine   = 0.9
	DefaultMinQuality  = 50
)

// Find groups the copies among items; items that are no images are left out, and so are images without a copy.
//
// neighbours may be nil (no vector evidence). A pair of near vectors is a copy only when the thumbnails prove it;
// with nil thumbnails the cosine alone decides. Groups are sorted by their original's id, copies by theirs.
func Find(ctx context.Context, items []space.Item, neighbours Neighbours, thumbnails Thumbnails, opts Options) ([]space.Group, error) {
	return nil, errors.New("not there yet")
}

// Hash is the 256-bit perceptual hash of a picture and its quality, 0 (featureless) to 100.
func Hash(img image.Image) (space.Hash256, int) { return space.Hash256{}, 0 }

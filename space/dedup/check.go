package dedup

import (
	"cmp"
	"context"
	"image"
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
)

// Bounds of a check.
const (
	checkedByHash   = 16 // the nearest by hash that are compared
	checkedByVector = 4  // ... and by vector, where a copy is found; a comparison takes some 4 ms
	// notEvenOne is how many of the nearest by vector are compared while none is a copy: the rest are farther.
	notEvenOne = 6
)

// Near are the slots of the hashes nearest to h, mirrored and rotated too, as far as they are worth comparing.
func (x *Hashes) Near(h space.Hash256, opts Options) []uint32 {
	opts = opts.withDefaults()
	if h.IsZero() || opts.MaxDistance < 0 {
		return nil
	}
	var slots []uint32
	for _, c := range x.nearest(h, opts.MaxDistance, checkedByHash) {
		slots = append(slots, uint32(c.node))
	}
	return slots
}

// Probe is a picture that is no item.
type Probe struct {
	Item  space.Item // with what is known of the picture
	Image image.Image
}

// Candidate is an item that the probe may be a copy of.
type Candidate struct {
	Item   space.Item
	Cosine float64 // of the vectors
	Hashed bool    // found by its hash
}

// Check says which of the candidates the probe is a copy of, and which it is similar to: duplicates first, the strongest
// evidence first. Each proof is from the candidate to the probe.
func Check(ctx context.Context, probe Probe, candidates []Candidate, thumbnails Thumbnails, opts Options) ([]space.Member, error) {
	opts = opts.withDefaults()
	views := newPictures(thumbnails)
	views.keep(probe.Item.ID, newView(probe.Image))
	slices.SortStableFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(-compareBools(a.Hashed, b.Hashed), cmp.Compare(b.Cosine, a.Cosine))
	})
	var matches []space.Member
	compared, copies := 0, 0
	for _, c := range candidates {
		views := views
		if !c.Hashed {
			if compared++; compared > checkedByVector && (copies > 0 || compared > notEvenOne) {
				views = nil
			}
		}
		proof, err := prove(ctx, c.Item, probe.Item, views, opts)
		if err != nil {
			return nil, err
		}
		if proof.Level == "" && c.Cosine >= opts.MinCosine {
			proof = space.Pair{Level: space.Similar, Evidence: space.Semantic}
		}
		if proof.Level == "" {
			continue
		}
		if proof.Level == space.Duplicate {
			copies++
		}
		proof.Cosine = c.Cosine
		matches = append(matches, space.Member{Item: c.Item, Proof: proof})
	}
	slices.SortStableFunc(matches, compareMatches)
	return matches, nil
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// strength orders the kinds of evidence.
var strength = []space.Evidence{space.SameBytes, space.SamePixels, space.Perceptual, space.Crop, space.Semantic}

func compareMatches(a, b space.Member) int {
	return cmp.Or(
		strings.Compare(string(a.Proof.Level), string(b.Proof.Level)), // duplicate before similar
		cmp.Compare(slices.Index(strength, a.Proof.Evidence), slices.Index(strength, b.Proof.Evidence)),
		cmp.Compare(a.Proof.Distance, b.Proof.Distance),
		cmp.Compare(b.Proof.Cosine, a.Proof.Cosine),
		strings.Compare(a.Item.ID, b.Item.ID),
	)
}

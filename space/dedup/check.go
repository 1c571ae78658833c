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
	checkedByHash   = 16 // the nearest by hash that are candidates
	checkedByVector = 4  // of those near by vector, that are compared where a copy is found; a comparison takes some 4 ms
	// notEvenOne is how many of the nearest by vector are compared while none is a copy: the rest are farther.
	notEvenOne = 6
	// enoughCopies is how many proven copies answer the question.
	enoughCopies = 8
	// checkedAtOnce is how many candidates are compared, on all cores, before what they prove is taken into account.
	checkedAtOnce = 4
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
// evidence first. Each proof is from the candidate to the probe. The pixels of the best candidates are compared, those
// near by hash first, until enough are proven; candidates by vector alone that Find would not compare are not, either.
// Those that are near enough and were left are counted as unchecked, and are in the answer by equal bytes or pixels, or
// as similar by their vectors, alone.
func Check(ctx context.Context, probe Probe, candidates []Candidate, thumbnails Thumbnails, opts Options) (space.CopyCheck, error) {
	c := check{probe: probe.Item, opts: opts.withDefaults(), pictures: newPictures(thumbnails)}
	c.pictures.keep(probe.Item.ID, newView(probe.Image))
	c.candidates = slices.SortedStableFunc(slices.Values(candidates), func(a, b Candidate) int {
		return cmp.Or(-compareBools(a.Hashed, b.Hashed), cmp.Compare(b.Cosine, a.Cosine))
	})
	c.proofs = make([]space.Pair, len(candidates))
	for c.next < len(c.candidates) {
		if err := c.compareSome(ctx); err != nil {
			return space.CopyCheck{}, err
		}
	}
	return c.answer(), nil
}

// check is one call of Check.
type check struct {
	probe      space.Item
	opts       Options
	pictures   *pictures
	candidates []Candidate  // best first
	proofs     []space.Pair // of the first ones

	next      int // candidate
	byVector  int // compared candidates that no hash names
	copies    int // proven so far
	unchecked int
}

// compareSome compares the next few candidates whose pixels are looked at, and passes over those before them.
func (c *check) compareSome(ctx context.Context) error {
	from := c.next
	seen := make([]*pictures, 0, checkedAtOnce) // by candidate; nil: it is passed over
	for compared := 0; c.next < len(c.candidates) && compared < checkedAtOnce; c.next++ {
		if c.isWorthIt(c.candidates[c.next]) {
			seen = append(seen, c.pictures)
			compared++
		} else {
			seen = append(seen, nil)
		}
	}
	err := eachOf(ctx, len(seen), func(i int) (err error) {
		if seen[i] != nil {
			c.proofs[from+i], err = prove(ctx, c.candidates[from+i].Item, c.probe, seen[i], c.opts)
		} else if proof, equal := proveEqual(c.candidates[from+i].Item, c.probe); equal {
			c.proofs[from+i] = proof
		}
		return err
	})
	for _, proof := range c.proofs[from:c.next] {
		if proof.Level == space.Duplicate {
			c.copies++
		}
	}
	return err
}

// isWorthIt says whether a candidate's pixels are compared, and counts it.
func (c *check) isWorthIt(candidate Candidate) bool {
	if !candidate.Hashed && candidate.Cosine < c.opts.MinCosine-cropMargin {
		return false // too far to be a copy
	}
	most := notEvenOne
	if c.copies > 0 {
		most = checkedByVector
	}
	if c.copies >= enoughCopies || !candidate.Hashed && c.byVector >= most {
		c.unchecked++
		return false
	}
	if !candidate.Hashed {
		c.byVector++
	}
	return true
}

func (c *check) answer() space.CopyCheck {
	answer := space.CopyCheck{Unchecked: c.unchecked}
	for i, candidate := range c.candidates {
		proof := c.proofs[i]
		if proof.Level == "" && candidate.Cosine >= c.opts.MinCosine {
			proof = space.Pair{Level: space.Similar, Evidence: space.Semantic}
		}
		if proof.Level != "" {
			proof.Cosine = candidate.Cosine
			answer.Matches = append(answer.Matches, space.Member{Item: candidate.Item, Proof: proof})
		}
	}
	slices.SortStableFunc(answer.Matches, compareMatches)
	if len(answer.Matches) > 0 {
		answer.Level = answer.Matches[0].Proof.Level
	}
	return answer
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

package dedup

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clipd/clipd/space"
)

// Neighbours is the vector index's self-join. SelfJoin calls yield once for each unordered pair of ids whose cosine
// is at or above least (an index may leave out pairs beyond the nearest few of an item), and stops at yield's error.
// Pairs of items that Find was not given are passed over.
type Neighbours interface {
	SelfJoin(ctx context.Context, least float64, yield func(a, b string, cosine float64) error) error
}

// Thumbnails gives an image's thumbnail as JPEG or PNG bytes, or space.ErrNotFound. A space.Index is one.
type Thumbnails interface {
	Thumbnail(ctx context.Context, id string) ([]byte, error)
}

// Options of Find. Zero values take the defaults.
type Options struct {
	MaxDistance int     // greatest Hamming distance of two hashes; default DefaultMaxDistance; negative: hashes prove nothing
	MinCosine   float64 // cosine of near vectors; crops are looked for a little below; default DefaultMinCosine; above 1: none
	MinQuality  int     // hashes of less quality prove nothing; default DefaultMinQuality; negative: all do

	// Apart says whether two pictures must never be in one group, whatever speaks for it: somebody decided so. Nil: none.
	Apart func(a, b space.Item) bool
}

// Defaults of Options.
const (
	DefaultMaxDistance = 31
	DefaultMinCosine   = 0.9
	DefaultMinQuality  = 50
)

func (o Options) withDefaults() Options {
	if o.MaxDistance == 0 {
		o.MaxDistance = DefaultMaxDistance
	}
	if o.MinCosine == 0 {
		o.MinCosine = DefaultMinCosine
	}
	if o.MinQuality == 0 {
		o.MinQuality = DefaultMinQuality
	}
	return o
}

// Find groups the copies among items; items that are no images are left out, and so are images without a copy.
//
// Each copy is proven against its group's original by the strongest evidence there is: same bytes, same pixels,
// perceptual hash, crop, vector. A copy of a copy that is no copy of the original is not in the group, so that a row
// of pictures, each like the next, does not become one. neighbours may be nil (no vectors are compared). A pair of
// near vectors is a copy only when the thumbnails show it (space.Crop); with nil thumbnails the cosine alone decides.
//
// Groups are sorted by their original's id, copies by theirs; the order of items makes no difference.
func Find(ctx context.Context, items []space.Item, neighbours Neighbours, thumbnails Thumbnails, opts Options) ([]space.Group, error) {
	f := newFinder(items, thumbnails, opts.withDefaults())
	if err := f.join(ctx, neighbours); err != nil {
		return nil, err
	}
	if err := f.compareCrops(ctx); err != nil {
		return nil, err
	}
	var groups []space.Group
	for i := range f.images {
		if f.taken[i] {
			continue
		}
		group, err := f.group(ctx, i)
		if err != nil {
			return nil, err
		}
		if len(group.Copies) > 0 {
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, func(a, b space.Group) int { return strings.Compare(a.Original.ID, b.Original.ID) })
	return groups, nil
}

// finder holds the images in the order in which they are preferred as originals.
type finder struct {
	images   []space.Item
	opts     Options
	pictures *pictures
	byBytes  map[string][]int
	byPixels map[string][]int
	near     map[int][]int         // by vector
	crops    map[pairOf]space.Pair // those that the thumbnails show
	hashes   *hashIndex
	hashed   []int // the image of each hash in hashes
	taken    []bool
}

func newFinder(items []space.Item, thumbnails Thumbnails, opts Options) *finder {
	f := &finder{opts: opts, byBytes: map[string][]int{}, byPixels: map[string][]int{},
		near: map[int][]int{}, crops: map[pairOf]space.Pair{}}
	for _, item := range items {
		if item.Kind == space.Image && item.Picture != nil {
			f.images = append(f.images, item)
		}
	}
	slices.SortFunc(f.images, compareOriginals)
	f.taken = make([]bool, len(f.images))
	var hashes []space.Hash256
	for i, item := range f.images {
		if item.SHA256 != "" {
			f.byBytes[item.SHA256] = append(f.byBytes[item.SHA256], i)
		}
		if item.Picture.PixelSHA256 != "" {
			f.byPixels[item.Picture.PixelSHA256] = append(f.byPixels[item.Picture.PixelSHA256], i)
		}
		if f.opts.hasHash(item) {
			hashes = append(hashes, item.Picture.Hash)
			f.hashed = append(f.hashed, i)
		}
	}
	f.hashes = newHashIndex(hashes)
	if thumbnails != nil {
		f.pictures = newPictures(thumbnails)
	}
	return f
}

// compareOriginals puts the better original first: more pixels, then one that a camera dated (edits often lose that),
// then the larger file, then the older, then by id.
func compareOriginals(a, b space.Item) int {
	p, q := a.Picture, b.Picture
	return cmp.Or(
		cmp.Compare(q.Width*q.Height, p.Width*p.Height),
		cmp.Compare(dated(q), dated(p)),
		cmp.Compare(q.Bytes, p.Bytes),
		age(a).Compare(age(b)),
		strings.Compare(a.ID, b.ID),
	)
}

func dated(p *space.Picture) int {
	if p.Taken.IsZero() {
		return 0
	}
	return 1
}

// age is the earliest time that is known of an image.
func age(item space.Item) time.Time {
	var earliest time.Time
	for _, t := range []time.Time{item.Picture.Taken, item.Picture.Modified, item.Created} {
		if !t.IsZero() && (earliest.IsZero() || t.Before(earliest)) {
			earliest = t
		}
	}
	return earliest
}

// hasHash says whether the item's perceptual hash may prove anything.
func (o Options) hasHash(item space.Item) bool {
	return !item.Picture.Hash.IsZero() && item.Picture.HashQuality >= o.MinQuality
}

// group is image o with all its copies that no group has yet.
func (f *finder) group(ctx context.Context, o int) (space.Group, error) {
	group := space.Group{Level: space.Duplicate, Medoid: f.images[o].ID, Original: f.images[o]}
	f.taken[o] = true
	tried := map[int]bool{o: true}
	queue := f.candidates(o)
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		if tried[c] || f.taken[c] {
			continue
		}
		tried[c] = true
		if err := ctx.Err(); err != nil {
			return group, err
		}
		if proof, isCopy := f.prove(o, c); isCopy && !f.apart(group, f.images[c]) {
			f.taken[c] = true
			proof.Level = space.Duplicate
			group.Copies = append(group.Copies, space.Member{Item: f.images[c], Proof: proof})
			queue = append(queue, f.near[c]...) // the join may have left out pairs with o itself
		}
	}
	slices.SortFunc(group.Copies, func(a, b space.Member) int { return strings.Compare(a.Item.ID, b.Item.ID) })
	return group, nil
}

// apart says whether a picture must not join a group.
func (f *finder) apart(group space.Group, item space.Item) bool {
	if f.opts.Apart == nil {
		return false
	}
	return f.opts.Apart(group.Original, item) ||
		slices.ContainsFunc(group.Copies, func(m space.Member) bool { return f.opts.Apart(m.Item, item) })
}

// candidates are the images that may be copies of image o, in the order in which they are preferred as originals.
func (f *finder) candidates(o int) []int {
	item := f.images[o]
	var found []int
	found = append(found, f.byBytes[item.SHA256]...)
	found = append(found, f.byPixels[item.Picture.PixelSHA256]...)
	found = append(found, f.near[o]...)
	if f.opts.hasHash(item) {
		for _, h := range Transforms(item.Picture.Hash) {
			f.hashes.within(h, f.opts.MaxDistance, func(i, _ int) { found = append(found, f.hashed[i]) })
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// prove says whether image c is a copy of image o, and by which evidence.
func (f *finder) prove(o, c int) (space.Pair, bool) {
	if pair, proven := f.proveQuickly(f.images[o], f.images[c]); proven {
		return pair, true
	}
	if f.pictures != nil {
		pair, isCrop := f.crops[pairOf{min(o, c), max(o, c)}]
		return pair, isCrop
	}
	pair := space.Pair{Evidence: space.Semantic, Cosine: cosine(f.images[o], f.images[c])}
	return pair, pair.Cosine >= f.opts.MinCosine
}

// proveQuickly takes the evidence that needs no pixels.
func (f *finder) proveQuickly(o, c space.Item) (space.Pair, bool) {
	pair := space.Pair{Cosine: cosine(o, c)}
	switch {
	case o.SHA256 != "" && o.SHA256 == c.SHA256:
		pair.Evidence = space.SameBytes
		return pair, true
	case o.Picture.PixelSHA256 != "" && o.Picture.PixelSHA256 == c.Picture.PixelSHA256:
		pair.Evidence = space.SamePixels
		return pair, true
	case !f.opts.hasHash(o) || !f.opts.hasHash(c):
		return pair, false
	}
	t, distance := nearestTransform(o.Picture.Hash, c.Picture.Hash)
	pair.Evidence, pair.Distance, pair.Transform = space.Perceptual, distance, t.String()
	return pair, distance <= f.opts.MaxDistance
}

func cosine(a, b space.Item) float64 {
	if a.Vector.IsNone() || a.Vector.Dim() != b.Vector.Dim() {
		return 0
	}
	return a.Vector.Cosine(b.Vector)
}

// nearestTransform is what was done to the picture of one hash to give the other's, and how many bits still differ.
func nearestTransform(original, other space.Hash256) (transform, int) {
	best, least := asIs, hashSide*hashSide+1
	for t := range transforms {
		if d := t.hash(original).Distance(other); d < least {
			best, least = t, d
		}
	}
	return best, least
}

package dedup

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clipd/clipd/space"
)

// Neighbours is the vector index. SelfJoin calls yield once for each unordered pair of ids whose cosine is at or above
// least (an index may leave out pairs beyond the nearest few of an item), and stops at yield's error. Pairs of items
// that Find was not given are passed over. Cosines are those of a and the others; NaN where an item is not there.
type Neighbours interface {
	SelfJoin(ctx context.Context, least float64, yield func(a, b string, cosine float64) error) error
	Cosines(a string, others []string) []float64
}

// Thumbnails gives an image's thumbnail as JPEG or PNG bytes, or space.ErrNotFound. A space.Index is one.
type Thumbnails interface {
	Thumbnail(ctx context.Context, id string) ([]byte, error)
}

// Options of Find, Preview and Check. Zero values take the defaults.
type Options struct {
	Similar     bool    // Find: the groups of similar pictures, too
	MaxDistance int     // greatest Hamming distance of two hashes; default DefaultMaxDistance; negative: hashes prove nothing
	MinCosine   float64 // cosine of similar pictures; copies are looked for a little below; default DefaultMinCosine; above 1: none
	MinQuality  int     // hashes of less quality prove nothing; default DefaultMinQuality; negative: all do

	// Apart says whether two pictures must never be in one group, whatever speaks for it: somebody decided so. Nil: none.
	// Several goroutines ask at once.
	Apart func(a, b space.Item) bool

	// Progress is told how far the comparison is: the stage, and how many of how many; total 0: not known. It is called
	// from one goroutine and must be quick. Nil: nobody is.
	Progress func(stage string, done, total int)
}

// Defaults of Options.
const (
	DefaultMaxDistance = 31
	DefaultMinCosine   = 0.9
	DefaultMinQuality  = 40
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
// Candidates are equal bytes and pixels, near hashes (mirrored and rotated, too) and near vectors. Where two pictures
// are not equal, their thumbnails are laid over each other: only where the pixels agree are they duplicates. With nil
// thumbnails the hashes alone decide. Each member is proven against its group's medoid, the picture that most others
// are copies of: a copy of a copy that is no copy of the medoid is not in the group, so that a row of pictures, each
// like the next, does not become one. neighbours may be nil (no vectors are compared).
//
// Similar pictures are those whose vectors, or hashes, are near, and whose pixels do not agree: groups of them follow
// after those of duplicates, of which only the medoid takes part.
//
// Groups are sorted by level, then by their original's id, copies by theirs; the order of items makes no difference.
// Memory is linear in the number of items, however many of them are alike.
func Find(ctx context.Context, items []space.Item, neighbours Neighbours, thumbnails Thumbnails, opts Options) ([]space.Group, error) {
	f := newFinder(items, neighbours, thumbnails, opts.withDefaults())
	if err := f.join(ctx); err != nil {
		return nil, err
	}
	f.at(Grouping)
	groups, singles, err := f.duplicates(ctx)
	if err != nil || !f.opts.Similar {
		return groups, err
	}
	similar, err := f.similar(ctx, singles)
	return append(groups, similar...), err
}

// finder holds the images in the order in which they are preferred as originals, and what is known of their pairs.
type finder struct {
	opts       Options
	neighbours Neighbours
	pictures   *pictures // nil: there are no thumbnails
	thorough   bool      // compare all near pairs

	images []space.Item
	nodes  []node
	nodeOf []int // by image

	near     [][]neighbour // by node: the nearest by vector, nearest first
	alike    [][]candidate // by node: the nearest by hash, nearest first
	verdicts verdicts
	families []int32 // by node: the one that stands for all that proven copies join
}

// node is the images of equal bytes or pixels, the preferred original first. Its first one stands for all.
type node struct {
	images []int
	edges  []int // nodes that are proven copies, in order
}

func newFinder(items []space.Item, neighbours Neighbours, thumbnails Thumbnails, opts Options) *finder {
	f := &finder{opts: opts, neighbours: neighbours, verdicts: newVerdicts()}
	for _, item := range items {
		if item.Kind == space.Image && item.Picture != nil {
			f.images = append(f.images, item)
		}
	}
	slices.SortFunc(f.images, compareOriginals)
	if thumbnails != nil {
		f.pictures = newPictures(thumbnails)
	}
	return f
}

// join finds what is near, and compares it.
func (f *finder) join(ctx context.Context) error {
	f.joinEquals()
	f.at(JoiningVectors)
	if err := f.joinVectors(ctx); err != nil {
		return err
	}
	f.at(JoiningHashes)
	if err := f.joinHashes(ctx); err != nil {
		return err
	}
	return f.verifyNearest(ctx)
}

// Stages of Options.Progress, in order.
const (
	JoiningVectors = "near vectors"
	JoiningHashes  = "near hashes"
	Comparing      = "pairs compared"
	Grouping       = "groups"
)

// at tells that a stage begins.
func (f *finder) at(stage string) {
	if f.opts.Progress != nil {
		f.opts.Progress(stage, 0, 0)
	}
}

// compared tells how many pairs need no comparison any more.
func (f *finder) compared(done, total int) {
	if f.opts.Progress != nil {
		f.opts.Progress(Comparing, done, total)
	}
}

// joinEquals makes the nodes: by pixels, where they are known, else by bytes; both are the same for all of a node.
// Nodes that share bytes all the same, as after a change of decoder, are proven copies.
func (f *finder) joinEquals() {
	byContent, byBytes := map[string]int{}, map[string]int{}
	f.nodeOf = make([]int, len(f.images))
	for i, item := range f.images {
		content := "pixels " + item.Picture.PixelSHA256
		if item.Picture.PixelSHA256 == "" {
			content = "bytes " + cmp.Or(item.SHA256, "of "+item.ID)
		}
		n, known := byContent[content]
		if !known || f.apart(f.nodes[n].images, []int{i}) {
			n = len(f.nodes)
			f.nodes = append(f.nodes, node{})
			byContent[content] = n
		}
		f.nodes[n].images = append(f.nodes[n].images, i)
		f.nodeOf[i] = n
		if item.SHA256 == "" {
			continue
		}
		if other, known := byBytes[item.SHA256]; known && other != n {
			f.verdicts.of[pair(other, n)] = verdict{proof: space.Pair{Level: space.Duplicate, Evidence: space.SameBytes}}
		}
		byBytes[item.SHA256] = n
	}
}

// apart says whether one of some images must not be in a group with one of others.
func (f *finder) apart(some, others []int) bool {
	if f.opts.Apart == nil {
		return false
	}
	for _, i := range some {
		for _, j := range others {
			if f.opts.Apart(f.images[i], f.images[j]) {
				return true
			}
		}
	}
	return false
}

// first is the image that stands for a node.
func (f *finder) first(n int) space.Item { return f.images[f.nodes[n].images[0]] }

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
	return o.MaxDistance >= 0 && !item.Picture.Hash.IsZero() && item.Picture.HashQuality >= o.MinQuality
}

// hashes are those by which an item is found: of the picture, and of what its frame holds; zero where there is none.
// They need not be as good as those that prove something by themselves.
func (o Options) hashes(item space.Item) (all [2]space.Hash256) {
	if o.MaxDistance < 0 {
		return all
	}
	if item.Picture.HashQuality >= o.MinQuality/2 {
		all[0] = item.Picture.Hash
	}
	if inner := item.Picture.Inner; inner != nil && inner.Quality >= o.MinQuality/2 {
		all[1] = inner.Hash
	}
	return all
}

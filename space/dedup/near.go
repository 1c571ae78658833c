package dedup

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/space"
)

// What is looked at as a possible crop. A comparison takes 22 to 55 ms (one core of a Xeon server, 2026-11).
const (
	// cropMargin is how far below MinCosine a crop's cosine may lie: what was cut off is missing in the vector, while
	// the pixels of the rest prove the copy by themselves.
	cropMargin = 0.15
	// maxCompared is how many of an image's nearest images are compared with it: a burst of hundreds would take hours.
	maxCompared = 8
)

// neighbour is a near image.
type neighbour struct {
	image  int
	cosine float64
}

// pairOf names an unordered pair of images, the preferred original first.
type pairOf struct{ original, other int }

// join notes who is near whom, the nearest first.
func (f *finder) join(ctx context.Context, neighbours Neighbours) error {
	if neighbours == nil || f.opts.MinCosine > 1 {
		return nil
	}
	places := make(map[string]int, len(f.images))
	for i, item := range f.images {
		places[item.ID] = i
	}
	near := map[int][]neighbour{}
	err := neighbours.SelfJoin(ctx, f.leastNear(), func(a, b string, cosine float64) error {
		i, known := places[a]
		j, alsoKnown := places[b]
		if known && alsoKnown && i != j {
			near[i] = append(near[i], neighbour{j, cosine})
			near[j] = append(near[j], neighbour{i, cosine})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find near vectors: %w", err)
	}
	for i, all := range near {
		slices.SortFunc(all, func(a, b neighbour) int {
			return cmp.Or(cmp.Compare(b.cosine, a.cosine), cmp.Compare(a.image, b.image))
		})
		for _, n := range all {
			f.near[i] = append(f.near[i], n.image)
		}
	}
	return nil
}

// leastNear is the cosine from which pairs are looked at.
func (f *finder) leastNear() float64 {
	if f.pictures == nil {
		return f.opts.MinCosine
	}
	return f.opts.MinCosine - cropMargin
}

// compareCrops looks for the crops among the near pairs that no stronger evidence proves, on all cores.
func (f *finder) compareCrops(ctx context.Context) error {
	if f.pictures == nil {
		return nil
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex // guards f.crops
	for _, pair := range f.nearPairs() {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			proof, isCrop, err := f.proveCrop(ctx, f.images[pair.original], f.images[pair.other])
			if isCrop {
				mu.Lock()
				f.crops[pair] = proof
				mu.Unlock()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// nearPairs are the nearest pairs that need a comparison of their pixels, in order, so that pictures are met again while
// they are loaded.
func (f *finder) nearPairs() []pairOf {
	var pairs []pairOf
	for i, near := range f.near {
		compared := 0
		for _, j := range near {
			pair := pairOf{min(i, j), max(i, j)}
			if _, proven := f.proveQuickly(f.images[pair.original], f.images[pair.other]); proven {
				continue
			}
			pairs = append(pairs, pair)
			if compared++; compared == maxCompared {
				break
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pairOf) int {
		return cmp.Or(cmp.Compare(a.original, b.original), cmp.Compare(a.other, b.other))
	})
	return slices.Compact(pairs)
}

// proveCrop says whether the thumbnails show that one picture is a part of the other.
func (f *finder) proveCrop(ctx context.Context, o, c space.Item) (space.Pair, bool, error) {
	original, err := f.pictures.get(ctx, o.ID)
	if err != nil || original == nil {
		return space.Pair{}, false, err
	}
	other, err := f.pictures.get(ctx, c.ID)
	if err != nil || other == nil {
		return space.Pair{}, false, err
	}
	found := findCrop(*original, *other)
	return space.Pair{
		Evidence: space.Crop, Cosine: cosine(o, c), Distance: found.distance, Transform: found.transform.String(),
	}, found.proves(), nil
}

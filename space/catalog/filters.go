package catalog

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

// filterCache remembers which slots filters let through, for as long as nothing is written: a page's filters come again
// with every query, and one that most of a million items pass takes a tenth of a second to evaluate.
type filterCache struct {
	mu    sync.Mutex
	state indexState
	sets  map[string]*roaring.Bitmap // by the filter as JSON; never changed
}

// indexState is what the indexes hold: it changes with every write.
type indexState struct {
	vectors  uint64 // how often slots changed hands
	sequence uint64 // how far the keyword index has come
}

// maxFilters is how many filters are remembered; one of a million items takes 125 kB at most.
const maxFilters = 64

func (f *filterCache) get(state indexState, key string) *roaring.Bitmap {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != state {
		return nil
	}
	return f.sets[key]
}

func (f *filterCache) put(state indexState, key string, set *roaring.Bitmap) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != state || len(f.sets) >= maxFilters {
		f.state, f.sets = state, nil
	}
	if f.sets == nil {
		f.sets = make(map[string]*roaring.Bitmap)
	}
	f.sets[key] = set
}

// slotsOf are the slots of the items that pass a filter; the bitmap is shared and must not be changed. The caller
// holds mu.
func (c *Catalog) slotsOf(ctx context.Context, f space.Filter) (*roaring.Bitmap, error) {
	key, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	// Read before the filter is evaluated: words that are indexed meanwhile make the entry older than it is, not newer.
	state := indexState{c.slotChanges, c.words.Sequence()}
	if set := c.filters.get(state, string(key)); set != nil {
		return set, nil
	}
	ids, err := c.words.Filter(ctx, f)
	if err != nil {
		return nil, err
	}
	set := c.vectors.Slots(ids)
	c.filters.put(state, string(key), set)
	return set, nil
}

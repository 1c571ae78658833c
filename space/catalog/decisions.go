package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keep"
	"github.com/clipd/clipd/space/store"
)

// ErrInvalidDecision: a decision that cannot be made; the text says why.
var ErrInvalidDecision = errors.New("invalid decision")

// maxDecided is how many items one decision may be about: of a pair's decision that makes 4,950 pairs.
const maxDecided = 100

// Decide keeps a choice about items: about each pair of them, or for space.Drop about each of them. space.Undecided takes
// all back that was decided about them in this way. It returns what was decided, by key.
func (c *Catalog) Decide(ctx context.Context, choice space.Choice, ids []string) ([]space.Decision, error) {
	items, err := c.decidable(ctx, choice, ids)
	if err != nil {
		return nil, fmt.Errorf("decide in %q: %w", c.name, err)
	}
	var made []space.Decision
	now := time.Now().UTC()
	for i, a := range items {
		if choice == space.Drop || choice == space.Undecided {
			made = append(made, space.Decision{Key: fileKey(a), Choice: choice, Made: now, IDs: []string{a.ID}})
		}
		for _, b := range items[i+1:] {
			if choice == space.NotDuplicate && a.SHA256 == b.SHA256 {
				return nil, fmt.Errorf("decide in %q: %w: %q and %q are the same file byte for byte; keep both instead", c.name, ErrInvalidDecision, a.ID, b.ID)
			}
			if choice != space.Drop {
				made = append(made, space.Decision{Key: pairKey(a, b), Choice: choice, Made: now, IDs: []string{a.ID, b.ID}})
			}
		}
	}
	return made, c.keepDecisions(ctx, made)
}

// Revoke takes decisions back by their keys; those that are not there are no error.
func (c *Catalog) Revoke(ctx context.Context, keys []string) error {
	decisions := make([]space.Decision, len(keys))
	for i, key := range keys {
		decisions[i] = space.Decision{Key: key, Choice: space.Undecided}
	}
	return c.keepDecisions(ctx, decisions)
}

func (c *Catalog) keepDecisions(ctx context.Context, decisions []space.Decision) error {
	kept := make([]store.Decision, len(decisions))
	for i, d := range decisions {
		kept[i] = store.Decision{Key: d.Key, Verdict: string(d.Choice), Made: d.Made}
		if d.Choice == space.Undecided {
			kept[i].Verdict = ""
		}
	}
	if err := c.store.Decide(ctx, kept...); err != nil {
		return fmt.Errorf("decide in %q: %w", c.name, err)
	}
	return nil
}

// decidable loads the items of a decision.
func (c *Catalog) decidable(ctx context.Context, choice space.Choice, ids []string) ([]space.Item, error) {
	least := 1
	switch choice {
	case space.NotDuplicate, space.KeepBoth:
		least = 2
	case space.Drop, space.Undecided:
	default:
		return nil, fmt.Errorf("%w: choice %q; want %q, %q, %q or %q", ErrInvalidDecision, choice,
			space.NotDuplicate, space.KeepBoth, space.Drop, space.Undecided)
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) < least || len(ids) > maxDecided {
		return nil, fmt.Errorf("%w: %d different ids; want %d to %d", ErrInvalidDecision, len(ids), least, maxDecided)
	}
	items := make([]space.Item, len(ids))
	for i, id := range ids {
		var err error
		if items[i], err = c.store.Item(ctx, id); err != nil {
			return nil, err
		}
		if items[i].Kind != space.Image || items[i].Picture == nil || items[i].SHA256 == "" {
			return nil, fmt.Errorf("%w: %q is no picture with a content", ErrInvalidDecision, id)
		}
	}
	return items, nil
}

// Decisions lists what was decided, by key, each with the items that it is about now.
func (c *Catalog) Decisions(ctx context.Context) ([]space.Decision, error) {
	r, err := c.rulings(ctx)
	if err != nil || len(r.all) == 0 {
		return nil, err
	}
	images, err := c.images(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("decisions of %q: %w", c.name, err)
	}
	byContent := map[string][]string{}
	for _, it := range images {
		for _, content := range []string{pixelContent(it), byteContent(it), fileKey(it)} {
			byContent[content] = append(byContent[content], it.ID)
		}
	}
	for i, d := range r.all {
		r.all[i].IDs = []string{}
		for _, content := range contentsOf(d.Key) {
			r.all[i].IDs = append(r.all[i].IDs, byContent[content]...)
		}
		slices.Sort(r.all[i].IDs)
		r.all[i].IDs = slices.Compact(r.all[i].IDs)
	}
	return r.all, nil
}

// rulings are the decisions of a collection, ready to be asked.
type rulings struct {
	all   []space.Decision
	byKey map[string]space.Choice
	apart bool // some pair is not a duplicate
}

func (c *Catalog) rulings(ctx context.Context) (*rulings, error) {
	r := &rulings{byKey: map[string]space.Choice{}}
	err := c.store.Decisions(ctx, func(d store.Decision) error {
		choice := space.Choice(d.Verdict)
		r.all = append(r.all, space.Decision{Key: d.Key, Choice: choice, Made: d.Made})
		r.byKey[d.Key] = choice
		r.apart = r.apart || choice == space.NotDuplicate
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("decisions of %q: %w", c.name, err)
	}
	return r, nil
}

// notDuplicates is dedup's question whether two pictures must not meet; nil where no such decision was made.
func (r *rulings) notDuplicates() func(a, b space.Item) bool {
	if !r.apart {
		return nil
	}
	return func(a, b space.Item) bool { return r.byKey[pairKey(a, b)] == space.NotDuplicate }
}

func (r *rulings) marks() keep.Marks {
	return keep.Marks{
		Dropped:  func(it space.Item) bool { return r.byKey[fileKey(it)] == space.Drop },
		KeptBoth: func(a, b space.Item) bool { return r.byKey[pairKey(a, b)] == space.KeepBoth },
	}
}

// pixelContent names what a picture shows: it outlives renaming, moving, and changes of its metadata.
func pixelContent(it space.Item) string {
	if it.Picture == nil || it.Picture.PixelSHA256 == "" {
		return byteContent(it)
	}
	return "p:" + it.Picture.PixelSHA256
}

func byteContent(it space.Item) string { return "b:" + it.SHA256 }

const (
	pairPrefix = "pair/"
	filePrefix = "file/"
)

// pairKey is about two contents, in either order. Those that show the same pixels are told apart by their bytes.
func pairKey(a, b space.Item) string {
	x, y := pixelContent(a), pixelContent(b)
	if x == y {
		x, y = byteContent(a), byteContent(b)
	}
	return pairPrefix + min(x, y) + "/" + max(x, y)
}

// fileKey is about one content at one place, for copies that are equal byte for byte differ in nothing else.
func fileKey(it space.Item) string { return filePrefix + byteContent(it) + "/" + it.Source }

// contentsOf takes a key apart: two contents, or the whole key of a file.
func contentsOf(key string) []string {
	pair, isPair := strings.CutPrefix(key, pairPrefix)
	if !isPair {
		return []string{key}
	}
	a, b, _ := strings.Cut(pair, "/")
	return []string{a, b}
}

package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/store"
)

// CheckReport is what a check counted and found wrong, in the store and in the indexes.
type CheckReport struct {
	store.Report     // its Faults are those of the store
	InVectors    int // items in the vector index
	InWords      int // items in the keyword index

	IndexFaults []IndexFault // the first store.MaxFaults of them
	IndexFaulty int          // how many there are
}

// IndexFault is an item that an index has and the store has not, or the other way round, or that differs.
type IndexFault struct {
	Index string // "vectors" or "words"
	ID    string // of the item; empty: the index as a whole
	Says  string
}

// Err is nil where nothing is wrong.
func (r CheckReport) Err() error {
	if r.IndexFaulty == 0 {
		return r.Report.Err()
	}
	f := r.IndexFaults[0]
	return errors.Join(r.Report.Err(), fmt.Errorf("%d faults of the indexes; the first: %s: %q: %s", r.IndexFaulty, f.Index, f.ID, f.Says))
}

func (r *CheckReport) fault(index, id, format string, args ...any) {
	r.IndexFaulty++
	if len(r.IndexFaults) < store.MaxFaults {
		r.IndexFaults = append(r.IndexFaults, IndexFault{index, id, fmt.Sprintf(format, args...)})
	}
}

// Check verifies the store (see store.Store.Check), then whether both indexes hold the store's items, no others, and
// the store's vectors. Searches go on meanwhile; writes wait while the indexes are compared. What is wrong is in the
// report; the error is one of reading, or ctx's.
func (c *Catalog) Check(ctx context.Context, progress Progress) (CheckReport, error) {
	report, err := c.check(ctx, progress)
	if err != nil {
		err = fmt.Errorf("check %q: %w", c.name, err)
	}
	return report, err
}

func (c *Catalog) check(ctx context.Context, progress Progress) (report CheckReport, err error) {
	description, err := c.Describe(ctx)
	if err != nil {
		return report, err
	}
	report.Report, err = c.store.Check(ctx, func(items int) { progress.at("store", items, max(items, description.Items)) })
	if err != nil || report.Faulty > 0 {
		return report, err // a damaged store cannot be compared with anything
	}
	c.commits.writing.Lock()
	defer c.commits.writing.Unlock()
	ids, err := c.checkVectors(ctx, &report, progress)
	if err != nil {
		return report, err
	}
	return report, c.checkWords(ctx, ids, &report, progress)
}

// sameVector is the least cosine of a stored vector and the one that the index keeps: float32 rounding.
const sameVector = 1 - 1e-3

// checkVectors compares the vector index with the store and returns the store's ids, sorted.
func (c *Catalog) checkVectors(ctx context.Context, report *CheckReport, progress Progress) ([]string, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, space.ErrClosed
	}
	var ids []string
	report.InVectors = c.vectors.Len()
	count := progress.counter("vectors", report.InVectors)
	err := c.store.Vectors(ctx, func(id string, kind space.Kind, components []float32) error {
		ids = append(ids, id)
		count()
		return c.checkVector(report, id, kind, components)
	})
	if damage := c.vectors.Verify(); errors.Is(damage, knn.ErrDamaged) {
		report.fault("vectors", "", "%v; clipd rebuild makes it anew", damage)
	}
	if err == nil && report.InVectors != len(ids) {
		report.fault("vectors", "", "it holds %d items, the store %d", report.InVectors, len(ids))
	}
	return ids, err
}

func (c *Catalog) checkVector(report *CheckReport, id string, kind space.Kind, components []float32) error {
	slot, found := c.vectors.Slot(id)
	if !found {
		report.fault("vectors", id, "the index does not have it")
		return nil
	}
	if got := c.vectors.kind(slot); got != kind {
		report.fault("vectors", id, "the index has it as %s, the store as %s", got, kind)
	}
	v, err := space.FromUnit(components)
	if err != nil {
		return err
	}
	cosines, err := c.vectors.Cosines(v, []string{id})
	if err == nil && cosines[0] < sameVector {
		report.fault("vectors", id, "the index has another vector: their cosine is %.4f", cosines[0])
	}
	return err
}

// checkWords compares the ids of the keyword index with the store's. Words that were left for later count as there.
func (c *Catalog) checkWords(ctx context.Context, ids []string, report *CheckReport, progress Progress) error {
	progress.at("words", 0, len(ids))
	c.follower.halt()
	c.follower.applying.Lock()
	defer c.follower.applying.Unlock()
	late, err := c.late(ctx)
	if err != nil {
		return err
	}
	if len(late) > 0 {
		defer c.follow()
	}
	exists := true
	found, err := c.words.Filter(ctx, space.Filter{Field: "_id", Exists: &exists})
	if err != nil {
		return err
	}
	slices.Sort(found)
	report.InWords = len(found)
	differences(ids, found, func(id string, inStore bool) {
		switch {
		case late[id]:
		case inStore:
			report.fault("words", id, "the index does not have it")
		default:
			report.fault("words", id, "the index has it, the store has not")
		}
	})
	progress.at("words", len(ids), len(ids))
	return nil
}

// late are the items whose present state the keyword index has not seen.
func (c *Catalog) late(ctx context.Context) (map[string]bool, error) {
	late := map[string]bool{}
	err := c.store.Changes(ctx, c.words.Sequence(), func(_ uint64, ids []string) error {
		for _, id := range ids {
			late[id] = true
		}
		return nil
	})
	return late, err
}

// differences calls yield with what only one of two sorted lists has.
func differences(a, b []string, yield func(id string, inA bool)) {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && strings.Compare(a[0], b[0]) < 0:
			yield(a[0], true)
			a = a[1:]
		case len(a) == 0 || strings.Compare(a[0], b[0]) > 0:
			yield(b[0], false)
			b = b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
}

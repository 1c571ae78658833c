package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

// Report is what Check counted and found wrong.
type Report struct {
	Items, Texts, Images, Vectors, Thumbnails, Files, Changes, Decisions int

	Faults []Fault // the first MaxFaults of them
	Faulty int     // how many there are
}

// Fault is a value that is damaged, or that does not fit the others. Err is an ErrDamaged or an ErrNewer.
type Fault struct {
	Key string // of the value, as in docs/formats.md
	Err error
}

// MaxFaults bounds the list of a Report.
const MaxFaults = 100

// Err is nil where nothing is wrong, else the first fault and how many there are.
func (r Report) Err() error {
	switch r.Faulty {
	case 0:
		return nil
	case 1:
		return r.Faults[0].Err
	}
	return fmt.Errorf("%d faults; the first: %w", r.Faulty, r.Faults[0].Err)
}

// Check reads every value: its checksum and structure, each vector's length, whether item, vector, thumbnail and file
// belong together, and whether the change log has no gap. It sees the store as it was when it began and goes on after
// a fault. progress, where it is not nil, is told how many items are done. The error is one of reading, or ctx's.
func (s *Store) Check(ctx context.Context, progress func(items int)) (r Report, err error) {
	if err := s.enter(); err != nil {
		return r, err
	}
	defer s.mu.RUnlock()
	snapshot := s.db.NewSnapshot()
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	c := &checker{store: s, snapshot: snapshot, progress: progress}
	for _, step := range []func(context.Context) error{c.meta, c.items, c.files, c.changes, c.decisions} {
		if err := step(ctx); err != nil {
			return c.report, err
		}
	}
	return c.report, nil
}

type checker struct {
	store    *Store
	snapshot *pebble.Snapshot
	progress func(int)
	report   Report
}

// fault notes what is wrong with a key; nil is nothing.
func (c *checker) fault(k []byte, err error) {
	if err == nil {
		return
	}
	c.report.Faulty++
	if len(c.report.Faults) < MaxFaults {
		c.report.Faults = append(c.report.Faults, Fault{string(k), err})
	}
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// meta checks the facts about the store.
func (c *checker) meta(context.Context) error {
	var identity identityRecord
	for name, check := range map[string]func(k, value []byte) error{
		identityKey: func(k, value []byte) error { return c.store.codec.open(k, value, &identity) },
		settingsKey: func(k, value []byte) error { _, err := unseal(k, value); return err },
		sequenceKey: func(k, value []byte) error { _, err := readNumber(k, value); return err },
		floorKey:    func(k, value []byte) error { _, err := readNumber(k, value); return err },
	} {
		k := []byte(name)
		value, err := get(c.snapshot, k)
		if err != nil {
			return err
		}
		if value != nil {
			c.fault(k, check(k, value))
		}
	}
	return nil
}

// items walks items, vectors and thumbnails side by side, in the order of their ids.
func (c *checker) items(ctx context.Context) (err error) {
	var walks [3]*walk
	for i, space := range []byte{itemSpace, vectorSpace, thumbSpace} {
		if walks[i], err = newWalk(ctx, c.snapshot, space); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, walks[i].Close()) }()
	}
	for {
		id, more := first(walks[:])
		if !more {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		c.item(id, walks[0].take(id), walks[1].take(id), walks[2].take(id))
		if c.progress != nil {
			c.progress(c.report.Items)
		}
	}
	for _, w := range walks {
		c.fault([]byte{w.space}, w.fault())
	}
	return nil
}

// item checks what lies under one id. The values are nil where there is none.
func (c *checker) item(id string, item, vector, thumbnail []byte) {
	kind, known := space.Kind(""), false
	if item != nil {
		c.report.Items++
		var err error
		kind, err = c.record(id, item)
		known = err == nil
		c.fault(key(itemSpace, id), err)
	}
	if vector != nil {
		c.report.Vectors++
		k := key(vectorSpace, id)
		have, err := c.vector(k, vector)
		if err == nil && known && have != kind {
			err = damaged("vector %q is of kind %s, its item of kind %s", id, have, kind)
		}
		c.fault(k, err)
	}
	if thumbnail != nil {
		c.report.Thumbnails++
		k := key(thumbSpace, id)
		_, err := unseal(k, thumbnail)
		c.fault(k, err)
	}
	switch {
	case item == nil && vector != nil:
		c.fault(key(vectorSpace, id), damaged("vector %q has no item", id))
	case item == nil:
		c.fault(key(thumbSpace, id), damaged("thumbnail %q has no item", id))
	case vector == nil:
		c.fault(key(itemSpace, id), damaged("item %q has no vector", id))
	}
}

func (c *checker) record(id string, value []byte) (space.Kind, error) {
	var record itemRecord
	if err := c.store.codec.open(key(itemSpace, id), value, &record); err != nil {
		return "", err
	}
	it, err := record.item(id)
	if err != nil {
		return "", err
	}
	if it.Kind == space.Image {
		c.report.Images++
	} else {
		c.report.Texts++
	}
	return it.Kind, nil
}

func (c *checker) vector(k, value []byte) (space.Kind, error) {
	content, err := unseal(k, value)
	if err != nil {
		return "", err
	}
	components := make([]float32, c.store.identity.Fingerprint.Dim)
	kind, err := decodeVector(k, content, components)
	if err != nil {
		return "", err
	}
	if _, err := space.FromUnit(components); err != nil {
		return "", damaged("%q: %w", k, err)
	}
	return kind, nil
}

// files checks that each file state belongs to an item.
func (c *checker) files(ctx context.Context) error {
	return c.each(ctx, fileSpace, func(k, value []byte) error {
		c.report.Files++
		var file File
		if err := c.store.codec.open(k, value, &file); err != nil {
			return err
		}
		item, err := get(c.snapshot, key(itemSpace, file.ID))
		if err == nil && item == nil {
			err = damaged("file %q belongs to item %q, which is not there", k[1:], file.ID)
		}
		return err
	})
}

// changes checks that the log has every batch from its floor to the last.
func (c *checker) changes(ctx context.Context) error {
	last, err := c.number(sequenceKey)
	if err != nil {
		return nil // meta has told
	}
	next, err := c.number(floorKey)
	if err != nil {
		return nil
	}
	err = c.each(ctx, changeSpace, func(k, value []byte) error {
		c.report.Changes++
		if len(k) != 9 {
			return damaged("change key %q", k)
		}
		next++
		if got := binary.BigEndian.Uint64(k[1:]); got != next {
			err := damaged("the change log goes on with batch %d (key %q); want %d", got, k, next)
			next = got
			return err
		}
		return c.store.codec.open(k, value, new([]string))
	})
	if err == nil && next != last {
		c.fault([]byte(sequenceKey), damaged("the last batch is %d, the change log ends at %d", last, next))
	}
	return err
}

func (c *checker) decisions(ctx context.Context) error {
	return c.each(ctx, decisionSpace, func(k, value []byte) error {
		c.report.Decisions++
		return c.store.codec.open(k, value, new(Decision))
	})
}

// each checks the pairs of a key space; what check returns is a fault of the pair.
func (c *checker) each(ctx context.Context, space byte, check func(k, value []byte) error) error {
	err := scan(ctx, c.snapshot, space, "", func(k, value []byte) error {
		c.fault(k, check(k, value))
		return nil
	})
	if err != nil && ctx.Err() == nil && pebble.IsCorruptionError(err) {
		c.fault([]byte{space}, damaged("%w", err))
		return nil
	}
	return err
}

func (c *checker) number(name string) (uint64, error) {
	k := []byte(name)
	value, err := get(c.snapshot, k)
	if err != nil || value == nil {
		return 0, err
	}
	return readNumber(k, value)
}

// walk is a position in a key space.
type walk struct {
	*pebble.Iterator
	space byte
	valid bool
}

func newWalk(ctx context.Context, r pebble.Reader, space byte) (*walk, error) {
	lower, upper := bounds(space)
	it, err := r.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	return &walk{it, space, it.First()}, nil
}

func (w *walk) id() string { return string(w.Key()[1:]) }

// take is the value under the id, which is the present position or comes after it, and moves on; nil: there is none.
func (w *walk) take(id string) []byte {
	if !w.valid || w.id() != id {
		return nil
	}
	value := append([]byte{}, w.Value()...)
	w.valid = w.Next()
	return value
}

// fault is what ended the walk early.
func (w *walk) fault() error {
	if err := w.Error(); err != nil {
		return damaged("key space %q cannot be read on: %w", w.space, err)
	}
	return nil
}

// first is the least id that any of the walks is at.
func first(walks []*walk) (least string, more bool) {
	for _, w := range walks {
		if !w.valid {
			continue
		}
		if id := w.id(); !more || strings.Compare(id, least) < 0 {
			least, more = id, true
		}
	}
	return least, more
}

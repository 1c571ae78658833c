package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

// Operation is one step of a batch: it puts a record, or deletes an item.
type Operation struct {
	Put    *Record // nil: delete
	Delete string  // id
}

// Outcome is what a batch did.
type Outcome struct {
	Sequence uint64   // number of the batch; that of the last one where nothing changed
	Steps    []Step   // one for each operation
	Changed  []string // ids of the items that were created, updated or deleted, sorted
}

// Step is what one operation did.
type Step struct {
	Change  space.Change // of a put
	Deleted bool         // of a delete: whether the item was there
	Item    space.Item   // of a put: the item as it is kept now
}

// Write does the operations in their order, all or nothing, and returns when they are on disk. Items must be valid
// (space.Item.Validate) and of the store's dimension. Created stays that of the first put; Updated is when the item
// last changed. A put of what is there already writes nothing but the state of its file.
func (s *Store) Write(ctx context.Context, operations []Operation) (Outcome, error) {
	if err := s.enter(); err != nil {
		return Outcome{}, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return Outcome{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	t := &transaction{store: s, batch: s.db.NewIndexedBatch(), now: time.Now().UTC()}
	defer t.batch.Close()
	outcome, err := t.do(operations)
	if err != nil {
		return Outcome{}, fmt.Errorf("write: %w", err)
	}
	if t.batch.Empty() {
		return outcome, nil
	}
	if err := s.db.Apply(t.batch, pebble.Sync); err != nil {
		return Outcome{}, fmt.Errorf("write: %w", err)
	}
	s.sequence = outcome.Sequence
	return outcome, nil
}

// transaction composes one batch; its reads see what it has written so far.
type transaction struct {
	store *Store
	batch *pebble.Batch
	now   time.Time
}

func (t *transaction) do(operations []Operation) (Outcome, error) {
	outcome := Outcome{Sequence: t.store.sequence, Steps: make([]Step, len(operations))}
	for i, op := range operations {
		step, id, err := t.step(op)
		if err != nil {
			return Outcome{}, err
		}
		outcome.Steps[i] = step
		if step.Deleted || step.Change == space.Created || step.Change == space.Updated {
			outcome.Changed = append(outcome.Changed, id)
		}
	}
	if len(outcome.Changed) == 0 {
		return outcome, nil
	}
	slices.Sort(outcome.Changed)
	outcome.Changed = slices.Compact(outcome.Changed)
	outcome.Sequence++
	return outcome, t.log(outcome)
}

func (t *transaction) step(op Operation) (Step, string, error) {
	if op.Put == nil {
		deleted, err := t.delete(op.Delete)
		return Step{Deleted: deleted}, op.Delete, err
	}
	step, err := t.put(*op.Put)
	return step, op.Put.Item.ID, err
}

// log records the batch's number and which items it changed.
func (t *transaction) log(outcome Outcome) error {
	k := changeKey(outcome.Sequence)
	value, err := t.store.codec.sealed(k, outcome.Changed)
	if err != nil {
		return err
	}
	if err := t.batch.Set(k, value, nil); err != nil {
		return err
	}
	k, value = number(sequenceKey, outcome.Sequence)
	return t.batch.Set(k, value, nil)
}

func (t *transaction) put(r Record) (Step, error) {
	it := r.Item
	if err := it.Validate(); err != nil {
		return Step{}, err
	}
	if want := t.store.identity.Fingerprint.Dim; it.Vector.Dim() != want {
		return Step{}, fmt.Errorf("%w: item %q has %d, the collection %d", space.ErrDimension, it.ID, it.Vector.Dim(), want)
	}
	old, err := t.old(it.ID)
	if err != nil {
		return Step{}, err
	}
	given := it
	it.Created, it.Updated = t.now, t.now
	if old.exists {
		it.Created, it.Updated = old.record.Created, old.record.Updated
	}
	if r.KeepTimes {
		it.Created, it.Updated = orTime(given.Created, it.Created), orTime(given.Updated, it.Updated)
	}
	if err := t.putFile(old, r); err != nil {
		return Step{}, err
	}
	same, err := t.same(old, it, r.Thumbnail)
	if err != nil {
		return Step{}, err
	}
	if same {
		return Step{Change: space.Unchanged, Item: it}, nil
	}
	change := space.Created
	if old.exists {
		change, it.Updated = space.Updated, t.now
	}
	if r.KeepTimes {
		it.Updated = orTime(given.Updated, it.Updated)
	}
	if err := t.write(it, r.Thumbnail); err != nil {
		return Step{}, err
	}
	return Step{Change: change, Item: it}, nil
}

// orTime is t, or where it is not set the other.
func orTime(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t.UTC()
}

// oldItem is what lies under an id before a put.
type oldItem struct {
	exists bool
	value  []byte // as on disk
	record itemRecord
}

func (t *transaction) old(id string) (oldItem, error) {
	k := key(itemSpace, id)
	value, err := get(t.batch, k)
	if err != nil || value == nil {
		return oldItem{}, err
	}
	old := oldItem{exists: true, value: value}
	return old, t.store.codec.open(k, value, &old.record)
}

// same says whether it, with the times of the old item, is byte for byte what is there.
func (t *transaction) same(old oldItem, it space.Item, thumbnail []byte) (bool, error) {
	if !old.exists {
		return false, nil
	}
	k := key(itemSpace, it.ID)
	value, err := t.store.codec.sealed(k, recordOf(it))
	if err != nil || !bytes.Equal(value, old.value) {
		return false, err
	}
	k[0] = vectorSpace
	oldVector, err := get(t.batch, k)
	if err != nil || !bytes.Equal(oldVector, seal(k, encodeVector(it.Kind, it.Vector))) {
		return false, err
	}
	k[0] = thumbSpace
	oldThumbnail, err := get(t.batch, k)
	if err != nil {
		return false, err
	}
	if len(thumbnail) == 0 {
		return oldThumbnail == nil, nil
	}
	return bytes.Equal(oldThumbnail, seal(k, thumbnail)), nil
}

func (t *transaction) write(it space.Item, thumbnail []byte) error {
	k := key(itemSpace, it.ID)
	value, err := t.store.codec.sealed(k, recordOf(it))
	if err != nil {
		return err
	}
	if err := t.batch.Set(k, value, nil); err != nil {
		return err
	}
	k[0] = vectorSpace
	if err := t.batch.Set(k, seal(k, encodeVector(it.Kind, it.Vector)), nil); err != nil {
		return err
	}
	k[0] = thumbSpace
	if len(thumbnail) == 0 {
		return t.batch.Delete(k, nil)
	}
	return t.batch.Set(k, seal(k, thumbnail), nil)
}

// putFile keeps the state of the record's file and forgets that of a source which the item no longer has.
func (t *transaction) putFile(old oldItem, r Record) error {
	if old.exists && old.record.Source != r.Item.Source {
		if err := t.deleteFile(old.record.Source, r.Item.ID); err != nil {
			return err
		}
	}
	if r.Item.Source == "" {
		return nil
	}
	k := key(fileSpace, r.Item.Source)
	value, err := t.store.codec.sealed(k, File{r.Item.ID, r.File.Bytes, r.File.Modified.UTC()})
	if err != nil {
		return err
	}
	before, err := get(t.batch, k)
	if err != nil || bytes.Equal(before, value) {
		return err
	}
	return t.batch.Set(k, value, nil)
}

func (t *transaction) delete(id string) (bool, error) {
	old, err := t.old(id)
	if err != nil || !old.exists {
		return false, err
	}
	if err := t.deleteFile(old.record.Source, id); err != nil {
		return false, err
	}
	for _, space := range []byte{itemSpace, vectorSpace, thumbSpace} {
		if err := t.batch.Delete(key(space, id), nil); err != nil {
			return false, err
		}
	}
	return true, nil
}

// deleteFile forgets a file's state where it belongs to this item: several items may name one source.
func (t *transaction) deleteFile(source, id string) error {
	if source == "" {
		return nil
	}
	k := key(fileSpace, source)
	value, err := get(t.batch, k)
	if err != nil || value == nil {
		return err
	}
	var file File
	if err := t.store.codec.open(k, value, &file); err != nil {
		return err
	}
	if file.ID != id {
		return nil
	}
	return t.batch.Delete(k, nil)
}

package store

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

// Records calls yield with all that is kept of every item, in the order of their ids, beginning after the given id.
// It sees the store as it was when it began and stops at yield's error. KeepTimes is set: a Write of the records makes
// a copy.
func (s *Store) Records(ctx context.Context, after string, yield func(Record) error) error {
	return s.eachItem(ctx, after, func(snapshot *pebble.Snapshot, it space.Item) error {
		r, err := s.beside(snapshot, it)
		if err != nil {
			return err
		}
		return yield(r)
	})
}

// Record returns all that is kept of one item, as Records does, or space.ErrNotFound.
func (s *Store) Record(ctx context.Context, id string) (record Record, err error) {
	if err := s.enter(); err != nil {
		return Record{}, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	snapshot := s.db.NewSnapshot()
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	it, err := s.item(snapshot, id)
	if err != nil {
		return Record{}, err
	}
	return s.beside(snapshot, it)
}

// beside adds thumbnail and file state to an item.
func (s *Store) beside(r pebble.Reader, it space.Item) (Record, error) {
	record := Record{Item: it, KeepTimes: true}
	k := key(thumbSpace, it.ID)
	value, err := get(r, k)
	if err != nil {
		return record, err
	}
	if value != nil {
		if record.Thumbnail, err = unseal(k, value); err != nil {
			return record, err
		}
	}
	if it.Source == "" {
		return record, nil
	}
	k = key(fileSpace, it.Source)
	if value, err = get(r, k); err != nil || value == nil {
		return record, err
	}
	var file File
	if err := s.codec.open(k, value, &file); err != nil {
		return record, err
	}
	if file.ID == it.ID { // else another item of the same source has it
		record.File = file
	}
	return record, nil
}

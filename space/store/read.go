package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

// Item returns an item with its vector, or space.ErrNotFound.
func (s *Store) Item(ctx context.Context, id string) (it space.Item, err error) {
	if err := s.enter(); err != nil {
		return space.Item{}, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return space.Item{}, err
	}
	snapshot := s.db.NewSnapshot() // else a delete between the two reads would look like damage
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	return s.item(snapshot, id)
}

// item reads an item as r sees it.
func (s *Store) item(r pebble.Reader, id string) (space.Item, error) {
	k := key(itemSpace, id)
	value, err := get(r, k)
	if err != nil {
		return space.Item{}, err
	}
	if value == nil {
		return space.Item{}, fmt.Errorf("item %q: %w", id, space.ErrNotFound)
	}
	var record itemRecord
	if err := s.codec.open(k, value, &record); err != nil {
		return space.Item{}, err
	}
	return s.whole(r, id, record)
}

// whole joins a record with its vector as r sees it.
func (s *Store) whole(r pebble.Reader, id string, record itemRecord) (space.Item, error) {
	it, err := record.item(id)
	if err != nil {
		return space.Item{}, err
	}
	k := key(vectorSpace, id)
	value, err := get(r, k)
	if err != nil {
		return space.Item{}, err
	}
	content, err := unseal(k, value)
	if err != nil {
		return space.Item{}, err
	}
	components := make([]float32, s.identity.Fingerprint.Dim)
	if _, err := decodeVector(k, content, components); err != nil {
		return space.Item{}, err
	}
	if it.Vector, err = space.FromUnit(components); err != nil {
		return space.Item{}, fmt.Errorf("%w: vector of %q: %w", ErrDamaged, id, err)
	}
	return it, nil
}

// Thumbnail returns an item's JPEG bytes, or space.ErrNotFound.
func (s *Store) Thumbnail(ctx context.Context, id string) ([]byte, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k := key(thumbSpace, id)
	value, err := get(s.db, k)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, fmt.Errorf("thumbnail of %q: %w", id, space.ErrNotFound)
	}
	return unseal(k, value)
}

// File returns the state in which the file at source was read; false: it was not.
func (s *Store) File(ctx context.Context, source string) (File, bool, error) {
	if err := s.enter(); err != nil {
		return File{}, false, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return File{}, false, err
	}
	var file File
	found, err := s.read(key(fileSpace, source), &file)
	return file, found, err
}

// Items calls yield with every item, vectors included, in the order of their ids, beginning after the given id.
// It sees the store as it was when it began and stops at yield's error.
func (s *Store) Items(ctx context.Context, after string, yield func(space.Item) error) error {
	return s.eachItem(ctx, after, func(_ *pebble.Snapshot, it space.Item) error { return yield(it) })
}

// eachItem calls yield with every item, and the snapshot in which more about it is found.
func (s *Store) eachItem(ctx context.Context, after string, yield func(*pebble.Snapshot, space.Item) error) (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	snapshot := s.db.NewSnapshot()
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	return scan(ctx, snapshot, itemSpace, after, func(k, value []byte) error {
		var record itemRecord
		if err := s.codec.open(k, value, &record); err != nil {
			return err
		}
		it, err := s.whole(snapshot, string(k[1:]), record)
		if err != nil {
			return err
		}
		return yield(snapshot, it)
	})
}

// Vectors calls yield with every vector in the order of their ids. The components are valid during the call only.
// It reads no items: a vector index opens by it.
func (s *Store) Vectors(ctx context.Context, yield func(id string, kind space.Kind, components []float32) error) error {
	components := make([]float32, s.identity.Fingerprint.Dim)
	return s.scan(ctx, vectorSpace, "", func(k, value []byte) error {
		content, err := unseal(k, value)
		if err != nil {
			return err
		}
		kind, err := decodeVector(k, content, components)
		if err != nil {
			return err
		}
		return yield(string(k[1:]), kind, components)
	})
}

// scan calls yield with the pairs of a key space that come after a name, in order.
func (s *Store) scan(ctx context.Context, space byte, after string, yield func(k, value []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	return scan(ctx, s.db, space, after, yield)
}

func scan(ctx context.Context, r pebble.Reader, space byte, after string, yield func(k, value []byte) error) (err error) {
	lower, upper := bounds(space)
	if after != "" {
		lower = append(key(space, after), 0)
	}
	it, err := r.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("read store: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for valid := it.First(); valid; valid = it.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("read %q: %w", it.Key(), err)
		}
		if err := yield(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}

package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Sequence is the number of the last batch that changed an item; 0: none did.
func (s *Store) Sequence() uint64 {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.sequence
}

// Changes calls yield with the number of each batch after the given one and the ids of the items that it changed, in
// order: an index that lags behind reads these items anew. It fails with ErrTrimmed where the log begins later.
func (s *Store) Changes(ctx context.Context, after uint64, yield func(sequence uint64, ids []string) error) error {
	s.writing.Lock()
	floor := s.floor
	s.writing.Unlock()
	if after < floor {
		return fmt.Errorf("%w: batch %d asked for, the log begins after %d", ErrTrimmed, after, floor)
	}
	from := string(changeKey(after)[1:])
	return s.scan(ctx, changeSpace, from, func(k, value []byte) error {
		if len(k) != 9 {
			return fmt.Errorf("%w: change key %q", ErrDamaged, k)
		}
		var ids []string
		if err := s.codec.open(k, value, &ids); err != nil {
			return err
		}
		return yield(binary.BigEndian.Uint64(k[1:]), ids)
	})
}

// Trim forgets the changes up to and including the given batch, which every index must have seen.
func (s *Store) Trim(ctx context.Context, upTo uint64) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	upTo = min(upTo, s.sequence)
	if upTo <= s.floor {
		return nil
	}
	batch := s.db.NewBatch()
	defer batch.Close()
	if err := batch.DeleteRange(changeKey(0), changeKey(upTo+1), nil); err != nil {
		return fmt.Errorf("trim change log: %w", err)
	}
	k, value := number(floorKey, upTo)
	if err := batch.Set(k, value, nil); err != nil {
		return fmt.Errorf("trim change log: %w", err)
	}
	if err := s.db.Apply(batch, pebble.NoSync); err != nil { // trimming again after a crash does no harm
		return fmt.Errorf("trim change log: %w", err)
	}
	s.floor = upTo
	return nil
}

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

// Decision is something that the user decided for good, such as "these two are no copies".
type Decision struct {
	Key     string    `cbor:"-"`          // what it is about; made of contents, so that it outlives renaming
	Verdict string    `cbor:"1,keyasint"` // what was decided
	Made    time.Time `cbor:"2,keyasint"`
}

// Decide keeps decisions durably, all or nothing; an earlier one about the same is replaced. An empty verdict revokes it.
func (s *Store) Decide(ctx context.Context, decisions ...Decision) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	batch := s.db.NewBatch()
	defer batch.Close()
	for _, d := range decisions {
		if err := s.decide(batch, d); err != nil {
			return err
		}
	}
	return s.db.Apply(batch, pebble.Sync)
}

func (s *Store) decide(batch *pebble.Batch, d Decision) error {
	if d.Key == "" {
		return errors.New("keep decision: it has no key")
	}
	k := key(decisionSpace, d.Key)
	if d.Verdict == "" {
		return batch.Delete(k, nil)
	}
	d.Made = d.Made.UTC()
	value, err := s.codec.sealed(k, d)
	if err != nil {
		return err
	}
	return batch.Set(k, value, nil)
}

// Decision returns what was decided about key, or space.ErrNotFound.
func (s *Store) Decision(ctx context.Context, about string) (Decision, error) {
	if err := s.enter(); err != nil {
		return Decision{}, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	d := Decision{Key: about}
	found, err := s.read(key(decisionSpace, about), &d)
	if err == nil && !found {
		err = fmt.Errorf("decision %q: %w", about, space.ErrNotFound)
	}
	return d, err
}

// Decisions calls yield with all decisions in the order of their keys.
func (s *Store) Decisions(ctx context.Context, yield func(Decision) error) error {
	return s.scan(ctx, decisionSpace, "", func(k, value []byte) error {
		d := Decision{Key: string(k[1:])}
		if err := s.codec.open(k, value, &d); err != nil {
			return err
		}
		return yield(d)
	})
}

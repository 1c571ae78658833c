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

// Decide keeps a decision durably; an earlier one about the same is replaced. An empty verdict revokes it.
func (s *Store) Decide(ctx context.Context, d Decision) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if d.Key == "" {
		return errors.New("keep decision: it has no key")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	k := key(decisionSpace, d.Key)
	if d.Verdict == "" {
		return s.db.Delete(k, pebble.Sync)
	}
	d.Made = d.Made.UTC()
	value, err := s.codec.sealed(k, d)
	if err != nil {
		return err
	}
	return s.db.Set(k, value, pebble.Sync)
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

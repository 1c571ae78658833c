package store

import (
	"context"

	"github.com/cockroachdb/pebble/v2"
)

// SetSettings keeps the owner's settings, bytes that the store does not read.
func (s *Store) SetSettings(ctx context.Context, settings []byte) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	k := []byte(settingsKey)
	return s.db.Set(k, seal(k, settings), pebble.Sync)
}

// Settings returns the owner's settings; nil where none were set.
func (s *Store) Settings(ctx context.Context) ([]byte, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k := []byte(settingsKey)
	value, err := get(s.db, k)
	if err != nil || value == nil {
		return nil, err
	}
	return unseal(k, value)
}

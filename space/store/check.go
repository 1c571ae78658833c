package store

import (
	"context"
	"fmt"

	"github.com/clipd/clipd/space"
)

// Report is what Check counted.
type Report struct {
	Items, Vectors, Thumbnails, Files, Changes, Decisions int
}

// Check reads every value, its checksum and structure, and whether items and vectors belong together. It returns the
// first fault as ErrDamaged.
func (s *Store) Check(ctx context.Context) (Report, error) {
	var r Report
	before := s.Sequence()
	err := s.Items(ctx, "", func(space.Item) error { r.Items++; return nil })
	if err != nil {
		return r, err
	}
	err = s.Vectors(ctx, func(string, space.Kind, []float32) error { r.Vectors++; return nil })
	if err != nil {
		return r, err
	}
	err = s.scan(ctx, thumbSpace, "", func(k, value []byte) error {
		r.Thumbnails++
		_, err := unseal(k, value)
		return err
	})
	if err != nil {
		return r, err
	}
	err = s.scan(ctx, fileSpace, "", func(k, value []byte) error {
		r.Files++
		return s.codec.open(k, value, new(File))
	})
	if err != nil {
		return r, err
	}
	err = s.Changes(ctx, s.logFloor(), func(uint64, []string) error { r.Changes++; return nil })
	if err != nil {
		return r, err
	}
	if err := s.Decisions(ctx, func(Decision) error { r.Decisions++; return nil }); err != nil {
		return r, err
	}
	if r.Items != r.Vectors && s.Sequence() == before { // else they were counted at different times
		return r, fmt.Errorf("%w: %d items, but %d vectors", ErrDamaged, r.Items, r.Vectors)
	}
	return r, nil
}

func (s *Store) logFloor() uint64 {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.floor
}

package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/clipd/clipd/imageenc"
	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space"
)

// RawImages is the bare session of the image tower on ready pixel values, for benchmarks: what all else on a picture's
// way is measured against. It is the model's file as it is, with ONNX Runtime's optimisations and none of clipd's.
type RawImages struct {
	Run     func(context.Context) error // one run of the graph; safe for concurrent use
	Threads int                         // of one run
	Rows    int                         // pictures of a run
	close   func() error
}

// Close frees the session.
func (r RawImages) Close() error { return r.close() }

// RawImages gives bare sessions of full batches, each with weights of its own until it is closed: one whose runs share
// the threads out, as the tower's do, and where that is another one, a second that gives a run all of them. Of a model
// that unloads its towers it must not be used. It fails with space.ErrModality where there is no image tower.
func (m *Model) RawImages(ctx context.Context) ([]RawImages, error) {
	if m.image == nil {
		return nil, fmt.Errorf("measure the image tower: %w: %s sees no pictures", space.ErrModality, m.name)
	}
	encoder, err := m.image.get(ctx)
	if err != nil {
		return nil, err
	}
	shared, err := m.rawImages(encoder, m.imageThreads())
	if err != nil {
		return nil, err
	}
	if m.threads() == m.imageThreads() {
		return []RawImages{shared}, nil
	}
	wide, err := m.rawImages(encoder, m.threads())
	if err != nil {
		return nil, errors.Join(err, shared.Close())
	}
	return []RawImages{shared, wide}, nil
}

func (m *Model) rawImages(encoder *imageenc.Encoder, threads int) (RawImages, error) {
	session, err := m.bareSession(m.imageHalf(threads))
	if err != nil {
		return RawImages{}, fmt.Errorf("measure the image tower: %w", err)
	}
	run, rows := encoder.Raw(session, m.ImageBatch())
	return RawImages{run, threads, rows, func() error {
		defer machine.Trim()
		return session.Close()
	}}, nil
}

// ImageBatch is the most pictures of one run of the image tower.
func (m *Model) ImageBatch() int { return orDefault(m.opts.MaxImageBatch, defaultImageBatch) }

package models

import (
	"context"
	"fmt"

	"github.com/clipd/clipd/imageenc"
	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space"
)

// RawImages is the bare session of the image tower on ready pixel values, for benchmarks: what all else on a picture's
// way is measured against.
type RawImages struct {
	Run     func(context.Context) error // one run of the graph; safe for concurrent use
	Threads int                         // of one run
	Rows    int                         // pictures of a run
	close   func() error
}

// Close frees a session that is not the tower's own.
func (r RawImages) Close() error { return r.close() }

// RawImages gives bare sessions of full batches: the tower's own, whose runs share the threads out, and where that is
// another one, a second that gives a run all of them and holds weights of its own until it is closed. Of a model that
// unloads its towers it must not be used. It fails with space.ErrModality where there is no image tower.
func (m *Model) RawImages(ctx context.Context) ([]RawImages, error) {
	if m.image == nil {
		return nil, fmt.Errorf("measure the image tower: %w: %s sees no pictures", space.ErrModality, m.name)
	}
	encoder, err := m.image.get(ctx)
	if err != nil {
		return nil, err
	}
	raws := []RawImages{m.rawImages(encoder, m.imageThreads(), func() error { return nil })}
	if m.threads() == m.imageThreads() {
		return raws, nil
	}
	wide, shut, err := m.newImage(ctx, m.threads())
	if err != nil {
		return nil, err
	}
	return append(raws, m.rawImages(wide, m.threads(), func() error {
		defer machine.Trim()
		return shut()
	})), nil
}

func (m *Model) rawImages(encoder *imageenc.Encoder, threads int, shut func() error) RawImages {
	run, rows := encoder.Raw(m.ImageBatch())
	return RawImages{run, threads, rows, shut}
}

// ImageBatch is the most pictures of one run of the image tower.
func (m *Model) ImageBatch() int { return orDefault(m.opts.MaxImageBatch, defaultImageBatch) }

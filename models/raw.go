package models

import (
	"context"
	"fmt"

	"github.com/clipd/clipd/space"
)

// RawImages is the bare session of the image tower on ready pixel values, for benchmarks: what all else on a picture's
// way is measured against. Of a model that unloads its towers it must not be used. It fails with space.ErrModality where there is no image tower.
func (m *Model) RawImages(ctx context.Context, rows int) (run func(context.Context) error, actual int, err error) {
	if m.image == nil {
		return nil, 0, fmt.Errorf("measure the image tower: %w: %s sees no pictures", space.ErrModality, m.name)
	}
	encoder, err := m.image.get(ctx)
	if err != nil {
		return nil, 0, err
	}
	run, actual = encoder.Raw(rows)
	return run, actual, nil
}

// ImageBatch is the most pictures of one run of the image tower.
func (m *Model) ImageBatch() int { return orDefault(m.opts.MaxImageBatch, defaultImageBatch) }

package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/internal/batch"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/textenc"
)

// EncodeTexts turns texts into unit vectors, in their order. Texts longer than the context are cut; CountTokens tells.
// Where some fail, the others' vectors are good and the error is (or wraps) a batch.Errors; a failed one's is the zero
// Vector. It fails as a whole with space.ErrBusy, space.ErrClosed, space.ErrModality or ctx's error.
func (m *Model) EncodeTexts(ctx context.Context, texts []string) ([]space.Vector, error) {
	if m.text == nil {
		return nil, fmt.Errorf("encode text: %w: %s reads no text", space.ErrModality, m.name)
	}
	items, err := m.tokenize(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("encode text: %w", err)
	}
	vectors, err := m.texts.DoAll(ctx, items)
	if err != nil {
		return vectors, fmt.Errorf("encode text: %w", err)
	}
	return vectors, nil
}

func (m *Model) tokenize(ctx context.Context, texts []string) ([]textItem, error) {
	encoder, release, err := m.text.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	items := make([]textItem, len(texts))
	for i, text := range texts {
		tokens, err := encoder.Tokenize(text)
		if err != nil {
			return nil, fmt.Errorf("text %d: %w", i, err)
		}
		items[i] = textItem{tokens, encoder.Bucket(tokens)}
	}
	return items, nil
}

// CountTokens says how many tokens the tower reads of a text, special tokens included, and whether it reads less than
// all of it. Without text tower, or of a text that can't be tokenized, it is 0.
func (m *Model) CountTokens(text string) (n int, truncated bool) {
	if m.text == nil {
		return 0, false
	}
	encoder, release, err := m.text.hold(context.Background())
	if err != nil {
		return 0, false
	}
	defer release()
	tokens, err := encoder.Tokenize(text)
	if err != nil {
		return 0, false
	}
	return len(tokens.IDs), tokens.Truncated
}

// DecodePicture decodes an image file for Pixels of this model alone: of a large JPEG only as many pixels as
// the image tower sees, which takes a fraction of the time. It fails as preprocess.Decode.
func (m *Model) DecodePicture(name string, data []byte, limits preprocess.Limits) (*preprocess.Picture, error) {
	if m.image == nil {
		return preprocess.Decode(name, data, limits)
	}
	return m.imageSpec.Decode(name, data, limits)
}

// ReadPicture decodes like DecodePicture and hands all pixels of the file to rows on the way.
func (m *Model) ReadPicture(name string, data []byte, limits preprocess.Limits, rows preprocess.Rows) (*preprocess.Picture, error) {
	if m.image == nil {
		return preprocess.Read(name, data, limits, rows)
	}
	return m.imageSpec.Read(name, data, limits, rows)
}

// Pixels are a picture's values as the image tower reads them, 3 x height x width float32. They are small, and need
// neither tower nor queue: whoever waits for EncodePixels needs not hold on to the picture. It fails with
// space.ErrModality.
func (m *Model) Pixels(picture *preprocess.Picture) ([]float32, error) {
	if m.image == nil {
		return nil, fmt.Errorf("encode picture: %w: %s sees no pictures", space.ErrModality, m.name)
	}
	begun := time.Now()
	pixels := make([]float32, m.imageSpec.Len())
	m.imageSpec.Pixels(picture, pixels)
	m.resizing.Add(int64(time.Since(begun)))
	m.resized.Add(1)
	return pixels, nil
}

// EncodePixels turns the Pixels of a picture into its unit vector, in a batch with others. It fails with
// space.ErrBusy, space.ErrClosed, space.ErrModality or ctx's error. The pixels may be read until the tower is through
// with them, which can be after EncodePixels returned because ctx ended.
func (m *Model) EncodePixels(ctx context.Context, pixels []float32) (space.Vector, error) {
	if m.image == nil {
		return space.Vector{}, fmt.Errorf("encode picture: %w: %s sees no pictures", space.ErrModality, m.name)
	}
	vector, err := m.pictures.Do(ctx, pixels)
	if err != nil {
		return vector, fmt.Errorf("encode picture: %w", err)
	}
	return vector, nil
}

// EncodePictures turns pictures into unit vectors, in their order. Pixel values are computed while other pictures are
// in the tower, of a few pictures at a time. Where some fail, the others' vectors are good and the error is (or wraps)
// a batch.Errors. It fails as a whole with space.ErrModality or ctx's error.
func (m *Model) EncodePictures(ctx context.Context, pictures []*preprocess.Picture) ([]space.Vector, error) {
	if m.image == nil {
		return nil, fmt.Errorf("encode picture: %w: %s sees no pictures", space.ErrModality, m.name)
	}
	vectors := make([]space.Vector, len(pictures))
	var failed failures
	var group errgroup.Group
	group.SetLimit(m.ImageBatch() + runtime.GOMAXPROCS(0)) // a batch in the tower, the next one in the making
	for i, picture := range pictures {
		group.Go(func() error {
			var err error
			if vectors[i], err = m.encodePicture(ctx, picture); err != nil {
				failed.add(i, err)
			}
			return nil
		})
	}
	_ = group.Wait() // its functions keep their errors in failed
	if err := failed.err(ctx); err != nil {
		return vectors, fmt.Errorf("encode picture: %w", err)
	}
	return vectors, nil
}

func (m *Model) encodePicture(ctx context.Context, picture *preprocess.Picture) (space.Vector, error) {
	if err := ctx.Err(); err != nil {
		return space.Vector{}, err
	}
	pixels, err := m.Pixels(picture)
	if err != nil {
		return space.Vector{}, err
	}
	vector, err := m.pictures.Do(ctx, pixels)
	if err != nil {
		return vector, fmt.Errorf("%s: %w", picture.Name, err)
	}
	return vector, nil
}

// Resized tells how many pictures were brought to the tower's size, and how long that took, added up.
func (m *Model) Resized() (pictures int64, took time.Duration) {
	return m.resized.Load(), time.Duration(m.resizing.Load())
}

// failures collects what failed of a list.
type failures struct {
	mu   sync.Mutex
	list batch.Errors
}

func (f *failures) add(index int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, batch.ItemError{Index: index, Err: err})
}

// err is ctx's error if it ended, else the failures by rising index, else nil.
func (f *failures) err(ctx context.Context) error {
	if len(f.list) == 0 {
		return nil
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	slices.SortFunc(f.list, func(a, b batch.ItemError) int { return cmp.Compare(a.Index, b.Index) })
	return f.list
}

// runTexts is the batcher's function: one run of the text tower.
func (m *Model) runTexts(ctx context.Context, items []textItem) ([]space.Vector, error) {
	encoder, release, err := m.text.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	tokens := make([]textenc.Tokens, len(items))
	for i, item := range items {
		tokens[i] = item.tokens
	}
	vectors, err := encoder.EncodeTokens(ctx, tokens)
	return vectors, m.blame(err)
}

// runPictures is the batcher's function: one run of the image tower.
func (m *Model) runPictures(ctx context.Context, pixels [][]float32) ([]space.Vector, error) {
	encoder, release, err := m.image.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	vectors, err := encoder.EncodePixels(ctx, pixels)
	return vectors, m.blame(err)
}

// blame names the model in an error that is the model's own.
func (m *Model) blame(err error) error {
	if !errors.Is(err, space.ErrModelOutput) {
		return err
	}
	return fmt.Errorf("model %s: %w", m.name, err)
}

// BatchStats are the counters of the two queues; a tower that isn't there has none.
func (m *Model) BatchStats() (texts, pictures batch.Stats) {
	if m.texts != nil {
		texts = m.texts.Stats()
	}
	if m.pictures != nil {
		pictures = m.pictures.Stats()
	}
	return texts, pictures
}

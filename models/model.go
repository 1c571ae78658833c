package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/imageenc"
	"github.com/clipd/clipd/internal/batch"
	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/textenc"
)

// Errors of a Model.
var (
	// ErrMismatch: the model's parts don't belong together.
	ErrMismatch = errors.New("the model's parts contradict each other")
)

// Options of a Model. The zero value works.
type Options struct {
	Threads       int           // that the runs of a tower share; 0: all cores
	Provider      string        // execution provider; empty: CPU
	Variant       string        // of the graphs, one of Variants; empty: the most exact that is there
	Lazy          bool          // load each tower when it is first needed, not at once
	UnloadAfter   time.Duration // let a tower go that nobody has used for that long; 0: never
	MaxTextBatch  int           // most texts of one run; 0: 16
	MaxImageBatch int           // most pictures of one run; 0: 8
	MaxQueue      int           // most texts, and most pictures, that wait; 0: 64 batches
	MaxQueueBytes int64         // most memory of each of these; 0: DefaultMaxQueueBytes
	NoRewrite     bool          // run towers operator by operator as their files have them
	CacheDir      string        // where the hashes of weights are remembered; empty: nowhere
}

func (o Options) onCPU() bool { return o.Provider == "" || strings.EqualFold(o.Provider, ort.CPU) }

// DefaultMaxQueueBytes is room for some hundred pictures: of 224 x 224 pixels, one has 0.6 MB.
const DefaultMaxQueueBytes = 256 << 20

// Defaults of Options: larger batches gain nothing on a CPU, and make a lone query wait.
const (
	defaultTextBatch  = 16
	defaultImageBatch = 8
	maxBatchTokens    = 512 // of texts in one run; a single longer text goes alone
	// towerRuns is how many runs of a tower go on at the same time: while one is in its single-threaded parts, or its
	// items are made ready, the other one has the cores.
	towerRuns = 2
)

// Model turns texts and pictures into vectors of one space. It is safe for concurrent use: requests share batches,
// and when too many wait they fail with space.ErrBusy.
type Model struct {
	name        string
	folder      Folder
	layout      layout
	opts        Options
	runtime     *ort.Runtime
	profile     profile
	fingerprint space.Fingerprint
	textSpec    textenc.Spec
	imageSpec   preprocess.Spec

	text     *tower[*textenc.Encoder] // nil: none
	image    *tower[*imageenc.Encoder]
	texts    *batch.Batcher[textItem, space.Vector]
	pictures *batch.Batcher[[]float32, space.Vector]

	textRewrites, imageRewrites atomic.Pointer[ort.Rewrites] // of the towers that were loaded

	resized, resizing atomic.Int64 // pictures, and the nanoseconds that they took

	stop    chan struct{} // closed by Close
	closing sync.Once
	watcher sync.WaitGroup
}

// textItem is a tokenized text on its way through the batcher.
type textItem struct {
	tokens textenc.Tokens
	bucket int
}

// Open loads a model. Without Lazy, both towers are loaded and tried when it returns; with it, nothing that
// can wait: one tower where the graphs don't tell the dimension. Close frees it.
func Open(ctx context.Context, folder Folder, runtime *ort.Runtime, opts Options) (*Model, error) {
	m, err := open(ctx, folder, runtime, opts)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", folder.Name, err)
	}
	return m, nil
}

func open(ctx context.Context, folder Folder, runtime *ort.Runtime, opts Options) (*Model, error) {
	m := &Model{folder: folder, opts: opts, runtime: runtime, stop: make(chan struct{})}
	if err := runtime.CheckProvider(opts.Provider); err != nil { // now, not at the first request
		return nil, err
	}
	if err := m.read(); err != nil {
		return nil, err
	}
	m.start()
	if err := m.identify(ctx); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	machine.Trim() // loading leaves copies of the weights behind
	if opts.UnloadAfter > 0 {
		m.watcher.Go(m.watch)
	}
	return m, nil
}

// read reads all files but the weights.
func (m *Model) read() error {
	var err error
	if m.layout, err = findLayout(fileIn(m.folder.FS), m.opts.Variant); err != nil {
		return err
	}
	if m.profile, err = readProfile(m.folder.FS, m.folder.Name); err != nil {
		return err
	}
	m.name = m.profile.Name
	if m.layout.text != "" {
		if m.textSpec, err = textenc.ReadSpec(side(m.folder.FS, m.layout.textDir)); err != nil {
			return err
		}
	}
	if m.layout.vision != "" {
		if m.imageSpec, err = preprocess.ReadSpec(side(m.folder.FS, m.layout.visionDir)); err != nil {
			return err
		}
	}
	return nil
}

// start makes towers and queues; nothing is loaded yet.
func (m *Model) start() {
	if m.layout.text != "" {
		m.text = newTower(m.loadText)
		m.texts = batch.New(m.runTexts, batch.Options[textItem]{
			MaxBatch: orDefault(m.opts.MaxTextBatch, defaultTextBatch),
			MaxQueue: m.opts.MaxQueue,
			MaxBytes: orDefault(m.opts.MaxQueueBytes, DefaultMaxQueueBytes),
			Bytes:    func(t textItem) int { return 8 * len(t.tokens.IDs) },
			Workers:  towerRuns,
			MaxCost:  maxBatchTokens,
			Cost:     func(t textItem) int { return len(t.tokens.IDs) },
			Bucket:   func(t textItem) int { return t.bucket },
		})
	}
	if m.layout.vision != "" {
		m.image = newTower(m.loadImage)
		m.pictures = batch.New(m.runPictures, batch.Options[[]float32]{
			MaxBatch: m.ImageBatch(),
			MaxQueue: m.opts.MaxQueue,
			MaxBytes: orDefault(m.opts.MaxQueueBytes, DefaultMaxQueueBytes),
			Bytes:    func(pixels []float32) int { return 4 * len(pixels) },
			Workers:  towerRuns,
		})
	}
}

func orDefault[N int | int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

// identify hashes the weights while the towers load, and checks that these agree.
func (m *Model) identify(ctx context.Context) error {
	var group errgroup.Group
	var sum string
	group.Go(func() (err error) {
		sum, err = digest(m.folder, m.layout, m.opts.CacheDir)
		return err
	})
	var textDim, imageDim int
	group.Go(func() (err error) {
		textDim, imageDim, err = m.dimensions(ctx)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	dim := max(textDim, imageDim)
	if textDim > 0 && imageDim > 0 && textDim != imageDim {
		return fmt.Errorf("%w: the text tower %s gives %d dimensions, the image tower %s gives %d",
			ErrMismatch, m.layout.text, textDim, m.layout.vision, imageDim)
	}
	m.fingerprint = space.Fingerprint{Model: m.name, Digest: sum, Dim: dim}
	return nil
}

// dimensions loads the towers and gives their dimensions, 0 for one that isn't there. With Lazy, a dimension that is
// written in the image tower's graph is enough, else one tower.
func (m *Model) dimensions(ctx context.Context) (text, image int, err error) {
	if m.opts.Lazy && m.image != nil {
		if image, err = m.writtenDim(); image > 0 || err != nil {
			return 0, image, err
		}
	}
	if m.text != nil {
		encoder, err := m.text.get(ctx)
		if err != nil {
			return 0, 0, err
		}
		text = encoder.Dim()
	}
	if m.image != nil && (m.text == nil || !m.opts.Lazy) {
		encoder, err := m.image.get(ctx)
		if err != nil {
			return 0, 0, err
		}
		image = encoder.Dim()
	}
	return text, image, nil
}

// writtenDim is the dimension that the image tower's graph tells; 0: it doesn't.
func (m *Model) writtenDim() (int, error) {
	if m.layout.combined() {
		return 0, nil
	}
	graph, err := m.source(m.layout.vision)
	if err != nil {
		return 0, err
	}
	signature, err := ort.Inspect(graph)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", m.layout.vision, err)
	}
	return imageenc.WrittenDim(signature.Outputs), nil
}

// loadText loads the text tower. That it pads each text, and so is worth trimming, may be learnt only when it runs.
func (m *Model) loadText(ctx context.Context) (encoder *textenc.Encoder, closer func() error, err error) {
	h := m.textHalf()
	encoder, closer, err = m.loadTextHalf(ctx, h)
	if err != nil || !h.short || m.opts.NoRewrite || encoder.Spec().Padding != textenc.PaddingFull {
		return encoder, closer, err
	}
	if err := closer(); err != nil {
		return nil, nil, err
	}
	h.short = false
	return m.loadTextHalf(ctx, h)
}

// loadTextHalf loads it as it is. OpenVINO's sessions (1.24.1) don't survive a run that fails, as the trial of padding
// does on a graph with one length in it: then it is loaded once more and no trial made.
func (m *Model) loadTextHalf(ctx context.Context, h half) (*textenc.Encoder, func() error, error) {
	spec := m.textSpec
	encoder, closer, err := m.loadTextAs(ctx, h, spec)
	if err == nil || m.opts.onCPU() || spec.Padding != textenc.PaddingAuto || ctx.Err() != nil {
		return encoder, closer, err
	}
	spec.Padding = textenc.PaddingFull
	encoder, closer, again := m.loadTextAs(ctx, h, spec)
	if again != nil {
		return nil, nil, err
	}
	return encoder, closer, nil
}

func (m *Model) loadTextAs(ctx context.Context, h half, spec textenc.Spec) (encoder *textenc.Encoder, closer func() error, err error) {
	err = m.load(h, func(session *ort.Session) (err error) {
		if encoder, err = textenc.New(ctx, spec, session, textenc.Options{MaxBatch: m.opts.MaxTextBatch}); err != nil {
			return err
		}
		m.textRewrites.Store(session.Rewrites())
		closer = func() error { return errors.Join(encoder.Close(), session.Close()) }
		if err := m.fits(encoder.Dim()); err != nil {
			return errors.Join(err, encoder.Close())
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return encoder, closer, nil
}

func (m *Model) loadImage(ctx context.Context) (encoder *imageenc.Encoder, closer func() error, err error) {
	err = m.load(m.imageHalf(m.imageThreads()), func(session *ort.Session) (err error) {
		if encoder, err = imageenc.New(ctx, m.imageSpec, session, imageenc.Options{MaxBatch: m.opts.MaxImageBatch}); err != nil {
			return err
		}
		m.imageRewrites.Store(session.Rewrites())
		closer = session.Close
		return m.fits(encoder.Dim())
	})
	if err != nil {
		return nil, nil, err
	}
	return encoder, closer, nil
}

// fits holds the dimension of a tower that is loaded late against the model's.
func (m *Model) fits(dim int) error {
	if known := m.fingerprint.Dim; known != 0 && dim != known {
		return fmt.Errorf("%w: it gives %d dimensions, the model's space has %d", ErrMismatch, dim, known)
	}
	return nil
}

// Name is the model's name for people.
func (m *Model) Name() string { return m.name }

// Note is one line on what the model knows, from its clipd.json; empty where it has none.
func (m *Model) Note() string { return m.profile.Note }

// Fingerprint says which encoders these are; vectors of another are not comparable.
func (m *Model) Fingerprint() space.Fingerprint { return m.fingerprint }

// LogitScale is the factor of cosines before the softmax of a zero-shot classification.
func (m *Model) LogitScale() float64 { return m.profile.LogitScale }

// Dim is the dimension of the vectors.
func (m *Model) Dim() int { return m.fingerprint.Dim }

// Thresholds are the model's cosines for "same scene" and "text and picture belong together".
func (m *Model) Thresholds() Thresholds { return m.profile.Thresholds }

// ContextLength is the number of tokens that the text tower reads, special tokens included; 0 without text tower.
func (m *Model) ContextLength() int {
	if m.text == nil {
		return 0
	}
	if encoder, ok := m.text.peek(); ok {
		return encoder.Spec().ContextLength
	}
	return m.textSpec.ContextLength
}

// Close lets running batches end, fails what waits, and frees towers and tokenizer.
func (m *Model) Close() error {
	m.closing.Do(func() { close(m.stop) })
	m.watcher.Wait()
	var err error
	if m.text != nil {
		m.texts.Close()
		err = m.text.shut()
	}
	if m.image != nil {
		m.pictures.Close()
		err = errors.Join(err, m.image.shut())
	}
	return err
}

package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keyword"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/store"
)

// Folders of a collection.
const (
	storeDir      = "store"
	keywordDir    = "keyword"
	rebuildingDir = "keyword.new"
	vectorsDir    = "vectors"
	rebuiltDir    = "vectors.new"
)

// Catalog is one collection. It is safe for concurrent use.
type Catalog struct {
	name     string
	home     string // the collection's folder
	dir      string // that of its present generation, home or inside it
	enc      Encoder
	opts     Options
	settings Settings
	store    *store.Store
	commits  commitQueue
	follower follower

	successor atomic.Pointer[Catalog] // the generation that took this one's place

	yardstick   *yardstick // the library's
	nouns       *yardstick // the library's
	views       views
	calibration calibration
	lists       lists

	mu          sync.RWMutex // guards the indexes: held for reading by searches, for writing while they change
	vectors     vectors
	saver       saver
	slotChanges uint64 // how often vectors changed
	words       *keyword.Index
	copies      *copyIndex // nil until a picture is checked
	closed      bool

	filters filterCache
}

var _ space.Index = (*Catalog)(nil)

// SIMD names the vector kernels of this process: "avx512", "avx2" or "plain".
func SIMD() string { return knn.SIMD() }

// createStore makes the folder of an empty collection.
func createStore(ctx context.Context, dir string, fingerprint space.Fingerprint, settings Settings, opts Options) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	identity := store.Identity{Fingerprint: fingerprint, Created: time.Now()}
	s, err := store.Create(filepath.Join(dir, storeDir), identity, store.Options{Logger: opts.Logger})
	if err != nil {
		return err
	}
	return errors.Join(writeSettings(ctx, s, settings), s.Close(), syncDir(dir))
}

// openCatalog opens a collection: the store, then both indexes, which are brought up to it.
func openCatalog(ctx context.Context, name, home, dir string, m model, opts Options) (*Catalog, error) {
	s, err := store.Open(filepath.Join(dir, storeDir), m.enc.Fingerprint(), store.Options{Logger: opts.Logger})
	if err != nil {
		return nil, err
	}
	c := &Catalog{name: name, home: home, dir: dir, enc: m.enc, opts: opts, store: s, yardstick: m.yardstick, nouns: m.nouns, views: newViews()}
	if err := c.openIndexes(ctx); err != nil {
		c.follower.halt()
		if c.vectors.vectorIndex != nil {
			err = errors.Join(err, c.vectors.Close())
		}
		if c.words != nil {
			err = errors.Join(err, c.words.Close())
		}
		return nil, errors.Join(err, s.Close())
	}
	return c, nil
}

func (c *Catalog) openIndexes(ctx context.Context) (err error) {
	if c.settings, err = readSettings(ctx, c.store); err != nil {
		return err
	}
	for _, interrupted := range []string{rebuildingDir, rebuiltDir} {
		if err := os.RemoveAll(filepath.Join(c.dir, interrupted)); err != nil {
			return err
		}
	}
	if err := c.openVectors(ctx); err != nil {
		return err
	}
	return c.openWords(ctx)
}

// Describe says what the collection holds.
func (c *Catalog) Describe(ctx context.Context) (space.Description, error) {
	if err := ctx.Err(); err != nil {
		return space.Description{}, err
	}
	bytes, err := c.store.Bytes()
	if next := c.moved(err); next != nil {
		return next.Describe(ctx)
	}
	if err != nil {
		return space.Description{}, fmt.Errorf("describe %q: %w", c.name, err)
	}
	words, err := dirBytes(filepath.Join(c.dir, keywordDir))
	if err != nil {
		return space.Description{}, fmt.Errorf("describe %q: %w", c.name, err)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	identity := c.store.Identity()
	return space.Description{
		Name:        c.name,
		Fingerprint: identity.Fingerprint,
		Items:       c.vectors.Len(),
		Texts:       int(c.vectors.texts.slots.GetCardinality()),
		Images:      int(c.vectors.images.slots.GetCardinality()),
		Bytes:       bytes + words,
		Tier:        c.vectors.Tier(),
		Created:     identity.Created,
		WordsBehind: c.wordsBehind(),
	}, nil
}

// Get returns an item with its vector, or space.ErrNotFound.
func (c *Catalog) Get(ctx context.Context, id string) (space.Item, error) {
	it, err := c.store.Item(ctx, id)
	if next := c.moved(err); next != nil {
		return next.Get(ctx, id)
	}
	return it, err
}

// maxList is the longest page of List.
const maxList = 10_000

var errPageFull = errors.New("page full")

// List returns up to limit items, 1 to 10,000, in the order of their ids, beginning after the given id.
func (c *Catalog) List(ctx context.Context, after string, limit int) ([]space.Item, error) {
	if limit < 1 || limit > maxList {
		return nil, fmt.Errorf("%w: limit is %d; want 1 to %d", space.ErrInvalidQuery, limit, maxList)
	}
	var items []space.Item
	err := c.store.Items(ctx, after, func(it space.Item) error {
		items = append(items, it)
		if len(items) == limit {
			return errPageFull
		}
		return nil
	})
	if next := c.moved(err); next != nil {
		return next.List(ctx, after, limit)
	}
	if err != nil && !errors.Is(err, errPageFull) {
		return nil, fmt.Errorf("list %q: %w", c.name, err)
	}
	return items, nil
}

// Thumbnail returns JPEG bytes, or space.ErrNotFound.
func (c *Catalog) Thumbnail(ctx context.Context, id string) ([]byte, error) {
	thumbnail, err := c.store.Thumbnail(ctx, id)
	if next := c.moved(err); next != nil {
		return next.Thumbnail(ctx, id)
	}
	return thumbnail, err
}

// Settings are those that the collection was made with.
func (c *Catalog) Settings() Settings { return c.settings }

// Close waits for running calls and closes store and indexes. A second Close does nothing.
func (c *Catalog) Close() error {
	c.commits.writing.Lock()
	defer c.commits.writing.Unlock()
	c.follower.halt()
	c.saver.wait()
	c.saveVectors()
	c.saver.wait()
	return c.shut()
}

// shut closes store and indexes. The caller holds commits.writing and has halted the follower.
func (c *Catalog) shut() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return errors.Join(c.vectors.Close(), c.words.Close(), c.store.Close())
}

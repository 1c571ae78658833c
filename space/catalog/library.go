package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// Errors of a Library.
var (
	// ErrLocked: another process works in the data directory; the text names it.
	ErrLocked = errors.New("the data directory is in use")
	// ErrNoCollection: no collection of this name; the text lists those that exist. It is a space.ErrNotFound too.
	ErrNoCollection = fmt.Errorf("collection %w", space.ErrNotFound)
	// ErrExists: a collection of this name is there already.
	ErrExists = errors.New("the collection exists already")
	// ErrInvalidName: a collection's name is not one.
	ErrInvalidName = errors.New("invalid collection name")
)

// DefaultDuplicateCosine is the cosine at which pictures are looked at as copies where the model says nothing.
const DefaultDuplicateCosine = 0.97

// Options of a Library. The zero value works.
type Options struct {
	Limits          preprocess.Limits   // of incoming pictures
	Decoding        *semaphore.Weighted // a picture takes 1 while it is decoded: they are large; nil: GOMAXPROCS at once
	DuplicateCosine float64             // cosine at which pictures count as copies, of the model; 0: DefaultDuplicateCosine
	Traits          Traits              // of the model
	Keep            space.KeepPolicy    // which of several copies is kept where a query leaves it open
	Vectors         knn.Options         // of the vector indexes; Dir and Logger are set by the library
	Logger          *slog.Logger        // nil: silent
}

func (o Options) withDefaults() Options {
	if o.Decoding == nil {
		o.Decoding = semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))
	}
	if o.DuplicateCosine == 0 {
		o.DuplicateCosine = DefaultDuplicateCosine
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Listing is one collection of a Library; Err says why it cannot be opened, a foreign fingerprint for example.
type Listing struct {
	Name        string
	Description space.Description
	Err         error
}

// Library is a data directory with its collections. It is safe for concurrent use.
type Library struct {
	dir  string
	opts Options
	lock *lock
	model

	mu         sync.Mutex // guards what follows, and one collection is opened, made or dropped at a time
	open       map[string]*Catalog
	reindexing map[string]bool // collections that are being encoded anew
	closed     bool

	closing context.Context // ends when Close begins
	stop    context.CancelFunc
	working sync.WaitGroup // of those who encode anew
}

// Open takes the data directory dir, which is made where it is missing. It fails with ErrLocked while another process
// holds it. Collections are opened when they are asked for.
func Open(dir string, enc Encoder, opts Options) (*Library, error) {
	if err := os.MkdirAll(filepath.Join(dir, collectionsDir), 0o755); err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	held, err := acquire(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("open data directory %s: %w", dir, err)
	}
	l := &Library{dir: dir, opts: opts.withDefaults(), lock: held, open: map[string]*Catalog{}, reindexing: map[string]bool{}}
	l.closing, l.stop = context.WithCancel(context.Background())
	l.model = newModel(dir, enc, l.opts.Logger)
	if err := l.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("open data directory %s: %w", dir, err), held.release())
	}
	return l, nil
}

// Names inside a data directory. What begins with a dot is a collection that is being made or removed: its work was
// interrupted if it is there when the directory is opened.
const (
	collectionsDir = "collections"
	lockFile       = "LOCK"
	makingPrefix   = ".making-"
	droppedPrefix  = ".dropped-"

	backupPrefix    = ".backup-"
	restoringPrefix = ".restoring-"
)

// unfinished are the beginnings of names that interrupted work leaves.
var unfinished = []string{makingPrefix, droppedPrefix, backupPrefix, restoringPrefix}

// sweep removes what interrupted work has left.
func (l *Library) sweep() error {
	entries, err := os.ReadDir(filepath.Join(l.dir, collectionsDir))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.ContainsFunc(unfinished, func(prefix string) bool { return strings.HasPrefix(entry.Name(), prefix) }) {
			if err := os.RemoveAll(l.path(entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Library) path(name string) string { return filepath.Join(l.dir, collectionsDir, name) }

// Create makes a collection. It fails with ErrExists or ErrInvalidName.
func (l *Library) Create(ctx context.Context, name string, settings Settings) (*Catalog, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	switch exists, err := l.exists(name); {
	case err != nil:
		return nil, fmt.Errorf("create collection %q: %w", name, err)
	case exists:
		return nil, fmt.Errorf("create collection %q: %w", name, ErrExists)
	}
	if err := l.build(ctx, name, settings); err != nil {
		return nil, fmt.Errorf("create collection %q: %w", name, err)
	}
	return l.openCatalog(ctx, name)
}

// build makes the collection's folder under another name and renames it when it is whole.
func (l *Library) build(ctx context.Context, name string, settings Settings) error {
	making := l.path(makingPrefix + name)
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	if err := createStore(ctx, making, l.enc.Fingerprint(), settings, l.opts); err != nil {
		return errors.Join(err, os.RemoveAll(making))
	}
	return renameDurably(making, l.path(name))
}

// Collection returns the collection of this name, or ErrNoCollection, which lists those that exist.
// It fails with space.ErrFingerprint where another model made it.
func (l *Library) Collection(ctx context.Context, name string) (*Catalog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	return l.collection(ctx, name)
}

// collection opens a collection where it is not open yet. The caller holds mu.
func (l *Library) collection(ctx context.Context, name string) (*Catalog, error) {
	if c, open := l.open[name]; open {
		return c, nil
	}
	if l.reindexing[name] {
		return nil, fmt.Errorf("collection %q: %w, and can be searched when that is done", name, ErrReindexing)
	}
	if exists, err := l.exists(name); err != nil {
		return nil, fmt.Errorf("collection %q: %w", name, err)
	} else if !exists {
		return nil, l.noCollection(name)
	}
	return l.openCatalog(ctx, name)
}

func (l *Library) openCatalog(ctx context.Context, name string) (*Catalog, error) {
	home := l.path(name)
	dir, number, err := generation(home)
	if err != nil {
		return nil, fmt.Errorf("open collection %q: %w", name, err)
	}
	c, err := openCatalog(ctx, name, home, dir, l.model, l.opts)
	if err != nil {
		return nil, fmt.Errorf("open collection %q: %w", name, err)
	}
	if err := removeOlder(home, number); err != nil {
		return nil, errors.Join(fmt.Errorf("open collection %q: %w", name, err), c.Close())
	}
	l.open[name] = c
	return c, nil
}

func (l *Library) exists(name string) (bool, error) {
	if checkName(name) != nil {
		return false, nil
	}
	info, err := os.Stat(l.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.IsDir(), err
}

func (l *Library) noCollection(name string) error {
	names, err := l.names()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %q", ErrNoCollection, name)
	case len(names) == 0:
		return fmt.Errorf("%w: %q; there are none yet", ErrNoCollection, name)
	}
	return fmt.Errorf("%w: %q; there are: %s", ErrNoCollection, name, strings.Join(names, ", "))
}

// names are those of all collections, sorted.
func (l *Library) names() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(l.dir, collectionsDir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && checkName(entry.Name()) == nil {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// List describes all collections in the order of their names.
func (l *Library) List(ctx context.Context) ([]Listing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	names, err := l.names()
	if err != nil {
		return nil, fmt.Errorf("list collections: %w", err)
	}
	listings := make([]Listing, len(names))
	for i, name := range names {
		listings[i] = l.listing(ctx, name)
	}
	return listings, ctx.Err()
}

func (l *Library) listing(ctx context.Context, name string) Listing {
	c, err := l.collection(ctx, name)
	if err != nil {
		return Listing{Name: name, Err: err}
	}
	description, err := c.Describe(ctx)
	return Listing{name, description, err}
}

// Drop removes a collection and all it holds, or returns ErrNoCollection. Calls that use it fail with space.ErrClosed.
func (l *Library) Drop(ctx context.Context, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return err
	}
	if exists, err := l.exists(name); err != nil {
		return fmt.Errorf("drop collection %q: %w", name, err)
	} else if !exists {
		return l.noCollection(name)
	}
	if l.reindexing[name] {
		return fmt.Errorf("drop collection %q: %w", name, ErrReindexing)
	}
	if c, open := l.open[name]; open {
		delete(l.open, name)
		if err := c.Close(); err != nil {
			return fmt.Errorf("drop collection %q: %w", name, err)
		}
	}
	dropped := l.path(droppedPrefix + name)
	if err := renameDurably(l.path(name), dropped); err != nil {
		return fmt.Errorf("drop collection %q: %w", name, err)
	}
	if err := os.RemoveAll(dropped); err != nil {
		return fmt.Errorf("drop collection %q: %w", name, err)
	}
	return nil
}

// Close closes all collections and gives the directory back. A second Close does nothing.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.stop()
	l.working.Wait() // they need mu to end
	l.mu.Lock()
	var errs []error
	for _, c := range l.open {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, l.lock.release())...)
}

func (l *Library) usable(ctx context.Context) error {
	if l.closed {
		return fmt.Errorf("library: %w", space.ErrClosed)
	}
	return ctx.Err()
}

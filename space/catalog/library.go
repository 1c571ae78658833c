package catalog

import (
	"context"
	"errors"
	"log/slog"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// Errors of a Library.
var (
	// ErrLocked: another process works in the data directory; the text names it.
	ErrLocked = errors.New("the data directory is in use")
	// ErrNoCollection: no collection of this name; the text lists those that exist. It is a space.ErrNotFound too.
	ErrNoCollection = errors.New("no such collection")
	// ErrExists: a collection of this name is there already.
	ErrExists = errors.New("the collection exists already")
	// ErrInvalidName: a collection's name is not one.
	ErrInvalidName = errors.New("invalid collection name")
)

// Options of a Library. The zero value works.
type Options struct {
	Limits          preprocess.Limits // of incoming pictures
	Workers         int               // pictures decoded at once; 0: GOMAXPROCS
	DuplicateCosine float64           // cosine at which pictures count as copies, of the model; 0: 0.97
	Logger          *slog.Logger      // nil: silent
}

// Settings of a collection, kept with it. The zero value works.
type Settings struct {
	DuplicateDistance int     `json:"duplicate_distance,omitempty"` // Hamming distance of 256; 0: package dedup's default
	DuplicateCosine   float64 `json:"duplicate_cosine,omitempty"`   // 0: Options.DuplicateCosine
}

// Listing is one collection of a Library; Err says why it cannot be opened, a foreign fingerprint for example.
type Listing struct {
	Name        string
	Description space.Description
	Err         error
}

var errUnfinished = errors.New("not there yet")

// Library is a data directory with its collections. It is safe for concurrent use.
type Library struct{}

// Open takes the data directory dir, which is made where it is missing. It fails with ErrLocked while another process
// holds it. Collections are opened when they are asked for.
func Open(dir string, enc Encoder, opts Options) (*Library, error) { return nil, errUnfinished }

// Create makes a collection. It fails with ErrExists or ErrInvalidName.
func (l *Library) Create(ctx context.Context, name string, settings Settings) (*Catalog, error) {
	return nil, errUnfinished
}

// Collection returns the collection of this name, or ErrNoCollection, which lists those that exist.
// It fails with space.ErrFingerprint where another model made it.
func (l *Library) Collection(ctx context.Context, name string) (*Catalog, error) {
	return nil, errUnfinished
}

// List describes all collections in the order of their names.
func (l *Library) List(ctx context.Context) ([]Listing, error) { return nil, errUnfinished }

// Drop removes a collection and all it holds, or returns ErrNoCollection.
func (l *Library) Drop(ctx context.Context, name string) error { return errUnfinished }

// Close closes all collections and gives the directory back.
func (l *Library) Close() error { return errUnfinished }

// Catalog is one collection. It is safe for concurrent use.
type Catalog struct{}

var _ space.Index = (*Catalog)(nil)

// Describe implements space.Index.
func (c *Catalog) Describe(ctx context.Context) (space.Description, error) {
	return space.Description{}, errUnfinished
}

// Put implements space.Index.
func (c *Catalog) Put(ctx context.Context, entries []space.Entry) ([]space.Change, error) {
	return nil, errUnfinished
}

// Get implements space.Index.
func (c *Catalog) Get(ctx context.Context, id string) (space.Item, error) {
	return space.Item{}, errUnfinished
}

// List implements space.Index.
func (c *Catalog) List(ctx context.Context, after string, limit int) ([]space.Item, error) {
	return nil, errUnfinished
}

// Thumbnail implements space.Index.
func (c *Catalog) Thumbnail(ctx context.Context, id string) ([]byte, error) {
	return nil, errUnfinished
}

// Delete implements space.Index.
func (c *Catalog) Delete(ctx context.Context, ids []string) (int, error) { return 0, errUnfinished }

// Search implements space.Index.
func (c *Catalog) Search(ctx context.Context, q space.Query) (space.Answer, error) {
	return space.Answer{}, errUnfinished
}

// Duplicates implements space.Index.
func (c *Catalog) Duplicates(ctx context.Context, q space.DuplicateQuery) ([]space.Group, error) {
	return nil, errUnfinished
}

// Close implements space.Index.
func (c *Catalog) Close() error { return errUnfinished }

// Ingest takes documents in: decodes, hashes and encodes them and keeps them durably. The i-th Result is the i-th
// document's. A bad document fails alone. Those whose content is there already are not encoded again.
func (c *Catalog) Ingest(ctx context.Context, docs []Document) []Result { return nil }

// Known says for each file whether the collection holds it with the same size and modification time.
func (c *Catalog) Known(ctx context.Context, probes []Probe) ([]bool, error) {
	return nil, errUnfinished
}

// Find encodes the question and searches.
func (c *Catalog) Find(ctx context.Context, ask Ask) (space.Answer, Timing, error) {
	return space.Answer{}, Timing{}, errUnfinished
}

// Rebuild makes all indexes anew from the store; answers stay the same.
func (c *Catalog) Rebuild(ctx context.Context) error { return errUnfinished }

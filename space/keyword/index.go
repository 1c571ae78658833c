package keyword

import (
	"context"
	"errors"

	"github.com/clipd/clipd/space"
)

// Errors of Open. Both mean: remove the directory with Remove, open it anew, and Apply every item again.
var (
	// ErrDamaged: the directory holds something that cannot be read as a keyword index.
	ErrDamaged = errors.New("the keyword index is damaged")
	// ErrVersion: the index was written with another mapping than this program's.
	ErrVersion = errors.New("the keyword index is of another version")
)

// Options of an Index. The zero value is right for a collection.
type Options struct {
	// NoSync acknowledges a batch before it is on disk. After a crash the index opens at an earlier Sequence.
	NoSync bool
}

// Batch is what Apply does at once: it deletes, then puts, then remembers the sequence number.
// An id that is in Puts twice is kept as it is last.
type Batch struct {
	Puts     []space.Item
	Deletes  []string
	Sequence uint64
}

// Match is an item that Search found.
type Match struct {
	ID    string
	Score float64  // BM25-like, greater is better, not comparable between queries
	Terms []string // what matched, as field:term, sorted
}

// Index is a keyword index in a directory of its own. It is safe for concurrent use.
type Index struct{}

// Open opens the index in dir, or creates it there. It fails with ErrDamaged or ErrVersion when the index has to
// be rebuilt.
func Open(dir string, opts Options) (*Index, error) { return nil, errors.New("not there yet") }

// Remove deletes the index in dir, so that Open creates an empty one.
func Remove(dir string) error { return errors.New("not there yet") }

// Apply does the batch, all or nothing, together with its sequence number.
func (x *Index) Apply(ctx context.Context, b Batch) error { return errors.New("not there yet") }

// Sequence is the number of the last batch that was applied; 0 for a new index.
func (x *Index) Sequence() uint64 { return 0 }

// Count is the number of items.
func (x *Index) Count() (int, error) { return 0, errors.New("not there yet") }

// Search returns the n best matches of a user's words among the items that pass the filter (nil: all), by falling
// score, then by id. Words without meaning ("the", "+") match nothing. Any string is a permitted query.
func (x *Index) Search(ctx context.Context, words string, filter *space.Filter, n int) ([]Match, error) {
	return nil, errors.New("not there yet")
}

// Filter returns the ids of all items that pass f, in no particular order. It fails with space.ErrInvalidFilter.
func (x *Index) Filter(ctx context.Context, f space.Filter) ([]string, error) {
	return nil, errors.New("not there yet")
}

// Close releases the index; calls after it fail with space.ErrClosed. A second Close does nothing.
func (x *Index) Close() error { return nil }

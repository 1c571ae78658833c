package space

import (
	"context"
	"errors"
	"time"
)

// Errors of an Index. ErrNotFound is wrapped with the item's id or the collection's name.
var (
	// ErrNotFound: no such item.
	ErrNotFound = errors.New("not found")
	// ErrBusy: the queue is full; try again later.
	ErrBusy = errors.New("busy")
	// ErrClosed: the index was closed.
	ErrClosed = errors.New("closed")
)

// Change is what a Put did to one item.
type Change string

// The changes. Unchanged means that the same item was there already and nothing was written.
const (
	Created   Change = "created"
	Updated   Change = "updated"
	Unchanged Change = "unchanged"
)

// Entry is an item on its way into an Index, with its thumbnail (JPEG bytes; nil for texts).
type Entry struct {
	Item      Item
	Thumbnail []byte
}

// Description is what an Index says about itself.
type Description struct {
	Name        string      `json:"name"`
	Fingerprint Fingerprint `json:"fingerprint"`
	Items       int         `json:"items"`
	Texts       int         `json:"texts"`
	Images      int         `json:"images"`
	Bytes       int64       `json:"bytes"` // on disk
	Tier        string      `json:"tier"`  // how vectors are searched: "exact", ...
	Created     time.Time   `json:"created"`
	WordsBehind int         `json:"words_behind,omitempty"` // changed items whose words cannot be searched yet
}

// Index is a collection: it keeps items and finds them. An acknowledged Put or Delete survives a crash.
// Implementations are safe for concurrent use.
type Index interface {
	Describe(ctx context.Context) (Description, error)
	// Put keeps the entries, all or none; the i-th Change says what it did to the i-th.
	Put(ctx context.Context, entries []Entry) ([]Change, error)
	// Get returns an item with its vector, or ErrNotFound.
	Get(ctx context.Context, id string) (Item, error)
	// List returns up to limit items in the order of their ids, beginning after the given id.
	List(ctx context.Context, after string, limit int) ([]Item, error)
	// Thumbnail returns JPEG bytes, or ErrNotFound.
	Thumbnail(ctx context.Context, id string) ([]byte, error)
	// Delete removes the items and says how many were there.
	Delete(ctx context.Context, ids []string) (int, error)
	Search(ctx context.Context, q Query) (Answer, error)
	Duplicates(ctx context.Context, q DuplicateQuery) ([]Group, error)
	Close() error
}

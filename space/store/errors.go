package store

import "errors"

// Errors of a Store, wrapped with detail.
var (
	// ErrDamaged: a value whose checksum or structure is wrong; the text names the key.
	ErrDamaged = errors.New("the store is damaged")
	// ErrNewer: a newer clipd wrote the store.
	ErrNewer = errors.New("the store was written by a newer clipd")
	// ErrNoStore: the directory holds no store.
	ErrNoStore = errors.New("there is no store")
	// ErrTrimmed: the changes asked for are no longer in the log; read all items instead.
	ErrTrimmed = errors.New("the change log no longer reaches back so far")
)

package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/clipd/clipd/space"
)

// FormatVersion is the format that this program writes, see docs/formats.md.
const FormatVersion = 1

// Memory bounds of one open store: two memtables (one filling, one on its way to disk) and blocks. Vectors live in the
// vector index, so blocks serve only item records, thumbnails, filters and indexes. Pebble takes the memtables' memory
// from the cache: one of 16 MB would be nothing but memtables, and every look a read of the file.
const (
	memTableBytes = 8 << 20
	blockBytes    = 16 << 20
	cacheBytes    = 2*memTableBytes + blockBytes
)

// bloomBits are those of a key in the filters that say which files can hold it: every put looks for an item that mostly
// is not there. Ten let 1 % of such looks through.
const bloomBits = 10

// Identity says what a store holds. It is written once.
type Identity struct {
	Fingerprint space.Fingerprint
	Created     time.Time
}

type identityRecord struct {
	Format  int       `cbor:"1,keyasint"`
	Model   string    `cbor:"2,keyasint"`
	Digest  string    `cbor:"3,keyasint"`
	Dim     int       `cbor:"4,keyasint"`
	Created time.Time `cbor:"5,keyasint"`
}

// Options of a Store. The zero value works.
type Options struct {
	Logger   *slog.Logger // of the database's complaints; nil: silent
	ReadOnly bool         // change nothing, not even the database's own files: writes fail
}

// Store is one collection's database. It is safe for concurrent use.
type Store struct {
	db       *pebble.DB
	codec    codec
	identity Identity

	mu       sync.RWMutex // held for reading by every call, for writing by Close
	closed   bool
	writing  sync.Mutex // one batch is composed at a time, since it depends on what is there
	sequence uint64     // under writing
	floor    uint64     // under writing
}

// Create makes a store in dir, which must not exist or be empty.
func Create(dir string, identity Identity, opts Options) (*Store, error) {
	if identity.Fingerprint.Dim < 1 {
		return nil, fmt.Errorf("create store: dimension %d; want at least 1", identity.Fingerprint.Dim)
	}
	s, err := open(dir, opts, func(o *pebble.Options) { o.ErrorIfExists = true })
	if err != nil {
		return nil, fmt.Errorf("create store %s: %w", dir, err)
	}
	identity.Created = identity.Created.UTC().Round(0)
	s.identity = identity
	if err := s.writeIdentity(); err != nil {
		return nil, errors.Join(fmt.Errorf("create store %s: %w", dir, err), s.db.Close())
	}
	return s, nil
}

// Open opens the store in dir. It fails with ErrNoStore, ErrNewer, ErrDamaged, or with space.ErrFingerprint where
// another model than want made its vectors.
func Open(dir string, want space.Fingerprint, opts Options) (*Store, error) {
	s, err := OpenAny(dir, opts)
	if err != nil {
		return nil, err
	}
	if err := s.identity.Fingerprint.Match(want); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.db.Close())
	}
	return s, nil
}

// OpenAny is Open for those who only read, or copy: it takes the vectors of any model.
func OpenAny(dir string, opts Options) (*Store, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open store %s: %w", dir, ErrNoStore)
	}
	s, err := open(dir, opts, func(o *pebble.Options) { o.ErrorIfNotExists = true })
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if err := s.readMeta(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.db.Close())
	}
	return s, nil
}

func open(dir string, opts Options, adjust func(*pebble.Options)) (*Store, error) {
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	cache := pebble.NewCache(cacheBytes)
	defer cache.Unref() // the database holds its own reference
	options := &pebble.Options{
		Cache:                       cache,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: 2,
		MaxOpenFiles:                256,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      newLog(opts.Logger),
		ReadOnly:                    opts.ReadOnly,
	}
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	adjust(options)
	db, err := pebble.Open(dir, options)
	switch {
	case errors.Is(err, pebble.ErrDBDoesNotExist):
		return nil, ErrNoStore
	case err != nil && pebble.IsCorruptionError(err):
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	case err != nil:
		return nil, err
	}
	return &Store{db: db, codec: codec}, nil
}

func (s *Store) writeIdentity() error {
	f := s.identity.Fingerprint
	value, err := s.codec.sealed([]byte(identityKey), identityRecord{FormatVersion, f.Model, f.Digest, f.Dim, s.identity.Created})
	if err != nil {
		return err
	}
	return s.db.Set([]byte(identityKey), value, pebble.Sync)
}

func (s *Store) readMeta() error {
	var record identityRecord
	found, err := s.read([]byte(identityKey), &record)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: it has no identity; its creation was interrupted", ErrNoStore)
	}
	if record.Format > FormatVersion {
		return fmt.Errorf("%w (format %d; this one reads up to %d); upgrade clipd", ErrNewer, record.Format, FormatVersion)
	}
	s.identity = Identity{space.Fingerprint{Model: record.Model, Digest: record.Digest, Dim: record.Dim}, record.Created}
	if s.sequence, err = s.readNumber(sequenceKey); err != nil {
		return err
	}
	s.floor, err = s.readNumber(floorKey)
	return err
}

// Identity is what the store was created with.
func (s *Store) Identity() Identity { return s.identity }

// Bytes is the store's size on disk.
func (s *Store) Bytes() (int64, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.mu.RUnlock()
	return int64(s.db.Metrics().DiskSpaceUsage()), nil
}

// Backup writes a consistent copy of the store, as of now, to dir, which must not exist. Writes go on meanwhile.
// Files that never change again are hard links where the file system permits.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("back up to %s: %w", dir, err)
	}
	return nil
}

// Close waits for running calls and closes the database. Calls after it fail with space.ErrClosed; a second Close
// does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// enter takes s.mu for reading, or fails where the store is closed.
func (s *Store) enter() error {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return fmt.Errorf("store: %w", space.ErrClosed)
	}
	return nil
}

// get returns a copy of the value under key as r sees it, nil where there is none.
func get(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", key, err)
	}
	own := append(make([]byte, 0, len(value)), value...)
	if err := closer.Close(); err != nil {
		return nil, fmt.Errorf("read %q: %w", key, err)
	}
	return own, nil
}

// read reads the sealed value under key into v and says whether there was one.
func (s *Store) read(key []byte, v any) (bool, error) {
	value, err := get(s.db, key)
	if err != nil || value == nil {
		return false, err
	}
	return true, s.codec.open(key, value, v)
}

func (s *Store) readNumber(name string) (uint64, error) {
	value, err := get(s.db, []byte(name))
	if err != nil || value == nil {
		return 0, err
	}
	return readNumber([]byte(name), value)
}

// readNumber opens a sealed number.
func readNumber(key, value []byte) (uint64, error) {
	content, err := unseal(key, value)
	if err != nil {
		return 0, err
	}
	if len(content) != 8 {
		return 0, fmt.Errorf("%w: %q has %d bytes; want 8", ErrDamaged, key, len(content))
	}
	return binary.BigEndian.Uint64(content), nil
}

func number(name string, n uint64) (key, value []byte) {
	key = []byte(name)
	return key, seal(key, binary.BigEndian.AppendUint64(nil, n))
}

package keyword

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/clipd/clipd/space"
)

// Errors of Open, Search and Filter. They mean: Close, Remove the directory, Open it anew, and Apply every item.
var (
	// ErrDamaged: the directory holds something that cannot be read as a keyword index.
	ErrDamaged = errors.New("the keyword index is damaged")
	// ErrVersion: the index was written with another layout than this program's.
	ErrVersion = errors.New("the keyword index is of another version")
)

// layoutVersion changes whenever the same item would be indexed otherwise than before (see newDocument and words).
const layoutVersion = 2

// Keys of what an index remembers beside its items.
var (
	versionKey  = []byte("clipd.layout")
	sequenceKey = []byte("clipd.sequence")
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

// Index is a keyword index in a directory of its own. It is safe for concurrent use. Only one process may have it
// open.
type Index struct {
	stemmer  *stemmer
	analysis *index.AnalysisQueue
	scorch   index.Index
	sequence atomic.Uint64
	tallies  sync.Pool // of *tally

	open sync.RWMutex // held for reading by every call that uses the index
	// closed is guarded by open.
	closed bool
}

// Open opens the index in dir, or creates it there. It fails with ErrDamaged or ErrVersion when the index has to
// be rebuilt. Where only its newest state is unreadable, it opens with an older one, at the Sequence of that.
func Open(dir string, opts Options) (*Index, error) {
	isNew, err := isAbsent(dir)
	if err != nil {
		return nil, fmt.Errorf("open keyword index: %w", err)
	}
	x := &Index{stemmer: newStemmer(), analysis: index.NewAnalysisQueue(runtime.GOMAXPROCS(0))}
	x.tallies.New = func() any { return new(tally) }
	if err := x.openScorch(dir, opts, isNew); err != nil {
		x.analysis.Close()
		return nil, fmt.Errorf("open keyword index in %s: %w", dir, err)
	}
	return x, nil
}

func isAbsent(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return len(entries) == 0, err
}

func (x *Index) openScorch(dir string, opts Options, isNew bool) (err error) {
	defer recovered(&err) // a damaged file may panic deep inside the reader
	x.scorch, err = scorch.NewScorch(scorch.Name, map[string]any{
		"path":         dir,
		"unsafe_batch": opts.NoSync,
		"bolt_timeout": "2s", // else a second process would wait for ever
	}, x.analysis)
	if err != nil {
		return err
	}
	if err := x.scorch.Open(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if isNew {
		err = x.scorch.SetInternal(versionKey, binary.BigEndian.AppendUint64(nil, layoutVersion))
	} else {
		err = x.readState()
	}
	if err != nil {
		return errors.Join(err, x.scorch.Close())
	}
	return nil
}

// readState checks the version and reads the sequence number.
func (x *Index) readState() error {
	reader, err := x.scorch.Reader()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer reader.Close()
	version, err := reader.GetInternal(versionKey)
	switch {
	case err != nil || len(version) != 8:
		return fmt.Errorf("%w: it does not say its version", ErrDamaged)
	case binary.BigEndian.Uint64(version) != layoutVersion:
		return fmt.Errorf("%w: it has %d, this program %d", ErrVersion, binary.BigEndian.Uint64(version), layoutVersion)
	}
	sequence, err := reader.GetInternal(sequenceKey)
	switch {
	case err != nil || len(sequence) != 0 && len(sequence) != 8:
		return fmt.Errorf("%w: its sequence number is unreadable", ErrDamaged)
	case len(sequence) == 8:
		x.sequence.Store(binary.BigEndian.Uint64(sequence))
	}
	return nil
}

// recovered turns a panic of the reader into ErrDamaged.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, cause)
	}
}

// Remove deletes the index in dir, so that Open creates an empty one. A dir that is not there is no error.
func Remove(dir string) error {
	if err := os.RemoveAll(filepath.Clean(dir)); err != nil {
		return fmt.Errorf("remove keyword index: %w", err)
	}
	return nil
}

// Apply does the batch, all or nothing, together with its sequence number. Unless Options.NoSync, it is on disk then.
func (x *Index) Apply(ctx context.Context, b Batch) error {
	if err := x.enter(ctx); err != nil {
		return err
	}
	defer x.open.RUnlock()
	batch := index.NewBatch()
	for _, id := range b.Deletes {
		batch.Delete(id)
	}
	for _, item := range b.Puts {
		if item.ID == "" {
			return fmt.Errorf("index keywords: %w: it has no id", space.ErrInvalidItem)
		}
		batch.Update(newDocument(item, x.stemmer))
	}
	batch.SetInternal(sequenceKey, binary.BigEndian.AppendUint64(nil, b.Sequence))
	if err := x.scorch.Batch(batch); err != nil {
		return fmt.Errorf("index keywords of %d items: %w", len(b.Puts), err)
	}
	x.sequence.Store(b.Sequence)
	return nil
}

// Sync waits until all that was applied is on disk. With Options.NoSync, Close may leave the newest batches behind.
func (x *Index) Sync(ctx context.Context) error {
	if err := x.enter(ctx); err != nil {
		return err
	}
	defer x.open.RUnlock()
	batch := index.NewBatch()
	batch.SetInternal(sequenceKey, binary.BigEndian.AppendUint64(nil, x.sequence.Load()))
	persisted := make(chan error, 1)
	batch.SetPersistedCallback(func(err error) {
		select {
		case persisted <- err:
		default:
		}
	})
	err := x.scorch.Batch(batch)
	if err == nil {
		select {
		case err = <-persisted:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		return fmt.Errorf("sync keyword index: %w", err)
	}
	return nil
}

// Sequence is the number of the last batch that was applied; 0 for a new index.
func (x *Index) Sequence() uint64 { return x.sequence.Load() }

// Count is the number of items.
func (x *Index) Count() (int, error) {
	var n uint64
	err := x.read(context.Background(), func(s *snapshot) (err error) {
		n, err = s.reader.DocCount()
		return err
	})
	return int(n), err
}

// Close releases the index; calls after it fail with space.ErrClosed. A second Close does nothing.
func (x *Index) Close() error {
	x.open.Lock()
	defer x.open.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	err := x.scorch.Close()
	x.analysis.Close()
	if err != nil {
		return fmt.Errorf("close keyword index: %w", err)
	}
	return nil
}

// enter takes x.open for reading unless the index is closed or ctx is done.
func (x *Index) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.open.RLock()
	if x.closed {
		x.open.RUnlock()
		return fmt.Errorf("keyword index: %w", space.ErrClosed)
	}
	return nil
}

// read calls use with the index as it is now.
func (x *Index) read(ctx context.Context, use func(*snapshot) error) (err error) {
	if err := x.enter(ctx); err != nil {
		return err
	}
	defer x.open.RUnlock()
	defer recovered(&err)
	reader, err := x.scorch.Reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	return use(&snapshot{ctx: ctx, reader: reader, stemmer: x.stemmer})
}

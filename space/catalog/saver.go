package catalog

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
	"github.com/clipd/clipd/space/store"
)

// saver keeps snapshots of the vector index, so that a large collection opens in seconds. A snapshot is a cache: what
// came after it is replayed from the store's change log, and one that is missing or damaged is made anew.
type saver struct {
	changed int           // items since the last snapshot; guarded by commits.writing
	onDisk  atomic.Uint64 // the last batch that the snapshot on disk holds; greatest: there is none, nor a need of one
	writing sync.WaitGroup
	busy    atomic.Bool
}

// saveShare: a snapshot is due when one item in saveShare has changed, and half as many as an index with files has.
const saveShare = 8

func (s *saver) wait() { s.writing.Wait() }

// indexOptions are those of a vector index in a folder of the collection.
func (c *Catalog) indexOptions(folder string) knn.Options {
	opts := c.opts.Vectors
	opts.Dir, opts.Logger = filepath.Join(c.dir, folder), c.opts.Logger
	return opts
}

// openVectors opens the vector index and brings it up to the store, or makes it anew.
func (c *Catalog) openVectors(ctx context.Context) error {
	c.saver.onDisk.Store(math.MaxUint64)
	opts := c.indexOptions(vectorsDir)
	v, saved, err := c.openSnapshot(ctx, opts)
	if err == nil {
		c.vectors = v
		c.saver.onDisk.Store(saved)
		return nil
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, knn.ErrDamaged), errors.Is(err, store.ErrTrimmed), errors.Is(err, errAhead):
		c.opts.Logger.Warn("making the vector index anew", "collection", c.name, "cause", err)
	default:
		return err
	}
	if c.vectors, err = loadVectors(ctx, c.store, opts); err != nil {
		c.vectors = vectors{}
	}
	return err
}

// openSnapshot opens the index as it was kept, and replays what has changed since.
func (c *Catalog) openSnapshot(ctx context.Context, opts knn.Options) (vectors, uint64, error) {
	dim := c.store.Identity().Fingerprint.Dim
	index, saved, err := knn.Open(dim, opts)
	if err != nil {
		return vectors{}, 0, err
	}
	v := vectors{vectorIndex: index}
	if v.texts, v.images, err = readModalities(saved.Extra, dim); err == nil {
		err = c.catchUpVectors(ctx, v, saved.Sequence)
	}
	if err != nil {
		return vectors{}, 0, errors.Join(err, index.Close())
	}
	return v, saved.Sequence, nil
}

// catchUpVectors replays the store's change log.
func (c *Catalog) catchUpVectors(ctx context.Context, v vectors, from uint64) error {
	if v.texts.slots.GetCardinality()+v.images.slots.GetCardinality() != uint64(v.Len()) || v.texts.slots.Intersects(v.images.slots) {
		return fmt.Errorf("%w: kinds of %d texts and %d images do not fit %d vectors", knn.ErrDamaged,
			v.texts.slots.GetCardinality(), v.images.slots.GetCardinality(), v.Len())
	}
	if last := c.store.Sequence(); from > last {
		return fmt.Errorf("%w: %d, the store is at %d", errAhead, from, last)
	}
	return c.store.Changes(ctx, from, func(_ uint64, ids []string) error {
		c.saver.changed += len(ids)
		for _, id := range ids {
			it, err := c.store.Item(ctx, id)
			switch {
			case errors.Is(err, space.ErrNotFound):
				v.remove(id)
			case err != nil:
				return err
			default:
				if err := v.put(id, it.Kind, it.Vector.Components()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// saveVectorsIfDue writes a snapshot in the background when much has changed. The caller holds commits.writing.
func (c *Catalog) saveVectorsIfDue() {
	if c.saver.changed >= max(cmp.Or(c.opts.Vectors.CodesFrom, knn.DefaultCodesFrom)/2, c.vectors.Len()/saveShare) {
		c.saveVectors()
	}
}

// saveVectors captures the index, if anything has changed, and writes it in the background. The caller holds
// commits.writing, so that index and sequence fit.
func (c *Catalog) saveVectors() {
	c.mu.RLock()
	closed := c.closed
	c.mu.RUnlock()
	if closed || c.saver.changed == 0 || !c.saver.busy.CompareAndSwap(false, true) {
		return
	}
	shot, sequence, extra := c.vectors.Snapshot(), c.store.Sequence(), modalitiesOf(c.vectors)
	if shot == nil {
		c.saver.busy.Store(false)
		return
	}
	c.saver.changed = 0
	c.saver.writing.Go(func() {
		defer c.saver.busy.Store(false)
		if err := shot.Write(sequence, extra); err != nil {
			if !errors.Is(err, space.ErrClosed) {
				c.opts.Logger.Error("the vector index could not be kept; opening the collection will take longer", "collection", c.name, "cause", err)
			}
			return
		}
		c.saver.onDisk.Store(sequence)
	})
}

// replaceVectors puts a fresh index in place of the present one. The caller holds commits.writing and mu.
func (c *Catalog) replaceVectors(fresh vectors) error {
	c.saver.wait()
	dir := filepath.Join(c.dir, vectorsDir)
	if err := errors.Join(c.vectors.Close(), os.RemoveAll(dir), fresh.Move(dir)); err != nil {
		return err
	}
	c.vectors = fresh
	c.saver.onDisk.Store(math.MaxUint64)
	c.saver.changed = fresh.Len()
	return nil
}

// modalitiesOf is what has to be kept beside the index: the slots of texts and of images, and the sums of their vectors.
func modalitiesOf(v vectors) []byte {
	var out []byte
	for _, m := range []*modality{v.texts, v.images} {
		slots, err := m.slots.ToBytes()
		if err != nil {
			panic(err) // a buffer in memory takes all
		}
		out = binary.LittleEndian.AppendUint64(out, uint64(len(slots)))
		out = append(out, slots...)
		for _, x := range m.sum {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(x))
		}
	}
	return out
}

func readModalities(raw []byte, dim int) (texts, images *modality, err error) {
	both := [2]*modality{newModality(dim), newModality(dim)}
	for _, m := range both {
		if len(raw) < 8 {
			return nil, nil, fmt.Errorf("%w: kinds are missing", knn.ErrDamaged)
		}
		n := binary.LittleEndian.Uint64(raw)
		if raw = raw[8:]; n > uint64(len(raw)) || uint64(len(raw))-n < uint64(8*dim) {
			return nil, nil, fmt.Errorf("%w: kinds end too early", knn.ErrDamaged)
		}
		if err := m.slots.UnmarshalBinary(raw[:n]); err != nil {
			return nil, nil, fmt.Errorf("%w: kinds: %w", knn.ErrDamaged, err)
		}
		if err := m.slots.Validate(); err != nil {
			return nil, nil, fmt.Errorf("%w: kinds: %w", knn.ErrDamaged, err)
		}
		raw = raw[n:]
		for i := range m.sum {
			m.sum[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		raw = raw[8*dim:]
	}
	return both[0], both[1], nil
}

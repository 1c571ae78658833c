package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// Set makes the unit vectors that are measured on: each by its number, as often as it is asked for, so that nobody needs
// to hold them all. It is safe for concurrent use. synthetic.Space is one.
type Set interface {
	// Image writes the i-th image vector to out. Those from Options.N on are queries.
	Image(i int, out []float32)
	// Text writes the i-th text query to out.
	Text(i int, out []float32)
}

// Files for peers: rows of float32 components, one behind another, in the machine's byte order, and no header.
const (
	baseFile  = "base.f32"
	imageFile = "query-image.f32"
	textFile  = "query-text.f32"
)

// data is a set of vectors: the first n images are what is searched.
type data struct {
	dir    string
	n, dim int
	set    Set
	// queries are not among the n.
	images, texts []space.Vector
}

const (
	pieceRows = 4096
	workers   = 2
)

func newData(dir string, set Set, opts Options) (*data, error) {
	d := &data{dir: dir, n: opts.N, dim: opts.Dim, set: set}
	var errs [2]error
	d.images, errs[0] = d.vectors(opts.Queries, d.freshImage)
	d.texts, errs[1] = d.vectors(opts.Queries, set.Text)
	return d, errors.Join(errs[:]...)
}

func (d *data) freshImage(i int, out []float32) { d.set.Image(d.n+i, out) }

func (d *data) vectors(n int, fill func(int, []float32)) ([]space.Vector, error) {
	vectors := make([]space.Vector, n)
	for i := range vectors {
		out, err := make([]float32, d.dim), error(nil)
		fill(i, out)
		if vectors[i], err = space.FromUnit(out); err != nil {
			return nil, fmt.Errorf("query %d: %w", i, err)
		}
	}
	return vectors, nil
}

// row makes the i-th of the vectors that are searched.
func (d *data) row(i int) []float32 {
	out := make([]float32, d.dim)
	d.set.Image(i, out)
	return out
}

func (d *data) of(kind space.Kind) []space.Vector {
	if kind == space.Text {
		return d.texts
	}
	return d.images
}

// writeFiles writes vectors and queries for peers, unless they are there.
func (d *data) writeFiles(ctx context.Context, opts Options) error {
	base := filepath.Join(d.dir, baseFile)
	if info, err := os.Stat(base); opts.Reuse && err == nil && info.Size() == int64(d.n)*int64(4*d.dim) {
		return nil
	}
	add, stop := opts.Progress("write vectors for peers", "vectors", d.n)
	defer stop()
	return errors.Join(
		d.writeRows(ctx, filepath.Join(d.dir, imageFile), opts.Queries, d.freshImage, nil),
		d.writeRows(ctx, filepath.Join(d.dir, textFile), opts.Queries, d.set.Text, nil),
		d.writeRows(ctx, base, d.n, d.set.Image, add),
	)
}

// writeRows writes the rows that fill makes, on all cores.
func (d *data) writeRows(ctx context.Context, path string, n int, fill func(int, []float32), done func(int)) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for from := 0; from < n && ctx.Err() == nil; from += pieceRows {
		group.Go(func() error {
			rows := make([]float32, min(pieceRows, n-from)*d.dim)
			for i := range len(rows) / d.dim {
				fill(from+i, rows[i*d.dim:][:d.dim])
			}
			if done != nil {
				done(len(rows) / d.dim)
			}
			_, err := file.WriteAt(bytesOf(rows), int64(from)*int64(4*d.dim))
			return errors.Join(err, ctx.Err())
		})
	}
	if err := errors.Join(group.Wait(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// fill adds all vectors to an index, as a collection would, two at a time. It returns how long making them took, of the
// time that passed.
func (d *data) fill(ctx context.Context, x *knn.Index, opts Options) (making time.Duration, err error) {
	add, stop := opts.Progress("build", "vectors", d.n)
	defer stop()
	var spent atomic.Int64
	rows := make([][]float32, workers)
	for i := range rows {
		rows[i] = make([]float32, d.dim)
	}
	err = inParallelBy(d.n, workers, func(worker, i int) error {
		if i%1000 == 0 {
			add(min(1000, d.n-i))
		}
		start := time.Now()
		d.set.Image(i, rows[worker])
		spent.Add(int64(time.Since(start)))
		_, err := x.Add(rowID(i), rows[worker])
		return errors.Join(err, ctx.Err())
	})
	return time.Duration(spent.Load() / workers), err
}

// blockRows is how many rows are held at once where all are looked at.
const blockRows = 16 << 10

// blocks makes n rows block by block, and calls visit with an exact index of each, in which a row's slot is its number
// less from. No more than a block is held.
func (d *data) blocks(ctx context.Context, n int, fill func(int, []float32), visit func(block *knn.Flat, from int) error) error {
	rows, ids := make([]float32, min(blockRows, n)*d.dim), make([]string, min(blockRows, n))
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	var block *knn.Flat
	for from := 0; from < n; from += blockRows {
		count := min(blockRows, n-from)
		if block == nil || block.Len() != count {
			block = knn.NewFlat(d.dim)
		}
		err := inParallel(count, workers, func(i int) error {
			fill(from+i, rows[i*d.dim:][:d.dim])
			return nil
		})
		for i := range count {
			_, failed := block.Add(ids[i], rows[i*d.dim:][:d.dim])
			err = errors.Join(err, failed)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := visit(block, from); err != nil {
			return err
		}
	}
	return nil
}

func rowID(i int) string { return fmt.Sprintf("item-%08d", i) }

// rowNumber is the number of the row with an id.
func rowNumber(id string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "item-"))
	return n, err == nil
}

func bytesOf[T float32 | uint32](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

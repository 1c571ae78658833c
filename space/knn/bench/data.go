package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn/synthetic"
)

// Files of a data set: rows of float32 components, one behind another, in the machine's byte order, and no header.
const (
	baseFile  = "base.f32"
	imageFile = "query-image.f32"
	textFile  = "query-text.f32"
)

// data is a set of vectors in files that peers read too.
type data struct {
	dir  string
	dim  int
	base []float32 // mapped
	raw  []byte
	// queries are not among the base.
	images, texts []space.Vector
}

const (
	pieceRows = 4096
	workers   = 2
)

// makeData writes n vectors and queries of each kind into dir, and maps them.
func makeData(ctx context.Context, dir string, opts Options, done func(int)) (*data, error) {
	s := synthetic.New(opts.Dim, opts.Seed)
	if err := writeRows(ctx, filepath.Join(dir, baseFile), opts.N, opts.Dim, s.Image, done); err != nil {
		return nil, err
	}
	fresh := func(i int, out []float32) { s.Image(opts.N+i, out) }
	err := errors.Join(
		writeRows(ctx, filepath.Join(dir, imageFile), opts.Queries, opts.Dim, fresh, nil),
		writeRows(ctx, filepath.Join(dir, textFile), opts.Queries, opts.Dim, s.Text, nil),
	)
	if err != nil {
		return nil, err
	}
	d := &data{dir: dir, dim: opts.Dim}
	if d.raw, err = mapFile(filepath.Join(dir, baseFile)); err != nil {
		return nil, err
	}
	d.base = floats(d.raw)
	d.images, err = d.queries(imageFile)
	if err == nil {
		d.texts, err = d.queries(textFile)
	}
	return d, err
}

// writeRows writes the rows that fill makes, on all cores.
func writeRows(ctx context.Context, path string, n, dim int, fill func(int, []float32), done func(int)) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for from := 0; from < n && ctx.Err() == nil; from += pieceRows {
		group.Go(func() error {
			rows := make([]float32, min(pieceRows, n-from)*dim)
			for i := range len(rows) / dim {
				fill(from+i, rows[i*dim:][:dim])
			}
			if done != nil {
				done(len(rows) / dim)
			}
			_, err := file.WriteAt(bytesOf(rows), int64(from)*int64(4*dim))
			return errors.Join(err, ctx.Err())
		})
	}
	if err := errors.Join(group.Wait(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func (d *data) queries(name string) ([]space.Vector, error) {
	raw, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		return nil, err
	}
	rows := append([]float32(nil), floats(raw)...)
	var vectors []space.Vector
	for ; len(rows) >= d.dim; rows = rows[d.dim:] {
		v, err := space.FromUnit(rows[:d.dim:d.dim])
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, v)
	}
	return vectors, nil
}

func (d *data) row(i int) []float32 { return d.base[i*d.dim:][:d.dim] }

func (d *data) of(kind space.Kind) []space.Vector {
	if kind == space.Text {
		return d.texts
	}
	return d.images
}

func (d *data) close() error { return unix.Munmap(d.raw) }

func mapFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
}

func floats(raw []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(raw))), len(raw)/4)
}

func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

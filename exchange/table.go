package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// table reads a Parquet file row by row: the columns that hold one plain value each.
type table struct {
	name  string
	file  *os.File
	table *parquet.File
	names []string // of the leaf columns; empty: lists and the like, which are passed by
}

// openTable opens a Parquet file. A damaged one is an error: the library's panics are caught.
func openTable(path string) (t *table, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t = &table{name: filepath.Base(path), file: file}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	defer t.survive(&err)
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return t, t.open(file, info.Size())
}

func (t *table) open(from io.ReaderAt, size int64) (err error) {
	defer t.survive(&err)
	if err := checkFooter(from, size); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	if t.table, err = parquet.OpenFile(from, size); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.names = make([]string, 0)
	for _, path := range t.table.Schema().Columns() {
		leaf, ok := t.table.Schema().Lookup(path...)
		name := ""
		if ok && len(path) == 1 && leaf.MaxRepetitionLevel == 0 {
			name = path[0]
		}
		t.names = append(t.names, name)
	}
	return nil
}

// checkFooter looks at what the library trusts: a file ends with its footer, the footer's length and "PAR1". A damaged
// length would be allocated, gigabytes of it.
func checkFooter(from io.ReaderAt, size int64) error {
	const magic = "PAR1"
	var end [8]byte
	if size < int64(len(magic)+len(end)) {
		return errors.New("no Parquet file: it is too short")
	}
	if _, err := from.ReadAt(end[:], size-int64(len(end))); err != nil {
		return err
	}
	if string(end[4:]) != magic {
		return errors.New("no Parquet file: it does not end with PAR1")
	}
	if length := int64(binary.LittleEndian.Uint32(end[:4])); length > size-int64(len(magic)+len(end)) {
		return fmt.Errorf("damaged Parquet file: its footer claims %d bytes of %d", length, size)
	}
	return nil
}

// survive turns a panic of the Parquet library, at a damaged file, into an error.
func (t *table) survive(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: damaged Parquet file: %v", t.name, p)
	}
}

func (t *table) close() {
	if t.file != nil {
		t.file.Close()
	}
}

func (t *table) rows() int { return int(t.table.NumRows()) }

func (t *table) has(column string) bool { return slices.Contains(t.names, column) }

// tableChunk is how many rows are read at once.
const tableChunk = 256

// each gives all rows with their numbers from 0. Columns without a value are left out of a row.
func (t *table) each(do func(n int, row map[string]any) error) (err error) {
	defer t.survive(&err)
	n := 0
	for _, group := range t.table.RowGroups() {
		if n, err = t.eachIn(group, n, do); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) eachIn(group parquet.RowGroup, n int, do func(n int, row map[string]any) error) (int, error) {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, tableChunk)
	for {
		got, err := rows.ReadRows(buffer)
		for _, row := range buffer[:got] {
			if err := do(n, t.plain(row)); err != nil {
				return n, err
			}
			n++
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, fmt.Errorf("%s, row %d: %w", t.name, n+1, err)
		case got == 0:
			return n, fmt.Errorf("%s, row %d: %w", t.name, n+1, io.ErrNoProgress)
		}
	}
}

// plain is a row as JSON would have it; bytes of text columns are strings, others stay bytes.
func (t *table) plain(row parquet.Row) map[string]any {
	values := make(map[string]any, len(row))
	for _, v := range row {
		if c := v.Column(); c < 0 || c >= len(t.names) || t.names[c] == "" || v.IsNull() {
			continue
		}
		name := t.names[v.Column()]
		switch v.Kind() {
		case parquet.Boolean:
			values[name] = v.Boolean()
		case parquet.Int32:
			values[name] = float64(v.Int32())
		case parquet.Int64:
			values[name] = float64(v.Int64())
		case parquet.Float:
			values[name] = float64(v.Float())
		case parquet.Double:
			values[name] = v.Double()
		case parquet.ByteArray, parquet.FixedLenByteArray:
			values[name] = string(v.ByteArray())
		}
	}
	return values
}

// imageColumns are those of img2dataset's Parquet output that hold an image file.
var imageColumns = []string{"jpg", "png", "webp", "image"}

// openTables reads img2dataset's Parquet output: images in a column.
func openTables(files []string) (*Source, error) {
	source := &Source{Layout: "img2dataset parquet"}
	for _, path := range files {
		t, err := openTable(path)
		if err != nil {
			return nil, err
		}
		image := slices.ContainsFunc(imageColumns, t.has)
		source.Rows += t.rows()
		t.close()
		if !image {
			return nil, fmt.Errorf("%w: %s has no image column (%s); it has %s", ErrUnknownLayout, path, strings.Join(imageColumns, ", "), strings.Join(t.names, ", "))
		}
	}
	source.each = func(ctx context.Context, sink Sink) error {
		return eachOf(files, func(path string) error { return eachImage(path, sink) })
	}
	return source, nil
}

func eachImage(path string, sink Sink) error {
	t, err := openTable(path)
	if err != nil {
		return err
	}
	defer t.close()
	return t.each(func(n int, row map[string]any) error {
		at := slices.IndexFunc(imageColumns, func(name string) bool { _, there := row[name].(string); return there })
		if at < 0 {
			return nil // it could not be downloaded
		}
		image := []byte(row[imageColumns[at]].(string))
		delete(row, imageColumns[at])
		item := &api.TransferItem{}
		item.Kind = space.Image
		described(item, row)
		return sink.Row(Row{Where: fmt.Sprintf("%s, row %d", t.name, n+1), Item: item, Image: image})
	})
}

package exchange

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange/npy"
)

// openFolder finds an export of clipd, and checks its files. Nil: there is none.
func openFolder(dir string) (*Source, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if m == nil {
		if exists(filepath.Join(dir, itemsName)) && exists(filepath.Join(dir, vectorsName)) {
			return nil, fmt.Errorf("%s has no %s: the export was not finished; make it again", dir, manifestName)
		}
		return nil, nil
	}
	if err := m.Verify(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &Source{
		Layout: "clipd", Fingerprint: &m.Fingerprint, Rows: m.Items + m.Decisions, Vectors: true,
		each: func(ctx context.Context, sink Sink) error { return readFolder(dir, *m, sink) },
	}, nil
}

func readFolder(dir string, m Manifest, sink Sink) error {
	var files [4]*os.File
	for i, name := range fileNames {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer file.Close()
		files[i] = file
	}
	vectors, err := npy.NewReader(bufio.NewReaderSize(files[1], 1<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", vectorsName, err)
	}
	if vectors.Rows != m.Items || vectors.Dim != m.Fingerprint.Dim {
		return fmt.Errorf("%w: %s has %d rows of %d; want %d of %d", ErrDamaged, vectorsName, vectors.Rows, vectors.Dim, m.Items, m.Fingerprint.Dim)
	}
	thumbnails := &thumbnails{from: tar.NewReader(bufio.NewReaderSize(files[2], 1<<20)), row: -1}
	if err := readItems(files[0], vectors, thumbnails, sink); err != nil {
		return err
	}
	return eachLine(decisionsName, files[3], func(where string, line []byte) error {
		var d api.Decision
		if err := json.Unmarshal(line, &d); err != nil {
			sink.Bad(where, err)
			return nil
		}
		return sink.Row(Row{Where: where, Decision: &d})
	}, sink.Bad)
}

// readItems reads items.jsonl beside the vectors and thumbnails. A line that cannot be read fails alone: its vector and
// thumbnail are passed by.
func readItems(items io.Reader, vectors *npy.Reader, thumbnails *thumbnails, sink Sink) error {
	row := -1
	return eachLine(itemsName, items, func(where string, line []byte) error {
		row++
		item := &api.TransferItem{}
		components := make([]float32, vectors.Dim)
		if err := vectors.Read(components); err != nil {
			return fmt.Errorf("%s: %w", vectorsName, err)
		}
		thumbnail, err := thumbnails.of(row)
		if err != nil {
			return fmt.Errorf("%s: %w", thumbnailsName, err)
		}
		if err := json.Unmarshal(line, item); err != nil {
			sink.Bad(where, err)
			return nil
		}
		item.Vector, item.Thumbnail = components, thumbnail
		return sink.Row(Row{Where: where, Item: item})
	}, sink.Bad)
}

// thumbnails reads thumbnails.tar, whose names are rows in rising order.
type thumbnails struct {
	from *tar.Reader
	row  int // of the entry that was read last and not asked for
	data []byte
	done bool
}

// maxThumbnail bounds one picture.
const maxThumbnail = 1 << 20

// of returns the thumbnail of a row; rows must be asked for in rising order. Nil: it has none.
func (t *thumbnails) of(row int) ([]byte, error) {
	for t.row < row && !t.done {
		header, err := t.from.Next()
		if errors.Is(err, io.EOF) {
			t.done = true
			break
		}
		if err != nil {
			return nil, err
		}
		number, isRow := strings.CutSuffix(path.Base(header.Name), ".jpg")
		if t.row, err = strconv.Atoi(number); err != nil || !isRow {
			return nil, fmt.Errorf("entry %q is named after no row", header.Name)
		}
		if header.Size > maxThumbnail {
			return nil, fmt.Errorf("entry %q has %d bytes", header.Name, header.Size)
		}
		if t.data, err = io.ReadAll(t.from); err != nil {
			return nil, err
		}
	}
	if t.row == row {
		return t.data, nil
	}
	return nil, nil
}

// maxLine bounds a line of a .jsonl file.
const maxLine = 64 << 20

// eachLine gives every line, with the file's name and its number from 1. A line that is too long ends the reading.
func eachLine(name string, from io.Reader, do func(where string, line []byte) error, bad func(string, error)) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := do(fmt.Sprintf("%s, line %d", name, n), lines.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		bad(fmt.Sprintf("%s, line %d", name, n+1), fmt.Errorf("the line is longer than %d bytes; what follows was not read", maxLine))
		return nil
	}
	return lines.Err()
}

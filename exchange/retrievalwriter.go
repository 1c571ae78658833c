package exchange

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange/npy"
	"github.com/clipd/clipd/space"
)

// RetrievalWriter writes the lines of an export as clip-retrieval's inference does: vectors as .npy, what is known of the
// items as Parquet, row by row. Images are one part and texts the next, so that row i of img_emb_0.npy is row i of
// metadata_0.parquet. Thumbnails and decisions have no place there and are left out.
type RetrievalWriter struct {
	dir      string
	manifest Manifest
	begun    bool
	parts    map[space.Kind]*retrievalPart
}

// idColumn keeps an item's id, which clip-retrieval's own files do not have.
const idColumn = "clipd_id"

// retrievalPart is what comes of one kind: vectors, and rows that wait in a file for the columns to be known.
type retrievalPart struct {
	vectors *npy.Writer
	buffer  *seekBuffer
	rows    *os.File
	lines   *bufio.Writer
	columns map[string]column
}

// CreateRetrieval makes the folder, which must be missing or empty.
func CreateRetrieval(dir string) (*RetrievalWriter, error) {
	if err := emptyFolder(dir); err != nil {
		return nil, err
	}
	return &RetrievalWriter{dir: dir, parts: map[space.Kind]*retrievalPart{}}, nil
}

// Line takes the next line of an export.
func (w *RetrievalWriter) Line(line api.TransferLine) error {
	switch {
	case line.Header != nil:
		w.begun = true
		return headerOf(&w.manifest, *line.Header)
	case !w.begun:
		return errNoHeader
	case line.Item != nil:
		return w.item(*line.Item)
	case line.End != nil && line.End.Items != w.manifest.Items:
		return fmt.Errorf("%d items arrived; the server sent %d", w.manifest.Items, line.End.Items)
	}
	return nil
}

func (w *RetrievalWriter) item(item api.TransferItem) error {
	part := w.parts[item.Kind]
	if part == nil {
		var err error
		if part, err = w.begin(item.Kind); err != nil {
			return err
		}
		w.parts[item.Kind] = part
	}
	if err := part.vectors.Write(item.Vector); err != nil {
		return fmt.Errorf("item %q: %w", item.ID, err)
	}
	w.manifest.Items++
	return part.row(item)
}

func (w *RetrievalWriter) begin(kind space.Kind) (*retrievalPart, error) {
	vectors, err := os.Create(w.unfinished(kind, "vectors"))
	if err != nil {
		return nil, err
	}
	p := &retrievalPart{columns: map[string]column{}, buffer: &seekBuffer{bufio.NewWriterSize(vectors, 1<<20), vectors}}
	if p.rows, err = os.Create(w.unfinished(kind, "rows")); err != nil {
		return nil, errors.Join(err, vectors.Close())
	}
	p.lines = bufio.NewWriterSize(p.rows, 1<<20)
	p.vectors, err = npy.NewWriter(p.buffer, w.manifest.Fingerprint.Dim)
	return p, err
}

// unfinished is a file's name until all are whole: no reader of the layout takes it for one.
func (w *RetrievalWriter) unfinished(kind space.Kind, what string) string {
	return filepath.Join(w.dir, fmt.Sprintf("unfinished-%s-%s", kind, what))
}

// row notes the columns of an item. A column of different types is text.
func (p *retrievalPart) row(item api.TransferItem) error {
	row := map[string]any{idColumn: item.ID}
	for name, text := range map[string]string{captionColumn: item.Text, pathColumn: item.Source} {
		if text != "" {
			row[name] = text
		}
	}
	for key, value := range item.Metadata {
		if _, taken := row[key]; !taken {
			row[key] = value
		}
	}
	for name, value := range row {
		kind := columnOf(value)
		if had, known := p.columns[name]; known && had != kind {
			kind = textColumn
		}
		p.columns[name] = kind
	}
	return writeJSONLine(p.lines, row)
}

// column is what the values of a column are.
type column int

const (
	textColumn column = iota
	numberColumn
	truthColumn
)

func columnOf(value any) column {
	switch value.(type) {
	case float64:
		return numberColumn
	case bool:
		return truthColumn
	}
	return textColumn
}

func (c column) node() parquet.Node {
	switch c {
	case numberColumn:
		return parquet.Leaf(parquet.DoubleType)
	case truthColumn:
		return parquet.Leaf(parquet.BooleanType)
	}
	return parquet.String()
}

// Commit finishes the files, durably. The manifest says how many items there are; it is not written.
func (w *RetrievalWriter) Commit() (Manifest, error) {
	if !w.begun {
		return w.manifest, errNoHeader
	}
	number := 0
	w.manifest.Files = map[string]ManifestFile{}
	for _, kind := range []space.Kind{space.Image, space.Text} {
		part := w.parts[kind]
		if part == nil {
			continue
		}
		if err := w.finish(kind, part, number); err != nil {
			return w.manifest, err
		}
		number++
	}
	w.parts = nil
	w.manifest.Made = time.Now().UTC().Truncate(time.Second)
	return w.manifest, syncDir(w.dir)
}

// finish writes the table of a part and gives its files their names, the vectors' last.
func (w *RetrievalWriter) finish(kind space.Kind, p *retrievalPart, number int) error {
	err := errors.Join(p.vectors.Close(), p.buffer.Flush(), p.lines.Flush(), p.buffer.file.Sync(), p.buffer.file.Close())
	if err != nil {
		return err
	}
	table := w.unfinished(kind, "table")
	if err := p.writeTable(table); err != nil {
		return err
	}
	if err := errors.Join(p.rows.Close(), os.Remove(p.rows.Name())); err != nil {
		return err
	}
	folder := imageFolder
	if kind == space.Text {
		folder = textFolder
	}
	if err := w.place(table, tableFolder, fmt.Sprintf("metadata_%d.parquet", number)); err != nil {
		return err
	}
	return w.place(w.unfinished(kind, "vectors"), folder, fmt.Sprintf("%s_%d.npy", folder, number))
}

func (w *RetrievalWriter) place(from, folder, name string) error {
	dir := filepath.Join(w.dir, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	to := filepath.Join(dir, name)
	if err := errors.Join(os.Rename(from, to), syncDir(dir)); err != nil {
		return err
	}
	state, err := fileState(to)
	w.manifest.Files[folder+"/"+name] = state
	return err
}

// writeTable writes the rows that waited.
func (p *retrievalPart) writeTable(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := p.rows.Seek(0, io.SeekStart); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(p.columns)) // as the library orders the fields of a group
	group := parquet.Group{}
	for _, name := range names {
		group[name] = parquet.Compressed(parquet.Optional(p.columns[name].node()), &parquet.Snappy)
	}
	table := parquet.NewWriter(file, parquet.NewSchema("metadata", group))
	rows := json.NewDecoder(bufio.NewReaderSize(p.rows, 1<<20))
	for rows.More() {
		var row map[string]any
		if err := rows.Decode(&row); err != nil {
			return err
		}
		if _, err := table.WriteRows([]parquet.Row{p.values(names, row)}); err != nil {
			return err
		}
	}
	return errors.Join(table.Close(), file.Sync())
}

// values is a row of the table; what an item does not have is null.
func (p *retrievalPart) values(names []string, row map[string]any) parquet.Row {
	values := make(parquet.Row, len(names))
	for i, name := range names {
		value, has := row[name]
		switch {
		case !has:
			values[i] = parquet.NullValue().Level(0, 0, i)
			continue
		case p.columns[name] == textColumn:
			value = asText(value)
		}
		values[i] = parquet.ValueOf(value).Level(0, 1, i)
	}
	return values
}

// asText is a value in a column of text: what is none becomes JSON.
func asText(value any) string {
	if text, is := value.(string); is {
		return text
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value) // it came out of JSON: it goes into JSON
	}
	return string(data)
}

// Abort closes the files of an export that failed. They stay, under names of unfinished files.
func (w *RetrievalWriter) Abort() {
	for _, p := range w.parts {
		p.buffer.file.Close()
		p.rows.Close()
	}
}

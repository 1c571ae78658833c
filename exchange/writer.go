package exchange

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange/npy"
)

// Files of an export. Line i of items.jsonl is row i of vectors.npy; a thumbnail's name in thumbnails.tar is the number of
// its item's line, from 0.
const (
	itemsName      = "items.jsonl"
	vectorsName    = "vectors.npy"
	thumbnailsName = "thumbnails.tar"
	decisionsName  = "decisions.jsonl"
)

var fileNames = []string{itemsName, vectorsName, thumbnailsName, decisionsName}

func thumbnailName(row int) string { return fmt.Sprintf("%09d.jpg", row) }

// Writer writes the lines of an export into a folder.
type Writer struct {
	dir      string
	manifest Manifest

	files      []*os.File
	items      *bufio.Writer
	vectors    *npy.Writer
	npyBuffer  *seekBuffer
	thumbnails *tar.Writer
	tarBuffer  *bufio.Writer
	decisions  *bufio.Writer
}

// Create makes the folder, which must be missing or empty.
func Create(dir string) (*Writer, error) {
	if err := emptyFolder(dir); err != nil {
		return nil, err
	}
	return &Writer{dir: dir, manifest: Manifest{Format: formatName, Version: formatVersion, Files: map[string]ManifestFile{}}}, nil
}

// emptyFolder makes a folder where there is none; one that holds anything is refused.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty; name a new folder", dir)
	}
	return nil
}

var errNoHeader = errors.New("the export has no header")

// Line takes the next line of an export.
func (w *Writer) Line(line api.TransferLine) error {
	switch {
	case line.Header != nil:
		return w.header(*line.Header)
	case w.items == nil:
		return errNoHeader
	case line.Item != nil:
		return w.item(*line.Item)
	case line.Decision != nil:
		w.manifest.Decisions++
		return writeJSONLine(w.decisions, line.Decision)
	case line.End != nil && (line.End.Items != w.manifest.Items || line.End.Decisions != w.manifest.Decisions):
		return fmt.Errorf("%d items and %d decisions arrived; the server sent %d and %d", w.manifest.Items, w.manifest.Decisions, line.End.Items, line.End.Decisions)
	}
	return nil
}

func (w *Writer) header(h api.TransferHeader) error {
	if err := headerOf(&w.manifest, h); err != nil {
		return err
	}
	for _, name := range fileNames {
		file, err := os.Create(filepath.Join(w.dir, name))
		if err != nil {
			return err
		}
		w.files = append(w.files, file)
	}
	w.items = bufio.NewWriterSize(w.files[0], 1<<20)
	w.npyBuffer = &seekBuffer{bufio.NewWriterSize(w.files[1], 1<<20), w.files[1]}
	w.tarBuffer = bufio.NewWriterSize(w.files[2], 1<<20)
	w.thumbnails = tar.NewWriter(w.tarBuffer)
	w.decisions = bufio.NewWriter(w.files[3])
	var err error
	w.vectors, err = npy.NewWriter(w.npyBuffer, h.Fingerprint.Dim)
	return err
}

// headerOf takes over what a header says.
func headerOf(m *Manifest, h api.TransferHeader) error {
	if h.Version != api.TransferVersion || h.Fingerprint == nil {
		return fmt.Errorf("the server exports version %d; this clipd reads %d", h.Version, api.TransferVersion)
	}
	m.Collection, m.Fingerprint = h.Collection, *h.Fingerprint
	return nil
}

func (w *Writer) item(item api.TransferItem) error {
	if err := w.vectors.Write(item.Vector); err != nil {
		return fmt.Errorf("item %q: %w", item.ID, err)
	}
	if len(item.Thumbnail) > 0 {
		w.manifest.Thumbnails++
		header := &tar.Header{Name: thumbnailName(w.manifest.Items), Mode: 0o644, Size: int64(len(item.Thumbnail)), Format: tar.FormatUSTAR}
		if err := w.thumbnails.WriteHeader(header); err != nil {
			return err
		}
		if _, err := w.thumbnails.Write(item.Thumbnail); err != nil {
			return err
		}
	}
	item.Vector, item.Thumbnail = nil, nil
	w.manifest.Items++
	return writeJSONLine(w.items, item)
}

func writeJSONLine(to io.Writer, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = to.Write(append(data, '\n'))
	return err
}

// Commit finishes the files, durably, and writes the manifest that makes the folder an export.
func (w *Writer) Commit() (Manifest, error) {
	if w.items == nil {
		return w.manifest, errNoHeader
	}
	err := errors.Join(w.items.Flush(), w.vectors.Close(), w.npyBuffer.Flush(), w.thumbnails.Close(), w.tarBuffer.Flush(), w.decisions.Flush())
	for _, file := range w.files {
		err = errors.Join(err, file.Sync(), file.Close())
	}
	w.files = nil
	if err != nil {
		return w.manifest, err
	}
	for _, name := range fileNames {
		if w.manifest.Files[name], err = fileState(filepath.Join(w.dir, name)); err != nil {
			return w.manifest, err
		}
	}
	w.manifest.Made = time.Now().UTC().Truncate(time.Second)
	return w.manifest, w.manifest.write(w.dir)
}

// Abort closes the files of an export that failed. They stay, without a manifest.
func (w *Writer) Abort() {
	for _, file := range w.files {
		file.Close()
	}
}

// seekBuffer is a buffered file that can be sought: what is buffered is written before.
type seekBuffer struct {
	*bufio.Writer
	file *os.File
}

func (b *seekBuffer) Seek(offset int64, whence int) (int64, error) {
	if err := b.Flush(); err != nil {
		return 0, err
	}
	return b.file.Seek(offset, whence)
}

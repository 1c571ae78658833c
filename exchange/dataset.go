package exchange

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// maxImage bounds one image file of a data set.
const maxImage = 256 << 20

// sample is one picture of a data set: files of one name with different extensions.
type sample struct {
	where string
	key   string
	image []byte
	text  string
	about map[string]any // its .json
	err   error          // why a part of it cannot be read
}

var imageExtensions = []string{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// add takes one file of the sample. Extensions that are not known are passed by.
func (s *sample) add(ext string, data []byte) {
	switch ext = strings.ToLower(ext); {
	case slices.Contains(imageExtensions, ext):
		s.image = data
	case ext == ".txt" || ext == ".caption":
		s.text = strings.TrimSpace(string(data))
	case ext == ".json":
		if err := json.Unmarshal(data, &s.about); err != nil {
			s.err = fmt.Errorf("its .json: %w", err)
		}
	}
}

// give hands the sample to the sink. One without an image is what img2dataset could not download.
func (s *sample) give(sink Sink) error {
	if s.key == "" || s.image == nil && s.err == nil {
		return nil
	}
	if s.err != nil {
		sink.Bad(s.where, s.err)
		return nil
	}
	item := &api.TransferItem{}
	item.Kind, item.Text = space.Image, s.text
	described(item, s.about)
	return sink.Row(Row{Where: s.where, Item: item, Image: s.image})
}

// Names under which data sets keep what an item has fields of its own for.
const (
	captionColumn = "caption"
	urlColumn     = "url"
	pathColumn    = "image_path"
)

// described takes over what a data set says of an item: caption and address into its own fields, all that metadata can
// hold into metadata.
func described(item *api.TransferItem, about map[string]any) {
	text := func(name string) string { s, _ := about[name].(string); return s }
	if item.Text == "" {
		item.Text = text(captionColumn)
	}
	if item.Source = text(urlColumn); item.Source == "" {
		item.Source = text(pathColumn)
	}
	for _, name := range slices.Sorted(maps.Keys(about)) {
		if name == idColumn || name == captionColumn || name == urlColumn && item.Source != "" || name == pathColumn && item.Source == text(pathColumn) {
			continue
		}
		value, kept := metadataValue(about[name])
		if key := strings.TrimLeft(name, "_"); kept && key != "" {
			if item.Metadata == nil {
				item.Metadata = space.Metadata{}
			}
			item.Metadata[key] = value
		}
	}
}

// metadataValue is a value as metadata hold it; false: they cannot, or it says nothing.
func metadataValue(value any) (any, bool) {
	switch v := value.(type) {
	case string:
		return v, v != "" && len(v) <= maxMetadataText
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0) // tables write what is missing as NaN
	case bool:
		return v, true
	case int64:
		return float64(v), true
	case []any:
		var words []string
		for _, element := range v {
			word, isText := element.(string)
			if !isText {
				return nil, false
			}
			words = append(words, word)
		}
		return words, len(words) > 0
	}
	return nil, false
}

// maxMetadataText is the longest text that becomes metadata: a whole EXIF block is no field to filter by.
const maxMetadataText = 4096

// eachInTar gives the samples of a WebDataset shard: its files follow each other by sample.
func eachInTar(ctx context.Context, file string, sink Sink) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return readTar(ctx, filepath.Base(file), bufio.NewReaderSize(f, 1<<20), sink)
}

func readTar(ctx context.Context, name string, from io.Reader, sink Sink) error {
	shard, now := tar.NewReader(from), &sample{}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		header, err := shard.Next()
		if errors.Is(err, io.EOF) {
			return now.give(sink)
		}
		if err != nil {
			sink.Bad(name, fmt.Errorf("what follows %q was not read: %w", now.key, err))
			return nil
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		key, ext := splitKey(header.Name)
		if key != now.key {
			if err := now.give(sink); err != nil {
				return err
			}
			now = &sample{key: key, where: name + ", " + key}
		}
		now.read(ext, header.Size, shard)
	}
}

// splitKey is WebDataset's rule: a sample's name ends at the first dot after the last slash.
func splitKey(name string) (key, ext string) {
	base := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[base:], '.')
	if dot < 0 {
		return name, ""
	}
	return name[:base+dot], name[base+dot:]
}

func (s *sample) read(ext string, size int64, from io.Reader) {
	if size > maxImage {
		s.err = fmt.Errorf("%s has %d bytes; at most %d", ext, size, int64(maxImage))
		return
	}
	data, err := io.ReadAll(io.LimitReader(from, maxImage))
	if err != nil {
		s.err = err
		return
	}
	s.add(ext, data)
}

// eachFile gives the samples of a folder of files.
func eachFile(ctx context.Context, folder string, sink Sink) error {
	entries, err := os.ReadDir(folder) // sorted: the files of a sample follow each other
	if err != nil {
		return err
	}
	now := &sample{}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		key, ext := splitKey(entry.Name())
		if key != now.key {
			if err := now.give(sink); err != nil {
				return err
			}
			now = &sample{key: key, where: filepath.Join(filepath.Base(folder), key)}
		}
		if entry.Type().IsRegular() {
			now.open(filepath.Join(folder, entry.Name()), ext)
		}
	}
	return now.give(sink)
}

func (s *sample) open(path, ext string) {
	f, err := os.Open(path)
	if err != nil {
		s.err = err
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		s.err = err
		return
	}
	s.read(ext, info.Size(), f)
}

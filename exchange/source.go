package exchange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// ErrUnknownLayout: a path that holds nothing that can be imported; the text says what was looked for.
var ErrUnknownLayout = errors.New("nothing that can be imported")

// Row is one thing of a Source: an item that has its vector, an image file that has to be encoded, or a decision.
type Row struct {
	Where    string            // file and line or row, for messages
	Item     *api.TransferItem // without a vector where Image is set
	Image    []byte
	Decision *api.Decision
}

// Sink takes the rows of a Source. An error of Row ends the reading; what cannot be read goes to Bad.
type Sink struct {
	Row func(Row) error
	Bad func(where string, err error)
}

// Source is a folder or file of rows.
type Source struct {
	Layout      string             // "clipd", "clip-retrieval", "img2dataset files", ...
	Fingerprint *space.Fingerprint // of the model that made the vectors; nil: the files don't say
	Rows        int                // about how many; 0: not known
	Vectors     bool               // whether the rows have vectors

	each func(ctx context.Context, sink Sink) error
}

// Each gives all rows to the sink, in the order of the files. It fails with the sink's error, ctx's, or where files as
// a whole cannot be read.
func (s *Source) Each(ctx context.Context, sink Sink) error {
	row := sink.Row
	sink.Row = func(r Row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return row(r)
	}
	return s.each(ctx, sink)
}

// Open finds out what lies at path. It fails with ErrUnknownLayout.
func Open(path string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return openFiles(path, []string{path})
	}
	for _, open := range []func(string) (*Source, error){openFolder, openClipRetrieval, openDataset} {
		source, err := open(path)
		if source != nil || err != nil {
			return source, err
		}
	}
	return nil, fmt.Errorf("%w in %s: looked for an export of clipd (%s), for clip-retrieval's img_emb or text_emb, and for "+
		"img2dataset's .tar, .parquet or numbered folders", ErrUnknownLayout, path, manifestName)
}

// openDataset finds img2dataset's data: shards, or folders of files. Nil: there is none.
func openDataset(dir string) (*Source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var tars, tables, folders []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch ext := strings.ToLower(filepath.Ext(entry.Name())); {
		case entry.IsDir() && isNumber(entry.Name()):
			folders = append(folders, path)
		case ext == ".tar":
			tars = append(tars, path)
		case ext == ".parquet":
			tables = append(tables, path)
		}
	}
	switch {
	case len(tars) > 0: // the tables beside them describe the same images
		return openFiles(dir, tars)
	case len(folders) > 0:
		return &Source{Layout: "img2dataset files", each: func(ctx context.Context, sink Sink) error {
			return eachOf(folders, func(folder string) error { return eachFile(ctx, folder, sink) })
		}}, nil
	case len(tables) > 0:
		return openFiles(dir, tables)
	}
	return nil, nil
}

// openFiles reads tar shards or Parquet tables.
func openFiles(path string, files []string) (*Source, error) {
	switch strings.ToLower(filepath.Ext(files[0])) {
	case ".tar":
		return &Source{Layout: "img2dataset webdataset", each: func(ctx context.Context, sink Sink) error {
			return eachOf(files, func(file string) error { return eachInTar(ctx, file, sink) })
		}}, nil
	case ".parquet":
		return openTables(files)
	}
	return nil, fmt.Errorf("%w: %s is neither a folder nor a .tar or .parquet file", ErrUnknownLayout, path)
}

func eachOf(paths []string, do func(string) error) error {
	slices.Sort(paths)
	for _, path := range paths {
		if err := do(path); err != nil {
			return err
		}
	}
	return nil
}

func isNumber(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// exists says whether a path is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

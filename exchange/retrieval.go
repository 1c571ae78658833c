package exchange

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange/npy"
	"github.com/clipd/clipd/space"
)

// Folders and files of clip-retrieval's inference: img_emb/img_emb_0.npy, text_emb/text_emb_0.npy and
// metadata/metadata_0.parquet; row i of each belongs together.
const (
	imageFolder = "img_emb"
	textFolder  = "text_emb"
	tableFolder = "metadata"
)

var partName = regexp.MustCompile(`^(?:img_emb|text_emb|metadata)_(\d+)\.(?:npy|parquet)$`)

// part is one shard of clip-retrieval's output; a path is empty where there is none.
type part struct{ images, texts, table string }

// openClipRetrieval finds clip-retrieval's output. Nil: there is none.
func openClipRetrieval(dir string) (*Source, error) {
	parts := map[int]*part{}
	for _, folder := range []string{imageFolder, textFolder, tableFolder} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && exists(filepath.Join(dir, folder)) {
			return nil, err
		}
		for _, entry := range entries {
			match := partName.FindStringSubmatch(entry.Name())
			if match == nil {
				continue
			}
			n, err := strconv.Atoi(match[1])
			if err != nil {
				continue
			}
			if parts[n] == nil {
				parts[n] = &part{}
			}
			path := filepath.Join(dir, folder, entry.Name())
			switch folder {
			case imageFolder:
				parts[n].images = path
			case textFolder:
				parts[n].texts = path
			default:
				parts[n].table = path
			}
		}
	}
	source := &Source{Layout: "clip-retrieval", Vectors: true}
	var numbers []int
	for n, p := range parts {
		if p.images == "" && p.texts == "" {
			continue
		}
		numbers = append(numbers, n)
		rows, err := p.count()
		if err != nil {
			return nil, err
		}
		source.Rows += rows
	}
	if len(numbers) == 0 {
		return nil, nil
	}
	slices.Sort(numbers)
	source.each = func(ctx context.Context, sink Sink) error {
		for _, n := range numbers {
			if err := parts[n].each(sink); err != nil {
				return err
			}
		}
		return nil
	}
	return source, nil
}

// vectorFile is an open .npy file.
type vectorFile struct {
	*npy.Reader
	name string
	file *os.File
}

func openVectors(path string) (*vectorFile, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	reader, err := npy.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return &vectorFile{reader, filepath.Base(path), file}, nil
}

func (v *vectorFile) close() {
	if v != nil {
		v.file.Close()
	}
}

// count says how many items the part has, and whether its files fit together.
func (p *part) count() (int, error) {
	rows, first := 0, -1
	for _, path := range []string{p.images, p.texts} {
		v, err := openVectors(path)
		if err != nil {
			return 0, err
		}
		if v == nil {
			continue
		}
		v.close()
		rows += v.Rows
		if first >= 0 && first != v.Rows {
			return 0, fmt.Errorf("%s has %d rows, %s %d: they do not belong together", p.images, first, p.texts, v.Rows)
		}
		first = v.Rows
	}
	if p.table == "" {
		return rows, nil
	}
	t, err := openTable(p.table)
	if err != nil {
		return 0, err
	}
	defer t.close()
	if t.rows() != first {
		return 0, fmt.Errorf("%s has %d rows, the embeddings beside it %d: they do not belong together", p.table, t.rows(), first)
	}
	return rows, nil
}

func (p *part) each(sink Sink) error {
	images, err := openVectors(p.images)
	if err != nil {
		return err
	}
	defer images.close()
	texts, err := openVectors(p.texts)
	if err != nil {
		return err
	}
	defer texts.close()
	give := func(n int, about map[string]any) error {
		if err := giveVector(images, space.Image, n, about, sink); err != nil {
			return err
		}
		return giveVector(texts, space.Text, n, about, sink)
	}
	if p.table != "" {
		t, err := openTable(p.table)
		if err != nil {
			return err
		}
		defer t.close()
		return t.each(give)
	}
	for n := 0; ; n++ {
		if err := give(n, nil); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// giveVector gives row n of a file; at its end it fails with io.EOF.
func giveVector(from *vectorFile, kind space.Kind, n int, about map[string]any, sink Sink) error {
	if from == nil {
		return nil
	}
	components := make([]float32, from.Dim)
	if err := from.Read(components); err != nil {
		if errors.Is(err, npy.ErrFormat) {
			return fmt.Errorf("%s: %v", from.name, err) // no %w: an early end must not pass for the end
		}
		return err
	}
	item := &api.TransferItem{Vector: components}
	item.Kind = kind
	described(item, about)
	if item.ID, _ = about[idColumn].(string); item.ID == "" {
		item.ID = retrievalID(item, from.name, n)
	}
	return sink.Row(Row{Where: fmt.Sprintf("%s, row %d", from.name, n+1), Item: item})
}

// retrievalID is derived from the item's address, as that of an indexed file is, else from its place in the files. A text
// has an id of its own beside its image.
func retrievalID(item *api.TransferItem, name string, n int) string {
	id := fmt.Sprintf("%s/%d", name, n)
	if item.Source != "" {
		sum := sha256.Sum256([]byte(item.Source))
		id = hex.EncodeToString(sum[:])[:32]
	}
	if item.Kind == space.Text && item.Source != "" {
		id += "/text"
	}
	return id
}

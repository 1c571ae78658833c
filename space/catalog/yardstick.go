package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

// yardstick are the vectors of a fixed list of texts: of package relevance's bank, which scores are measured with, or of
// the nouns that groups are named by. One model has one of each, for all collections. It is encoded once and kept in a
// file of the data directory, a cache that may be deleted at any time.
type yardstick struct {
	texts  []string
	path   string
	enc    Encoder
	logger *slog.Logger

	mu   sync.Mutex
	bank *bank
}

// bank are the vectors, also as an index, so that the kernels compute an item's cosines with all of them.
type bank struct {
	vectors []space.Vector
	index   *knn.Flat
	ids     []string
}

func newYardstick(dir, name string, texts []string, enc Encoder, logger *slog.Logger) *yardstick {
	digest := enc.Fingerprint().Digest
	path := filepath.Join(dir, name+"-"+digest[:min(len(digest), 12)]+".json")
	return &yardstick{texts: texts, path: path, enc: enc, logger: logger}
}

// loaded is the bank, or nil where it is not there yet.
func (y *yardstick) loaded() *bank {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.bank
}

// prepare sees to it that the bank is there: from the file, else by encoding it, which takes as long as so many short
// texts do. Where that fails, questions are answered without relevance, and groups have no such names.
func (y *yardstick) prepare(ctx context.Context) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.bank != nil {
		return
	}
	vectors, err := y.read()
	if err == nil {
		y.bank, err = newBank(vectors)
	}
	if err == nil {
		return
	}
	if !errors.Is(err, fs.ErrNotExist) {
		y.logger.Warn("encoding a list of texts anew", "cause", err)
	}
	if vectors, err = y.encode(ctx); err == nil {
		y.bank, err = newBank(vectors)
	}
	if err != nil {
		y.logger.Debug("without the list this time", "cause", err)
		return
	}
	if err := y.write(vectors); err != nil {
		y.logger.Warn("the vectors of a list are not kept", "cause", err)
	}
}

// encode asks for as many texts at once as an encoder's queue takes.
func (y *yardstick) encode(ctx context.Context) ([]space.Vector, error) {
	const atOnce = 64
	var all []space.Vector
	for texts := range slices.Chunk(y.texts, atOnce) {
		vectors, err := y.enc.EncodeTexts(ctx, texts)
		if err != nil {
			return nil, err
		}
		all = append(all, vectors...)
	}
	return all, nil
}

func newBank(vectors []space.Vector) (*bank, error) {
	b := &bank{vectors: vectors, index: knn.NewFlat(vectors[0].Dim()), ids: make([]string, len(vectors))}
	for i, v := range vectors {
		b.ids[i] = fmt.Sprint(i)
		if _, err := b.index.Add(b.ids[i], v.Components()); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// cosines are those of an item and all questions of the bank.
func (b *bank) cosines(components []float32) ([]float64, error) {
	v, err := space.FromUnit(components)
	if err != nil {
		return nil, err
	}
	return b.index.Cosines(v, b.ids)
}

// bankFile is the file's JSON.
type bankFile struct {
	Version int    `json:"version"` // bankVersion
	Digest  string `json:"digest"`  // of the model's fingerprint
	Bank    string `json:"bank"`    // hex SHA-256 of the questions
	Dim     int    `json:"dim"`
	Vectors string `json:"vectors"` // base64 of little-endian float32
	SHA256  string `json:"sha256"`  // hex, of the bytes of the vectors
}

const bankVersion = 1

var errBankFile = errors.New("the file of the bank's vectors is of another model or version, or damaged")

func (y *yardstick) sum() string {
	sum := sha256.Sum256([]byte(strings.Join(y.texts, "\n")))
	return hex.EncodeToString(sum[:])
}

func (y *yardstick) read() ([]space.Vector, error) {
	text, err := os.ReadFile(y.path)
	if err != nil {
		return nil, err
	}
	var file bankFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", errBankFile, err)
	}
	raw, err := base64.StdEncoding.DecodeString(file.Vectors)
	sum := sha256.Sum256(raw)
	fingerprint := y.enc.Fingerprint()
	if err != nil || file.Version != bankVersion || file.Digest != fingerprint.Digest || file.Bank != y.sum() ||
		file.SHA256 != hex.EncodeToString(sum[:]) || file.Dim != fingerprint.Dim || len(raw) != 4*file.Dim*len(y.texts) {
		return nil, fmt.Errorf("%w: %s", errBankFile, y.path)
	}
	vectors := make([]space.Vector, len(y.texts))
	for i := range vectors {
		components := make([]float32, file.Dim)
		for j := range components {
			components[j] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(i*file.Dim+j):]))
		}
		if vectors[i], err = space.FromUnit(components); err != nil {
			return nil, fmt.Errorf("%w: %w", errBankFile, err)
		}
	}
	return vectors, nil
}

func (y *yardstick) write(vectors []space.Vector) error {
	var raw []byte
	for _, v := range vectors {
		for _, x := range v.Components() {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
	}
	sum := sha256.Sum256(raw)
	fingerprint := y.enc.Fingerprint()
	text, err := json.Marshal(bankFile{
		Version: bankVersion, Digest: fingerprint.Digest, Bank: y.sum(), Dim: fingerprint.Dim,
		Vectors: base64.StdEncoding.EncodeToString(raw), SHA256: hex.EncodeToString(sum[:]),
	})
	if err != nil {
		return err
	}
	making := y.path + ".new"
	if err := os.WriteFile(making, text, 0o644); err != nil {
		return err
	}
	return renameDurably(making, y.path)
}

package catalog

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sync"

	"github.com/clipd/clipd/space"
)

// place is a place in a list of hits, and what it takes to make that list again when it is no longer kept. A cursor is a
// place as text: base64url of the CRC-32C (4 bytes, little-endian) and the deflated JSON.
type place struct {
	Version    int       `json:"v"`           // cursorVersion
	List       string    `json:"l"`           // token of the kept list
	At         int       `json:"n"`           // how many hits lie before
	Last       string    `json:"i,omitempty"` // id of the one before
	Collection string    `json:"c"`
	Digest     string    `json:"f"`           // of the fingerprint of the model
	Question   *question `json:"q,omitempty"` // nil: it is too large to be carried along
}

const (
	cursorVersion = 1
	// maxCursor is the most bytes of a cursor before the question is left out of it. One vector of 512 dimensions takes 3 KB.
	maxCursor = 48 << 10
	// maxPlace bounds what a cursor is inflated to.
	maxPlace = 256 << 10
)

// question is a query as JSON. Its vectors hide those of space.Query, which JSON leaves out.
type question struct {
	space.Query
	Vector   []byte    `json:",omitempty"` // little-endian float32, as the others
	Examples *examples `json:",omitempty"`
}

type examples struct {
	Positive, Negative [][]byte
}

func newQuestion(q space.Query) *question {
	out := &question{Query: q, Vector: vectorBytes(q.Vector)}
	if q.Examples != nil {
		out.Examples = &examples{vectorsBytes(q.Examples.Positive), vectorsBytes(q.Examples.Negative)}
	}
	return out
}

// query is the question as it was asked, checked as any query from outside.
func (q *question) query(dim int) (space.Query, error) {
	out := q.Query
	var err error
	if len(q.Vector) > 0 {
		if out.Vector, err = vectorOf(q.Vector, dim); err != nil {
			return out, err
		}
	}
	if q.Examples != nil {
		out.Examples = &space.Examples{}
		if out.Examples.Positive, err = vectorsOf(q.Examples.Positive, dim); err != nil {
			return out, err
		}
		if out.Examples.Negative, err = vectorsOf(q.Examples.Negative, dim); err != nil {
			return out, err
		}
	}
	return out.Validate()
}

func vectorsBytes(vectors []space.Vector) [][]byte {
	list := make([][]byte, len(vectors))
	for i, v := range vectors {
		list[i] = vectorBytes(v)
	}
	return list
}

func vectorBytes(v space.Vector) []byte {
	raw := make([]byte, 0, 4*v.Dim())
	for _, x := range v.Components() {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}

func vectorOf(raw []byte, dim int) (space.Vector, error) {
	if len(raw) != 4*dim {
		return space.Vector{}, fmt.Errorf("%w: %d bytes, want %d of %d dimensions", space.ErrDimension, len(raw), 4*dim, dim)
	}
	components := make([]float32, dim)
	for i := range components {
		components[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return space.FromUnit(components)
}

func vectorsOf(list [][]byte, dim int) ([]space.Vector, error) {
	vectors := make([]space.Vector, len(list))
	for i, raw := range list {
		var err error
		if vectors[i], err = vectorOf(raw, dim); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

// cursorOf writes a place in a list of the collection. The same cursor gives the same page again.
func (c *Catalog) cursorOf(token string, kept *list, at int) (string, error) {
	p := place{
		Version: cursorVersion, List: token, At: at, Collection: c.name, Digest: c.store.Identity().Fingerprint.Digest,
		Question: newQuestion(kept.query),
	}
	if at > 0 && at <= len(kept.ranked) {
		p.Last = kept.ranked[at-1].ID
	}
	text, err := p.encode()
	if err == nil && len(text) > maxCursor {
		p.Question = nil
		text, err = p.encode()
	}
	return text, err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (p place) encode() (string, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	return pack(plain)
}

// deflaters are kept, since each is a megabyte.
var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // fails for levels that do not exist
	return w
}}

func pack(plain []byte) (string, error) {
	var packed bytes.Buffer
	packed.Write(make([]byte, 4))
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	if _, err := w.Write(plain); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	raw := packed.Bytes()
	binary.LittleEndian.PutUint32(raw, crc32.Checksum(raw[4:], castagnoli))
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

var errNoCursor = errors.New("it is no cursor of an answer, or was cut off on the way")

// parseCursor reads what encode wrote.
func parseCursor(text string) (place, error) {
	var p place
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 4 || binary.LittleEndian.Uint32(raw) != crc32.Checksum(raw[4:], castagnoli) {
		return p, errNoCursor
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw[4:])), maxPlace))
	if err != nil {
		return p, errNoCursor
	}
	if err := json.Unmarshal(plain, &p); err != nil || p.Version != cursorVersion || p.At < 0 || p.List == "" {
		return p, errNoCursor
	}
	return p, nil
}

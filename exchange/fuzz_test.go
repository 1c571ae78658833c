package exchange

import (
	"archive/tar"
	"bytes"
	"errors"
	"testing"

	"github.com/parquet-go/parquet-go"
)

var errTooMany = errors.New("too many rows")

var ignore = Sink{Row: func(Row) error { return nil }, Bad: func(string, error) {}}

// FuzzManifest: any text is refused, or says which model made the vectors.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"clipd-export","version":1,"fingerprint":{"model":"m","digest":"d","dim":3},"items":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := parseManifest(data); err == nil && (m.Fingerprint.Digest == "" || m.Fingerprint.Dim < 1) {
			t.Fatalf("%+v", m)
		}
	})
}

// FuzzTable: no bytes make the Parquet reader panic, or read without end.
func FuzzTable(f *testing.F) {
	var whole bytes.Buffer
	if err := parquet.Write(&whole, []retrievalRow{{Path: "a", Width: 1}, {Path: "b", Width: 2}}); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		table := &table{name: "fuzz"}
		if table.open(bytes.NewReader(data), int64(len(data))) != nil {
			return
		}
		n := 0
		_ = table.each(func(int, map[string]any) error { // an error is what damage is to be
			if n++; n > 1<<20 {
				return errTooMany
			}
			return nil
		})
	})
}

// FuzzShard: no bytes make the reader of tar shards panic.
func FuzzShard(f *testing.F) {
	f.Add([]byte("000000000.jpg"))
	f.Add(shardOf(f, "", "a/.b.c", "/.", "x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := readTar(t.Context(), "fuzz.tar", bytes.NewReader(data), ignore); err != nil {
			t.Fatal(err)
		}
	})
}

// shardOf is a tar with files of these names.
func shardOf(t testing.TB, names ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

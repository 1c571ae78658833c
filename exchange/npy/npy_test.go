package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// file is an array as NumPy writes it, with a header of the version.
func file(version byte, header string, data ...byte) []byte {
	out := append(bytes.Clone(magic), version, 0)
	if version == 1 {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	} else {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(header)))
	}
	return append(append(out, header...), data...)
}

func rows(t *testing.T, r *Reader) (all [][]float32, err error) {
	t.Helper()
	for {
		row := make([]float32, r.Dim)
		switch err := r.Read(row); {
		case errors.Is(err, io.EOF) && !errors.Is(err, ErrFormat):
			return all, nil
		case err != nil:
			return all, err
		}
		all = append(all, row)
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "a.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWriter(f, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := w.Write([]float32{float32(i), -0.5, math.MaxFloat32}); err != nil {
			t.Fatal(err)
		}
	}
	if w.Write([]float32{1}) == nil {
		t.Error("a short row was written")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(f)
	if err != nil || r.Rows != 5 || r.Dim != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	got, err := rows(t, r)
	if err != nil || fmt.Sprint(got[4]) != fmt.Sprint([]float32{4, -0.5, math.MaxFloat32}) {
		t.Errorf("%v, %v", got, err)
	}
	head := make([]byte, headerBytes)
	if _, err := f.ReadAt(head, 0); err != nil || head[headerBytes-1] != '\n' || !strings.Contains(string(head), "'shape': (5, 3), }") {
		t.Errorf("header %q, %v", head, err)
	}
}

func TestTypesAndVersions(t *testing.T) {
	header := func(descr string) string {
		return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2, 2), }\n"
	}
	for name, content := range map[string][]byte{
		"<f2": file(1, header("<f2"), 0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c),
		">f2": file(2, header(">f2"), 0x3c, 0x00, 0xc0, 0x00, 0x00, 0x01, 0x7c, 0x00),
		"<f4": file(3, header("<f4"), floatBytes(binary.LittleEndian, 4)...),
		">f4": file(1, header(">f4"), floatBytes(binary.BigEndian, 4)...),
		"<f8": file(1, header("<f8"), floatBytes(binary.LittleEndian, 8)...),
	} {
		r, err := NewReader(bytes.NewReader(content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := rows(t, r)
		if want := [][]float32{{1, -2}, {float32(math.Ldexp(1, -24)), float32(math.Inf(1))}}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	if !math.IsNaN(float64(half(0x7e00))) || half(0xfc00) != float32(math.Inf(-1)) || half(0x7bff) != 65504 || half(0x8000) != 0 {
		t.Error("half floats are wrong")
	}
}

func floatBytes(order binary.AppendByteOrder, size int) (out []byte) {
	for _, x := range []float64{1, -2, math.Ldexp(1, -24), math.Inf(1)} {
		if size == 4 {
			out = order.AppendUint32(out, math.Float32bits(float32(x)))
		} else {
			out = order.AppendUint64(out, math.Float64bits(x))
		}
	}
	return out
}

func TestWhatIsNoFileOfVectors(t *testing.T) {
	for content, says := range map[string]string{
		"":                    "first ten bytes",
		"PK\x03\x04 a zip, b": "does not begin",
		string(file(9, "{}")): "version is 9",
		string(file(1, "{}")): "lacks descr",
		string(file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2), }")):     "type is <i8",
		string(file(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }")):      "Fortran",
		string(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }")):       "shape is (2,)",
		string(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2), }")):    "shape is (-2",
		string(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 99999), }")): "99999",
		string(file(2, "x")[:10]): "within its header",
	} {
		if _, err := NewReader(strings.NewReader(content)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %s", content, err, says)
		}
	}
	r, err := NewReader(bytes.NewReader(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", 0, 0, 128, 63, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rows(t, r); len(got) != 1 || !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "row 2 of 2") {
		t.Errorf("cut off: %v, %v", got, err)
	}
}

// FuzzReader: any bytes are refused, or give as many rows as the header says.
func FuzzReader(f *testing.F) {
	f.Add(file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }\n", 0, 0, 128, 63))
	f.Add(file(2, "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }\n", 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := NewReader(bytes.NewReader(content))
		if err != nil {
			return
		}
		row, n := make([]float32, r.Dim), 0
		for err = r.Read(row); err == nil; err = r.Read(row) {
			if n++; n > len(content) {
				t.Fatalf("%d rows of %d bytes", n, len(content))
			}
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, ErrFormat) && n != r.Rows {
			t.Fatalf("%d rows; the header says %d", n, r.Rows)
		}
	})
}

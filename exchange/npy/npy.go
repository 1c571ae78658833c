// Package npy reads and writes NumPy's .npy files of vectors: two-dimensional arrays of floats in C order. It is no
// general reader: other shapes and types are errors that say so. The format is NumPy Enhancement Proposal 1
// (numpy.lib.format), versions 1 to 3.
package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// ErrFormat: what is read is no .npy file of vectors; the text says what it is instead.
var ErrFormat = errors.New("not a .npy file of vectors")

var magic = []byte("\x93NUMPY")

// Bounds of what is read: a header that is larger, or an array that no machine holds, is damage.
const (
	maxHeader = 1 << 16
	maxDim    = 1 << 16
	maxRows   = 1 << 40
)

// Reader reads the rows of an array, one after another.
type Reader struct {
	Rows, Dim int

	from  io.Reader
	size  int // bytes of a component: 2, 4 or 8
	order binary.ByteOrder
	row   []byte
	next  int
}

// NewReader reads the header. It fails with ErrFormat, or the reader's error.
func NewReader(from io.Reader) (*Reader, error) {
	header, err := readHeader(from)
	if err != nil {
		return nil, err
	}
	r := &Reader{from: from}
	if err := r.parse(header); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	r.row = make([]byte, r.Dim*r.size)
	return r, nil
}

func readHeader(from io.Reader) (string, error) {
	var start [12]byte
	if _, err := io.ReadFull(from, start[:10]); err != nil {
		return "", fmt.Errorf("%w: it ends within its first ten bytes (%w)", ErrFormat, err)
	}
	if !bytes.Equal(start[:6], magic) {
		return "", fmt.Errorf("%w: it does not begin with \\x93NUMPY", ErrFormat)
	}
	length := int(binary.LittleEndian.Uint16(start[8:10]))
	switch start[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(from, start[10:12]); err != nil {
			return "", fmt.Errorf("%w: it ends within its header (%w)", ErrFormat, err)
		}
		length = int(binary.LittleEndian.Uint32(start[8:12]))
	default:
		return "", fmt.Errorf("%w: its version is %d; want 1, 2 or 3", ErrFormat, start[6])
	}
	if length > maxHeader {
		return "", fmt.Errorf("%w: its header claims %d bytes", ErrFormat, length)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(from, header); err != nil {
		return "", fmt.Errorf("%w: it ends within its header (%w)", ErrFormat, err)
	}
	return string(header), nil
}

var (
	descrField   = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	fortranField = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	shapeField   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([^)]*)\)`)
)

func (r *Reader) parse(header string) error {
	descr, fortran, shape := descrField.FindStringSubmatch(header), fortranField.FindStringSubmatch(header), shapeField.FindStringSubmatch(header)
	if descr == nil || fortran == nil || shape == nil {
		return errors.New("its header lacks descr, fortran_order or shape")
	}
	var known bool
	if r.size, r.order, known = floats(descr[1]); !known {
		return fmt.Errorf("its type is %s; want floats of 2, 4 or 8 bytes (<f2, <f4, <f8)", descr[1])
	}
	sides, err := sidesOf(shape[1])
	if err != nil {
		return err
	}
	if len(sides) != 2 {
		return fmt.Errorf("its shape is (%s); want rows and components", shape[1])
	}
	r.Rows, r.Dim = sides[0], sides[1]
	switch {
	case r.Dim < 1 || r.Dim > maxDim || r.Rows > maxRows:
		return fmt.Errorf("its shape is (%s)", shape[1])
	case fortran[1] == "True" && r.Rows > 1 && r.Dim > 1:
		return errors.New("it is in Fortran order; save it by numpy.ascontiguousarray")
	}
	return nil
}

func floats(descr string) (size int, order binary.ByteOrder, known bool) {
	order = binary.LittleEndian
	if strings.HasPrefix(descr, ">") {
		order = binary.BigEndian
	}
	switch strings.TrimLeft(descr, "<>=") {
	case "f2":
		return 2, order, true
	case "f4":
		return 4, order, true
	case "f8":
		return 8, order, true
	}
	return 0, order, false
}

func sidesOf(shape string) ([]int, error) {
	var sides []int
	for part := range strings.SplitSeq(shape, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("its shape is (%s)", shape)
		}
		sides = append(sides, n)
	}
	return sides, nil
}

// Read reads the next row into components, which must have Dim of them. After the last row it fails with io.EOF, where
// the file ends early with ErrFormat.
func (r *Reader) Read(components []float32) error {
	if len(components) != r.Dim {
		return fmt.Errorf("read a row of %d components into %d", r.Dim, len(components))
	}
	if r.next == r.Rows {
		return io.EOF
	}
	if _, err := io.ReadFull(r.from, r.row); err != nil {
		return fmt.Errorf("%w: it ends within row %d of %d (%w)", ErrFormat, r.next+1, r.Rows, err)
	}
	r.next++
	for i := range components {
		switch raw := r.row[i*r.size:]; r.size {
		case 2:
			components[i] = half(r.order.Uint16(raw))
		case 4:
			components[i] = math.Float32frombits(r.order.Uint32(raw))
		case 8:
			components[i] = float32(math.Float64frombits(r.order.Uint64(raw)))
		}
	}
	return nil
}

// half is a float of 16 bits (IEEE 754 binary16).
func half(bits uint16) float32 {
	sign, exponent, fraction := float32(1), int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * float32(math.Ldexp(fraction, -24))
	case 31:
		if fraction != 0 {
			return float32(math.NaN())
		}
		return sign * float32(math.Inf(1))
	}
	return sign * float32(math.Ldexp(1024+fraction, exponent-25))
}

// Writer writes float32 rows in C order, version 1.
type Writer struct {
	to   io.WriteSeeker
	dim  int
	rows int
	row  []byte
}

// headerBytes leaves room for any number of rows, and aligns them as NumPy does.
const headerBytes = 128

// NewWriter writes a header without the number of rows, which Close fills in.
func NewWriter(to io.WriteSeeker, dim int) (*Writer, error) {
	w := &Writer{to: to, dim: dim}
	return w, w.header()
}

func (w *Writer) header() error {
	text := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", w.rows, w.dim)
	header := append(bytes.Clone(magic), 1, 0, headerBytes-10, 0)
	header = append(header, text...)
	for len(header) < headerBytes-1 {
		header = append(header, ' ')
	}
	_, err := w.to.Write(append(header, '\n'))
	return err
}

// Write writes a row.
func (w *Writer) Write(components []float32) error {
	if len(components) != w.dim {
		return fmt.Errorf("write a row of %d components to an array of %d", len(components), w.dim)
	}
	w.row = w.row[:0]
	for _, x := range components {
		w.row = binary.LittleEndian.AppendUint32(w.row, math.Float32bits(x))
	}
	w.rows++
	_, err := w.to.Write(w.row)
	return err
}

// Close fills the number of rows in. The underlying file is the caller's to close.
func (w *Writer) Close() error {
	if _, err := w.to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return w.header()
}

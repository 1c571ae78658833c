package ort

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Graph is an ONNX model file: its bytes, or its path. The path is needed where the weights lie in files beside it
// ("external data"); Bytes is used where both are set.
type Graph struct {
	Bytes []byte
	Path  string
}

// name is the graph as messages show it.
func (g Graph) name() string {
	if g.Path != "" {
		return g.Path
	}
	return fmt.Sprintf("ONNX graph of %d bytes", len(g.Bytes))
}

// folder is where files beside the graph lie; empty: it is bytes alone.
func (g Graph) folder() string {
	if g.Path == "" {
		return ""
	}
	return filepath.Dir(g.Path)
}

// Signature is what a graph takes and gives, in the graph's own order.
type Signature struct {
	Inputs  []TensorInfo
	Outputs []TensorInfo
	// External are the files beside the graph that hold weights of it, by their paths from its folder, each once.
	External []string
}

// Inspect reads a graph's inputs and outputs from the file, skipping its weights: neither the library nor memory for
// the weights is needed. Inputs that are only defaults for initializers (ONNX before IR version 4) are left out.
// It fails with ErrGraph where the bytes are no ONNX ModelProto (onnx.proto3 of the ONNX specification).
func Inspect(graph Graph) (Signature, error) {
	sig, err := inspect(graph)
	if err != nil {
		return Signature{}, fmt.Errorf("inspect %s: %w", graph.name(), err)
	}
	return sig, nil
}

func inspect(graph Graph) (Signature, error) {
	whole, closer, err := openMessage(graph)
	if err != nil {
		return Signature{}, err
	}
	defer closer()
	return readModel(whole)
}

// openMessage is a graph's file as a message; closer releases it.
func openMessage(graph Graph) (m message, closer func() error, err error) {
	if len(graph.Bytes) > 0 {
		return message{r: bytes.NewReader(graph.Bytes), end: int64(len(graph.Bytes))}, func() error { return nil }, nil
	}
	if graph.Path == "" {
		return message{}, nil, fmt.Errorf("%w: neither bytes nor a path given", ErrGraph)
	}
	file, err := os.Open(graph.Path)
	if err != nil {
		return message{}, nil, err
	}
	stat, err := file.Stat()
	if err != nil {
		return message{}, nil, errors.Join(err, file.Close())
	}
	return message{r: &blocks{from: file}, end: stat.Size()}, file.Close, nil
}

// blocks reads a file ahead, for a message is read in steps of a few bytes. It is not safe for concurrent use.
type blocks struct {
	from io.ReaderAt
	off  int64
	held []byte
}

const blockSize = 16 << 10

func (b *blocks) ReadAt(p []byte, off int64) (int, error) {
	if len(p) >= blockSize {
		return b.from.ReadAt(p, off)
	}
	if off < b.off || off+int64(len(p)) > b.off+int64(len(b.held)) {
		if b.held == nil {
			b.held = make([]byte, blockSize)
		}
		n, err := b.from.ReadAt(b.held[:blockSize], off)
		b.off, b.held = off, b.held[:n]
		if err != nil && (n == 0 || !errors.Is(err, io.EOF)) {
			return 0, err
		}
	}
	n := copy(p, b.held[off-b.off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Field numbers of onnx.proto3, by message.
const (
	modelGraph = 7 // ModelProto

	graphInitializer       = 5 // GraphProto
	graphInput             = 11
	graphOutput            = 12
	graphSparseInitializer = 15

	tensorName     = 8 // TensorProto
	tensorExternal = 13
	sparseValues   = 1 // SparseTensorProto

	entryKey   = 1 // StringStringEntryProto
	entryValue = 2

	valueName = 1 // ValueInfoProto
	valueType = 2

	typeTensor = 1 // TypeProto

	tensorTypeElem  = 1 // TypeProto.Tensor
	tensorTypeShape = 2

	shapeDim = 1 // TensorShapeProto
	dimValue = 1 // TensorShapeProto.Dimension
	dimParam = 2
)

// maxName bounds names and symbols: longer ones are a damaged file, not a graph.
const maxName = 1 << 16

func readModel(m message) (Signature, error) {
	var sig Signature
	found := false
	err := m.each(func(f field) error {
		if f.number != modelGraph || f.body.r == nil {
			return nil
		}
		found = true
		return sig.readGraph(f.body)
	})
	switch {
	case err != nil:
		return Signature{}, fmt.Errorf("%w: %w", ErrGraph, err)
	case !found:
		return Signature{}, fmt.Errorf("%w: it holds no graph", ErrGraph)
	case len(sig.Outputs) == 0:
		return Signature{}, fmt.Errorf("%w: its graph has no outputs", ErrGraph)
	}
	return sig, nil
}

func (sig *Signature) readGraph(m message) error {
	initialized := map[string]bool{}
	var inputs []TensorInfo
	err := m.each(func(f field) error {
		var err error
		switch f.number {
		case graphInput:
			inputs, err = appendInfo(inputs, f.body)
		case graphOutput:
			sig.Outputs, err = appendInfo(sig.Outputs, f.body)
		case graphInitializer:
			if err = collectName(f.body, initialized); err == nil {
				err = sig.collectExternal(f.body)
			}
		case graphSparseInitializer:
			err = f.body.each(func(f field) error {
				if f.number != sparseValues {
					return nil
				}
				return collectName(f.body, initialized)
			})
		}
		return err
	})
	for _, in := range inputs {
		if !initialized[in.Name] {
			sig.Inputs = append(sig.Inputs, in)
		}
	}
	return err
}

// collectName adds a TensorProto's name; the payload is skipped, not read.
func collectName(m message, names map[string]bool) error {
	return m.each(func(f field) error {
		if f.number != tensorName {
			return nil
		}
		name, err := f.body.text()
		names[name] = true
		return err
	})
}

// collectExternal adds the file that holds a TensorProto's payload, where that isn't the graph.
func (sig *Signature) collectExternal(m message) error {
	return m.each(func(f field) error {
		if f.number != tensorExternal {
			return nil
		}
		key, err := nameIn(f.body, entryKey)
		if err != nil || key != "location" {
			return err
		}
		location, err := nameIn(f.body, entryValue)
		if err == nil && !slices.Contains(sig.External, location) {
			sig.External = append(sig.External, location)
		}
		return err
	})
}

// appendInfo adds a ValueInfoProto. One that is no tensor (a sequence, a map) keeps DType 0.
func appendInfo(infos []TensorInfo, m message) ([]TensorInfo, error) {
	var info TensorInfo
	err := m.each(func(f field) (err error) {
		switch f.number {
		case valueName:
			info.Name, err = f.body.text()
		case valueType:
			err = f.body.each(func(f field) error {
				if f.number != typeTensor {
					return nil
				}
				return info.readTensorType(f.body)
			})
		}
		return err
	})
	return append(infos, info), err
}

func (i *TensorInfo) readTensorType(m message) error {
	return m.each(func(f field) error {
		switch f.number {
		case tensorTypeElem:
			i.DType = DType(f.varint)
		case tensorTypeShape:
			i.Dims, i.Symbols = []int64{}, []string{}
			return f.body.each(func(f field) error {
				if f.number != shapeDim {
					return nil
				}
				return i.readDim(f.body)
			})
		}
		return nil
	})
}

func (i *TensorInfo) readDim(m message) error {
	dim, symbol := int64(-1), ""
	err := m.each(func(f field) (err error) {
		switch f.number {
		case dimValue:
			dim = max(-1, int64(f.varint))
		case dimParam:
			symbol, err = f.body.text()
		}
		return err
	})
	i.Dims, i.Symbols = append(i.Dims, dim), append(i.Symbols, symbol)
	return err
}

// message is a stretch of a file that holds one protocol buffers message. Only what is asked for is read, so that a
// gigabyte of weights costs a few seeks. (The protowire package wants the whole message in memory.)
type message struct {
	r        io.ReaderAt
	off, end int64
}

// field is one field of a message: a number for wire type 0, a body for wire type 2. Raw is all of it, its key included.
type field struct {
	number int
	varint uint64
	body   message
	raw    message
}

// Wire types of the protocol buffers encoding.
const (
	wireVarint = 0
	wireI64    = 1
	wireLen    = 2
	wireI32    = 5
)

var errWire = errors.New("not in the protocol buffers encoding")

// each calls do for every field, in the order of the file.
func (m message) each(do func(field) error) error {
	for m.off < m.end {
		start := m.off
		key, err := m.uvarint()
		if err != nil {
			return err
		}
		f := field{number: int(key >> 3)}
		if key>>3 == 0 || key>>3 >= 1<<29 {
			return fmt.Errorf("%w: field number %d at byte %d", errWire, key>>3, m.off)
		}
		switch key & 7 {
		case wireVarint:
			f.varint, err = m.uvarint()
		case wireI64:
			m.off += 8
		case wireI32:
			m.off += 4
		case wireLen:
			f.body, err = m.section()
		default:
			err = fmt.Errorf("%w: wire type %d at byte %d", errWire, key&7, m.off)
		}
		if err != nil {
			return err
		}
		if m.off > m.end {
			return fmt.Errorf("%w: it ends in the middle of a field", errWire)
		}
		f.raw = message{m.r, start, m.off}
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

func (m *message) uvarint() (uint64, error) {
	var buf [binary.MaxVarintLen64]byte
	n, err := m.r.ReadAt(buf[:min(int64(len(buf)), m.end-m.off)], m.off)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	x, used := binary.Uvarint(buf[:n])
	if used <= 0 {
		return 0, fmt.Errorf("%w: bad number at byte %d", errWire, m.off)
	}
	m.off += int64(used)
	return x, nil
}

func (m *message) section() (message, error) {
	size, err := m.uvarint()
	if err != nil {
		return message{}, err
	}
	if size > uint64(m.end-m.off) {
		return message{}, fmt.Errorf("%w: %d bytes announced at byte %d, %d are there", errWire, size, m.off, m.end-m.off)
	}
	body := message{m.r, m.off, m.off + int64(size)}
	m.off = body.end
	return body, nil
}

func (m message) text() (string, error) {
	if m.end-m.off > maxName {
		return "", fmt.Errorf("%w: a name of %d bytes", errWire, m.end-m.off)
	}
	buf := make([]byte, m.end-m.off)
	if len(buf) == 0 {
		return "", nil
	}
	if _, err := m.r.ReadAt(buf, m.off); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(buf), nil
}

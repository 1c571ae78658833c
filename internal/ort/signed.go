package ort

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Weights of unsigned bytes are what most 8-bit exports of image towers have, for the library has no convolution with signed
// ones on a CPU. Its product of unsigned with unsigned bytes widens them to 16 bits first; that of unsigned with signed ones
// is the one that processors have an instruction for (VNNI), and takes half the time. So bytes and zero points are made
// signed: b − zero = (b − 128) − (zero − 128), sums of 32 bits are exact, and the result is the same to the bit.

// signedIsFaster: without that instruction, the library adds pairs of products in 16 bits, where they can overflow. Tests
// replace it.
var signedIsFaster = hasVNNI

// signedWeight is a weight that is to become signed.
type signedWeight struct {
	name string
	of   *constant
	data payload
}

// signWeights gives products of dynamically quantised activations signed weights, and says how many. The weights themselves
// are still to be added to the model: appendSigned.
// Their data may have so many bytes in all; what is beyond stays unsigned.
func (g *network) signWeights(folder string, room int64) (products int, weights []signedWeight) {
	s := newShapes(g)
	made := map[string]bool{}
	for _, op := range g.operators {
		weight, zero, ok := s.unsignedProduct(op)
		if !ok {
			continue
		}
		data, ok := g.constants[op.in[weight]].payload(folder)
		if !ok {
			continue
		}
		from := op.in[weight]
		name := from + "/signed"
		if !made[name] && data.length() > room {
			continue
		}
		zeros, ok := g.signedZeros(op.input(zero), folder)
		if !ok {
			continue
		}
		if !made[name] {
			room -= data.length()
			weights = append(weights, signedWeight{name, g.constants[from], data})
			made[name] = true
		}
		in := slices.Clone(op.in)
		for len(in) <= zero {
			in = append(in, "")
		}
		in[weight], in[zero] = name, zeros
		op.in, op.raw = in, nil
		products++
	}
	return products, weights
}

// unsignedProduct reads an operator as a product of unsigned bytes that it or DynamicQuantizeLinear makes of floats, with
// weights of unsigned bytes: the positions of the weights and of their zero points.
func (s *shapes) unsignedProduct(op *operator) (weight, zero int, ok bool) {
	switch op.kind {
	case "MatMulInteger":
		quantise := s.by[op.input(0)]
		weight, zero = 1, 3
		ok = quantise != nil && quantise.kind == "DynamicQuantizeLinear" && quantise.out[0] == op.in[0]
	case "com.microsoft.DynamicQuantizeMatMul":
		weight, zero, ok = 1, 3, true
	}
	if !ok {
		return 0, 0, false
	}
	c := s.g.constants[op.input(weight)]
	return weight, zero, c != nil && c.dtype == UInt8 && s.static(op.input(weight)) && (op.input(zero) == "" || s.static(op.input(zero)))
}

// signedZeros adds the signed twin of zero points, of which none are zeros.
func (g *network) signedZeros(name, folder string) (string, bool) {
	if name == "" {
		return g.signedBytes("no zero point/signed", nil, []byte{0}), true
	}
	c := g.constants[name]
	if c == nil || c.dtype != UInt8 {
		return "", false
	}
	data, ok := c.spelledBytes()
	if where, lies := c.payload(folder); !ok && lies {
		data = make([]byte, where.length())
		ok = where.read(data) == nil
	}
	if !ok {
		return "", false
	}
	return g.signedBytes(name+"/signed", c.dims, data), true
}

// spelledBytes are a tensor's bytes where they are spelled out as numbers, as zero points mostly are.
func (c *constant) spelledBytes() ([]byte, bool) {
	var numbers []int64
	err := inMemory(c.raw).each(func(f field) (err error) {
		if f.number == tensorInt32s {
			numbers, err = f.appendInts(numbers)
		}
		return err
	})
	if err != nil || len(numbers) == 0 || int64(len(numbers)) != c.count() {
		return nil, false
	}
	data := make([]byte, len(numbers))
	for i, n := range numbers {
		if data[i] = byte(n); int64(data[i]) != n {
			return nil, false
		}
	}
	return data, true
}

// signedBytes adds an initializer of int8, made of unsigned bytes.
func (g *network) signedBytes(name string, dims []int64, unsigned []byte) string {
	if g.constants[name] == nil {
		flip(unsigned)
		c := &constant{name: name, dims: dims, dtype: Int8}
		c.raw = appendLen(signedHead(name, dims), tensorRaw, unsigned)
		g.constants[name] = c
		g.order = append(g.order, name)
	}
	return name
}

// signedHead is a TensorProto of int8 but for its data.
func signedHead(name string, dims []int64) []byte {
	head := appendVarint(nil, tensorDataType, uint64(Int8))
	for _, d := range dims {
		head = appendVarint(head, tensorDims, uint64(d))
	}
	return appendLen(head, tensorName, []byte(name))
}

// flip takes 128 off bytes: unsigned ones become signed ones.
func flip(data []byte) {
	for i := range data {
		data[i] ^= 0x80
	}
}

// maxMessage is the most that the protocol buffers library reads of one message.
const maxMessage = 1<<31 - 1

// appendSigned adds weights to a model, in a second graph field: readers merge the two. They are read into the message in
// which the library gets them, so that there is one copy of them, and that for the time of loading alone.
func appendSigned(model []byte, weights []signedWeight) ([]byte, error) {
	size, heads := len(model), make([][]byte, len(weights))
	for i, w := range weights {
		length := int(w.data.length())
		heads[i] = appendHeader(signedHead(w.name, w.of.dims), tensorRaw, length)
		initializer := appendHeader(nil, graphInitializer, len(heads[i])+length)
		graph := appendHeader(nil, modelGraph, len(initializer)+len(heads[i])+length)
		heads[i] = slices.Concat(graph, initializer, heads[i])
		size += len(heads[i]) + length
	}
	all := append(make([]byte, 0, size), model...)
	for i, w := range weights {
		all = append(all, heads[i]...)
		from := len(all)
		all = all[:from+int(w.data.length())]
		if err := w.data.read(all[from:]); err != nil {
			return nil, fmt.Errorf("read the weight %q: %w", w.of.name, err)
		}
		flip(all[from:])
	}
	return all, nil
}

// payload is where a weight's numbers lie: in its message, or in a file.
type payload struct {
	message
	file string // to be opened; empty: within the message
}

func (p payload) length() int64 { return p.end - p.off }

// payload finds the data of a weight of bytes; ok is false where they are spelled out as numbers, or not as many as its
// dims say.
func (c *constant) payload(folder string) (p payload, ok bool) {
	entries := map[string]string{}
	whole := inMemory(c.raw)
	err := whole.each(func(f field) (err error) {
		switch f.number {
		case tensorRaw:
			p.message = f.body
		case tensorExternal:
			var key string
			if key, err = nameIn(f.body, entryKey); err == nil {
				entries[key], err = nameIn(f.body, entryValue)
			}
		}
		return err
	})
	count := c.count()
	if location := filepath.FromSlash(entries["location"]); location != "" {
		if folder == "" || !filepath.IsLocal(location) {
			return payload{}, false
		}
		p.file = filepath.Join(folder, location)
		offset, length := numberOr(entries["offset"], 0), numberOr(entries["length"], count)
		p.off, p.end = offset, offset+length
	}
	return p, err == nil && p.off >= 0 && count > 0 && p.length() == count
}

// count is how many numbers a tensor has; 0 where they are none, or more than a message can hold.
func (c *constant) count() int64 {
	count := int64(1)
	for _, d := range c.dims {
		if count *= d; d > maxMessage || count > maxMessage {
			return 0
		}
	}
	return count
}

// numberOr reads an entry of external data, which may be missing; -1: it is no number.
func numberOr(text string, otherwise int64) int64 {
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// read fills a slice as long as the payload.
func (p payload) read(into []byte) error {
	if p.file != "" {
		file, err := os.Open(p.file)
		if err != nil {
			return err
		}
		defer file.Close()
		p.r = file
	}
	if n, err := p.r.ReadAt(into, p.off); n < len(into) {
		return fmt.Errorf("%w: %w", errWire, errors.Join(err, io.ErrUnexpectedEOF))
	}
	return nil
}

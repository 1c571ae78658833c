package ort

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Field numbers of onnx.proto3 that only restrict needs.
const (
	graphValueInfo      = 13 // GraphProto
	graphQuantization   = 14
	nodeAttributeGraph  = 6 // AttributeProto: a body of If, Loop or Scan
	nodeAttributeGraphs = 11
)

// restrict is the part of a graph that can be computed from some of its inputs: outputs that need another input are
// left out, and with them every node, initializer and input that nothing else needs. A graph that holds two towers
// becomes one of them, at the price of that one. Weights in files beside the graph stay there.
func restrict(graph Graph, inputs []string) ([]byte, error) {
	whole, closer, err := openMessage(graph)
	if err != nil {
		return nil, err
	}
	defer closer()
	var restricted []byte
	err = whole.each(func(f field) error {
		if f.number != modelGraph || f.body.r == nil {
			raw, err := f.raw.bytes()
			restricted = append(restricted, raw...)
			return err
		}
		body, err := restrictGraph(f.body, inputs)
		restricted = appendLen(restricted, modelGraph, body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	return restricted, nil
}

// part is a piece of a GraphProto: a node, an initializer, an input, an output or a value's description.
type part struct {
	kind     int      // field number
	name     string   // of all but nodes
	from, to []string // of a node: what it reads, bodies included, and what it makes
	raw      message
}

func restrictGraph(m message, inputs []string) ([]byte, error) {
	parts, err := readParts(m)
	if err != nil {
		return nil, err
	}
	lost := unavailable(parts, inputs)
	needed := neededFor(parts, lost)
	if len(needed) == 0 {
		return nil, fmt.Errorf("none of its outputs can be computed from %s alone", strings.Join(inputs, ", "))
	}
	var body []byte
	for _, p := range parts {
		if !p.belongs(needed) {
			continue
		}
		raw, err := p.raw.bytes()
		if err != nil {
			return nil, err
		}
		body = append(body, raw...)
	}
	return body, nil
}

// belongs says whether a part stays in a graph of the needed values.
func (p part) belongs(needed map[string]bool) bool {
	switch p.kind {
	case graphNode:
		for _, name := range p.to {
			if needed[name] {
				return true
			}
		}
		return false
	case graphInitializer, graphSparseInitializer, graphInput, graphOutput, graphValueInfo:
		return needed[p.name]
	}
	return p.kind != graphQuantization // a note on tensors that may be gone
}

func readParts(m message) ([]part, error) {
	var parts []part
	err := m.each(func(f field) error {
		p := part{kind: f.number, raw: f.raw}
		var err error
		switch f.number {
		case graphNode:
			p.from, p.to, err = readNode(f.body)
		case graphInitializer:
			p.name, err = nameIn(f.body, tensorName)
		case graphSparseInitializer:
			err = f.body.each(func(f field) (err error) {
				if f.number == sparseValues {
					p.name, err = nameIn(f.body, tensorName)
				}
				return err
			})
		case graphInput, graphOutput, graphValueInfo:
			p.name, err = nameIn(f.body, valueName)
		}
		parts = append(parts, p)
		return err
	})
	return parts, err
}

// readNode gives the names that a node reads and makes. A body of If, Loop or Scan reads values of the graph around it,
// so its nodes' reads count as the node's own.
func readNode(m message) (from, to []string, err error) {
	err = m.each(func(f field) error {
		switch f.number {
		case nodeInput, nodeOutput:
			name, err := f.body.text()
			if name == "" {
				return err // an optional one that isn't given
			}
			if f.number == nodeInput {
				from = append(from, name)
			} else {
				to = append(to, name)
			}
			return err
		case nodeAttribute:
			return f.body.each(func(f field) error {
				if f.number != nodeAttributeGraph && f.number != nodeAttributeGraphs || f.body.r == nil {
					return nil
				}
				inner, err := readParts(f.body)
				for _, p := range inner {
					from = append(from, p.from...)
					if p.kind == graphOutput {
						from = append(from, p.name) // a body may pass an outer value on
					}
				}
				return err
			})
		}
		return nil
	})
	return from, to, err
}

func nameIn(m message, number int) (name string, err error) {
	err = m.each(func(f field) (err error) {
		if f.number == number {
			name, err = f.body.text()
		}
		return err
	})
	return name, err
}

// unavailable are the values that need an input which isn't given. Nodes stand in the order of their computation
// (onnx.proto3: "topologically sorted"). An input with an initializer has a default, and needs no giving.
func unavailable(parts []part, inputs []string) map[string]bool {
	lost := map[string]bool{}
	for _, p := range parts {
		if p.kind == graphInput {
			lost[p.name] = true
		}
	}
	for _, name := range inputs {
		delete(lost, name)
	}
	for _, p := range parts {
		if p.kind == graphInitializer || p.kind == graphSparseInitializer {
			delete(lost, p.name)
		}
	}
	for _, p := range parts {
		for _, name := range p.from {
			if lost[name] {
				for _, made := range p.to {
					lost[made] = true
				}
				break
			}
		}
	}
	return lost
}

// neededFor are the values that the outputs which can be computed are made of, these included.
func neededFor(parts []part, lost map[string]bool) map[string]bool {
	needed := map[string]bool{}
	for _, p := range parts {
		if p.kind == graphOutput && !lost[p.name] {
			needed[p.name] = true
		}
	}
	for i := len(parts) - 1; i >= 0; i-- {
		if p := parts[i]; p.kind == graphNode && p.belongs(needed) {
			for _, name := range append(p.from, p.to...) {
				needed[name] = true
			}
		}
	}
	return needed
}

// bytes reads the whole stretch.
func (m message) bytes() ([]byte, error) {
	buf := make([]byte, m.end-m.off)
	if n, err := m.r.ReadAt(buf, m.off); n < len(buf) {
		return nil, fmt.Errorf("%w: %w", errWire, errors.Join(err, io.ErrUnexpectedEOF))
	}
	return buf, nil
}

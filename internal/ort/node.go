package ort

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Field numbers of onnx.proto3 that only reading and writing nodes needs.
const (
	modelOpset      = 8 // ModelProto
	opsetDomain     = 1 // OperatorSetIdProto
	opsetVersion    = 2
	nodeName        = 3 // NodeProto
	nodeDomain      = 7
	attributeString = 4 // AttributeProto
	attributeTensor = 5
	attributeInts   = 8
	tensorInt32s    = 5 // TensorProto
	tensorInt64s    = 7
)

// operator is a node of a graph, read.
type operator struct {
	kind     string // "MatMul"; of another domain than ONNX's: "com.microsoft.QuickGelu"
	in, out  []string
	inner    []string // what the bodies of If, Loop and Scan read of the graph around them
	settings []setting
	raw      []byte // the NodeProto; nil: write it from the fields above
}

// setting is an attribute of a node.
type setting struct {
	name string
	i    int64
	s    string
	ints []int64
	t    *constant
	raw  []byte // AttributeProto
}

// constant is an initializer or the value of a Constant node. Numbers are read of small tensors of integers only.
type constant struct {
	name  string
	dims  []int64
	dtype DType
	ints  []int64 // nil: not read
	raw   []byte  // TensorProto, of an initializer
}

// network is a graph in memory, to be rewritten.
type network struct {
	head      []byte // fields of the ModelProto beside the graph
	rest      []byte // fields of the GraphProto beside the following
	operators []*operator
	constants map[string]*constant // initializers
	order     []string             // their names, in the file's order
	inputs    []TensorInfo
	outputs   []TensorInfo
	infos     map[string][]byte // of inputs and outputs: ValueInfoProto
	opset     int64             // of ONNX's own operators
	made      int               // names made up
}

// readNetwork reads a model; sparse weights and more than one graph it doesn't know.
func readNetwork(model []byte) (*network, error) {
	g := &network{constants: map[string]*constant{}, infos: map[string][]byte{}}
	whole := message{r: bytes.NewReader(model), end: int64(len(model))}
	graphs := 0
	err := whole.each(func(f field) error {
		switch f.number {
		case modelGraph:
			graphs++
			return g.readGraph(f.body)
		case modelOpset:
			if err := g.readOpset(f.body); err != nil {
				return err
			}
		}
		return f.raw.appendTo(&g.head)
	})
	if err == nil && graphs != 1 {
		err = fmt.Errorf("it holds %d graphs", graphs)
	}
	return g, err
}

func (g *network) readOpset(m message) error {
	domain, err := nameIn(m, opsetDomain)
	if err != nil || domain != "" && domain != "ai.onnx" {
		return err
	}
	return m.each(func(f field) error {
		if f.number == opsetVersion {
			g.opset = int64(f.varint)
		}
		return nil
	})
}

func (g *network) readGraph(m message) error {
	return m.each(func(f field) error {
		switch f.number {
		case graphNode:
			op, err := readOperator(f.body)
			g.operators = append(g.operators, op)
			return err
		case graphInitializer:
			c, err := readConstant(f.body)
			if err != nil {
				return err
			}
			c.raw, err = f.body.bytes()
			g.constants[c.name] = c
			g.order = append(g.order, c.name)
			return err
		case graphInput, graphOutput:
			infos, err := appendInfo(nil, f.body)
			if err != nil {
				return err
			}
			if f.number == graphInput {
				g.inputs = append(g.inputs, infos...)
			} else {
				g.outputs = append(g.outputs, infos...)
			}
			g.infos[infos[0].Name], err = f.body.bytes()
			return err
		case graphSparseInitializer:
			return fmt.Errorf("it has sparse weights")
		case graphValueInfo, graphQuantization:
			return nil // notes on tensors that may be gone
		}
		return f.raw.appendTo(&g.rest)
	})
}

func readOperator(m message) (*operator, error) {
	op := &operator{}
	domain := ""
	err := m.each(func(f field) (err error) {
		var text string
		switch f.number {
		case nodeInput:
			text, err = f.body.text()
			op.in = append(op.in, text)
		case nodeOutput:
			text, err = f.body.text()
			op.out = append(op.out, text)
		case nodeOpType:
			op.kind, err = f.body.text()
		case nodeDomain:
			domain, err = f.body.text()
		case nodeAttribute:
			var s setting
			s, err = readSetting(f.body)
			op.settings = append(op.settings, s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if domain != "" && domain != "ai.onnx" {
		op.kind = domain + "." + op.kind
	}
	reads, _, err := readNode(m)
	for _, name := range reads {
		if !slices.Contains(op.in, name) {
			op.inner = append(op.inner, name)
		}
	}
	if err == nil {
		op.raw, err = m.bytes()
	}
	return op, err
}

func readSetting(m message) (s setting, err error) {
	err = m.each(func(f field) (err error) {
		switch f.number {
		case attributeName:
			s.name, err = f.body.text()
		case attributeInt:
			s.i = int64(f.varint)
		case attributeString:
			if f.body.end-f.body.off <= maxName {
				s.s, err = f.body.text()
			}
		case attributeInts:
			s.ints, err = f.appendInts(s.ints)
		case attributeTensor:
			s.t, err = readConstant(f.body)
		}
		return err
	})
	if err == nil {
		s.raw, err = m.bytes()
	}
	return s, err
}

// appendInts adds a repeated integer field: one number, or a packed stretch of them.
func (f field) appendInts(list []int64) ([]int64, error) {
	if f.body.r == nil {
		return append(list, int64(f.varint)), nil
	}
	for packed := f.body; packed.off < packed.end; {
		x, err := packed.uvarint()
		if err != nil {
			return nil, err
		}
		list = append(list, int64(x))
	}
	return list, nil
}

// maxConstant is the most numbers that are read of a tensor: shapes, axes and indices have fewer.
const maxConstant = 64

func readConstant(m message) (*constant, error) {
	c := &constant{dims: []int64{}}
	var raw message
	var spelled []int64
	err := m.each(func(f field) (err error) {
		switch f.number {
		case tensorName:
			c.name, err = f.body.text()
		case tensorDims:
			c.dims, err = f.appendInts(c.dims)
		case tensorDataType:
			c.dtype = DType(f.varint)
		case tensorRaw:
			raw = f.body
		case tensorInt32s, tensorInt64s:
			if f.body.end-f.body.off <= 10*maxConstant {
				spelled, err = f.appendInts(spelled)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	count := int64(1)
	for _, d := range c.dims {
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("%w: tensor %q has dims %v", errWire, c.name, c.dims)
		}
		count = min(count*d, maxConstant+1)
	}
	if count > maxConstant || c.dtype != Int64 && c.dtype != Int32 {
		return c, nil
	}
	if raw.r == nil {
		if int64(len(spelled)) == count {
			c.ints = append([]int64{}, spelled...)
		}
		return c, nil
	}
	return c, c.readRaw(raw, int(count))
}

func (c *constant) readRaw(m message, count int) error {
	size := int64(8)
	if c.dtype == Int32 {
		size = 4
	}
	if m.end-m.off != size*int64(count) {
		return nil
	}
	buf, err := m.bytes()
	c.ints = []int64{}
	for i := range count {
		if size == 8 {
			c.ints = append(c.ints, int64(binary.LittleEndian.Uint64(buf[8*i:])))
		} else {
			c.ints = append(c.ints, int64(int32(binary.LittleEndian.Uint32(buf[4*i:]))))
		}
	}
	return err
}

// input is the name of a node's input; empty where it isn't given.
func (op *operator) input(i int) string {
	if i < len(op.in) {
		return op.in[i]
	}
	return ""
}

func (op *operator) setting(name string) (setting, bool) {
	at := slices.IndexFunc(op.settings, func(s setting) bool { return s.name == name })
	if at < 0 {
		return setting{}, false
	}
	return op.settings[at], true
}

// integer is an attribute, or its default.
func (op *operator) integer(name string, otherwise int64) int64 {
	if s, ok := op.setting(name); ok {
		return s.i
	}
	return otherwise
}

// producers are the nodes by what they make.
func (g *network) producers() map[string]*operator {
	by := make(map[string]*operator, len(g.operators))
	for _, op := range g.operators {
		for _, name := range op.out {
			by[name] = op
		}
	}
	return by
}

// prune leaves the nodes that the outputs need, in an order in which each comes after those that it reads.
func (g *network) prune() {
	by, seen := g.producers(), map[*operator]bool{}
	var sorted []*operator
	var visit func(name string)
	visit = func(name string) {
		op := by[name]
		if op == nil || seen[op] {
			return
		}
		seen[op] = true
		for _, from := range op.in {
			visit(from)
		}
		for _, from := range op.inner {
			visit(from)
		}
		sorted = append(sorted, op)
	}
	for _, out := range g.outputs {
		visit(out.Name)
	}
	g.operators = sorted
}

// encode is the model as bytes, with the weights that its nodes read.
func (g *network) encode() []byte {
	var body []byte
	needed := map[string]bool{}
	for _, op := range g.operators {
		body = appendLen(body, graphNode, op.encode())
		for _, name := range slices.Concat(op.in, op.inner) {
			needed[name] = true
		}
	}
	for _, out := range g.outputs {
		needed[out.Name] = true
	}
	body = append(body, g.rest...)
	for _, name := range g.order {
		if needed[name] {
			body = appendLen(body, graphInitializer, g.constants[name].raw)
		}
	}
	for _, in := range g.inputs {
		body = appendLen(body, graphInput, g.infos[in.Name])
	}
	for _, out := range g.outputs {
		body = appendLen(body, graphOutput, g.infos[out.Name])
	}
	return appendLen(slices.Clone(g.head), modelGraph, body)
}

func (op *operator) encode() []byte {
	if op.raw != nil {
		return op.raw
	}
	var m []byte
	for _, name := range op.in {
		m = appendLen(m, nodeInput, []byte(name))
	}
	for _, name := range op.out {
		m = appendLen(m, nodeOutput, []byte(name))
	}
	domain, kind := "", op.kind
	if at := bytes.LastIndexByte([]byte(kind), '.'); at >= 0 {
		domain, kind = kind[:at], kind[at+1:]
	}
	m = appendLen(m, nodeOpType, []byte(kind))
	for _, s := range op.settings {
		m = appendLen(m, nodeAttribute, s.raw)
	}
	if domain != "" {
		m = appendLen(m, nodeDomain, []byte(domain))
	}
	return m
}

// integers adds an initializer of int64: a scalar where dims are nil.
func (g *network) integers(name string, dims []int64, values ...int64) string {
	raw := appendVarint(nil, tensorDataType, uint64(Int64))
	for _, d := range dims {
		raw = appendVarint(raw, tensorDims, uint64(d))
	}
	raw = appendLen(raw, tensorName, []byte(name))
	var data []byte
	for _, x := range values {
		data = binary.LittleEndian.AppendUint64(data, uint64(x))
	}
	raw = appendLen(raw, tensorRaw, data)
	if _, known := g.constants[name]; !known {
		g.order = append(g.order, name)
	}
	g.constants[name] = &constant{name: name, dims: append([]int64{}, dims...), dtype: Int64, ints: values, raw: raw}
	return name
}

// axisSetting is an attribute of one integer.
func axisSetting(name string, i int64) setting {
	raw := appendLen(nil, attributeName, []byte(name))
	raw = appendVarint(raw, attributeInt, uint64(i))
	return setting{name: name, i: i, raw: appendVarint(raw, attributeType, attributeINT)}
}

package ort

import (
	"encoding/binary"
	"math"
)

// The tests write their graphs themselves, in the protocol buffers encoding of onnx.proto3.

// pb is a message under construction.
type pb []byte

func (m pb) varint(field int, x uint64) pb { return appendVarint(m, field, x) }

func (m pb) bytes(field int, b []byte) pb { return appendLen(m, field, b) }

func (m pb) text(field int, s string) pb { return m.bytes(field, []byte(s)) }

// value is a ValueInfoProto. A dim is an int (fixed), a string (symbol; "" for none); nil dims give no shape.
func value(name string, dtype DType, dims []any) pb {
	tensor := pb{}.varint(tensorTypeElem, uint64(dtype))
	if dims != nil {
		var shape pb
		for _, d := range dims {
			switch d := d.(type) {
			case int:
				shape = shape.bytes(shapeDim, pb{}.varint(dimValue, uint64(d)))
			case string:
				shape = shape.bytes(shapeDim, pb{}.text(dimParam, d))
			}
		}
		tensor = tensor.bytes(tensorTypeShape, shape)
	}
	return pb{}.text(valueName, name).bytes(valueType, pb{}.bytes(typeTensor, tensor))
}

// attr is an integer attribute of a node.
type attr struct {
	name  string
	value int64
}

func node(op string, in, out []string, attrs ...attr) pb {
	var m pb
	for _, name := range in {
		m = m.text(1, name)
	}
	for _, name := range out {
		m = m.text(2, name)
	}
	m = m.text(4, op)
	for _, a := range attrs {
		m = m.bytes(5, pb{}.text(1, a.name).varint(3, uint64(a.value)).varint(20, 2))
	}
	return m
}

func floats(name string, dims []int64, data ...float32) pb {
	var m pb
	for _, d := range dims {
		m = m.varint(1, uint64(d))
	}
	m = m.varint(2, uint64(Float32)).text(tensorName, name)
	var raw []byte
	for _, x := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return m.bytes(9, raw)
}

// externalFloats is an initializer whose data is in a file beside the model.
func externalFloats(name, file string, dims ...int64) pb {
	var m pb
	for _, d := range dims {
		m = m.varint(1, uint64(d))
	}
	m = m.varint(2, uint64(Float32)).text(tensorName, name)
	m = m.bytes(13, pb{}.text(1, "location").text(2, file))
	return m.varint(14, 1)
}

// testGraph is a GraphProto under construction.
type testGraph struct {
	nodes, weights, inputs, outputs []pb
	irVersion                       uint64 // 0: 8
}

func (g testGraph) model() []byte {
	body := pb{}
	for _, n := range g.nodes {
		body = body.bytes(1, n)
	}
	body = body.text(2, "test")
	for _, w := range g.weights {
		body = body.bytes(graphInitializer, w)
	}
	for _, v := range g.inputs {
		body = body.bytes(graphInput, v)
	}
	for _, v := range g.outputs {
		body = body.bytes(graphOutput, v)
	}
	version := g.irVersion
	if version == 0 {
		version = 8
	}
	opset := pb{}.text(1, "").varint(2, 17)
	return pb{}.varint(1, version).bytes(modelGraph, body).bytes(8, opset)
}

// doubling gives y = x + x of [batch 3] numbers.
func doubling() []byte {
	return testGraph{
		nodes:   []pb{node("Add", []string{"x", "x"}, []string{"y"})},
		inputs:  []pb{value("x", Float32, []any{"batch", 3})},
		outputs: []pb{value("y", Float32, []any{"batch", 3})},
	}.model()
}

// identity gives y = x of any one type.
func identity(dtype DType) []byte {
	return testGraph{
		nodes:   []pb{node("Identity", []string{"x"}, []string{"y"})},
		inputs:  []pb{value("x", dtype, []any{"n"})},
		outputs: []pb{value("y", dtype, []any{"n"})},
	}.model()
}

// twoTowers has two inputs and three outputs, one of them a scalar.
func twoTowers() []byte {
	return testGraph{
		nodes: []pb{
			node("Add", []string{"a", "b"}, []string{"sum"}),
			node("Mul", []string{"a", "b"}, []string{"product"}),
			node("ReduceMax", []string{"a"}, []string{"largest"}, attr{"keepdims", 0}),
		},
		inputs: []pb{value("a", Float32, []any{"n"}), value("b", Float32, []any{"n"})},
		outputs: []pb{
			value("sum", Float32, []any{"n"}), value("product", Float32, []any{"n"}), value("largest", Float32, []any{}),
		},
	}.model()
}

// slow multiplies an [n n] matrix with itself again and again.
func slow(times int) []byte {
	g := testGraph{inputs: []pb{value("x", Float32, []any{"n", "n"})}, outputs: []pb{value("y", Float32, []any{"n", "n"})}}
	from := "x"
	for i := range times {
		to := "y"
		if i < times-1 {
			to = "t" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		}
		g.nodes = append(g.nodes, node("MatMul", []string{from, "x"}, []string{to}))
		from = to
	}
	return g.model()
}

package ort

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
)

// widenHalves lets the graph itself cast its float16 outputs to float32, because the binding cannot fetch float16
// (v1.27.0, createTensorFromOrtValue: it takes an element for a byte, and fails). It returns the graph to load and the
// names to fetch, one for each output.
func widenHalves(graph Graph, outputs []TensorInfo) (Graph, []string, error) {
	fetched := names(outputs)
	var addition []byte
	for i, info := range outputs {
		if info.DType == Float16 {
			fetched[i] = info.Name + " as float32"
			addition = append(addition, castToFloat32(info.Name, fetched[i])...)
		}
	}
	if len(addition) == 0 {
		return graph, fetched, nil
	}
	model := graph.Bytes
	if len(model) == 0 {
		read, err := os.ReadFile(graph.Path)
		if err != nil {
			return Graph{}, nil, err
		}
		model = read
	}
	// Two graph fields in one ModelProto are merged by every protocol buffers reader: repeated fields are joined.
	model = appendLen(slices.Clip(model), modelGraph, addition)
	return Graph{Bytes: model, Path: graph.Path}, fetched, nil
}

// Field numbers of onnx.proto3 that only castToFloat32 needs.
const (
	graphNode     = 1 // GraphProto
	nodeInput     = 1 // NodeProto
	nodeOutput    = 2
	nodeOpType    = 4
	nodeAttribute = 5
	attributeName = 1 // AttributeProto
	attributeInt  = 3
	attributeType = 20
	attributeINT  = 2 // AttributeProto.AttributeType
)

// castToFloat32 is the piece of a GraphProto that makes an output of a Cast node.
func castToFloat32(from, to string) []byte {
	attribute := appendLen(nil, attributeName, []byte("to"))
	attribute = appendVarint(attribute, attributeInt, uint64(Float32))
	attribute = appendVarint(attribute, attributeType, attributeINT)
	node := appendLen(nil, nodeInput, []byte(from))
	node = appendLen(node, nodeOutput, []byte(to))
	node = appendLen(node, nodeOpType, []byte("Cast"))
	node = appendLen(node, nodeAttribute, attribute)
	tensorType := appendLen(nil, typeTensor, appendVarint(nil, tensorTypeElem, uint64(Float32)))
	output := appendLen(appendLen(nil, valueName, []byte(to)), valueType, tensorType)
	return appendLen(appendLen(nil, graphNode, node), graphOutput, output)
}

func appendVarint(m []byte, number int, x uint64) []byte {
	m = binary.AppendUvarint(m, uint64(number)<<3|wireVarint)
	return binary.AppendUvarint(m, x)
}

func appendLen(m []byte, number int, body []byte) []byte {
	return append(appendHeader(m, number, len(body)), body...)
}

// appendHeader begins a field of that many bytes.
func appendHeader(m []byte, number, length int) []byte {
	m = binary.AppendUvarint(m, uint64(number)<<3|wireLen)
	return binary.AppendUvarint(m, uint64(length))
}

// halves encodes float32 as IEEE 754 binary16 in the machine's byte order.
func halves(list []float32) []byte {
	raw := make([]byte, 2*len(list))
	for i, x := range list {
		binary.NativeEndian.PutUint16(raw[2*i:], toHalf(x))
	}
	return raw
}

// toHalf rounds to nearest even; what is too large becomes infinite, NaN stays NaN.
func toHalf(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN
		return sign | 0x7e00
	case b >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: subnormal, a multiple of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	b += 0xfff + b>>13&1 // to nearest even, carrying into the exponent
	return sign | uint16((b-0x38000000)>>13)
}

package ort

import (
	"fmt"
	"math"
	"strings"
)

// DType is the element type of a tensor, numbered as in ONNX's TensorProto.DataType.
type DType int32

// The element types that Run reads or writes, and int8, which weights have. Others are named by String, and refused.
const (
	Float32 DType = 1
	UInt8   DType = 2
	Int8    DType = 3
	Int32   DType = 6
	Int64   DType = 7
	Bool    DType = 9
	Float16 DType = 10
	Float64 DType = 11
)

var dtypeNames = [...]string{
	0: "undefined", 1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string",
	9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
}

// String is the type's usual name: "float32", "int64", ...
func (t DType) String() string {
	if t >= 0 && int(t) < len(dtypeNames) {
		return dtypeNames[t]
	}
	return fmt.Sprintf("ONNX type %d", int32(t))
}

// readable says whether Run can return an output of this type.
func (t DType) readable() bool {
	switch t {
	case Float32, Float16, Float64, Int64, Int32, UInt8, Bool:
		return true
	}
	return false
}

// TensorInfo is what a graph says about one of its inputs or outputs.
type TensorInfo struct {
	Name    string
	DType   DType
	Dims    []int64  // -1: dynamic. Nil where the graph gives no shape; empty for a scalar.
	Symbols []string // name of each dynamic dimension, as "batch_size"; empty where it is fixed or has none
}

// String is the tensor as messages show it: `pixel_values float32 [batch 3 224 224]`.
func (i TensorInfo) String() string {
	if i.Dims == nil {
		return fmt.Sprintf("%s %v of any shape", i.Name, i.DType)
	}
	dims := make([]string, len(i.Dims))
	for d, n := range i.Dims {
		switch {
		case n >= 0:
			dims[d] = fmt.Sprint(n)
		case i.Symbols[d] != "":
			dims[d] = i.Symbols[d]
		default:
			dims[d] = "?"
		}
	}
	return fmt.Sprintf("%s %v [%s]", i.Name, i.DType, strings.Join(dims, " "))
}

// accepts says why a tensor of these dims cannot be this input, or nil.
func (i TensorInfo) accepts(dims []int64) error {
	if i.Dims == nil {
		return nil
	}
	fits := len(dims) == len(i.Dims)
	for d := 0; fits && d < len(dims); d++ {
		fits = i.Dims[d] < 0 || i.Dims[d] == dims[d]
	}
	if !fits {
		return fmt.Errorf("%w: its dims are %v; the graph wants %v", ErrInput, dims, i)
	}
	return nil
}

// Tensor is a dense array in row-major order. Exactly one of the slices is set, with as many elements as the product
// of Dims.
//
// As an input: F32 goes into float32 and float16 inputs, I64 into int64, int32 and bool inputs, I32 into int32 and
// int64, U8 into uint8 and bool; what does not fit (an I64 beyond int32) is an error, never cut.
// As an output: float32, float16 and float64 arrive as F32; int64 as I64; int32 as I32; uint8 and bool as U8.
type Tensor struct {
	Name string
	Dims []int64
	F32  []float32
	I64  []int64
	I32  []int32
	U8   []uint8
}

// count checks that one slice is set, that dims are positive and that both agree; it returns the number of elements.
func (t Tensor) count() (int, error) {
	set, have := 0, 0
	for _, n := range []int{len(t.F32), len(t.I64), len(t.I32), len(t.U8)} {
		if n > 0 {
			set++
			have = n
		}
	}
	if set != 1 {
		return 0, fmt.Errorf("%w: %d of F32, I64, I32 and U8 have elements; want exactly one", ErrInput, set)
	}
	if len(t.Dims) == 0 {
		return 0, fmt.Errorf("%w: it has no dims", ErrInput)
	}
	want := int64(1)
	for _, d := range t.Dims {
		if d < 1 || want > math.MaxInt32/d {
			return 0, fmt.Errorf("%w: dims %v; want each at least 1 and fewer than 2^31 elements in all", ErrInput, t.Dims)
		}
		want *= d
	}
	if int64(have) != want {
		return 0, fmt.Errorf("%w: dims %v make %d elements; it has %d", ErrInput, t.Dims, want, have)
	}
	return have, nil
}

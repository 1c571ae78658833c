package ort

import (
	"fmt"

	onnx "github.com/yalue/onnxruntime_go"
)

// toValue makes the binding's value of an input. Slices of the graph's own type are used in place.
func toValue(t Tensor, info TensorInfo) (onnx.Value, error) {
	if _, err := t.count(); err != nil {
		return nil, err
	}
	if err := info.accepts(t.Dims); err != nil {
		return nil, err
	}
	shape := onnx.Shape(t.Dims)
	switch {
	case t.F32 != nil && info.DType == Float32:
		return onnx.NewTensor(shape, t.F32)
	case t.F32 != nil && info.DType == Float16:
		return onnx.NewCustomDataTensor(shape, halves(t.F32), onnx.TensorElementDataTypeFloat16)
	case t.I64 != nil && info.DType == Int64:
		return onnx.NewTensor(shape, t.I64)
	case t.I64 != nil && info.DType == Int32:
		narrow, err := narrowed(t.I64)
		if err != nil {
			return nil, err
		}
		return onnx.NewTensor(shape, narrow)
	case t.I64 != nil && info.DType == Bool:
		return truths(shape, t.I64)
	case t.I32 != nil && info.DType == Int32:
		return onnx.NewTensor(shape, t.I32)
	case t.I32 != nil && info.DType == Int64:
		return onnx.NewTensor(shape, widened(t.I32))
	case t.U8 != nil && info.DType == UInt8:
		return onnx.NewTensor(shape, t.U8)
	case t.U8 != nil && info.DType == Bool:
		return truths(shape, t.U8)
	}
	return nil, fmt.Errorf("%w: %s does not go into %v", ErrInput, t.kind(), info)
}

// kind names the slice that is set.
func (t Tensor) kind() string {
	switch {
	case t.F32 != nil:
		return "F32"
	case t.I64 != nil:
		return "I64"
	case t.I32 != nil:
		return "I32"
	}
	return "U8"
}

// fromValue takes the data out of a result. Numeric tensors of the binding lie in Go slices already, which are kept.
func fromValue(name string, value onnx.Value) (Tensor, error) {
	t := Tensor{Name: name, Dims: value.GetShape()}
	switch v := value.(type) {
	case *onnx.Tensor[float32]:
		t.F32 = v.GetData()
	case *onnx.Tensor[float64]:
		t.F32 = singles(v.GetData())
	case *onnx.Tensor[int64]:
		t.I64 = v.GetData()
	case *onnx.Tensor[int32]:
		t.I32 = v.GetData()
	case *onnx.Tensor[uint8]:
		t.U8 = v.GetData()
	case *onnx.Tensor[bool]:
		t.U8 = bits(v.GetData())
	default:
		return Tensor{}, fmt.Errorf("%w %q: %v cannot be read", ErrOutput, name, DType(value.DataType()))
	}
	return t, nil
}

func narrowed(wide []int64) ([]int32, error) {
	narrow := make([]int32, len(wide))
	for i, x := range wide {
		if x != int64(int32(x)) {
			return nil, fmt.Errorf("%w: element %d is %d, which is beyond int32", ErrInput, i, x)
		}
		narrow[i] = int32(x)
	}
	return narrow, nil
}

func widened(narrow []int32) []int64 {
	wide := make([]int64, len(narrow))
	for i, x := range narrow {
		wide[i] = int64(x)
	}
	return wide
}

func singles(doubles []float64) []float32 {
	list := make([]float32, len(doubles))
	for i, x := range doubles {
		list[i] = float32(x)
	}
	return list
}

func truths[T int64 | uint8](shape onnx.Shape, numbers []T) (onnx.Value, error) {
	list := make([]bool, len(numbers))
	for i, x := range numbers {
		list[i] = x != 0
	}
	return onnx.NewTensor(shape, list)
}

func bits(list []bool) []uint8 {
	numbers := make([]uint8, len(list))
	for i, x := range list {
		if x {
			numbers[i] = 1
		}
	}
	return numbers
}

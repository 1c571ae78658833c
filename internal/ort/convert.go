package ort

import (
	"encoding/binary"
	"fmt"
	"math"

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
	case *onnx.CustomDataTensor:
		if DType(v.DataType()) != Float16 {
			return Tensor{}, fmt.Errorf("%w %q: %v cannot be read", ErrOutput, name, DType(v.DataType()))
		}
		t.F32 = fromHalves(v.GetData())
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

// halves encodes float32 as IEEE 754 binary16 in the machine's byte order, rounding to nearest even.
func halves(list []float32) []byte {
	raw := make([]byte, 2*len(list))
	for i, x := range list {
		binary.NativeEndian.PutUint16(raw[2*i:], toHalf(x))
	}
	return raw
}

func fromHalves(raw []byte) []float32 {
	list := make([]float32, len(raw)/2)
	for i := range list {
		list[i] = fromHalf(binary.NativeEndian.Uint16(raw[2*i:]))
	}
	return list
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

func fromHalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero and subnormals: fraction * 2^-24
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

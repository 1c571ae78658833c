package ort

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Field numbers of onnx.proto3 that only numbers in floating point need.
const (
	attributeFloat = 2 // AttributeProto
	attributeFLOAT = 1 // AttributeProto.AttributeType
	tensorFloats   = 4 // TensorProto
)

// float is the one number of a static tensor of float32 or of integers; 0 where it isn't known.
func (s *shapes) float(name string) float32 {
	if list := s.integers(name); len(list) == 1 {
		return float32(list[0])
	}
	if c := s.g.constants[name]; c != nil && s.static(name) {
		return floatOf(inMemory(c.raw))
	}
	op := s.by[name]
	if op == nil || op.kind != "Constant" {
		return 0
	}
	var x float32
	for _, setting := range op.settings {
		err := inMemory(setting.raw).each(func(f field) error {
			switch f.number {
			case attributeTensor:
				x = floatOf(f.body)
			case attributeFloat:
				x = asFloat(f.raw.tail(4))
			}
			return nil
		})
		if err != nil {
			return 0
		}
	}
	return x
}

// floatOf reads a TensorProto of one float32.
func floatOf(m message) float32 {
	var x float32
	c, err := readConstant(m)
	if err != nil || c.dtype != Float32 || c.count() != 1 {
		return 0
	}
	err = m.each(func(f field) error {
		switch {
		case f.number == tensorFloats:
			x = asFloat(f.raw.tail(4))
		case f.number == tensorRaw && f.body.end-f.body.off == 4:
			x = asFloat(f.body)
		}
		return nil
	})
	if err != nil {
		return 0
	}
	return x
}

func inMemory(raw []byte) message { return message{r: bytes.NewReader(raw), end: int64(len(raw))} }

// tail is the last n bytes of a stretch.
func (m message) tail(n int64) message { return message{m.r, max(m.off, m.end-n), m.end} }

func asFloat(m message) float32 {
	raw, err := m.bytes()
	if err != nil || len(raw) != 4 {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(raw))
}

// floatSetting is an attribute of one float32.
func floatSetting(name string, x float32) setting {
	raw := appendLen(nil, attributeName, []byte(name))
	raw = binary.LittleEndian.AppendUint32(append(raw, attributeFloat<<3|wireI32), math.Float32bits(x))
	return setting{name: name, raw: appendVarint(raw, attributeType, attributeFLOAT)}
}

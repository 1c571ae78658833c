package ort

import (
	"encoding/binary"
	"math"
	"slices"
)

// The library computes a layer norm number by number: a twelfth of the time of an image tower in float32, a fifth in 8 bit. Its
// instance norm of the same rows, each of which is a channel of an instance then, uses vector instructions, and takes the
// mean before the squares, as the definition does. Scale and bias follow as operators of their own.

// spreadNorms replaces layer norms over the last axis, and says how many. Where activations are rounded to bytes block by block
// (MatMulNBits of accuracy level 4), none: there another last bit is now and then another byte, which moves vectors by more
// than such products' own error.
func (g *network) spreadNorms() int {
	if slices.ContainsFunc(g.operators, roundsBlocks) {
		return 0
	}
	s, n := newShapes(g), 0
	for _, op := range slices.Clone(g.operators) {
		norm, ok := s.layerNorm(op)
		if !ok {
			norm, ok = s.spelledNorm(op)
		}
		if ok {
			g.spreadNorm(op, norm)
			n++
		}
	}
	return n
}

func roundsBlocks(op *operator) bool {
	return op.kind == "com.microsoft.MatMulNBits" && op.integer("accuracy_level", 0) == 4
}

// norm is a layer norm of float32 over the last axis.
type norm struct {
	x           string
	width       int64     // of the last axis
	epsilon     []setting // none: 1e-5
	scale, bias string    // empty: none
}

// layerNorm reads a LayerNormalization.
func (s *shapes) layerNorm(op *operator) (n norm, ok bool) {
	if op.kind != "LayerNormalization" || !onlyFirst(op.out) {
		return norm{}, false
	}
	if axis := op.integer("axis", -1); axis != -1 && axis != int64(len(s.of(op.input(0)))-1) {
		return norm{}, false
	}
	n = norm{x: op.input(0), scale: op.input(1), bias: op.input(2)}
	if n.width, ok = s.eachOfLast(n.scale); !ok {
		return norm{}, false
	}
	if width, ok := s.eachOfLast(n.bias); n.bias != "" && (!ok || width != n.width) {
		return norm{}, false
	}
	if e, ok := op.setting("epsilon"); ok {
		n.epsilon = []setting{e}
	}
	return n, true
}

// onlyFirst says whether of an operator's outputs the first is asked for, and no other.
func onlyFirst(out []string) bool {
	return len(out) > 0 && out[0] != "" && !slices.ContainsFunc(out[1:], func(name string) bool { return name != "" })
}

// eachOfLast reads a weight as one float32 for each of the last axis.
func (s *shapes) eachOfLast(name string) (width int64, ok bool) {
	c := s.g.constants[name]
	if c == nil || c.dtype != Float32 || len(c.dims) != 1 || c.dims[0] < 2 || !s.static(name) {
		return 0, false
	}
	return c.dims[0], true
}

// spelledNorm reads a Div as the end of a layer norm that is spelled out, as exports before opset 17 have it; scale and bias
// follow on it:
//
//	centred = Sub(x, ReduceMean(x))
//	y = Div(centred, Sqrt(Add(ReduceMean(Pow(centred, 2)), epsilon)))
//
// Its width is that of the scale that it is multiplied with, which also says that the numbers are float32.
func (s *shapes) spelledNorm(op *operator) (n norm, ok bool) {
	if op.kind != "Div" || !onlyFirst(op.out) {
		return norm{}, false
	}
	centred, root := op.input(0), s.by[op.input(1)]
	less := s.by[centred]
	if less == nil || less.kind != "Sub" || root == nil || root.kind != "Sqrt" || less.input(0) == "" || s.meanOf(less.input(1)) != less.input(0) {
		return norm{}, false
	}
	sum := s.by[root.input(0)]
	if sum == nil || sum.kind != "Add" {
		return norm{}, false
	}
	for i := range 2 {
		square, epsilon := s.by[s.meanOf(sum.input(i))], s.float(sum.input(1-i))
		if square == nil || epsilon <= 0 || !s.squares(square, centred) {
			continue
		}
		width, ok := s.scaledBy(op.out[0])
		return norm{x: less.input(0), width: width, epsilon: []setting{floatSetting("epsilon", epsilon)}}, ok
	}
	return norm{}, false
}

// meanOf is what a tensor is the mean of over the last axis, which is kept; empty: it is none.
func (s *shapes) meanOf(name string) string {
	op := s.by[name]
	if op == nil || op.kind != "ReduceMean" || op.integer("keepdims", 1) == 0 {
		return ""
	}
	rank := len(s.of(op.input(0)))
	if axes := s.axes(op, 1, rank); rank == 0 || len(axes) != 1 || axes[0] != rank-1 {
		return ""
	}
	return op.input(0)
}

// squares says whether an operator squares a tensor.
func (s *shapes) squares(op *operator, name string) bool {
	switch op.kind {
	case "Pow":
		return op.input(0) == name && s.float(op.input(1)) == 2
	case "Mul":
		return op.input(0) == name && op.input(1) == name
	}
	return false
}

// scaledBy is how many numbers the weight has that a tensor is multiplied with, everywhere where it is read.
func (s *shapes) scaledBy(name string) (width int64, ok bool) {
	for _, op := range s.g.operators {
		at := slices.Index(op.in, name)
		if at < 0 {
			continue
		}
		if op.kind != "Mul" || len(op.in) != 2 {
			return 0, false
		}
		scale, known := s.eachOfLast(op.in[1-at])
		if !known || ok && scale != width {
			return 0, false
		}
		width, ok = scale, true
	}
	dims := s.of(name)
	return width, ok && len(dims) > 0 && (dims[len(dims)-1] == number(width) || !dims[len(dims)-1].fixed())
}

// spreadNorm makes an operator the end of an instance norm of rows.
func (g *network) spreadNorm(op *operator, n norm) {
	y := op.out[0]
	add := func(kind string, in []string, out string, settings ...setting) string {
		g.operators = append(g.operators, &operator{kind: kind, in: in, out: []string{out}, settings: settings})
		return out
	}
	rows := g.integers(g.fresh(y), []int64{3}, -1, 1, n.width)
	one, zero := g.single("clipd/one", 1), g.single("clipd/zero", 0)
	at := add("Reshape", []string{n.x, rows}, g.fresh(y))
	at = add("InstanceNormalization", []string{at, one, zero}, g.fresh(y), n.epsilon...)
	if n.scale != "" {
		at = add("Mul", []string{at, n.scale}, g.fresh(y))
	}
	if n.bias != "" {
		at = add("Add", []string{at, n.bias}, g.fresh(y))
	}
	shape := add("Shape", []string{n.x}, g.fresh(y))
	op.become("Reshape", []string{at, shape}, []string{y})
}

// single adds an initializer of one float32.
func (g *network) single(name string, value float32) string {
	if g.constants[name] == nil {
		raw := appendVarint(appendVarint(nil, tensorDataType, uint64(Float32)), tensorDims, 1)
		raw = appendLen(raw, tensorName, []byte(name))
		raw = appendLen(raw, tensorRaw, binary.LittleEndian.AppendUint32(nil, math.Float32bits(value)))
		g.constants[name] = &constant{name: name, dims: []int64{1}, dtype: Float32, raw: raw}
		g.order = append(g.order, name)
	}
	return name
}

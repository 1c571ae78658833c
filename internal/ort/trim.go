package ort

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A tower of which only one token's row is used (CLIP's class token, or the end of a text) needs the last block's
// perceptron and projections for that row alone. trim moves the choice of the row up through the graph, before them.

// trim rewrites a model so that what follows from the chosen rows of an output's hidden states is computed for these
// alone; output is the only one that is left. It gives nil, and no error, where nothing is to be gained, or where it
// isn't certain that the output stays the same.
func trim(model []byte, output string, fewTokens bool) ([]byte, error) {
	g, err := readNetwork(model)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	at := slices.IndexFunc(g.outputs, func(o TensorInfo) bool { return o.Name == output })
	if at < 0 || g.opset < 7 {
		return nil, nil
	}
	g.outputs = g.outputs[at : at+1]
	g.prune()
	if !slices.ContainsFunc(g.operators, func(op *operator) bool { return op.kind == "Softmax" }) {
		return nil, nil // no attention: all of it is one row's, or nothing is
	}
	g.settleShapes()
	s := newShapes(g)
	for _, op := range slices.Backward(g.operators) {
		if pool := s.pool(op); pool != nil && g.pull(pool, fewTokens) {
			return g.encode(), nil
		}
	}
	return nil, nil
}

// settleShapes replaces what is read of tensors' shapes, where that is a fixed number or the size of an axis further
// up, so that reading a size keeps no tensor alive.
func (g *network) settleShapes() {
	s := newShapes(g)
	var first []*operator
	for _, op := range slices.Clone(g.operators) {
		from := s.by[op.input(0)]
		if from == nil || from.kind != "Shape" || op.kind != "Gather" && op.kind != "Slice" {
			continue
		}
		list, dims := s.list(op.out[0]), s.of(op.out[0])
		if list == nil || dims == nil || len(dims) > 1 {
			continue
		}
		if fixed := s.integers(op.out[0]); fixed != nil {
			op.become("Identity", []string{g.integers(g.fresh(op.out[0]), fixedDims(dims), fixed...)}, op.out)
			continue
		}
		name, alone := list[0].single()
		tensor, axis, ok := originOf(name)
		if len(list) != 1 || !alone || !ok || tensor == from.input(0) {
			continue
		}
		shape := &operator{kind: "Shape", in: []string{tensor}, out: []string{g.fresh(op.out[0])}}
		first = append(first, shape)
		at := g.integers(g.fresh(op.out[0]), fixedDims(dims), int64(axis))
		op.become("Gather", []string{shape.out[0], at}, op.out, axisSetting("axis", 0))
	}
	g.operators = append(first, g.operators...)
	g.prune()
}

// fixedDims are dims of a list or a scalar as numbers.
func fixedDims(dims []extent) []int64 {
	var list []int64
	for _, d := range dims {
		list = append(list, d.n)
	}
	return list
}

// originOf reads a symbol of axisOf.
func originOf(symbol string) (tensor string, axis int, ok bool) {
	at := strings.LastIndexByte(symbol, '#')
	if at < 0 {
		return "", 0, false
	}
	axis, err := strconv.Atoi(symbol[at+1:])
	return symbol[:at], axis, err == nil
}

// become makes an operator another one, which makes the same tensor.
func (op *operator) become(kind string, in, out []string, settings ...setting) {
	*op = operator{kind: kind, in: in, out: out, settings: settings}
}

// fresh is a new name for what is made in place of a tensor.
func (g *network) fresh(name string) string {
	g.made++
	return fmt.Sprintf("%s/row%d", name, g.made)
}

// pool is the choice of rows of the hidden states: an operator, and what it stands for.
type pool struct {
	op     *operator
	states string // the tensor chosen from
	at     place  // where its tokens are
	tokens extent // how many there are
	first  bool   // the same row of each: number index; else rows by the numbers in tensor rows
	index  int64
	rows   string
	flat   bool // rows are counted through all sequences, [n]; else by pairs of sequence and token, [n 2]
	batch  extent
}

// pool reads an operator as such a choice; nil: it is none.
func (s *shapes) pool(op *operator) *pool {
	dims := s.of(op.input(0))
	switch op.kind {
	case "Gather":
		if p := s.fixedRow(op, dims); p != nil {
			return p
		}
		return s.flatRows(op)
	case "Slice":
		return s.slicedRow(op, dims)
	case "GatherND":
		at := s.of(op.input(1))
		if len(dims) == 3 && len(at) == 2 && at[1] == number(2) && op.integer("batch_dims", 0) == 0 {
			return rowsPool(op, op.input(0), dims, op.input(1), false)
		}
	}
	return nil
}

// fixedRow is the row of a fixed number.
func (s *shapes) fixedRow(op *operator, dims []extent) *pool {
	index := s.integers(op.input(1))
	axis, ok := within(op.integer("axis", 0), len(dims))
	if len(dims) != 3 || len(index) != 1 || !ok {
		return nil
	}
	return constantPool(op, dims, axis, index[0])
}

func (s *shapes) slicedRow(op *operator, dims []extent) *pool {
	cuts, ok := s.cuts(op, len(dims))
	if len(dims) != 3 || !ok || len(cuts) != 1 || cuts[0].step != 1 {
		return nil
	}
	c := cuts[0]
	if c.end != c.start+1 && (c.start != -1 || c.end <= 1<<31) {
		return nil
	}
	return constantPool(op, dims, c.axis, c.start)
}

func constantPool(op *operator, dims []extent, axis int, index int64) *pool {
	if axis > 1 || dims[axis] == number(1) {
		return nil
	}
	return &pool{op: op, states: op.input(0), at: plain(axis), tokens: dims[axis], first: true, index: index}
}

// flatRows are rows of [batch·tokens width], made of [batch tokens width].
func (s *shapes) flatRows(op *operator) *pool {
	flat := s.by[op.input(0)]
	if flat == nil || flat.kind != "Flatten" && flat.kind != "Reshape" || op.integer("axis", 0) != 0 || len(s.of(op.input(1))) != 1 {
		return nil
	}
	dims, out := s.of(flat.input(0)), s.of(flat.out[0])
	if len(dims) != 3 || len(out) != 2 || out[1] != dims[2] || out[0] != dims[0].times(dims[1]) {
		return nil
	}
	return rowsPool(op, flat.input(0), dims, op.input(1), true)
}

func rowsPool(op *operator, states string, dims []extent, rows string, flat bool) *pool {
	if !dims[2].fixed() || dims[1] == number(1) {
		return nil
	}
	return &pool{op: op, states: states, at: plain(1), tokens: dims[1], rows: rows, flat: flat, batch: dims[0]}
}

// pull makes the pool's states for the chosen rows alone, and says whether that saves a multiplication with weights.
// What is made twice, because something else needs all rows of it, is not worth it: there the rows are chosen later.
func (g *network) pull(p *pool, fewTokens bool) bool {
	all := g.operators
	whole := map[string]bool{p.rows: true}
	for range 8 {
		g.operators = all
		t := &trimmer{network: g, shapes: newShapes(g), pool: p, whole: whole, rows: map[placed]string{}}
		states, ok := t.row(p.states, p.at)
		if !ok || !t.saves(fewTokens) {
			break
		}
		g.operators = slices.Concat(slices.DeleteFunc(slices.Clone(all), func(op *operator) bool { return op == p.op }), t.added, t.replace(states))
		g.prune()
		twice := t.twice()
		if len(twice) == 0 {
			return true
		}
		for _, name := range twice {
			whole[name] = true
		}
	}
	g.operators = all
	return false
}

package ort

import (
	"slices"
	"strings"
)

// place is where the tokens are in a tensor: its axis, of which the extent is outer·tokens·inner.
type place struct {
	axis         int
	outer, inner extent
}

// plain is an axis of tokens alone.
func plain(axis int) place { return place{axis, number(1), number(1)} }

func (p place) on(axis int) place { return place{axis, p.outer, p.inner} }

// left is the axis' extent when one token is left.
func (p place) left() extent { return p.outer.times(p.inner) }

// placed is a tensor with the place of its tokens.
type placed struct {
	name string
	at   place
}

// trimmer makes tensors anew for the chosen rows alone. A tensor of one row has the whole one's rank, with one token on
// the axis of the tokens; where rows are chosen by number, its first axis counts the rows.
type trimmer struct {
	*network
	shapes *shapes
	pool   *pool
	whole  map[string]bool   // tensors that are made whole: rows are taken of them, they aren't made anew
	rows   map[placed]string // what has been made, by the whole tensor
	pushed []*operator       // the operators whose work is done for the rows alone
	added  []*operator
}

// row gives the name of a tensor's chosen rows. It takes them of the whole tensor only where it can't make them of
// the rows of what that is made of.
func (t *trimmer) row(name string, at place) (string, bool) {
	if made, ok := t.rows[placed{name, at}]; ok {
		return made, true
	}
	if dims := t.shapes.of(name); at.axis >= len(dims) || dims[at.axis] != at.left().times(t.pool.tokens) {
		return "", false
	}
	made, ok := "", false
	if op := t.shapes.by[name]; op != nil && !t.whole[name] {
		if made, ok = t.push(op, name, at); ok {
			t.pushed = append(t.pushed, op)
		}
	}
	if !ok {
		made, ok = t.take(name, at)
	}
	if ok {
		t.rows[placed{name, at}] = made
	}
	return made, ok
}

// take chooses the rows of a whole tensor.
func (t *trimmer) take(name string, at place) (string, bool) {
	dims := t.shapes.of(name)
	if at != plain(at.axis) {
		return "", false // an axis of more than tokens
	}
	if t.pool.first {
		index := t.integers(t.fresh(name), []int64{1}, t.pool.index)
		return t.make("Gather", name, []string{name, index}, axisSetting("axis", int64(at.axis))), true
	}
	if len(dims) != 3 || dims[0] != t.pool.batch || !dims[2].fixed() {
		return "", false
	}
	width := dims[2]
	from, kind := name, "GatherND"
	var settings []setting
	if t.pool.flat {
		from = t.make("Reshape", name, []string{name, t.integers(t.fresh(name), []int64{2}, -1, width.n)})
		kind, settings = "Gather", []setting{axisSetting("axis", 0)}
	}
	chosen := t.make(kind, name, []string{from, t.pool.rows}, settings...)
	return t.make("Reshape", name, []string{chosen, t.integers(t.fresh(name), []int64{3}, -1, 1, width.n)}), true
}

// make adds an operator with one output, named after the tensor that it stands for.
func (t *trimmer) make(kind, after string, in []string, settings ...setting) string {
	out := t.fresh(after)
	t.added = append(t.added, &operator{kind: kind, in: in, out: []string{out}, settings: settings})
	return out
}

// clone adds an operator with other inputs, and gives the name of what stands for one of its outputs.
func (t *trimmer) clone(op *operator, name string, in ...string) (string, bool) {
	copied := &operator{kind: op.kind, in: in, settings: op.settings}
	for _, out := range op.out {
		if out != "" {
			out = t.fresh(out)
		}
		copied.out = append(copied.out, out)
	}
	t.added = append(t.added, copied)
	return copied.out[slices.Index(op.out, name)], true
}

// replace is the pool's operator, for the rows that are made already.
func (t *trimmer) replace(states string) []*operator {
	op := t.pool.op
	if !t.pool.first {
		width := t.shapes.of(t.pool.states)[2]
		shape := t.integers(t.fresh(states), []int64{2}, -1, width.n)
		return []*operator{{kind: "Reshape", in: []string{states, shape}, out: op.out}}
	}
	if op.kind == "Slice" {
		return []*operator{{kind: "Identity", in: []string{states}, out: op.out}}
	}
	dims := fixedDims(t.shapes.of(op.input(1)))
	index := t.integers(t.fresh(states), dims, 0)
	return []*operator{{kind: op.kind, in: []string{states, index}, out: op.out, settings: op.settings}}
}

// twice are the tensors that are made for the rows and, for something else, whole.
func (t *trimmer) twice() []string {
	var names []string
	alive := t.producers()
	for _, op := range t.pushed {
		for _, name := range op.out {
			if name != "" && alive[name] == op {
				names = append(names, name)
			}
		}
	}
	return names
}

// saves tells whether a multiplication with weights is done for the rows alone; with few tokens, one whose weights
// aren't floats.
func (t *trimmer) saves(fewTokens bool) bool {
	kinds := multiplications
	if fewTokens {
		kinds = packedMultiplications
	}
	return slices.ContainsFunc(t.pushed, func(op *operator) bool {
		return slices.Contains(kinds, op.kind) && t.shapes.static(op.input(1))
	})
}

var (
	packedMultiplications = []string{"MatMulInteger", "com.microsoft.MatMulNBits"}
	multiplications       = append([]string{"MatMul", "Gemm"}, packedMultiplications...)
)

// carries says where the tokens are in an operand of an elementwise operator whose result has them at a place; has is
// false where it has none: then the operand is the same for all rows.
func (t *trimmer) carries(operand string, result []extent, at place) (where place, has, ok bool) {
	dims := t.shapes.of(operand)
	if dims == nil {
		return place{}, false, false
	}
	shift := len(result) - len(dims)
	axis := at.axis - shift
	if t.pool.first {
		if axis < 0 || dims[axis] == number(1) {
			return place{}, false, true
		}
		return at.on(axis), true, dims[axis] == result[at.axis]
	}
	// By number, a row is one of a sequence: an operand has both axes, or neither.
	if shift == 0 && dims[0] == t.pool.batch && dims[1] == t.pool.tokens {
		return at, true, true
	}
	free := axis < 0 || dims[axis] == number(1)
	return place{}, false, free && (shift > 0 || dims[0] == number(1))
}

// push makes an operator's result for the chosen rows, of the chosen rows of what it reads.
func (t *trimmer) push(op *operator, name string, at place) (string, bool) {
	kind, dims := op.kind, t.shapes.of(name)
	if dims == nil || len(op.inner) > 0 || at.axis >= len(dims) {
		return "", false
	}
	if !t.pool.first && (len(dims) != 3 || dims[0] != t.pool.batch || dims[1] != t.pool.tokens) {
		return "", false
	}
	last := len(dims) - 1
	switch {
	case slices.Contains(pointwise, kind):
		return t.through(op, name, at)
	case kind == "com.microsoft.BiasGelu", kind == "QuantizeLinear", kind == "DequantizeLinear":
		return t.scaled(op, name, at)
	case kind == "LayerNormalization", kind == "SimplifiedLayerNormalization":
		if axis, ok := within(op.integer("axis", -1), len(dims)); ok && axis > at.axis && name == op.out[0] {
			return t.through(op, name, at)
		}
	case kind == "Softmax", kind == "LogSoftmax":
		otherwise := int64(-1)
		if t.opset < 13 {
			otherwise = 1
		}
		if axis, ok := within(op.integer("axis", otherwise), len(dims)); ok && axis == last && at.axis < last {
			return t.through(op, name, at)
		}
	case strings.HasPrefix(kind, "Reduce"):
		return t.reduced(op, name, at)
	case kind == "Mul" && t.quantised(op) != nil:
		return t.integerProduct(op, name, at)
	case slices.Contains(elementwise, kind):
		return t.elementwise(op, name, at)
	case kind == "MatMul":
		return t.matmul(op, name, at)
	case kind == "com.microsoft.MatMulNBits":
		if at.axis < last && t.static(op.in[1:]...) {
			return t.through(op, name, at)
		}
	case kind == "Gemm":
		return t.gemm(op, name, at)
	}
	if t.pool.first {
		return t.moved(op, name, at)
	}
	return "", false
}

// moved is push for operators that only move numbers about.
func (t *trimmer) moved(op *operator, name string, at place) (string, bool) {
	from := t.shapes.of(op.input(0))
	if from == nil {
		return "", false
	}
	switch op.kind {
	case "Transpose":
		return t.first(op, name, at.on(int(perm(op, len(from))[at.axis])))
	case "Reshape":
		return t.reshaped(op, name, at)
	case "Unsqueeze", "Squeeze":
		if axis := t.shapes.moved(op, len(from))[at.axis]; axis >= 0 {
			return t.first(op, name, at.on(axis))
		}
	case "Gather":
		axis, ok := within(op.integer("axis", 0), len(from))
		index := t.shapes.of(op.input(1))
		if !ok || t.shapes.integers(op.input(1)) == nil || len(index) > 1 {
			return "", false
		}
		if len(index) == 1 && axis == at.axis {
			return "", false
		}
		if len(index) == 0 && at.axis >= axis {
			at.axis++
		}
		return t.first(op, name, at)
	case "Split":
		if axis, ok := within(op.integer("axis", 0), len(from)); ok && axis != at.axis {
			return t.first(op, name, at)
		}
	case "Slice":
		if cuts, ok := t.shapes.cuts(op, len(from)); ok && !slices.ContainsFunc(cuts, func(c cut) bool { return c.axis == at.axis }) {
			return t.first(op, name, at)
		}
	}
	return "", false
}

// first makes an operator of the rows of its first input, which has the tokens there, and the others as they are.
func (t *trimmer) first(op *operator, name string, at place) (string, bool) {
	in, ok := t.row(op.input(0), at)
	if !ok {
		return "", false
	}
	return t.clone(op, name, append([]string{in}, op.in[1:]...)...)
}

// through is first, for operators whose first input is as large as the result, and the others weights.
func (t *trimmer) through(op *operator, name string, at place) (string, bool) {
	if !t.static(op.in[1:]...) {
		return "", false
	}
	return t.first(op, name, at)
}

func (t *trimmer) static(names ...string) bool {
	for _, name := range names {
		if name != "" && !t.shapes.static(name) {
			return false
		}
	}
	return true
}

// scaled is through, where the others are one number or one for each of the last axis.
func (t *trimmer) scaled(op *operator, name string, at place) (string, bool) {
	last := len(t.shapes.of(name)) - 1
	axis, ok := within(op.integer("axis", 1), last+1)
	each := ok && axis == last || op.kind == "com.microsoft.BiasGelu"
	for _, other := range op.in[1:] {
		dims := t.shapes.of(other)
		one := dims != nil && product(dims) == number(1)
		if other != "" && !one && (len(dims) != 1 || !each || at.axis == last) {
			return "", false
		}
	}
	return t.through(op, name, at)
}

// reduced are means over the last axis, which stays.
func (t *trimmer) reduced(op *operator, name string, at place) (string, bool) {
	last := len(t.shapes.of(op.input(0))) - 1
	axes := t.shapes.axes(op, 1, last+1)
	if op.integer("keepdims", 1) == 0 || len(axes) != 1 || axes[0] != last || at.axis == last {
		return "", false
	}
	return t.through(op, name, at)
}

func (t *trimmer) elementwise(op *operator, name string, at place) (string, bool) {
	result := t.shapes.of(name)
	in := slices.Clone(op.in)
	carried := 0
	for i, operand := range op.in {
		where, has, ok := t.carries(operand, result, at)
		if !ok {
			return "", false
		}
		if !has {
			continue
		}
		carried++
		if in[i], ok = t.row(operand, where); !ok {
			return "", false
		}
	}
	if carried == 0 {
		return "", false
	}
	return t.clone(op, name, in...)
}

// matmul: a row of a product is the row of its left side times the right side.
func (t *trimmer) matmul(op *operator, name string, at place) (string, bool) {
	a, b := t.shapes.of(op.input(0)), t.shapes.of(op.input(1))
	rank := len(t.shapes.of(name))
	weights := len(b) == 2 && t.static(op.input(1))
	rows := at.axis == rank-2 && t.pool.first
	if len(a) < 2 || len(b) < 2 || at.axis == rank-1 || !weights && !rows || weights && len(a) != rank {
		return "", false
	}
	return t.first(op, name, at.on(at.axis-(rank-len(a))))
}

func (t *trimmer) gemm(op *operator, name string, at place) (string, bool) {
	c := t.shapes.of(op.input(2))
	each := op.input(2) == "" || c != nil && (len(c) < 2 || len(c) == 2 && c[0] == number(1))
	if at.axis != 0 || op.integer("transA", 0) != 0 || !each {
		return "", false
	}
	return t.through(op, name, at)
}

// reshaped finds the tokens on the other side of a Reshape by their stride, the distance of two tokens in memory: that
// stays what it is.
func (t *trimmer) reshaped(op *operator, name string, at place) (string, bool) {
	from, to := t.shapes.of(op.input(0)), t.shapes.of(name)
	stride := at.inner.times(product(to[at.axis+1:]))
	for axis, size := range from {
		inner, ok := stride.by(product(from[axis+1:]))
		if !ok {
			continue
		}
		outer, ok := size.by(t.pool.tokens.times(inner))
		if !ok {
			continue
		}
		where := place{axis, outer, inner}
		shape, ok := leftShape(from, to, where, at)
		if !ok {
			return "", false
		}
		in, ok := t.row(op.input(0), where)
		if !ok {
			return "", false
		}
		return t.clone(op, name, in, t.integers(t.fresh(name), []int64{int64(len(shape))}, shape...))
	}
	return "", false
}

// leftShape is what a Reshape must be asked for when one token is left: numbers, 0 for what stays, -1 once.
func leftShape(from, to []extent, where, at place) (shape []int64, ok bool) {
	from, to = slices.Clone(from), slices.Clone(to)
	from[where.axis], to[at.axis] = where.left(), at.left()
	open := 0
	for i, size := range to {
		switch {
		case size.fixed():
			shape = append(shape, size.n)
		case i < len(from) && from[i] == size:
			shape = append(shape, 0)
		default:
			shape = append(shape, -1)
			open++
		}
	}
	return shape, open <= 1
}

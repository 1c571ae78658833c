package ort

import (
	"fmt"
	"slices"
)

// shapes tells the dims of a network's tensors, and what stands in its small tensors of integers, as far as that is
// certain before it is run. (ONNX's own shape inference, in the part that transformers need.)
type shapes struct {
	g       *network
	by      map[string]*operator
	dims    map[string][]extent
	numbers map[string][]extent
	fixed   map[string]bool
}

func newShapes(g *network) *shapes {
	return &shapes{g: g, by: g.producers(), dims: map[string][]extent{}, numbers: map[string][]extent{}, fixed: map[string]bool{}}
}

// axisOf is the symbol of an axis that nothing more is known about.
func axisOf(name string, axis int) extent { return symbol(fmt.Sprintf("%s#%d", name, axis)) }

// unknown are dims of which only the rank is known.
func unknown(name string, rank int) []extent {
	dims := make([]extent, rank)
	for i := range dims {
		dims[i] = axisOf(name, i)
	}
	return dims
}

// of are a tensor's dims; nil: not even its rank is known. (A scalar has none, but not nil.)
func (s *shapes) of(name string) []extent {
	if dims, ok := s.dims[name]; ok {
		return dims
	}
	s.dims[name] = nil // a graph that reads itself ends here
	dims := s.infer(name)
	s.dims[name] = dims
	return dims
}

func (s *shapes) infer(name string) []extent {
	if c := s.g.constants[name]; c != nil {
		return numbersOf(c.dims)
	}
	if op := s.by[name]; op != nil {
		return s.made(op, name)
	}
	for _, in := range s.g.inputs {
		if in.Name == name && in.Dims != nil {
			dims := unknown(name, len(in.Dims))
			for i, d := range in.Dims {
				if d >= 0 {
					dims[i] = number(d)
				}
			}
			return dims
		}
	}
	return nil
}

func numbersOf(list []int64) []extent {
	dims := make([]extent, len(list))
	for i, d := range list {
		dims[i] = number(d)
	}
	return dims
}

// static says whether a tensor is the same in every run: an initializer, or made of such.
func (s *shapes) static(name string) bool {
	if fixed, ok := s.fixed[name]; ok {
		return fixed
	}
	s.fixed[name] = false
	fixed := s.g.constants[name] != nil
	if op := s.by[name]; op != nil {
		fixed = len(op.inner) == 0 && !slices.Contains(drawn, op.kind) && (len(op.in) > 0 || op.kind == "Constant")
		for _, in := range op.in {
			fixed = fixed && (in == "" || s.static(in))
		}
	}
	for _, in := range s.g.inputs {
		fixed = fixed && in.Name != name // an input with a default
	}
	s.fixed[name] = fixed
	return fixed
}

// drawn are the operators that make something else each time.
var drawn = []string{"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}

// Operators by what they do to their first input's dims, and to which rows they look.
var (
	// pointwise make each number of one number, and of scalars.
	pointwise = []string{
		"Cast", "Identity", "Sqrt", "Erf", "Sigmoid", "Tanh", "Relu", "Neg", "Abs", "Exp", "Log", "Gelu", "Reciprocal", "Softplus",
		"HardSigmoid", "HardSwish", "LeakyRelu", "Elu", "com.microsoft.Gelu", "com.microsoft.QuickGelu", "com.microsoft.FastGelu",
	}
	// elementwise make each number of one number of each input, after broadcasting.
	elementwise = []string{"Add", "Sub", "Mul", "Div", "Pow", "Where", "Max", "Min", "Equal", "Less", "Greater", "And", "Or"}
	// alike give what they take, in other numbers.
	alike = []string{"Softmax", "LogSoftmax", "LayerNormalization", "SimplifiedLayerNormalization", "Dropout", "QuantizeLinear",
		"DequantizeLinear", "Clip", "Trilu", "Not", "Round", "Floor", "BatchNormalization", "com.microsoft.BiasGelu"}
)

// made are the dims of what an operator makes.
func (s *shapes) made(op *operator, name string) []extent {
	at := slices.Index(op.out, name)
	switch kind := op.kind; {
	case kind == "DynamicQuantizeLinear" && at > 0:
		return []extent{}
	case kind == "Split":
		return s.split(op, name)
	case at > 0:
		return nil
	case kind == "DynamicQuantizeLinear", slices.Contains(pointwise, kind), slices.Contains(alike, kind):
		return s.of(op.input(0))
	case slices.Contains(elementwise, kind):
		return s.broadcast(name, op.in...)
	}
	switch op.kind {
	case "Constant":
		if c := valueOf(op); c != nil {
			return numbersOf(c.dims)
		}
	case "MatMul", "MatMulInteger":
		return s.matmul(name, s.of(op.input(0)), s.of(op.input(1)))
	case "com.microsoft.MatMulNBits":
		if dims := s.of(op.input(0)); len(dims) > 0 {
			return append(slices.Clone(dims[:len(dims)-1]), number(op.integer("N", 0)))
		}
	case "Gemm":
		return s.gemm(op)
	case "Conv", "ConvInteger":
		return s.conv(op, name)
	case "Transpose":
		return s.transpose(op)
	case "Reshape":
		return s.reshape(op, name)
	case "Flatten":
		return s.flatten(op)
	case "Unsqueeze", "Squeeze":
		return s.unsqueeze(op)
	case "Concat":
		return s.concat(op, name)
	case "Gather":
		return s.gather(op)
	case "GatherND":
		return s.gatherND(op)
	case "Slice":
		return s.slice(op, name)
	case "Shape":
		if dims := s.of(op.input(0)); dims != nil && len(op.settings) == 0 {
			return []extent{number(int64(len(dims)))}
		}
	case "Expand":
		return s.expand(op, name)
	case "ConstantOfShape":
		if list := s.list(op.input(0)); list != nil {
			return list
		}
	case "Range":
		return unknown(name, 1)
	case "ReduceMean", "ReduceSum", "ReduceMax", "ArgMax":
		return s.reduce(op)
	}
	return nil
}

// valueOf is the tensor of a Constant node.
func valueOf(op *operator) *constant {
	if value, ok := op.setting("value"); ok {
		return value.t
	}
	if value, ok := op.setting("value_int"); ok {
		return &constant{dims: []int64{}, dtype: Int64, ints: []int64{value.i}}
	}
	if value, ok := op.setting("value_ints"); ok {
		return &constant{dims: []int64{int64(len(value.ints))}, dtype: Int64, ints: value.ints}
	}
	if _, ok := op.setting("value_float"); ok {
		return &constant{dims: []int64{}}
	}
	return nil
}

// broadcast are the dims of an elementwise result (NumPy's rule).
func (s *shapes) broadcast(name string, in ...string) []extent {
	all := make([][]extent, len(in))
	rank := 0
	for i, from := range in {
		if all[i] = s.of(from); all[i] == nil {
			return nil
		}
		rank = max(rank, len(all[i]))
	}
	return broadcast(name, rank, all...)
}

func broadcast(name string, rank int, all ...[]extent) []extent {
	out := make([]extent, rank)
	for axis := range out {
		out[axis] = number(1)
		for _, dims := range all {
			at := axis - (rank - len(dims))
			if at < 0 || dims[at] == number(1) || dims[at] == out[axis] {
				continue
			}
			switch {
			case out[axis] == number(1):
				out[axis] = dims[at]
			case dims[at].fixed():
				out[axis] = dims[at] // the other one is the same, or 1
			case out[axis].fixed():
			default:
				out[axis] = axisOf(name, axis)
			}
		}
	}
	return out
}

func (s *shapes) matmul(name string, a, b []extent) []extent {
	if len(a) < 2 || len(b) < 2 {
		return nil
	}
	rank := max(len(a), len(b))
	batch := broadcast(name, rank-2, a[:len(a)-2], b[:len(b)-2])
	return append(batch, a[len(a)-2], b[len(b)-1])
}

func (s *shapes) gemm(op *operator) []extent {
	a, b := s.of(op.input(0)), s.of(op.input(1))
	if len(a) != 2 || len(b) != 2 {
		return nil
	}
	return []extent{a[op.integer("transA", 0)&1], b[1-op.integer("transB", 0)&1]}
}

func (s *shapes) conv(op *operator, name string) []extent {
	x, w := s.of(op.input(0)), s.of(op.input(1))
	if len(x) < 3 || len(x) != len(w) {
		return nil
	}
	out := unknown(name, len(x))
	out[0], out[1] = x[0], w[0]
	if pad, ok := op.setting("auto_pad"); ok && pad.s != "NOTSET" {
		return out
	}
	spatial := len(x) - 2
	each := func(setting string, i int, otherwise int64) int64 {
		if list, ok := op.setting(setting); ok && i < len(list.ints) {
			return list.ints[i]
		}
		return otherwise
	}
	for i := range spatial {
		if size, kernel := x[i+2], w[i+2]; size.fixed() && kernel.fixed() {
			reach := each("dilations", i, 1)*(kernel.n-1) + 1
			padded := size.n + each("pads", i, 0) + each("pads", i+spatial, 0)
			out[i+2] = number((padded-reach)/max(1, each("strides", i, 1)) + 1)
		}
	}
	return out
}

// perm is a Transpose's order of axes, of inputs of that rank.
func perm(op *operator, rank int) []int64 {
	if p, ok := op.setting("perm"); ok {
		if sorted := slices.Sorted(slices.Values(p.ints)); len(sorted) != rank || rank > 0 && (sorted[0] != 0 || sorted[rank-1] != int64(rank-1)) {
			return nil
		}
		return p.ints
	}
	var reversed []int64
	for i := range rank {
		reversed = append(reversed, int64(rank-1-i))
	}
	return reversed
}

func (s *shapes) transpose(op *operator) []extent {
	dims := s.of(op.input(0))
	order := perm(op, len(dims))
	if dims == nil || len(order) != len(dims) {
		return nil
	}
	out := make([]extent, len(dims))
	for i, from := range order {
		out[i] = dims[from]
	}
	return out
}

func (s *shapes) reshape(op *operator, name string) []extent {
	in, want := s.of(op.input(0)), s.list(op.input(1))
	if want == nil || op.integer("allowzero", 0) != 0 {
		return nil
	}
	out, open := make([]extent, len(want)), -1
	for i, e := range want {
		switch e {
		case number(0):
			if i >= len(in) {
				return nil
			}
			out[i] = in[i]
		case number(-1):
			open, out[i] = i, number(1)
		default:
			out[i] = e
		}
	}
	if open < 0 {
		return out
	}
	left, ok := product(in).by(product(out))
	if in == nil || !ok {
		left = axisOf(name, open)
	}
	out[open] = left
	return out
}

func (s *shapes) flatten(op *operator) []extent {
	dims := s.of(op.input(0))
	axis, ok := within(op.integer("axis", 1), len(dims)+1)
	if dims == nil || !ok {
		return nil
	}
	return []extent{product(dims[:axis]), product(dims[axis:])}
}

// within makes an axis that counts from the end one from the start.
func within(axis int64, rank int) (int, bool) {
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), axis >= 0 && axis < int64(rank)
}

// axes are an operator's, of an attribute (older operator sets) or of an input, for tensors of that rank; nil: not known.
func (s *shapes) axes(op *operator, input, rank int) []int {
	var given []int64
	if list, ok := op.setting("axes"); ok {
		given = list.ints
	} else if given = s.integers(op.input(input)); given == nil {
		return nil
	}
	axes := []int{}
	for _, a := range given {
		axis, ok := within(a, rank)
		if !ok {
			return nil
		}
		axes = append(axes, axis)
	}
	return axes
}

// unsqueeze are the dims of Unsqueeze and Squeeze.
func (s *shapes) unsqueeze(op *operator) []extent {
	dims := s.of(op.input(0))
	if dims == nil {
		return nil
	}
	moved := s.moved(op, len(dims))
	if moved == nil {
		return nil
	}
	out := make([]extent, len(moved))
	for i, from := range moved {
		out[i] = number(1)
		if from >= 0 {
			out[i] = dims[from]
		}
	}
	return out
}

// moved says of each axis that Unsqueeze or Squeeze makes which one of its input's it is; -1: a new one of size 1.
func (s *shapes) moved(op *operator, rank int) []int {
	moved := []int{}
	if op.kind == "Squeeze" {
		axes := s.axes(op, 1, rank)
		if axes == nil {
			return nil
		}
		for i := range rank {
			if !slices.Contains(axes, i) {
				moved = append(moved, i)
			}
		}
		return moved
	}
	count := len(s.integers(op.input(1)))
	if list, ok := op.setting("axes"); ok {
		count = len(list.ints)
	}
	axes := s.axes(op, 1, rank+count)
	if axes == nil {
		return nil
	}
	next := 0
	for i := range rank + count {
		if slices.Contains(axes, i) {
			moved = append(moved, -1)
			continue
		}
		moved = append(moved, next)
		next++
	}
	if next != rank {
		return nil
	}
	return moved
}

// concat takes what it doesn't know of one input from another one.
func (s *shapes) concat(op *operator, name string) []extent {
	var out []extent
	axis, ok := 0, false
	sum, whole := number(0), true
	for _, from := range op.in {
		dims := s.of(from)
		if dims == nil {
			whole = false
			continue
		}
		if out == nil {
			out = slices.Clone(dims)
			axis, ok = within(op.integer("axis", 0), len(dims))
		}
		if !ok || len(dims) != len(out) {
			return nil
		}
		for i, d := range dims {
			if i != axis && (d.fixed() || !out[i].fixed() && out[i] != d) {
				out[i] = d // equal by the operator's rule
			}
		}
		whole = whole && dims[axis].fixed()
		sum.n += dims[axis].n
	}
	if out == nil {
		return nil
	}
	out[axis] = axisOf(name, axis)
	if whole {
		out[axis] = sum
	}
	return out
}

func (s *shapes) gather(op *operator) []extent {
	dims, at := s.of(op.input(0)), s.of(op.input(1))
	axis, ok := within(op.integer("axis", 0), len(dims))
	if dims == nil || at == nil || !ok {
		return nil
	}
	return joinDims(dims[:axis], at, dims[axis+1:])
}

// joinDims keeps a scalar's dims from being nil.
func joinDims(parts ...[]extent) []extent {
	return append([]extent{}, slices.Concat(parts...)...)
}

func (s *shapes) gatherND(op *operator) []extent {
	dims, at := s.of(op.input(0)), s.of(op.input(1))
	if dims == nil || len(at) == 0 || op.integer("batch_dims", 0) != 0 {
		return nil
	}
	depth := at[len(at)-1]
	if !depth.fixed() || depth.n > int64(len(dims)) || depth.n < 1 {
		return nil
	}
	return joinDims(at[:len(at)-1], dims[depth.n:])
}

// cut is one axis of a Slice with fixed numbers.
type cut struct {
	axis             int
	start, end, step int64
}

// cuts are a Slice's, for tensors of that rank; ok is false where they aren't fixed numbers.
func (s *shapes) cuts(op *operator, rank int) (cuts []cut, ok bool) {
	starts, ends := s.integers(op.input(1)), s.integers(op.input(2))
	steps := s.integers(op.input(4))
	var axes []int
	if list, old := op.setting("starts"); old { // operator sets before 10
		last, _ := op.setting("ends")
		starts, ends = list.ints, last.ints
	}
	if _, old := op.setting("axes"); old || op.input(3) != "" {
		axes = s.axes(op, 3, rank)
	} else {
		for i := range starts {
			axes = append(axes, i)
		}
	}
	if len(starts) == 0 || len(ends) != len(starts) || len(axes) != len(starts) || op.input(4) != "" && len(steps) != len(starts) {
		return nil, false
	}
	for i := range starts {
		c := cut{axes[i], starts[i], ends[i], 1}
		if steps != nil {
			c.step = steps[i]
		}
		cuts = append(cuts, c)
	}
	return cuts, true
}

// length is how many of n a cut leaves.
func (c cut) length(n int64) (int64, bool) {
	if c.step != 1 {
		return 0, false
	}
	start, end := c.start, c.end
	if start < 0 {
		start += n
	}
	if end < 0 {
		end += n
	}
	start, end = min(max(start, 0), n), min(max(end, 0), n)
	return max(0, end-start), true
}

func (s *shapes) slice(op *operator, name string) []extent {
	dims := slices.Clone(s.of(op.input(0)))
	cuts, ok := s.cuts(op, len(dims))
	if dims == nil {
		return nil
	}
	if !ok {
		return unknown(name, len(dims))
	}
	for _, c := range cuts {
		left, ok := int64(0), false
		if dims[c.axis].fixed() {
			left, ok = c.length(dims[c.axis].n)
		}
		if ok {
			dims[c.axis] = number(left)
		} else {
			dims[c.axis] = axisOf(name, c.axis)
		}
	}
	return dims
}

func (s *shapes) split(op *operator, name string) []extent {
	dims := slices.Clone(s.of(op.input(0)))
	axis, ok := within(op.integer("axis", 0), len(dims))
	if dims == nil || !ok {
		return nil
	}
	sizes := s.integers(op.input(1))
	if list, old := op.setting("split"); old {
		sizes = list.ints
	}
	whole := dims[axis]
	dims[axis] = axisOf(name, axis)
	if at := slices.Index(op.out, name); len(sizes) == len(op.out) {
		dims[axis] = number(sizes[at])
	} else if n := int64(len(op.out)); len(sizes) == 0 && op.input(1) == "" && whole.fixed() && whole.n%n == 0 {
		dims[axis] = number(whole.n / n)
	}
	return dims
}

func (s *shapes) expand(op *operator, name string) []extent {
	dims, want := s.of(op.input(0)), s.list(op.input(1))
	if dims == nil || want == nil {
		return nil
	}
	return broadcast(name, max(len(dims), len(want)), dims, want)
}

func (s *shapes) reduce(op *operator) []extent {
	dims := slices.Clone(s.of(op.input(0)))
	var axes []int
	if op.kind == "ArgMax" {
		axis, ok := within(op.integer("axis", 0), len(dims))
		if !ok {
			return nil
		}
		axes = []int{axis}
	} else if axes = s.axes(op, 1, len(dims)); len(axes) == 0 {
		return nil
	}
	if dims == nil {
		return nil
	}
	out := []extent{}
	for i, d := range dims {
		switch {
		case !slices.Contains(axes, i):
			out = append(out, d)
		case op.integer("keepdims", 1) != 0:
			out = append(out, number(1))
		}
	}
	return out
}

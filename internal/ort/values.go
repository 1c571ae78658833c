package ort

import "slices"

// list is what stands in a small tensor of integers, a scalar's one number included; nil: not known.
func (s *shapes) list(name string) []extent {
	if list, ok := s.numbers[name]; ok {
		return list
	}
	s.numbers[name] = nil
	list := s.compute(name)
	if len(list) > maxConstant {
		list = nil
	}
	s.numbers[name] = list
	return list
}

// integers is list, where all of it is fixed.
func (s *shapes) integers(name string) []int64 {
	list := s.list(name)
	if name == "" || list == nil {
		return nil
	}
	fixed := make([]int64, len(list))
	for i, e := range list {
		if !e.fixed() {
			return nil
		}
		fixed[i] = e.n
	}
	return fixed
}

func (s *shapes) compute(name string) []extent {
	c := s.g.constants[name]
	op := s.by[name]
	if op != nil && op.kind == "Constant" {
		c = valueOf(op)
	}
	if c != nil {
		if c.ints == nil || len(c.dims) > 1 || !s.static(name) {
			return nil
		}
		return numbersOf(c.ints)
	}
	if op == nil || len(op.out) != 1 {
		return nil
	}
	switch op.kind {
	case "Shape":
		if len(op.settings) == 0 {
			return s.of(op.input(0))
		}
	case "Gather":
		return s.picked(op)
	case "Slice":
		return s.sliced(op)
	case "Concat":
		return s.joined(op)
	case "Identity", "Unsqueeze", "Squeeze":
		return s.flat(name, op)
	case "Cast":
		if to := DType(op.integer("to", 0)); to == Int64 || to == Int32 {
			return s.flat(name, op)
		}
	case "Reshape":
		return s.flat(name, op)
	case "ConstantOfShape":
		return s.filled(op)
	case "Mul", "Add", "Sub", "Div", "Equal", "Where":
		return s.calculated(op)
	}
	return nil
}

// flat passes numbers on, if what carries them has one axis or none.
func (s *shapes) flat(name string, op *operator) []extent {
	if dims := s.of(name); dims == nil || len(dims) > 1 {
		return nil
	}
	return s.list(op.input(0))
}

func (s *shapes) picked(op *operator) []extent {
	list, at := s.list(op.input(0)), s.integers(op.input(1))
	if dims := s.of(op.input(0)); list == nil || at == nil || len(dims) != 1 || op.integer("axis", 0) != 0 {
		return nil
	}
	picked := []extent{}
	for _, a := range at {
		i, ok := within(a, len(list))
		if !ok {
			return nil
		}
		picked = append(picked, list[i])
	}
	return picked
}

func (s *shapes) sliced(op *operator) []extent {
	list := s.list(op.input(0))
	cuts, ok := s.cuts(op, 1)
	if list == nil || !ok || len(cuts) != 1 {
		return nil
	}
	c, n := cuts[0], int64(len(list))
	length, ok := c.length(n)
	if !ok {
		return nil
	}
	if length == 0 {
		return []extent{}
	}
	start := c.start
	if start < 0 {
		start = max(0, start+n)
	}
	return list[start : start+length]
}

func (s *shapes) joined(op *operator) []extent {
	all := []extent{}
	for _, from := range op.in {
		list := s.list(from)
		if list == nil {
			return nil
		}
		all = append(all, list...)
	}
	return all
}

// filled is ConstantOfShape's list of one number again and again.
func (s *shapes) filled(op *operator) []extent {
	dims := s.integers(op.input(0))
	value, ok := op.setting("value")
	if len(dims) != 1 || dims[0] < 0 || dims[0] > maxConstant || !ok || value.t == nil || len(value.t.ints) != 1 {
		return nil
	}
	return slices.Repeat(numbersOf(value.t.ints), int(dims[0]))
}

// calculated is arithmetic on lists of one length, or on a list and a single number.
func (s *shapes) calculated(op *operator) []extent {
	in := make([][]extent, len(op.in))
	length := 1
	for i, from := range op.in {
		if in[i] = s.list(from); in[i] == nil {
			return nil
		}
		if n := len(in[i]); n != 1 {
			length = n
		}
	}
	out := make([]extent, length)
	for i := range out {
		args := make([]extent, len(in))
		for j, list := range in {
			switch len(list) {
			case 1:
				args[j] = list[0]
			case length:
				args[j] = list[i]
			default:
				return nil
			}
		}
		var ok bool
		if out[i], ok = calculate(op.kind, args); !ok {
			return nil
		}
	}
	return out
}

func calculate(kind string, args []extent) (result extent, ok bool) {
	if len(args) == 3 && kind == "Where" {
		if args[0] == number(0) {
			return args[2], true
		}
		return args[1], args[0].fixed()
	}
	if len(args) != 2 {
		return extent{}, false
	}
	a, b := args[0], args[1]
	fixed := a.fixed() && b.fixed()
	switch kind {
	case "Mul":
		return a.times(b), true
	case "Div":
		if fixed && b.n != 0 {
			return number(a.n / b.n), true
		}
		return a.by(b)
	case "Add":
		return number(a.n + b.n), fixed
	case "Sub":
		if a == b {
			return number(0), true
		}
		return number(a.n - b.n), fixed
	case "Equal":
		switch {
		case a == b:
			return number(1), true
		case fixed || a.fixed() && a.n < 0 || b.fixed() && b.n < 0: // a size is never negative
			return number(0), true
		}
	}
	return extent{}, false
}

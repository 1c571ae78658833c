package ort

import (
	"slices"
	"strings"
)

// extent is the size of an axis, as far as a graph tells it before it is run: a number times symbols, as 12, s, or 64·b·s.
// A symbol stands for an axis of one tensor and is written "tensor#axis". Equal extents are equal in every run.
type extent struct {
	n  int64
	of string // the symbols in order, each with separator behind it
}

// separator can't be part of a tensor's name in use.
const separator = "\x00"

func number(n int64) extent { return extent{n: n} }

func symbol(name string) extent { return extent{1, name + separator} }

func (e extent) fixed() bool { return e.of == "" }

// single is the symbol that the extent is, if it is one alone.
func (e extent) single() (string, bool) {
	name, rest, _ := strings.Cut(e.of, separator)
	return name, e.n == 1 && name != "" && rest == ""
}

func (e extent) symbols() []string {
	return strings.SplitAfter(e.of, separator)[:strings.Count(e.of, separator)]
}

func (e extent) times(f extent) extent {
	if e.n*f.n == 0 {
		return extent{}
	}
	all := append(e.symbols(), f.symbols()...)
	slices.Sort(all)
	return extent{e.n * f.n, strings.Join(all, "")}
}

// by divides; ok is false where that leaves a rest, or may.
func (e extent) by(f extent) (quotient extent, ok bool) {
	if f.n == 0 || e.n%f.n != 0 {
		return extent{}, false
	}
	left := e.symbols()
	for _, s := range f.symbols() {
		at := slices.Index(left, s)
		if at < 0 {
			return extent{}, false
		}
		left = slices.Delete(left, at, at+1)
	}
	return extent{e.n / f.n, strings.Join(left, "")}, true
}

func product(list []extent) extent {
	p := number(1)
	for _, e := range list {
		p = p.times(e)
	}
	return p
}

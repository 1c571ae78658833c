package preprocess

import (
	"math"
	"sync"
)

// precision is the number of fractional bits of a weight: 32 less 8 for the sample and 2 for overshoot.
const precision = 22

// taps are the weights of one axis: output i is the sum of weights[i*size+j] * source[start[i]+j], j < count[i].
type taps struct {
	samples      int // of the source
	size         int
	start, count []int
	weights      []int32

	once   sync.Once
	groups groupedTaps
}

// axis is a row or a column of so many samples, of which the picture takes length, from begin on.
type axis struct {
	samples       int
	begin, length float64
}

// newTaps computes the weights for outputs from ... to-1 of an axis that is scaled to out samples.
// An axis that keeps its length is copied, as Pillow skips that pass.
func newTaps(a axis, out int, k kernel, from, to int) *taps {
	if a.begin == 0 && a.length == float64(out) {
		return identityTaps(a.samples, from, to)
	}
	scale := a.length / float64(out)
	stretch := max(scale, 1)
	support := k.support * stretch
	size := int(math.Ceil(support))*2 + 1
	t := emptyTaps(a.samples, size, to-from)
	exact := make([]float64, size)
	for i := range to - from {
		center := a.begin + (float64(from+i)+0.5)*scale
		first := max(0, int(center-support+0.5))
		last := min(a.samples, int(center+support+0.5))
		var sum float64
		for x := first; x < last; x++ {
			w := k.weight((float64(x) - center + 0.5) * (1 / stretch))
			exact[x-first] = w
			sum += w
		}
		t.start[i], t.count[i] = first, last-first
		fixedPoint(t.weights[i*size:], exact[:last-first], sum)
	}
	return t
}

func emptyTaps(samples, size, n int) *taps {
	return &taps{samples: samples, size: size, start: make([]int, n), count: make([]int, n), weights: make([]int32, size*n)}
}

func identityTaps(samples, from, to int) *taps {
	t := emptyTaps(samples, 1, to-from)
	for i := range to - from {
		t.start[i], t.count[i], t.weights[i] = from+i, 1, 1<<precision
	}
	return t
}

// fixedPoint rounds weights that are divided by their sum to integers, half away from zero.
func fixedPoint(dst []int32, exact []float64, sum float64) {
	for j, w := range exact {
		if sum != 0 {
			w /= sum
		}
		dst[j] = int32(w*(1<<precision) + math.Copysign(0.5, w))
	}
}

// span is the range of source samples that the outputs need.
func (t *taps) span() (first, last int) {
	first = math.MaxInt
	for i, s := range t.start {
		first = min(first, s)
		last = max(last, s+t.count[i])
	}
	return first, last
}

// from are the same taps of a source that begins and ends later: it has so many samples from the given one on.
func (t *taps) from(first, samples int) *taps {
	moved := &taps{samples: samples, size: t.size, start: make([]int, len(t.start)), count: t.count, weights: t.weights}
	for i, s := range t.start {
		moved.start[i] = s - first
	}
	return moved
}

// groupedTaps are taps as the assembly wants them: each output has the same number of groups of four neighbours, whose
// weights are cut in two. Weights of zero fill up; they begin earlier where they would reach over the source's end.
type groupedTaps struct {
	groups  int     // 0: the source is too narrow
	starts  []int32 // byte of the first pixel
	weights []int16 // of each group four upper parts, then four lower ones
}

// lowBits are those of a weight's lower part.
const lowBits = 11

func (t *taps) grouped() *groupedTaps {
	t.once.Do(func() {
		longest := 0
		for _, n := range t.count {
			longest = max(longest, n)
		}
		groups := (longest + 3) / 4
		if 4*groups > t.samples || t.samples > math.MaxInt32/4 {
			return
		}
		t.groups = groupedTaps{groups, make([]int32, len(t.start)), make([]int16, 8*groups*len(t.start))}
		for i, start := range t.start {
			first := min(start, t.samples-4*groups)
			t.groups.starts[i] = int32(4 * first)
			weights := t.groups.weights[8*groups*i:]
			for j, w := range t.weights[i*t.size : i*t.size+t.count[i]] {
				at := start - first + j
				weights[at/4*8+at%4] = int16(w >> lowBits)
				weights[at/4*8+4+at%4] = int16(w & (1<<lowBits - 1))
			}
		}
	})
	return &t.groups
}

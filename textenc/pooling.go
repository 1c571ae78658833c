package textenc

import (
	"fmt"
	"math"

	"github.com/clipd/clipd/internal/ort"
)

// pool makes one vector a row of the graph's output: float32 [rows dim], or [rows length dim] to be pooled with the
// mask [rows length].
func (e *Encoder) pool(out ort.Tensor, mask []int64, rows, length int) ([][]float32, error) {
	if e.spec.Pooling == PoolingNone || e.spec.Pooling == "" {
		if len(out.Dims) != 2 || out.Dims[0] != int64(rows) || len(out.F32) == 0 {
			return nil, fmt.Errorf("%w: output %q has dims %v; want [%d dim] of floats", ErrGraph, out.Name, out.Dims, rows)
		}
		return split(out.F32, rows), nil
	}
	if len(out.Dims) != 3 || out.Dims[0] != int64(rows) || out.Dims[1] != int64(length) || len(out.F32) == 0 {
		return nil, fmt.Errorf("%w: output %q has dims %v; want [%d %d dim] of floats", ErrGraph, out.Name, out.Dims, rows, length)
	}
	pooled := split(out.F32, rows)
	for row, states := range pooled {
		vector := poolRow(e.spec.Pooling, split(states, length), mask[row*length:(row+1)*length])
		for _, dense := range e.spec.Dense {
			var err error
			if vector, err = dense.apply(vector); err != nil {
				return nil, err
			}
		}
		pooled[row] = vector
	}
	return pooled, nil
}

func split(values []float32, parts int) [][]float32 {
	size := len(values) / parts
	rows := make([][]float32, parts)
	for i := range rows {
		rows[i] = values[i*size : (i+1)*size]
	}
	return rows
}

// poolRow pools one text's token vectors, as sentence-transformers' Pooling module does. The mask keeps at least the
// first token.
func poolRow(how Pooling, states [][]float32, mask []int64) []float32 {
	kept := 0
	for _, m := range mask {
		kept += int(m)
	}
	switch how {
	case PoolingCLS:
		return states[0]
	case PoolingLast:
		return states[kept-1]
	case PoolingMax:
		return maxOf(states[:kept])
	case PoolingMeanSqrt:
		return sumOf(states[:kept], func(int) float64 { return 1 / math.Sqrt(float64(kept)) })
	case PoolingWeighted:
		all := float64(kept*(kept+1)) / 2
		return sumOf(states[:kept], func(i int) float64 { return float64(i+1) / all })
	}
	return sumOf(states[:kept], func(int) float64 { return 1 / float64(kept) })
}

func maxOf(states [][]float32) []float32 {
	out := append([]float32(nil), states[0]...)
	for _, state := range states[1:] {
		for i, x := range state {
			out[i] = max(out[i], x)
		}
	}
	return out
}

// sumOf adds the states up, each times its weight.
func sumOf(states [][]float32, weight func(i int) float64) []float32 {
	sums := make([]float64, len(states[0]))
	for i, state := range states {
		w := weight(i)
		for j, x := range state {
			sums[j] += w * float64(x)
		}
	}
	out := make([]float32, len(sums))
	for j, sum := range sums {
		out[j] = float32(sum)
	}
	return out
}

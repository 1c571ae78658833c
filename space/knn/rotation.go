package knn

import (
	"math"
	"math/rand/v2"
)

// padding: rotated vectors have a multiple of 64 components, the added ones 0 before the rotation.
const padding = 64

func padded(dim int) int { return (dim + padding - 1) / padding * padding }

// rotation is a random orthogonal matrix without the columns that padding would meet: rows of dim components, one for
// each component of the result. It spreads what a vector has evenly over all components, so that signs tell much and
// one scale serves all bytes.
type rotation struct {
	dim    int
	matrix []float32 // padded(dim) rows of dim components
}

// newRotation makes a rotation from a seed: Gaussian rows, made orthonormal one after another (Gram-Schmidt, twice).
func newRotation(dim int, seed uint64) rotation {
	n := padded(dim)
	r := rand.New(rand.NewPCG(seed, 0x726f746174696f6e))
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, n)
		for j := range rows[i] {
			rows[i][j] = r.NormFloat64()
		}
		for range 2 {
			for _, before := range rows[:i] {
				takeAway(rows[i], before)
			}
			scaleToUnit(rows[i])
		}
	}
	matrix := make([]float32, 0, n*dim)
	for _, row := range rows {
		for _, x := range row[:dim] {
			matrix = append(matrix, float32(x))
		}
	}
	return rotation{dim, matrix}
}

// takeAway removes from v its part along the unit vector u.
func takeAway(v, u []float64) {
	u = u[:len(v)]
	var a, b float64
	for i := 0; i+1 < len(v); i += 2 {
		a += v[i] * u[i]
		b += v[i+1] * u[i+1]
	}
	dot := a + b
	for i, x := range u {
		v[i] -= dot * x
	}
}

func scaleToUnit(v []float64) {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	inverse := 1 / math.Sqrt(squares)
	for i := range v {
		v[i] *= inverse
	}
}

// rotate writes the rotated x to out, which has padded(dim) components.
func (r rotation) rotate(k kernel, x, out []float32) { k.dots(x, r.matrix, out) }

// rotateMany does so for several vectors, which lie one behind another, in out too.
func (r rotation) rotateMany(k kernel, xs, out []float32) {
	n := padded(r.dim)
	for len(xs) >= 4*r.dim {
		k.quads(xs[:4*r.dim], r.matrix, out[:4*n])
		xs, out = xs[4*r.dim:], out[4*n:]
	}
	for len(xs) > 0 {
		r.rotate(k, xs[:r.dim], out[:n])
		xs, out = xs[r.dim:], out[n:]
	}
}

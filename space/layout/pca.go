// Package layout draws vectors on a plane so that neighbours lie together: first by their two main directions (PCA), then
// by pulling neighbours together and pushing others apart, as UMAP does. It consists of pure functions: the same points
// and seed give the same picture.
package layout

import (
	"math"
	"math/rand/v2"

	"github.com/clipd/clipd/space"
)

// Point is a place on the plane.
type Point struct{ X, Y float64 }

const powerRounds = 40

// PCA projects centred vectors on their two directions of greatest variance, found by orthogonal iteration (Golub and
// Van Loan, Matrix Computations, § 8.2): all of a decomposition would cost more, and two directions are all a plane has.
// The sign of a direction is chosen so that its greatest component is positive.
func PCA(vectors []space.Vector) []Point {
	points := make([]Point, len(vectors))
	if len(vectors) < 2 {
		return points
	}
	mean := meanOf(vectors)
	dim := len(mean)
	random := rand.New(rand.NewPCG(1, 1))
	axes := [2][]float64{make([]float64, dim), make([]float64, dim)}
	for _, axis := range axes {
		for i := range axis {
			axis[i] = random.NormFloat64()
		}
	}
	orthonormal(axes)
	for range powerRounds {
		next := [2][]float64{make([]float64, dim), make([]float64, dim)}
		for _, v := range vectors {
			x, y := project(v, mean, axes[0]), project(v, mean, axes[1])
			for i, c := range v.Components() {
				d := float64(c) - mean[i]
				next[0][i] += x * d
				next[1][i] += y * d
			}
		}
		axes = next
		orthonormal(axes)
	}
	for _, axis := range axes {
		orient(axis)
	}
	for i, v := range vectors {
		points[i] = Point{project(v, mean, axes[0]), project(v, mean, axes[1])}
	}
	return points
}

func meanOf(vectors []space.Vector) []float64 {
	mean := make([]float64, vectors[0].Dim())
	for _, v := range vectors {
		for i, x := range v.Components() {
			mean[i] += float64(x) / float64(len(vectors))
		}
	}
	return mean
}

func project(v space.Vector, mean, axis []float64) float64 {
	var dot float64
	for i, x := range v.Components() {
		dot += (float64(x) - mean[i]) * axis[i]
	}
	return dot
}

// orthonormal makes the first axis of length 1, and the second, too, and at right angles to it (Gram-Schmidt).
func orthonormal(axes [2][]float64) {
	unit(axes[0])
	var dot float64
	for i, x := range axes[0] {
		dot += x * axes[1][i]
	}
	for i, x := range axes[0] {
		axes[1][i] -= dot * x
	}
	unit(axes[1])
}

func unit(axis []float64) {
	var sum float64
	for _, x := range axis {
		sum += x * x
	}
	if sum < 1e-30 {
		return // no variance is left in this direction: it stays nothing
	}
	for i := range axis {
		axis[i] /= math.Sqrt(sum)
	}
}

func orient(axis []float64) {
	greatest := 0.0
	for _, x := range axis {
		if math.Abs(x) > math.Abs(greatest) {
			greatest = x
		}
	}
	if greatest < 0 {
		for i := range axis {
			axis[i] = -axis[i]
		}
	}
}

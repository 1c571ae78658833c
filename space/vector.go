package space

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Errors of vectors. They are returned, wrapped with detail, by Normalize, FromUnit and Index implementations.
var (
	// ErrZeroVector: a vector without direction cannot be normalised.
	ErrZeroVector = errors.New("zero vector")
	// ErrNotFinite: a component is NaN or infinite.
	ErrNotFinite = errors.New("vector has a NaN or infinite component")
	// ErrModelOutput: a model's tower gave what is no vector; the model is broken, not what it was given.
	ErrModelOutput = errors.New("the model gives no usable vector")
	// ErrNotUnit: FromUnit was given a vector whose length is not 1.
	ErrNotUnit = errors.New("vector is not of unit length")
	// ErrDimension: two vectors, or a vector and a collection, differ in dimension.
	ErrDimension = errors.New("dimensions differ")
)

// unitTolerance is how far the squared length of a stored unit vector may be from 1: float32 rounding of some
// thousand components stays far below it, a vector that nobody normalised far above.
const unitTolerance = 1e-3

// Vector is a direction in the shared space: float32 components of unit length. Only Normalize and FromUnit make
// one, so that the dot product of two is always their cosine. The zero Vector means "none".
type Vector struct{ components []float32 }

// Normalize returns raw scaled to unit length; raw itself is not changed.
// It fails with ErrZeroVector or ErrNotFinite.
func Normalize(raw []float32) (Vector, error) {
	norm, err := length(raw)
	if err != nil {
		return Vector{}, err
	}
	unit := make([]float32, len(raw))
	for i, x := range raw {
		unit[i] = float32(float64(x) / norm)
	}
	return Vector{unit}, nil
}

// FromUnit takes components that are of unit length already (a stored or received vector) and keeps the slice.
// It fails with ErrZeroVector, ErrNotFinite, or ErrNotUnit when the squared length is off by more than 0.001.
func FromUnit(components []float32) (Vector, error) {
	norm, err := length(components)
	if err != nil {
		return Vector{}, err
	}
	if math.Abs(norm*norm-1) > unitTolerance {
		return Vector{}, fmt.Errorf("%w: its length is %.4f; normalise it first", ErrNotUnit, norm)
	}
	return Vector{components}, nil
}

func length(raw []float32) (float64, error) {
	var sum float64
	for i, x := range raw {
		f := float64(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, fmt.Errorf("%w (component %d)", ErrNotFinite, i)
		}
		sum += f * f
	}
	if sum == 0 {
		return 0, ErrZeroVector
	}
	return math.Sqrt(sum), nil
}

// Dim is the number of components; 0 for the zero Vector.
func (v Vector) Dim() int { return len(v.components) }

// IsNone says whether v is the zero Vector, "no vector".
func (v Vector) IsNone() bool { return v.components == nil }

// Components are the float32 values. The slice is shared: callers must not change it.
func (v Vector) Components() []float32 { return v.components }

// Cosine is the cosine similarity of two unit vectors, in [-1, 1] up to rounding. The dimensions must agree.
func (v Vector) Cosine(other Vector) float64 {
	if len(v.components) != len(other.components) {
		panic(fmt.Sprintf("space: cosine of %d and %d dimensions", len(v.components), len(other.components)))
	}
	var sum float64
	for i, x := range v.components {
		sum += float64(x) * float64(other.components[i])
	}
	return sum
}

// Euclidean is the Euclidean distance of two unit vectors, in [0, 2]: sqrt(2 - 2 cosine).
func (v Vector) Euclidean(other Vector) float64 {
	return math.Sqrt(max(0, 2-2*v.Cosine(other)))
}

// MarshalJSON writes the components as an array of numbers, the zero Vector as null.
func (v Vector) MarshalJSON() ([]byte, error) { return json.Marshal(v.components) }

// UnmarshalJSON reads an array of numbers that is of unit length already; null gives the zero Vector.
func (v *Vector) UnmarshalJSON(data []byte) error {
	var components []float32
	if err := json.Unmarshal(data, &components); err != nil {
		return err
	}
	if components == nil {
		*v = Vector{}
		return nil
	}
	unit, err := FromUnit(components)
	if err != nil {
		return err
	}
	*v = unit
	return nil
}

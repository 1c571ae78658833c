package main

import (
	"testing"

	"github.com/clipd/clipd/space"
)

func TestDescribeProof(t *testing.T) {
	for _, test := range []struct {
		proof space.Pair
		want  string
	}{
		{space.Pair{Evidence: space.SameBytes, Cosine: 1}, "same bytes"},
		{space.Pair{Evidence: space.Perceptual, Distance: 4, Cosine: 0.98}, "perceptual hash, distance 4 of 256 (cosine 0.980)"},
		{space.Pair{Evidence: space.Crop, Distance: 9, Transform: "mirrored", Cosine: 0.9}, "crop, distance 9 of 256, mirrored (cosine 0.900)"},
		{space.Pair{Evidence: space.Crop, Common: 0.957, Cosine: 0.9}, "crop, 96 % in common (cosine 0.900)"},
		{space.Pair{Evidence: space.Semantic, Cosine: 0.97}, "vector, cosine 0.970"},
	} {
		if got := describeProof(test.proof); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

package space_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestNormalizeMakesUnitLength(t *testing.T) {
	raw := []float32{3, 0, 4}
	v, err := space.Normalize(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Components(); got[0] != 0.6 || got[1] != 0 || got[2] != 0.8 {
		t.Errorf("components = %v, want [0.6 0 0.8]", got)
	}
	if raw[0] != 3 {
		t.Error("Normalize changed its argument")
	}
}

func TestNormalizeSurvivesExtremes(t *testing.T) {
	for name, raw := range map[string][]float32{
		"huge":     {math.MaxFloat32, math.MaxFloat32},
		"denormal": {1e-44, 1e-44},
	} {
		v, err := space.Normalize(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c := v.Cosine(v); math.Abs(c-1) > 1e-6 {
			t.Errorf("%s: squared length %v, want 1", name, c)
		}
	}
}

func TestVectorsThatCannotBe(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, tc := range map[string]struct {
		raw  []float32
		want error
	}{
		"empty": {nil, space.ErrZeroVector},
		"zero":  {[]float32{0, 0}, space.ErrZeroVector},
		"NaN":   {[]float32{1, nan}, space.ErrNotFinite},
		"Inf":   {[]float32{inf, 1}, space.ErrNotFinite},
	} {
		if _, err := space.Normalize(tc.raw); !errors.Is(err, tc.want) {
			t.Errorf("Normalize %s: %v, want %v", name, err, tc.want)
		}
		if _, err := space.FromUnit(tc.raw); !errors.Is(err, tc.want) {
			t.Errorf("FromUnit %s: %v, want %v", name, err, tc.want)
		}
	}
	if _, err := space.FromUnit([]float32{1, 1}); !errors.Is(err, space.ErrNotUnit) {
		t.Errorf("FromUnit of length 1.41: %v, want ErrNotUnit", err)
	}
}

func TestEuclideanFollowsCosine(t *testing.T) {
	a, _ := space.Normalize([]float32{1, 0})
	b, _ := space.Normalize([]float32{0, 1})
	if d := a.Euclidean(b); math.Abs(d-math.Sqrt2) > 1e-6 {
		t.Errorf("distance of orthogonal vectors = %v, want sqrt 2", d)
	}
	if d := a.Euclidean(a); d != 0 {
		t.Errorf("distance to itself = %v, want 0", d)
	}
}

func TestVectorJSON(t *testing.T) {
	v, _ := space.Normalize([]float32{1, 2, 2})
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back space.Vector
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Cosine(v) < 0.999999 {
		t.Errorf("%s came back as %v", data, back.Components())
	}
	if err := json.Unmarshal([]byte("null"), &back); err != nil || !back.IsNone() {
		t.Errorf("null gave %v, %v; want no vector", back, err)
	}
	if err := json.Unmarshal([]byte("[1,1]"), &back); !errors.Is(err, space.ErrNotUnit) {
		t.Errorf("[1,1] gave %v, want ErrNotUnit", err)
	}
}

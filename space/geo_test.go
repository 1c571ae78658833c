package space

import (
	"errors"
	"math"
	"testing"
)

func TestParsePoint(t *testing.T) {
	for text, want := range map[string]Point{
		"48.8584,2.2945": {48.8584, 2.2945}, " -33.9 , 18.4": {-33.9, 18.4}, "90,-180": {90, -180}, "0,0": {},
	} {
		got, ok := ParsePoint(text)
		if !ok || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
		if again, _ := ParsePoint(got.String()); again != got {
			t.Errorf("%v is written as %q, which reads %v", got, got, again)
		}
	}
	for _, text := range []string{"", "48.8", "a,b", "91,0", "0,181", "1,2,3", "NaN,0", "Inf,0"} {
		if p, ok := ParsePoint(text); ok {
			t.Errorf("%q is %v; want no point", text, p)
		}
	}
}

func TestBox(t *testing.T) {
	france := Box{South: 42, West: -5, North: 51, East: 8}
	fiji := Box{South: -21, West: 177, North: -12, East: -178}
	for _, c := range []struct {
		box  Box
		p    Point
		want bool
	}{
		{france, Point{48.86, 2.29}, true}, {france, Point{51, 8}, true}, {france, Point{51.01, 8}, false}, {france, Point{48, 9}, false},
		{fiji, Point{-17, 178}, true}, {fiji, Point{-17, -179}, true}, {fiji, Point{-17, 0}, false}, {fiji, Point{-11, 178}, false},
	} {
		if got := c.box.Contains(c.p); got != c.want {
			t.Errorf("%v in %v: %v", c.p, c.box, got)
		}
	}
	for _, bad := range []Box{{South: 2, North: 1}, {North: 91}, {West: -181}, {East: math.NaN()}} {
		f := Filter{Field: "place", Within: &bad}
		if err := f.Validate(); !errors.Is(err, ErrInvalidFilter) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

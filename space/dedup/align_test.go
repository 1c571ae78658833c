package dedup

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestWarpIsWhatInnerSays of each pixel, for any laying, and writes nothing where a laying leads nowhere.
func TestWarpIsWhatInnerSays(t *testing.T) {
	rnd := newRandom(t, 3)
	g := newGrey(61, 47)
	for i := range g.pix {
		g.pix[i] = 255 * rnd.Float32()
	}
	inside := 0
	for range 500 {
		l := anyLaying(rnd)
		over := span{rnd.IntN(4), 50 + rnd.IntN(10), 1 + rnd.IntN(3)}
		line := make([]float32, over.to)
		y := rnd.IntN(60)
		from, to := g.warp(l, y, over, line)
		for x := over.from; x < over.to; x += over.step {
			atX, atY := l.at(float64(x)+0.5, float64(y)+0.5)
			want, is := g.inner(atX, atY)
			nearBorder := nearest(atX, borderPixels, float64(g.width-borderPixels)) || nearest(atY, borderPixels, float64(g.height-borderPixels))
			switch {
			case nearBorder: // rounding decides
			case is != (x >= from && x < to):
				t.Fatalf("%v: pixel %d of row %d is inside: %v; warped are %d to %d", l, x, y, is, from, to)
			case is && math.Abs(want-float64(line[x])) > 0.05:
				t.Fatalf("%v: pixel %d of row %d is %v; warped %v", l, x, y, want, line[x])
			case is:
				inside++
			}
		}
	}
	if inside < 1000 {
		t.Errorf("%d pixels were compared", inside)
	}
	for _, l := range []laying{{a: math.NaN()}, {a: 1, c: math.NaN(), e: 1}, {a: math.Inf(1), e: 1}, {c: 1e30}} {
		if from, to := g.warp(l, 20, span{0, 50, 1}, make([]float32, 50)); from < to {
			t.Errorf("%v: %d to %d", l, from, to)
		}
	}
}

// anyLaying turns, mirrors, stretches and moves.
func anyLaying(rnd *rand.Rand) laying {
	sin, cos := math.Sincos(2 * math.Pi * rnd.Float64())
	if rnd.IntN(2) == 0 {
		sin, cos = 0, 1
	}
	scale, flip := 0.4+1.2*rnd.Float64(), float64(1-2*rnd.IntN(2))
	return laying{scale * cos, -scale * sin * flip, 60*rnd.Float64() - 20, scale * sin, scale * cos * flip, 60*rnd.Float64() - 20}
}

func nearest(at float64, borders ...float64) bool {
	for _, border := range borders {
		if math.Abs(at-border) < 1e-6 {
			return true
		}
	}
	return false
}

// TestRefineFindsThePlace of a picture that was moved, turned and stretched a little.
func TestRefineFindsThePlace(t *testing.T) {
	first := newView(scene(3, 480, 360))
	d := first.details()
	moved := laying{1.004, 0.005, 0.6, -0.004, 0.997, 0.9}
	second := newGrey(d.width, d.height)
	for y := range d.height {
		for x := range d.width {
			v, _ := d.sampleAt(moved.at(float64(x)+0.5, float64(y)+0.5))
			second.pix[y*d.width+x] = float32(v)
		}
	}
	found := refine(d, second, whole(asIs, d, second), 2, 12)
	for _, p := range [][2]float64{{20, 20}, {170, 20}, {20, 120}, {170, 120}} {
		x, y := found.at(p[0], p[1])
		wantX, wantY := moved.at(p[0], p[1])
		if math.Hypot(x-wantX, y-wantY) > 0.25 {
			t.Errorf("%v: found at %.2f, %.2f; it is at %.2f, %.2f", p, x, y, wantX, wantY)
		}
	}
}

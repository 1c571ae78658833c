package dedup

import "math"

// Bounds of the refinement of a laying.
const (
	coarseSteps = 8
	fineSteps   = 5
	stillStep   = 0.02 // pixels; a smaller step ends it
)

// refine moves, turns and stretches a laying until the details of the two pictures lie on each other: Gauss and
// Newton's method, with the second picture's gradients in place of the warped first one's (Baker and Matthews, "Lucas-Kanade
// 20 Years On", IJCV 2004: the inverse compositional algorithm), over every step-th pixel in both directions.
// The details' contrasts may differ.
func refine(first, second grey, l laying, step, most int) laying {
	type pixel struct {
		x, y, dx, dy, value float64
	}
	var pixels []pixel
	for y := borderPixels; y < second.height-borderPixels; y += step {
		above, row, below := second.row(y-1), second.row(y), second.row(y+1)
		for x := borderPixels; x < second.width-borderPixels; x += step {
			dx, dy := float64(row[x+1]-row[x-1])/2, float64(below[x]-above[x])/2
			if dx*dx+dy*dy < 1 { // a plain: it says nothing of the place
				continue
			}
			pixels = append(pixels, pixel{float64(x) + 0.5, float64(y) + 0.5, dx, dy, float64(row[x])})
		}
	}
	centreX, centreY := float64(second.width)/2, float64(second.height)/2
	radius := max(centreX, centreY)
	for range most {
		var h [6][6]float64
		var g [6]float64
		gain := contrast(first, l, func(yield func(x, y, value float64)) {
			for _, p := range pixels {
				yield(p.x, p.y, p.value)
			}
		})
		if gain <= 0 {
			return l
		}
		for _, p := range pixels {
			a, inside := first.inner(l.at(p.x, p.y))
			if !inside {
				continue
			}
			residual := gain*a - p.value
			u, v := (p.x-centreX)/radius, (p.y-centreY)/radius
			j := [6]float64{p.dx * u, p.dx * v, p.dx, p.dy * u, p.dy * v, p.dy}
			for r := range 6 {
				g[r] += j[r] * residual
				for c := r; c < 6; c++ {
					h[r][c] += j[r] * j[c]
				}
			}
		}
		move, ok := solve(h, g)
		if !ok {
			return l
		}
		// The second picture's pixels were moved by move; the laying takes the inverse of that first.
		l = l.after(inverse(laying{
			1 + move[0]/radius, move[1] / radius, move[2] - (move[0]*centreX+move[1]*centreY)/radius,
			move[3] / radius, 1 + move[4]/radius, move[5] - (move[3]*centreX+move[4]*centreY)/radius,
		}))
		if largest(move) < stillStep {
			break
		}
	}
	return l
}

// contrast is the factor that brings the first picture's details nearest to the second's values; 0 where too few of
// them lie in the first.
func contrast(first grey, l laying, each func(yield func(x, y, value float64))) float64 {
	var ab, aa float64
	n := 0
	each(func(x, y, value float64) {
		if a, inside := first.inner(l.at(x, y)); inside {
			ab += a * value
			aa += a * a
			n++
		}
	})
	if n < 100 || aa == 0 {
		return 0
	}
	return ab / aa
}

// after is the laying of a place that another has moved before.
func (l laying) after(o laying) laying {
	return laying{
		l.a*o.a + l.b*o.d, l.a*o.b + l.b*o.e, l.a*o.c + l.b*o.f + l.c,
		l.d*o.a + l.e*o.d, l.d*o.b + l.e*o.e, l.d*o.c + l.e*o.f + l.f,
	}
}

func inverse(l laying) laying {
	det := l.a*l.e - l.b*l.d
	if det == 0 {
		return laying{a: 1, e: 1}
	}
	out := laying{a: l.e / det, b: -l.b / det, d: -l.d / det, e: l.a / det}
	out.c, out.f = -(out.a*l.c + out.b*l.f), -(out.d*l.c + out.e*l.f)
	return out
}

func largest(v [6]float64) float64 {
	most := 0.0
	for _, x := range v {
		most = max(most, math.Abs(x))
	}
	return most
}

// solve solves h·x = g for a symmetric, positive h of which the upper half is given, by Cholesky's decomposition; false
// where h is singular.
func solve(h [6][6]float64, g [6]float64) (x [6]float64, ok bool) {
	var l [6][6]float64
	for i := range 6 {
		for j := range i + 1 {
			sum := h[j][i]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i == j {
				if sum <= 1e-9*h[i][i] || sum <= 0 {
					return x, false
				}
				l[i][i] = math.Sqrt(sum)
			} else {
				l[i][j] = sum / l[j][j]
			}
		}
	}
	for i := range 6 {
		sum := g[i]
		for k := range i {
			sum -= l[i][k] * x[k]
		}
		x[i] = sum / l[i][i]
	}
	for i := 5; i >= 0; i-- {
		sum := x[i]
		for k := i + 1; k < 6; k++ {
			sum -= l[k][i] * x[k]
		}
		x[i] = sum / l[i][i]
	}
	return x, true
}

// sampleAt is the value at a place where the centre of the first pixel is 0.5, 0.5; false outside the centres of the
// outermost pixels.
func (g grey) sampleAt(x, y float64) (float64, bool) {
	x, y = x-0.5, y-0.5
	if x < 0 || y < 0 || x > float64(g.width-1) || y > float64(g.height-1) {
		return 0, false
	}
	return float64(g.sample(x, y)), true
}

// inner is the value at a place that does not lie at the border; false at the border and outside.
func (g grey) inner(x, y float64) (float64, bool) {
	if x < borderPixels || y < borderPixels || x > float64(g.width-borderPixels) || y > float64(g.height-borderPixels) {
		return 0, false
	}
	return float64(g.sample(x-0.5, y-0.5)), true
}

func (g grey) row(y int) []float32 { return g.pix[y*g.width : (y+1)*g.width] }

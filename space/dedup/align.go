package dedup

import "math"

// Bounds of the refinement of a laying.
const (
	coarseSteps = 8
	fineSteps   = 5
	stillStep   = 0.02 // pixels; a smaller step ends it
	mostEdges   = 2000 // pixels that are looked at, about
	fewestEdges = 100  // ... of which so many must lie on the first picture
)

// refine moves, turns and stretches a laying until the details of the two pictures lie on each other: Gauss and
// Newton's method, with the second picture's gradients in place of the warped first one's (Baker and Matthews, "Lucas-Kanade
// 20 Years On", IJCV 2004: the inverse compositional algorithm), over every step-th pixel in both directions.
// The details' contrasts may differ.
func refine(first, second grey, l laying, step, most int) laying {
	pixels := edges(second, step)
	centreX, centreY := float64(second.width)/2, float64(second.height)/2
	radius := max(centreX, centreY)
	var all [6][6]float64 // of all pixels
	for i := range pixels {
		p := &pixels[i]
		u, v := (p.x-centreX)/radius, (p.y-centreY)/radius
		p.j = [6]float64{p.dx * u, p.dx * v, p.dx, p.dy * u, p.dy * v, p.dy}
		addSquares(&all, &p.j, 1)
	}
	for range most {
		h := all
		var ofFirst, ofSecond [6]float64 // the gradients' sums, by the pictures' details
		var ab, aa float64
		n := 0
		for i := range pixels {
			p := &pixels[i]
			a, inside := first.inner(l.at(p.x, p.y))
			if !inside {
				addSquares(&h, &p.j, -1)
				continue
			}
			n++
			ab += a * p.value
			aa += a * a
			for r := range 6 {
				ofFirst[r] += p.j[r] * a
				ofSecond[r] += p.j[r] * p.value
			}
		}
		if n < fewestEdges || ab <= 0 {
			return l
		}
		gain := ab / aa // brings the first picture's details nearest to the second's
		var g [6]float64
		for r := range 6 {
			g[r] = gain*ofFirst[r] - ofSecond[r]
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

// edge is a pixel whose surroundings say where it is.
type edge struct {
	x, y, dx, dy, value float64
	j                   [6]float64 // by how much it changes with each of a laying's numbers
}

// edges are the pixels that are no plain, every step-th in both directions; where they are many, evenly fewer.
func edges(g grey, step int) []edge {
	found := make([]edge, 0, 2*mostEdges)
	n := 0
	each := func(do func(x, y int, dx, dy float32)) {
		for y := borderPixels; y < g.height-borderPixels; y += step {
			above, row, below := g.row(y-1), g.row(y), g.row(y+1)
			for x := borderPixels; x < g.width-borderPixels; x += step {
				dx, dy := (row[x+1]-row[x-1])/2, (below[x]-above[x])/2
				if dx*dx+dy*dy >= 1 { // a plain says nothing of the place
					do(x, y, dx, dy)
				}
			}
		}
	}
	each(func(int, int, float32, float32) { n++ })
	every := max(1, n/mostEdges)
	n = 0
	each(func(x, y int, dx, dy float32) {
		if n++; n%every == 0 {
			found = append(found, edge{x: float64(x) + 0.5, y: float64(y) + 0.5, dx: float64(dx), dy: float64(dy), value: float64(g.at(x, y))})
		}
	})
	return found
}

// addSquares adds the products of numbers with each other, so many times, to the upper half of h.
func addSquares(h *[6][6]float64, j *[6]float64, times float64) {
	for r := range 6 {
		for c := r; c < 6; c++ {
			h[r][c] += times * j[r] * j[c]
		}
	}
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

// span is every step-th of some places, the last excluded.
type span struct{ from, to, step int }

// warp writes the values at the places where a laying has the pixels of row y of the second picture, as far as these do not
// lie at the border: those from a first to before a last one.
func (g grey) warp(l laying, y int, over span, into []float32) (from, to int) {
	startX, startY := l.at(0.5, float64(y)+0.5)
	low, high := float64(over.from), float64(over.to-1)
	low, high = within(startX, l.a, borderPixels, float64(g.width-borderPixels), low, high)
	low, high = within(startY, l.d, borderPixels, float64(g.height-borderPixels), low, high)
	if !(low <= high) { // not numbers, neither
		return 0, 0
	}
	from, to = int(math.Ceil(low)), int(high)+1
	if off := (from - over.from) % over.step; off > 0 {
		from += over.step - off
	}
	atX, atY, stepX, stepY := float32(startX-0.5), float32(startY-0.5), float32(l.a), float32(l.d)
	width := g.width
	for x := from; x < to; x += over.step {
		fx, fy := atX+stepX*float32(x), atY+stepY*float32(x)
		left, top := int(fx), int(fy)
		dx, dy := fx-float32(left), fy-float32(top)
		at := g.pix[top*width+left:]
		at = at[:width+2]
		above := at[0] + dx*(at[1]-at[0])
		below := at[width] + dx*(at[width+1]-at[width])
		into[x] = above + dy*(below-above)
	}
	return from, to
}

// within narrows low and high to those x for which start + x·step lies from least to most.
func within(start, step, least, most, low, high float64) (float64, float64) {
	switch {
	case step > 0:
		return max(low, (least-start)/step), min(high, (most-start)/step)
	case step < 0:
		return max(low, (most-start)/step), min(high, (least-start)/step)
	case step == 0 && start >= least && start <= most:
		return low, high
	}
	return 1, 0
}

// inner is the value at a place that does not lie at the border; false at the border and outside.
func (g grey) inner(x, y float64) (float64, bool) {
	if x < borderPixels || y < borderPixels || x > float64(g.width-borderPixels) || y > float64(g.height-borderPixels) {
		return 0, false
	}
	return float64(g.sample(x-0.5, y-0.5)), true
}

func (g grey) row(y int) []float32 { return g.pix[y*g.width : (y+1)*g.width] }

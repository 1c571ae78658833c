package dedup

import (
	"cmp"
	"math"
	"slices"
)

// What a crop must show. The limits are from the table that TestEditsAreRecognised prints, and from photographs.
const (
	minPromise = 0.3 // correlation of details at middleSide; below it no other size is looked at
	minDetail  = 0.5 // correlation of the details of the common part
	minCovered = 0.7 // share of the parts with details, of a grid of 4×4, that correlate by themselves
	maxApart   = 64  // Hamming distance of the hashes of the common part: a round plate is no eye
)

// Sizes and limits of the search for a crop.
const (
	coarseSide   = 32   // longer side of the pictures at which all places are tried
	middleSide   = 72   // ... at which the best are refined, before they are at comparedSide
	minKept      = 0.55 // the smallest crop: share of the sides that is left
	scaleStep    = 0.06 // between the scales that are tried
	maxRefined   = 4    // places that are refined
	minInnerSide = 8    // a picture with a shorter side at coarseSide shows nothing
)

// crop is how one picture lies in another, and how well it fits.
type crop struct {
	place
	detail   float64 // correlation of the band-passed common part, -1 to 1
	covered  float64 // share of its blocks that correlate
	distance int     // Hamming distance of the hashes of the common part
}

// proves says whether the two pictures have the common part for certain.
func (c crop) proves() bool {
	return c.detail >= minDetail && c.covered >= minCovered && c.distance <= maxApart
}

// place is where the inner picture, transformed, lies in the outer one. Lengths are in pixels of the outer picture.
type place struct {
	transform     transform // from the first picture to the second
	inside        bool      // the first is the inner one
	x, y          float64
	width, height float64
	fit           float64
}

// findCrop looks for one of two pictures inside the other, mirrored and rotated in all ways, at all scales that leave
// more than minKept of the sides: first everywhere in very small pictures, by normalised cross-correlation, then near
// the best places in larger ones, by the correlation of details (differences of Gaussians), which two photographs of
// alike scenes do not share.
func findCrop(first, second grey) crop {
	var places []place
	smallFirst, smallSecond := first.limited(2*coarseSide), second.limited(2*coarseSide)
	for t := range transforms {
		places = append(places, coarsePlaces(first, smallSecond, t, false)...)
		places = append(places, coarsePlaces(second, smallFirst, t, true)...)
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.fit, a.fit) })
	best := place{fit: -1}
	for _, p := range places[:min(maxRefined, len(places))] {
		if p = refined(first, second, p, middleSide, 2, 1); p.fit > best.fit {
			best = p
		}
	}
	if best.fit < minPromise { // nothing that more pixels would show
		return crop{place: best, detail: best.fit, distance: hashSide * hashSide}
	}
	return measure(first, second, refined(first, second, best, comparedSide, 2, 0.25))
}

// parts are the outer picture and the inner one, turned as it lies there.
func (p place) parts(first, second grey) (outer, inner grey) {
	if p.inside {
		return second, p.transform.apply(first)
	}
	return first, p.transform.inverse().apply(second)
}

// limited is the picture with its longer side at most side.
func (g grey) limited(side int) grey {
	long := max(g.width, g.height)
	if long <= side {
		return g
	}
	return g.resized(max(1, g.width*side/long), max(1, g.height*side/long))
}

// coarsePlaces are the best places of inner, a small picture, transformed, in outer, one for each scale.
func coarsePlaces(outer, inner grey, t transform, inside bool) []place {
	p := place{transform: t, inside: inside}
	toFull := float64(max(outer.width, outer.height))
	outer = outer.limited(coarseSide)
	toFull /= float64(max(outer.width, outer.height))
	if inside {
		inner = t.apply(inner)
	} else {
		inner = t.inverse().apply(inner)
	}
	largest := min(float64(outer.width)/float64(inner.width), float64(outer.height)/float64(inner.height))
	sums := newWindowSums(outer)
	var places []place
	for kept := 1.0; kept >= minKept; kept *= 1 - scaleStep {
		width := min(outer.width, int(math.Round(float64(inner.width)*largest*kept)))
		height := min(outer.height, int(math.Round(float64(inner.height)*largest*kept)))
		if min(width, height) < minInnerSide {
			break
		}
		x, y, fit := bestFit(outer, sums, inner.resized(width, height))
		p.x, p.y, p.fit = float64(x)*toFull, float64(y)*toFull, fit
		p.width = float64(inner.width) * largest * kept * toFull
		p.height = float64(inner.height) * largest * kept * toFull
		places = append(places, p)
	}
	return places
}

// windowSums give the sum, and the sum of squares, of any window of a picture (summed-area tables).
type windowSums struct {
	stride       int
	sum, squares []float64
}

func newWindowSums(g grey) windowSums {
	w := windowSums{stride: g.width + 1}
	w.sum = make([]float64, (g.width+1)*(g.height+1))
	w.squares = make([]float64, len(w.sum))
	for y := range g.height {
		for x := range g.width {
			v := float64(g.at(x, y))
			at := (y+1)*w.stride + x + 1
			w.sum[at] = v + w.sum[at-1] + w.sum[at-w.stride] - w.sum[at-w.stride-1]
			w.squares[at] = v*v + w.squares[at-1] + w.squares[at-w.stride] - w.squares[at-w.stride-1]
		}
	}
	return w
}

func (w windowSums) of(table []float64, x, y, width, height int) float64 {
	top, bottom := y*w.stride+x, (y+height)*w.stride+x
	return table[bottom+width] - table[bottom] - table[top+width] + table[top]
}

// bestFit is the place of the greatest normalised cross-correlation of inner with a window of outer.
func bestFit(outer grey, sums windowSums, inner grey) (bestX, bestY int, best float64) {
	best = -1
	template, norm := centred(inner)
	if norm == 0 {
		return 0, 0, best
	}
	n := float64(inner.width * inner.height)
	for y := 0; y+inner.height <= outer.height; y++ {
		for x := 0; x+inner.width <= outer.width; x++ {
			sum := sums.of(sums.sum, x, y, inner.width, inner.height)
			variance := sums.of(sums.squares, x, y, inner.width, inner.height) - sum*sum/n
			if variance < n { // a standard deviation of one level of 255: a flat wall
				continue
			}
			if fit := product(outer, template, x, y) / (norm * math.Sqrt(variance)); fit > best {
				bestX, bestY, best = x, y, fit
			}
		}
	}
	return bestX, bestY, best
}

// centred is the picture less its mean, and the square root of the sum of its squares.
func centred(g grey) (grey, float64) {
	var sum float64
	for _, v := range g.pix {
		sum += float64(v)
	}
	mean := float32(sum / float64(len(g.pix)))
	out := newGrey(g.width, g.height)
	var squares float64
	for i, v := range g.pix {
		out.pix[i] = v - mean
		squares += float64(out.pix[i]) * float64(out.pix[i])
	}
	return out, math.Sqrt(squares)
}

func product(outer, template grey, left, top int) float64 {
	var sum float32
	for y := range template.height {
		row := template.pix[y*template.width : (y+1)*template.width]
		window := outer.pix[(top+y)*outer.width+left:][:len(row)]
		for x, v := range row {
			sum += v * window[x]
		}
	}
	return float64(sum)
}

// refined is the place where details fit best near p, in pictures of that size, searched in steps of from to to pixels.
func refined(first, second grey, p place, side int, from, to float64) place {
	outer, inner := p.parts(first, second)
	scale := 1.0
	if long := max(outer.width, outer.height); long > side {
		scale = float64(side) / float64(long)
	}
	outer = outer.limited(side)
	p = p.scaled(scale)
	if min(outer.width, outer.height, int(p.width), int(p.height)) < minInnerSide {
		p.fit = -1
		return p
	}
	p = climb(details(outer), details(inner.resized(p.size())), p, from, to)
	return p.scaled(1 / scale)
}

// size is the place in whole pixels.
func (p place) size() (width, height int) {
	return max(2, int(math.Round(p.width))), max(2, int(math.Round(p.height)))
}

func (p place) scaled(by float64) place {
	p.x, p.y, p.width, p.height = p.x*by, p.y*by, p.width*by, p.height*by
	return p
}

// maxStretch is how much a place may be wider or higher than the inner picture's shape: rounding, not another shape.
const maxStretch = 1.04

// climb moves and stretches a place as long as that makes it fit better.
func climb(outer, inner grey, p place, from, to float64) place {
	p.fit = correlation(outer, inner, p)
	shape := p.width / p.height
	for step := from; step >= to; step /= 2 {
		for range 6 { // a hill is climbed in a few steps, or not at all
			next := p
			for _, try := range p.nearby(step) {
				if stretch := try.width / try.height / shape; stretch > maxStretch || stretch < 1/maxStretch {
					continue
				}
				if try.fit = correlation(outer, inner, try); try.fit > next.fit {
					next = try
				}
			}
			if next == p {
				break
			}
			p = next
		}
	}
	return p
}

// nearby are the places one step away, and those that are larger or smaller by it about the same centre.
func (p place) nearby(step float64) []place {
	var all []place
	for _, d := range [][4]float64{
		{1, 0, 0, 0}, {-1, 0, 0, 0}, {0, 1, 0, 0}, {0, -1, 0, 0},
		{-0.5, -0.5, 1, 1}, {0.5, 0.5, -1, -1}, {-0.5, 0, 1, 0}, {0.5, 0, -1, 0}, {0, -0.5, 0, 1}, {0, 0.5, 0, -1},
	} {
		q := p
		q.x, q.y, q.width, q.height = p.x+d[0]*step, p.y+d[1]*step, p.width+d[2]*step, p.height+d[3]*step
		all = append(all, q)
	}
	return all
}

// details is the difference of two Gaussian blurs of the picture, which leaves edges of a few pixels.
func details(g grey) grey {
	fine, broad := blurred(g, 0.8), blurred(g, 2.4)
	out := newGrey(g.width, g.height)
	for i := range out.pix {
		out.pix[i] = fine.pix[i] - broad.pix[i]
	}
	return out
}

// blurred is the picture under a Gaussian of that standard deviation in pixels; its border is repeated outwards.
func blurred(g grey, sigma float64) grey {
	radius := int(math.Ceil(3 * sigma))
	kernel := make([]float32, 2*radius+1)
	var sum float32
	for i := range kernel {
		d := float64(i - radius)
		kernel[i] = float32(math.Exp(-d * d / (2 * sigma * sigma)))
		sum += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	return transposed.apply(blurRows(transposed.apply(blurRows(g, kernel)), kernel))
}

func blurRows(g grey, kernel []float32) grey {
	out := newGrey(g.width, g.height)
	radius := len(kernel) / 2
	for y := range g.height {
		row := g.pix[y*g.width : (y+1)*g.width]
		for x := range row {
			var sum float32
			for k, weight := range kernel {
				sum += weight * row[min(max(x+k-radius, 0), g.width-1)]
			}
			out.pix[y*g.width+x] = sum
		}
	}
	return out
}

// correlation is the normalised cross-correlation of the inner picture with what lies under it; -1 where less than
// nine tenths of it lie in the outer picture.
func correlation(outer, inner grey, p place) float64 {
	var m moments
	if !m.add(outer, inner, p, 0, 0, inner.width, inner.height) {
		return -1
	}
	return m.correlation()
}

// moments are the sums that make a correlation.
type moments struct{ n, a, b, aa, bb, ab float64 }

// add adds a part of the inner picture and what lies under it; it says whether nine tenths of it were there.
func (m *moments) add(outer, inner grey, p place, left, top, right, bottom int) bool {
	stepX, stepY := p.width/float64(inner.width), p.height/float64(inner.height)
	maxX, maxY := float64(outer.width-1), float64(outer.height-1)
	for y := top; y < bottom; y++ {
		outerY := p.y + (float64(y)+0.5)*stepY - 0.5
		if outerY < 0 || outerY > maxY {
			continue
		}
		for x := left; x < right; x++ {
			outerX := p.x + (float64(x)+0.5)*stepX - 0.5
			if outerX < 0 || outerX > maxX {
				continue
			}
			a, b := float64(outer.sample(outerX, outerY)), float64(inner.at(x, y))
			m.n++
			m.a += a
			m.b += b
			m.aa += a * a
			m.bb += b * b
			m.ab += a * b
		}
	}
	return m.n >= 0.9*float64((right-left)*(bottom-top))
}

func (m *moments) correlation() float64 {
	spread := m.spreadA() * m.spreadB()
	if spread <= 0 {
		return 0
	}
	return (m.ab - m.a*m.b/m.n) / math.Sqrt(spread)
}

func (m *moments) spreadA() float64 { return m.aa - m.a*m.a/m.n }
func (m *moments) spreadB() float64 { return m.bb - m.b*m.b/m.n }

// measure says how well a refined place fits.
func measure(first, second grey, p place) crop {
	outer, inner := p.parts(first, second)
	inner = inner.resized(p.size())
	outerDetails, innerDetails := details(outer), details(inner)
	found := crop{place: p, detail: correlation(outerDetails, innerDetails, p), distance: hashSide * hashSide}
	found.covered = covered(outerDetails, innerDetails, p)
	left, top := int(math.Round(max(0, p.x))), int(math.Round(max(0, p.y)))
	width := min(int(math.Round(p.width)), outer.width-left)
	height := min(int(math.Round(p.height)), outer.height-top)
	if width > 0 && height > 0 {
		common, _ := hashLuminance(outer.part(left, top, width, height))
		own, _ := hashLuminance(inner.part(0, 0, inner.width, inner.height))
		found.distance = common.Distance(own)
	}
	return found
}

// Limits of a block of the common part.
const (
	blocksPerSide = 4
	minTexture    = 1.5 // standard deviation of a block's details in levels of 255; less shows nothing
	minBlock      = 0.4 // correlation of a block that counts as covered
)

// covered is the share of the blocks with details that correlate by themselves; 0 where fewer than three have any.
func covered(outer, inner grey, p place) float64 {
	textured, good := 0, 0
	for row := range blocksPerSide {
		for column := range blocksPerSide {
			var m moments
			m.add(outer, inner, p,
				column*inner.width/blocksPerSide, row*inner.height/blocksPerSide,
				(column+1)*inner.width/blocksPerSide, (row+1)*inner.height/blocksPerSide)
			if m.n == 0 || max(m.spreadA(), m.spreadB()) < m.n*minTexture*minTexture {
				continue
			}
			textured++
			if m.correlation() >= minBlock {
				good++
			}
		}
	}
	if textured < 3 {
		return 0
	}
	return float64(good) / float64(textured)
}

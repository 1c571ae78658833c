package dedup

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Where and how features are looked for.
const (
	octaves       = 4           // sizes of the picture, each smaller by levelStep
	levelStep     = 1.414213562 // two sizes halve it
	mostFeatures  = 160         // of a picture, shared out among the sizes by area, at least leastFeatures each
	leastFeatures = 24
	featureBorder = 5    // pixels at the border in which there are none
	minLevelSide  = 24   // a smaller picture has no features
	minCorner     = 12.0 // smaller eigenvalue of the gradients about a corner, in squared levels of 255
	pointRadius   = 7    // of the patch that gives the direction
)

// feature is a corner: where it is, and what its surroundings look like, whatever their size and direction.
type feature struct {
	x, y     float64 // pixels of the picture; the centre of the first is 0.5, 0.5
	scale    float64 // pixels of the picture that one of its size stands for
	angle    float64 // direction of its brighter side
	seen     descriptor
	mirrored descriptor // what seen would be in a mirrored picture
}

// descriptor is 256 comparisons of smoothed brightness about a corner, after ORB: Rublee et al., "ORB: An efficient
// alternative to SIFT or SURF" (ICCV 2011), with a pattern drawn anew.
type descriptor [4]uint64

func (d descriptor) distance(other descriptor) int {
	n := 0
	for i := range d {
		n += bits.OnesCount64(d[i] ^ other[i])
	}
	return n
}

// Directions that descriptors are turned to, in steps of 5.6 degrees, and the most that a turned place lies away.
const (
	directions = 64
	farthest   = 14
)

// pattern is the places that a descriptor compares, for each direction that it may have.
type pattern [directions][256][2]offset

// offset is a place about a corner.
type offset struct{ x, y int8 }

// patterns are as they are, and mirrored along the direction. The places are normal about the corner with a standard
// deviation of 4.5 pixels.
var patterns = newPatterns()

func newPatterns() (both [2]*pattern) {
	rnd := rand.New(rand.NewPCG(256, 45))
	place := func() (float64, float64) {
		for {
			x, y := rnd.NormFloat64()*4.5, rnd.NormFloat64()*4.5
			if math.Hypot(x, y) < farthest-0.5 {
				return x, y
			}
		}
	}
	both = [2]*pattern{new(pattern), new(pattern)}
	for i := range 256 {
		for end := range 2 {
			x, y := place()
			for direction := range directions {
				sin, cos := math.Sincos(float64(direction) * 2 * math.Pi / directions)
				for mirrored, v := range []float64{y, -y} {
					both[mirrored][direction][i][end] = offset{int8(math.Round(x*cos - v*sin)), int8(math.Round(x*sin + v*cos))}
				}
			}
		}
	}
	return both
}

// findFeatures looks for corners at several sizes of the picture.
func findFeatures(g grey) []feature {
	var all []feature
	scale := 1.0
	area := 0.0
	for i := range octaves {
		area += math.Pow(levelStep, -2*float64(i))
	}
	for i := range octaves {
		level := g.resized(int(float64(g.width)/scale+0.5), int(float64(g.height)/scale+0.5))
		if min(level.width, level.height) < minLevelSide {
			break
		}
		wanted := max(leastFeatures, int(mostFeatures*math.Pow(levelStep, -2*float64(i))/area))
		all = append(all, featuresOf(level, float64(g.width)/float64(level.width), float64(g.height)/float64(level.height), wanted)...)
		scale *= levelStep
	}
	return all
}

func featuresOf(level grey, scaleX, scaleY float64, wanted int) []feature {
	soft := padded(binomial(binomial(level)), farthest)
	found := corners(level, wanted)
	features := make([]feature, len(found))
	for i, c := range found {
		f := &features[i]
		f.x, f.y = (float64(c.x)+0.5)*scaleX, (float64(c.y)+0.5)*scaleY
		f.scale = math.Sqrt(scaleX * scaleY)
		f.angle = direction(soft, c.x+farthest, c.y+farthest)
		f.seen = describe(soft, c.x+farthest, c.y+farthest, f.angle, patterns[0])
		f.mirrored = describe(soft, c.x+farthest, c.y+farthest, f.angle, patterns[1])
	}
	return features
}

// corner is a place where brightness changes in all directions.
type corner struct {
	x, y     int
	strength float32
}

// corners are the strongest local maxima of the smaller eigenvalue of the structure tensor (Shi and Tomasi, "Good
// Features to Track", CVPR 1994), spread over the picture: of each cell of a grid the best first.
func corners(g grey, wanted int) []corner {
	strength := cornerStrength(g)
	const cells = 4
	var inCell [cells * cells][]corner
	for y := featureBorder; y < g.height-featureBorder; y++ {
		for x := featureBorder; x < g.width-featureBorder; x++ {
			if v := strength.at(x, y); v >= minCorner && isPeak(strength, x, y) {
				cell := y*cells/g.height*cells + x*cells/g.width
				inCell[cell] = append(inCell[cell], corner{x, y, v})
			}
		}
	}
	type ranked struct {
		corner
		rank int
	}
	var all []ranked
	for _, some := range inCell {
		slices.SortFunc(some, compareCorners)
		for rank, c := range some[:min(len(some), wanted)] {
			all = append(all, ranked{c, rank / 4}) // four of each cell, then four more
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), compareCorners(a.corner, b.corner))
	})
	found := make([]corner, min(wanted, len(all)))
	for i := range found {
		found[i] = all[i].corner
	}
	return found
}

func compareCorners(a, b corner) int {
	return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
}

func isPeak(g grey, x, y int) bool {
	v := g.at(x, y)
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			if (dx != 0 || dy != 0) && g.at(x+dx, y+dy) >= v {
				return false
			}
		}
	}
	return true
}

// cornerStrength is the smaller eigenvalue of the mean products of gradients in windows of five by five.
func cornerStrength(g grey) grey {
	xx, xy, yy := newGrey(g.width, g.height), newGrey(g.width, g.height), newGrey(g.width, g.height)
	for y := 1; y < g.height-1; y++ {
		above, row, below := g.row(y-1), g.row(y), g.row(y+1)
		at := y * g.width
		for x := 1; x < g.width-1; x++ {
			dx, dy := (row[x+1]-row[x-1])/2, (below[x]-above[x])/2
			xx.pix[at+x], xy.pix[at+x], yy.pix[at+x] = dx*dx, dx*dy, dy*dy
		}
	}
	xx, xy, yy = boxed(xx, 2), boxed(xy, 2), boxed(yy, 2)
	out := newGrey(g.width, g.height)
	for i := range out.pix {
		half, apart := (xx.pix[i]+yy.pix[i])/2, (xx.pix[i]-yy.pix[i])/2
		out.pix[i] = half - float32(math.Sqrt(float64(apart*apart+xy.pix[i]*xy.pix[i])))
	}
	return out
}

// direction is that from a place to the centroid of brightness about it.
func direction(g grey, x, y int) float64 {
	var sumX, sumY float32
	for dy := -pointRadius; dy <= pointRadius; dy++ {
		row := g.row(min(max(y+dy, 0), g.height-1))
		for dx := -pointRadius; dx <= pointRadius; dx++ {
			if dx*dx+dy*dy > pointRadius*pointRadius {
				continue
			}
			v := row[min(max(x+dx, 0), g.width-1)]
			sumX += float32(dx) * v
			sumY += float32(dy) * v
		}
	}
	return math.Atan2(float64(sumY), float64(sumX))
}

// describe compares brightness about a place.
func describe(g grey, x, y int, angle float64, p *pattern) descriptor {
	direction := int(math.Round(angle*directions/(2*math.Pi))) & (directions - 1)
	at := y*g.width + x
	var d descriptor
	for i, ends := range &p[direction] {
		one, two := ends[0], ends[1]
		if g.pix[at+int(one.y)*g.width+int(one.x)] > g.pix[at+int(two.y)*g.width+int(two.x)] {
			d[i/64] |= 1 << (i % 64)
		}
	}
	return d
}

// padded is the picture with its border repeated outwards.
func padded(g grey, by int) grey {
	out := newGrey(g.width+2*by, g.height+2*by)
	for y := range out.height {
		from, into := g.row(min(max(y-by, 0), g.height-1)), out.row(y)
		copy(into[by:], from)
		for x := range by {
			into[x], into[by+g.width+x] = from[0], from[g.width-1]
		}
	}
	return out
}

// binomial smooths with weights 1, 2, 1 in both directions; the border is repeated outwards.
func binomial(g grey) grey {
	half, out := newGrey(g.width, g.height), newGrey(g.width, g.height)
	for y := range g.height {
		row, into := g.row(y), half.row(y)
		last := len(row) - 1
		for x := range row {
			into[x] = (row[max(x-1, 0)] + 2*row[x] + row[min(x+1, last)]) / 4
		}
	}
	for y := range g.height {
		above, row, below, into := half.row(max(y-1, 0)), half.row(y), half.row(min(y+1, g.height-1)), out.row(y)
		for x := range row {
			into[x] = (above[x] + 2*row[x] + below[x]) / 4
		}
	}
	return out
}

// boxed is the mean over a window of 2·radius+1 in both directions; the border is repeated outwards.
func boxed(g grey, radius int) grey {
	half, out := newGrey(g.width, g.height), newGrey(g.width, g.height)
	share := 1 / float32(2*radius+1)
	for y := range g.height {
		row, into := g.row(y), half.row(y)
		last := len(row) - 1
		var sum float32
		for x := -radius; x <= radius; x++ {
			sum += row[min(max(x, 0), last)]
		}
		for x := range row {
			into[x] = sum * share
			sum += row[min(x+radius+1, last)] - row[max(x-radius, 0)]
		}
	}
	sums := make([]float32, g.width)
	last := g.height - 1
	for y := -radius; y <= radius; y++ {
		for x, v := range half.row(min(max(y, 0), last)) {
			sums[x] += v
		}
	}
	for y := range g.height {
		into, next, gone := out.row(y), half.row(min(y+radius+1, last)), half.row(max(y-radius, 0))
		for x := range into {
			into[x] = sums[x] * share
			sums[x] += next[x] - gone[x]
		}
	}
	return out
}

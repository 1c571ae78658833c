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

// pattern is the places that a descriptor compares, for each direction that it may have, as offsets in a soft picture.
type pattern [directions][256][2]int16

// soft is a smoothed picture with its border repeated outwards by farthest. Brightness is in the bits of floats, which for
// numbers from 0 on are ordered as these are.
type soft []uint32

// softStride is the length of a soft picture's rows: the same for all, that a pattern's offsets fit each.
const softStride = 256

const _ = uint(softStride - comparedSide - 2*farthest) // they fit

// newSoft smooths a picture of at most comparedSide.
func newSoft(g grey) soft {
	once := binomial(g)
	defer once.giveBack()
	g = binomial(once)
	defer g.giveBack()
	s := make(soft, softStride*(g.height+2*farthest))
	for y := range g.height + 2*farthest {
		from, into := g.row(min(max(y-farthest, 0), g.height-1)), s[y*softStride:][:g.width+2*farthest]
		for x, v := range from {
			into[farthest+x] = math.Float32bits(v)
		}
		for x := range farthest {
			into[x], into[farthest+g.width+x] = into[farthest], into[farthest+g.width-1]
		}
	}
	return s
}

// place is that of a pixel.
func (s soft) place(x, y int) int { return (y+farthest)*softStride + x + farthest }

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
					both[mirrored][direction][i][end] = int16(math.Round(x*cos-v*sin)) + softStride*int16(math.Round(x*sin+v*cos))
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
	smooth := newSoft(level)
	found := corners(level, wanted)
	features := make([]feature, len(found))
	for i, c := range found {
		f := &features[i]
		f.x, f.y = (float64(c.x)+0.5)*scaleX, (float64(c.y)+0.5)*scaleY
		f.scale = math.Sqrt(scaleX * scaleY)
		at := smooth.place(c.x, c.y)
		f.angle = smooth.direction(at)
		f.seen = smooth.describe(at, f.angle, patterns[0])
		f.mirrored = smooth.describe(at, f.angle, patterns[1])
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
	defer strength.giveBack()
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
	if row := g.row(y); row[x-1] >= v || row[x+1] >= v {
		return false // as most are
	}
	for dy := -2; dy <= 2; dy++ {
		for i, other := range g.row(y + dy)[x-2 : x+3] {
			if other >= v && (dy != 0 || i != 2) {
				return false
			}
		}
	}
	return true
}

// edge gives the outermost pixels a value.
func (g grey) edge(value float32) {
	for x := range g.width {
		g.pix[x], g.pix[len(g.pix)-1-x] = value, value
	}
	for y := range g.height {
		row := g.row(y)
		row[0], row[len(row)-1] = value, value
	}
}

// cornerStrength is the smaller eigenvalue of the mean products of gradients in windows of five by five.
func cornerStrength(g grey) grey {
	xx, xy, yy := borrowGrey(g.width, g.height), borrowGrey(g.width, g.height), borrowGrey(g.width, g.height)
	for y := 1; y < g.height-1; y++ {
		above, row, below := g.row(y - 1)[:g.width], g.row(y)[:g.width], g.row(y + 1)[:g.width]
		ofXX, ofXY, ofYY := xx.row(y)[:g.width], xy.row(y)[:g.width], yy.row(y)[:g.width]
		for x := 1; x < g.width-1; x++ {
			dx, dy := (row[x+1]-row[x-1])/2, (below[x]-above[x])/2
			ofXX[x], ofXY[x], ofYY[x] = dx*dx, dx*dy, dy*dy
		}
	}
	for _, products := range []grey{xx, xy, yy} {
		products.edge(0)
		products.box(2)
		defer products.giveBack()
	}
	out := borrowGrey(g.width, g.height)
	for i := range out.pix {
		half, apart := (xx.pix[i]+yy.pix[i])/2, (xx.pix[i]-yy.pix[i])/2
		out.pix[i] = half - float32(math.Sqrt(float64(apart*apart+xy.pix[i]*xy.pix[i])))
	}
	return out
}

// direction is that from a place to the centroid of brightness about it.
func (s soft) direction(at int) float64 {
	var sumX, sumY float32
	for dy := -pointRadius; dy <= pointRadius; dy++ {
		reach := pointReach[dy+pointRadius]
		row := s[at+dy*softStride-reach : at+dy*softStride+reach+1]
		var sum float32
		for i, bits := range row {
			v := math.Float32frombits(bits)
			sumX += float32(i-reach) * v
			sum += v
		}
		sumY += float32(dy) * sum
	}
	return math.Atan2(float64(sumY), float64(sumX))
}

// pointReach is how far the patch that gives the direction reaches to both sides, row by row.
var pointReach = func() (reach [2*pointRadius + 1]int) {
	for i := range reach {
		dy := i - pointRadius
		for (reach[i]+1)*(reach[i]+1)+dy*dy <= pointRadius*pointRadius {
			reach[i]++
		}
	}
	return reach
}()

// describe compares brightness about a place.
func (s soft) describe(at int, angle float64, p *pattern) descriptor {
	direction := int(math.Round(angle*directions/(2*math.Pi))) & (directions - 1)
	const corner = farthest*softStride + farthest
	about := s[at-corner : at+corner+1]
	var d descriptor
	for i := range d {
		var word uint64
		for _, ends := range p[direction][64*i : 64*i+64] {
			one, two := about[corner+int(ends[0])], about[corner+int(ends[1])]
			word = word>>1 | uint64(int64(two)-int64(one))&(1<<63) // one is brighter: no branch, for it would be a guess
		}
		d[i] = word
	}
	return d
}

// binomial smooths with weights 1, 2, 1 in both directions; the border is repeated outwards. The picture is a borrowed one.
func binomial(g grey) grey {
	half, out := borrowGrey(g.width, g.height), borrowGrey(g.width, g.height)
	defer half.giveBack()
	for y := range g.height {
		row, into := g.row(y), half.row(y)
		last := len(row) - 1
		before, here := row[0], row[0]
		for x, after := range row[1:] {
			into[x] = (before + 2*here + after) / 4
			before, here = here, after
		}
		into[last] = (before + 3*here) / 4
	}
	for y := range g.height {
		row := half.row(y)
		above, below, into := half.row(max(y-1, 0))[:len(row)], half.row(min(y+1, g.height-1))[:len(row)], out.row(y)[:len(row)]
		for x, v := range row {
			into[x] = (above[x] + 2*v + below[x]) / 4
		}
	}
	return out
}

// box takes the mean over a window of 2·radius+1 in both directions; the border is repeated outwards.
func (g grey) box(radius int) {
	half := borrowGrey(g.width, g.height)
	defer half.giveBack()
	share := 1 / float32(2*radius+1)
	wide := make([]float32, g.width+2*radius+1) // a row with its border
	for y := range g.height {
		row := g.row(y)
		copy(wide[radius:], row)
		for x := range radius {
			wide[x] = row[0]
		}
		for x := radius + g.width; x < len(wide); x++ {
			wide[x] = row[g.width-1]
		}
		var sum float32
		for _, v := range wide[:2*radius+1] {
			sum += v
		}
		into := half.row(y)
		next, gone := wide[2*radius+1:][:len(into)], wide[:len(into)]
		for x := range into {
			into[x] = sum * share
			sum += next[x] - gone[x]
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
		into := g.row(y)[:len(sums)]
		next, gone := half.row(min(y+radius+1, last))[:len(sums)], half.row(max(y-radius, 0))[:len(sums)]
		for x, sum := range sums {
			into[x] = sum * share
			sums[x] = sum + (next[x] - gone[x])
		}
	}
}

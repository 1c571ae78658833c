package dedup

import (
	"math"

	"github.com/clipd/clipd/space"
)

// What two pictures that lie on each other must show to be one. The limits are those that the train half of the
// generated set gave; see docs/duplicates.md.
const (
	borderPixels  = 5    // at the pictures' edges, where details are those of what lies beyond, too
	blockPixels   = 8    // side of the blocks that are looked at one by one
	plainBelow    = 2.0  // standard deviation of a block's details, in levels of 255: less shows nothing
	richFrom      = 7.0  // ... from which details cannot have been lost to compression
	conflictFrom  = 20.0 // details, in squared levels, that either picture has and the other does not
	conflictShare = 1.0  // ... in those that both have
	leastSame     = 8    // blocks that must agree
	mostDiffering = 0.02 // share of the blocks that may show something else
	mostLost      = 0.04 // details that either picture has and the other does not, in those that both have
	leastOfAll    = 0.50 // share of the blocks with details that must agree
	leastDetail   = 0.30 // correlation of all details
	leastCommon   = 0.30 // share of the smaller picture that both show
	leastColour   = 0.85 // correlation of the colours, where both have some
	leastTone     = 0.93 // correlation of the brightness
	leastGreyTone = 0.97 // ... where the colours tell nothing
	mostOff       = 0.10 // share of the pixels whose brightness the other picture does not explain
	sureDetail    = 0.85 // ... unless the details agree so well
	sureGrey      = 0.95 // ... where the colours tell nothing

	settledDetail = 0.60 // correlation of the details from which no better place is looked for ...
	settledOff    = 0.08 // ... where the brightness is explained so well, too
)

// What they must show where a mark lies over one of them: it lightens or darkens whatever lies below, and never both.
const (
	mostBoth        = 0.10 // what goes against the mark, in what goes with it
	mostMarked      = 0.15 // share of the pixels that it changes
	mostUnderMark   = 0.20 // share of the blocks that may show something else
	leastMarkedTone = 0.75 // as above
	leastMarkColour = 0.75
	leastMarkCommon = 0.80
)

// agreement is what two pictures show where one is laid over the other.
type agreement struct {
	laying
	common float64 // share of the smaller picture that both show, 0 to 1
	detail float64 // correlation of the details of the common part, -1 to 1
	gain   float64 // contrast of the second's details, in that of the first's
	colour float64 // correlation of the colours, -1 to 1; 0 where one of the pictures has none that tell anything
	grey   bool    // ... as here
	residue

	same       int // blocks whose details are in the other, too
	differing  int // blocks in which both have details, and other ones
	onlyFirst  int // blocks with details in the first alone: something lies over the second, or is gone
	onlySecond int

	kept, lost, added float64 // energy of the details of both, and in blocks that are not the same, of one alone
}

// differs is the share of blocks that show something else in each picture. Details that only one of them has are no
// difference, for a watermark adds some, unless the other has some of its own elsewhere: then something moved.
func (a agreement) differs() float64 {
	bad := a.differing + 2*min(a.onlyFirst, a.onlySecond)
	if a.same+bad == 0 {
		return 1
	}
	return float64(bad) / float64(a.same+bad)
}

// agrees is the share of the blocks with details that are the same.
func (a agreement) agrees() float64 {
	all := a.same + a.differing + a.onlyFirst + a.onlySecond
	if all == 0 {
		return 0
	}
	return float64(a.same) / float64(all)
}

// proves says whether the two pictures are one.
func (a agreement) proves() bool {
	return a.same >= leastSame && a.agrees() >= leastOfAll && a.detail >= leastDetail && a.common >= leastCommon &&
		(a.isPlain() || a.isMarked())
}

// isPlain says whether both show the same everywhere.
func (a agreement) isPlain() bool {
	if a.differs() > mostDiffering || min(a.lost, a.added) > mostLost*a.kept {
		return false
	}
	if a.grey {
		return a.tone >= leastGreyTone && (a.off <= mostOff || a.detail >= sureGrey)
	}
	return a.tone >= leastTone && a.colour >= leastColour && (a.off <= mostOff || a.detail >= sureDetail)
}

// isMarked says whether both show the same but for a mark on one of them.
func (a agreement) isMarked() bool {
	return a.both <= mostBoth && a.off <= mostMarked && a.differs() <= mostUnderMark && a.common >= leastMarkCommon &&
		a.tone >= leastMarkedTone && (a.grey || a.colour >= leastMarkColour)
}

// isWhole says whether the pictures are each other's whole, transformed so.
func (a agreement) isWhole(t transform) bool {
	turned, tilt := a.transform()
	return turned == t && tilt < toldTilt && a.common >= toldArea
}

// better says whether a lays the pictures better than b.
func (a agreement) better(b agreement) bool {
	return float64(a.same)*(1-a.differs()) > float64(b.same)*(1-b.differs())
}

// reversed is the agreement of the second picture with the first.
func (a agreement) reversed() agreement {
	a.laying = inverse(a.laying)
	if a.gain > 0 {
		a.gain = 1 / a.gain
	}
	a.onlyFirst, a.onlySecond = a.onlySecond, a.onlyFirst
	a.lost, a.added = a.added, a.lost
	return a
}

// isSettled says whether the pictures lie on each other so well that, where this proves nothing, no other place will.
func (a agreement) isSettled() bool {
	return a.detail >= sureDetail || a.detail >= settledDetail && a.off <= settledOff
}

// compare lays the second picture over the first, as a whole, transformed as their hashes say, then with what their frames
// hold on each other, and where that proves nothing, by their features.
func compare(first, second *view, hint transform, framed ...framing) agreement {
	best := agreement{}
	layings := []laying{whole(hint, first.luma, second.luma)}
	for _, f := range framed {
		layings = append(layings, f.laying(first, second))
	}
	for _, l := range layings {
		if !evenScale(l) {
			continue
		}
		a := measure(first, second, l)
		if a.proves() {
			return a
		}
		if a.detail >= 0.1 {
			if settled := measure(first, second, settle(first, second, l)); settled.proves() || settled.better(a) {
				a = settled
			}
		}
		if a.proves() {
			return a
		}
		if a.better(best) {
			best = a
		}
	}
	if best.isSettled() {
		return best
	}
	side := float64(max(first.luma.width, first.luma.height))
	if l, n := layByFeatures(first.features(), second.features(), side); n > 0 {
		if a := measure(first, second, settle(first, second, l)); a.proves() || a.better(best) {
			best = a
		}
	}
	return best
}

// evenScale says whether a laying stretches the sides alike, to a sixth.
func evenScale(l laying) bool {
	ratio := math.Hypot(l.a, l.d) / math.Hypot(l.b, l.e)
	return ratio < 7./6 && ratio > 6./7
}

// settle refines a laying in smaller pictures, then in the ones themselves.
func settle(first, second *view, l laying) laying {
	f, s, l, back := evened(first, second, l)
	small, smallSecond := f.half(), s.half()
	l = l.scaled(float64(small.width)/float64(f.luma.width), float64(small.height)/float64(f.luma.height),
		float64(smallSecond.width)/float64(s.luma.width), float64(smallSecond.height)/float64(s.luma.height))
	l = refine(small, smallSecond, l, 1, coarseSteps)
	l = l.scaled(float64(f.luma.width)/float64(small.width), float64(f.luma.height)/float64(small.height),
		float64(s.luma.width)/float64(smallSecond.width), float64(s.luma.height)/float64(smallSecond.height))
	return back(refine(f.details(), s.details(), l, 2, fineSteps))
}

// scaled is the laying for pictures whose sides are so many times as long.
func (l laying) scaled(firstX, firstY, secondX, secondY float64) laying {
	return laying{l.a * firstX / secondX, l.b * firstX / secondY, l.c * firstX, l.d * firstY / secondX, l.e * firstY / secondY, l.f * firstY}
}

// evened brings the finer picture to the scale of the other, so that their details are of one size; back brings a
// laying of those to one of the pictures themselves.
func evened(first, second *view, l laying) (f, s *view, even laying, back func(laying) laying) {
	scale := l.scale()
	same := func(l laying) laying { return l }
	if scale > 0.87 && scale < 1.15 || scale == 0 {
		return first, second, l, same
	}
	if scale > 1 { // the first is finer
		small := first.shrunk(1 / scale)
		x, y := float64(small.luma.width)/float64(first.luma.width), float64(small.luma.height)/float64(first.luma.height)
		return small, second, l.scaled(x, y, 1, 1), func(l laying) laying { return l.scaled(1/x, 1/y, 1, 1) }
	}
	small := second.shrunk(scale)
	x, y := float64(small.luma.width)/float64(second.luma.width), float64(small.luma.height)/float64(second.luma.height)
	return first, small, l.scaled(1, 1, x, y), func(l laying) laying { return l.scaled(1, 1, 1/x, 1/y) }
}

// sums are those of the products of details.
type sums struct{ n, aa, bb, ab float64 }

// addRun adds a few values of both pictures.
func (s *sums) addRun(some, others []float32) {
	var aa, bb, ab float32
	others = others[:len(some)]
	for i, a := range some {
		b := others[i]
		aa += a * a
		bb += b * b
		ab += a * b
	}
	s.n += float64(len(some))
	s.aa += float64(aa)
	s.bb += float64(bb)
	s.ab += float64(ab)
}

// measure says how well the details agree, block by block of the second picture.
func measure(first, second *view, l laying) agreement {
	f, s, even, _ := evened(first, second, l)
	a := agreement{laying: l}
	fd, sd := f.details(), s.details()
	columns, rows := (sd.width+blockPixels-1)/blockPixels, (sd.height+blockPixels-1)/blockPixels
	blocks := make([]sums, columns*rows)
	var all sums
	line := make([]float32, sd.width)
	for y := borderPixels; y < sd.height-borderPixels; y++ {
		row, of := sd.row(y), blocks[y/blockPixels*columns:][:columns]
		from, to := fd.warp(even, y, span{borderPixels, sd.width - borderPixels, 1}, line)
		for from < to {
			end := min(to, (from/blockPixels+1)*blockPixels)
			of[from/blockPixels].addRun(line[from:end], row[from:end])
			from = end
		}
	}
	for _, b := range blocks {
		all.n, all.aa, all.bb, all.ab = all.n+b.n, all.aa+b.aa, all.bb+b.bb, all.ab+b.ab
	}
	areaOfFirst := innerArea(fd) / max(1e-9, even.scale()*even.scale())
	a.common = min(1, all.n/max(1, min(areaOfFirst, innerArea(sd))))
	if all.aa == 0 || all.bb == 0 {
		return a
	}
	a.detail = all.ab / math.Sqrt(all.aa*all.bb)
	a.gain = math.Sqrt(all.bb / all.aa)
	known := false
	a.colour, known = colours(first, second, l)
	a.grey = !known
	a.residue = leftOver(f.luma, s.luma, even)
	gain := min(max(a.gain, 0.3), 3)
	for _, b := range blocks {
		if b.n >= blockPixels*blockPixels/2 {
			a.judge(b, gain)
		}
	}
	return a
}

// innerArea is that within the borders.
func innerArea(g grey) float64 {
	return float64(max(0, g.width-2*borderPixels) * max(0, g.height-2*borderPixels))
}

// judge counts a block by the energies (mean squares) of its details in either picture and in both.
func (a *agreement) judge(b sums, gain float64) {
	first, second, both := gain*gain*b.aa/b.n, b.bb/b.n, max(0, gain*b.ab/b.n)
	goneFirst, goneSecond := max(0, first-both), max(0, second-both)
	conflict := min(goneFirst, goneSecond)
	const plain, rich = plainBelow * plainBelow, richFrom * richFrom
	a.kept += both
	switch {
	case max(first, second) < plain:
		return
	case conflict >= conflictFrom && conflict >= conflictShare*both:
		a.differing++
	case goneFirst >= rich && goneFirst >= both:
		a.onlyFirst++
	case goneSecond >= rich && goneSecond >= both:
		a.onlySecond++
	default:
		a.same++
		return
	}
	a.lost += goneFirst
	a.added += goneSecond
}

// evidence is what an agreement says to people.
func (a agreement) evidence(first, second *view) space.Pair {
	t, tilt := a.transform()
	pair := space.Pair{Level: space.Similar, Evidence: space.Crop, Transform: t.String(), Common: math.Round(a.common*1000) / 1000}
	if a.proves() {
		pair.Level = space.Duplicate
	}
	pair.Edits = a.edits(first, second, tilt)
	return pair
}

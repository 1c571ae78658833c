package dedup

import (
	"cmp"
	"math"
	"slices"
)

// Limits of laying one picture over another by their features.
const (
	farthestMatch = 76   // Hamming distance of two descriptors that may show the same corner
	mostMatches   = 48   // the nearest ones that are tried in pairs
	leastAgreeing = 7    // matches that a place must explain
	agreeWithin   = 0.03 // of the longer side: how far a match may lie from where it should
	turnedWithin  = 0.6  // radians by which the corners' directions may miss a place's turn
	leastScale    = 0.25 // of one picture in the other
)

// laying says where the pixels of the second picture lie in the first: at ax + by + c, dx + ey + f.
type laying struct{ a, b, c, d, e, f float64 }

func (l laying) at(x, y float64) (float64, float64) {
	return l.a*x + l.b*y + l.c, l.d*x + l.e*y + l.f
}

// scale is the square root of the area of the first picture that a pixel of the second takes.
func (l laying) scale() float64 { return math.Sqrt(math.Abs(l.a*l.e - l.b*l.d)) }

func (l laying) mirrors() bool { return l.a*l.e-l.b*l.d < 0 }

// resized is the laying for pictures whose sides are so many times as long.
func (l laying) resized(first, second float64) laying {
	l.a, l.b, l.d, l.e = l.a*first/second, l.b*first/second, l.d*first/second, l.e*first/second
	l.c, l.f = l.c*first, l.f*first
	return l
}

// whole lays the second picture, which is the first one transformed, over all of the first.
func whole(t transform, first, second grey) laying {
	var l laying
	fromX, fromY := float64(first.width)/float64(second.width), float64(first.height)/float64(second.height)
	if t.swaps() {
		fromX, fromY = float64(first.width)/float64(second.height), float64(first.height)/float64(second.width)
	}
	// As transform.apply: from the place in the second, mirrored and flipped, then with sides swapped, to the first.
	l = laying{a: 1, e: 1}
	if t.mirrors() {
		l.a, l.c = -1, float64(second.width)
	}
	if t.flips() {
		l.e, l.f = -1, float64(second.height)
	}
	if t.swaps() {
		l = laying{a: l.d, b: l.e, c: l.f, d: l.a, e: l.b, f: l.c}
	}
	return laying{l.a * fromX, l.b * fromX, l.c * fromX, l.d * fromY, l.e * fromY, l.f * fromY}
}

// transform is the nearest of the eight, from the first picture to the second, and by how many degrees more it is turned.
func (l laying) transform() (transform, float64) {
	best, least := asIs, math.Inf(1)
	for t := range transforms {
		if whole(t, newGrey(1, 1), newGrey(1, 1)).mirrors() != l.mirrors() {
			continue
		}
		if angle := math.Abs(l.turnFrom(t)); angle < least {
			best, least = t, angle
		}
	}
	return best, least * 180 / math.Pi
}

// turnFrom is the angle in radians, -π to π, between the laying and a whole transform.
func (l laying) turnFrom(t transform) float64 {
	w := whole(t, grey{width: 1, height: 1}, grey{width: 1, height: 1})
	angle := math.Atan2(l.d, l.a) - math.Atan2(w.d, w.a)
	return math.Remainder(angle, 2*math.Pi)
}

// match is a corner of the second picture that looks like one of the first.
type match struct {
	first, second *feature
	distance      int
}

// layByFeatures looks for the similarity (turn, scale, place, maybe mirrored) that explains most matches of corners.
// side is the longer one of the first picture. false: there is none that explains enough.
func layByFeatures(first, second []feature, side float64) (laying, int) {
	best, most := laying{}, 0
	for _, mirrored := range []bool{false, true} {
		matches := matchFeatures(first, second, mirrored)
		if l, n := bestLaying(matches, mirrored, side*agreeWithin); n > most {
			best, most = l, n
		}
	}
	return best, most
}

// matchFeatures gives for each corner of the second picture the likest one of the first, the surest first.
func matchFeatures(first, second []feature, mirrored bool) []match {
	var matches []match
	for i := range second {
		seen := second[i].seen
		if mirrored {
			seen = second[i].mirrored
		}
		likest, least := -1, farthestMatch+1
		for j := range first {
			if d := seen.distance(first[j].seen); d < least {
				likest, least = j, d
			}
		}
		if likest >= 0 {
			matches = append(matches, match{&first[likest], &second[i], least})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.distance, b.distance) })
	return matches
}

// bestLaying tries the similarities that two matches give, and fits the best one to all that agree with it.
func bestLaying(matches []match, mirrored bool, within float64) (laying, int) {
	best, most := laying{}, 0
	sure := matches[:min(len(matches), mostMatches)]
	for i, m := range sure {
		for _, n := range sure[:i] {
			l, ok := similarity(m, n, mirrored)
			if !ok {
				continue
			}
			if count := countAgreeing(sure, l, within); count > most {
				best, most = l, count
			}
		}
	}
	agree := agreeing(matches, best, within)
	if len(agree) < leastAgreeing {
		return laying{}, 0
	}
	return fitted(agree, mirrored), len(agree)
}

// similarity is the one that takes the corners of two matches in the second picture to those in the first.
func similarity(m, n match, mirrored bool) (laying, bool) {
	flip := 1.0
	if mirrored {
		flip = -1
	}
	dx, dy := n.second.x-m.second.x, (n.second.y-m.second.y)*flip
	ex, ey := n.first.x-m.first.x, n.first.y-m.first.y
	square := dx*dx + dy*dy
	if square < 100 || ex*ex+ey*ey < 100 { // too near to tell a direction
		return laying{}, false
	}
	// As complex numbers: e = r·d, where d is mirrored first.
	r, i := (ex*dx+ey*dy)/square, (ey*dx-ex*dy)/square
	scale, turn := math.Hypot(r, i), math.Atan2(i, r)
	if scale < leastScale || scale > 1/leastScale || !turns(m, turn, flip) || !turns(n, turn, flip) {
		return laying{}, false
	}
	l := laying{a: r, b: -i * flip, d: i, e: r * flip}
	x, y := l.at(m.second.x, m.second.y)
	l.c, l.f = m.first.x-x, m.first.y-y
	return l, true
}

// turns says whether the directions of a match's corners differ by about the turn.
func turns(m match, turn, flip float64) bool {
	return math.Abs(math.Remainder(m.first.angle-(flip*m.second.angle+turn), 2*math.Pi)) <= turnedWithin
}

// countAgreeing is how many matches a laying explains.
func countAgreeing(matches []match, l laying, within float64) int {
	n := 0
	for i := range matches {
		x, y := l.at(matches[i].second.x, matches[i].second.y)
		if math.Abs(x-matches[i].first.x) <= within && math.Abs(y-matches[i].first.y) <= within {
			n++
		}
	}
	return n
}

// agreeing are the matches that a laying explains, one for each corner of the first picture.
func agreeing(matches []match, l laying, within float64) []match {
	var agree []match
	for _, m := range matches {
		x, y := l.at(m.second.x, m.second.y)
		if math.Abs(x-m.first.x) > within || math.Abs(y-m.first.y) > within {
			continue
		}
		if !slices.ContainsFunc(agree, func(other match) bool { return other.first == m.first }) {
			agree = append(agree, m)
		}
	}
	return agree
}

// fitted is the similarity nearest to all matches, in the sense of least squares.
func fitted(matches []match, mirrored bool) laying {
	flip := 1.0
	if mirrored {
		flip = -1
	}
	var firstX, firstY, secondX, secondY float64
	for _, m := range matches {
		firstX += m.first.x
		firstY += m.first.y
		secondX += m.second.x
		secondY += m.second.y
	}
	n := float64(len(matches))
	firstX, firstY, secondX, secondY = firstX/n, firstY/n, secondX/n, secondY/n
	var r, i, square float64
	for _, m := range matches {
		dx, dy := m.second.x-secondX, (m.second.y-secondY)*flip
		ex, ey := m.first.x-firstX, m.first.y-firstY
		r += ex*dx + ey*dy
		i += ey*dx - ex*dy
		square += dx*dx + dy*dy
	}
	r, i = r/square, i/square
	l := laying{a: r, b: -i * flip, d: i, e: r * flip}
	x, y := l.at(secondX, secondY)
	l.c, l.f = firstX-x, firstY-y
	return l
}

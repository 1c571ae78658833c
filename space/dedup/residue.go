package dedup

import "math"

// How far brightness may be off where a picture is a brighter, darker, flatter or harder version of another.
const (
	residueStep  = 2    // pixels: of every so many in both directions one is looked at
	residueFrom  = 15.0 // levels of 255: less is noise, compression, and what gamma makes of a straight line
	residueSteps = 4    // of fitting the line to those pixels that it explains
)

// residue is what is left of the second picture's brightness where that of the first, made brighter and of more contrast
// by one factor for all, is taken away.
type residue struct {
	tone float64 // correlation of the mean brightness of blocks, -1 to 1
	off  float64 // share of the pixels that are not explained
	both float64 // what is too bright in what is too dark, or the other way round: 0 where a mark only lightens, 1 at most
}

// leftOver compares the brightness of two pictures of which the second is laid over the first.
func leftOver(first, second grey, l laying) residue {
	type pixel struct{ first, second float32 }
	pixels := make([]pixel, 0, second.width*second.height/(residueStep*residueStep))
	var blocks covariance
	line := make([]float32, second.width)
	columns := make([]struct{ n, first, second float32 }, second.width/blockPixels)
	for top := 0; top+blockPixels <= second.height; top += blockPixels {
		clear(columns)
		for y := top; y < top+blockPixels; y += residueStep {
			row := second.row(y)
			from, to := first.warp(l, y, span{0, len(columns) * blockPixels, residueStep}, line)
			for x := from; x < to; x += residueStep {
				p, sum := pixel{line[x], row[x]}, &columns[x/blockPixels]
				pixels = append(pixels, p)
				sum.n, sum.first, sum.second = sum.n+1, sum.first+p.first, sum.second+p.second
			}
		}
		for _, sum := range columns {
			if 2*sum.n >= blockPixels*blockPixels/(residueStep*residueStep) {
				blocks.add(float64(sum.first/sum.n), float64(sum.second/sum.n))
			}
		}
	}
	r := residue{tone: blocks.correlation()}
	gain, shift, within := 0.0, 0.0, math.Inf(1) // explains all at first
	left := func(p pixel) float64 { return float64(p.second) - gain*float64(p.first) - shift }
	for range residueSteps {
		var some covariance
		for _, p := range pixels {
			if d := left(p); d < within && d > -within {
				some.add(float64(p.first), float64(p.second))
			}
		}
		within = residueFrom
		if some.firsts() <= 0 {
			return r
		}
		gain = some.both() / some.firsts()
		shift = (some.b - gain*some.a) / some.n
	}
	var bright, dark float64
	off := 0
	for _, p := range pixels {
		switch d := left(p); {
		case d >= residueFrom:
			bright += d
			off++
		case d <= -residueFrom:
			dark -= d
			off++
		}
	}
	if off > 0 {
		r.both = min(bright, dark) / max(bright, dark)
		r.off = float64(off) / float64(len(pixels))
	}
	return r
}

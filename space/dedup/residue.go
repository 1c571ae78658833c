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
	type pixel struct{ first, second float64 }
	var pixels []pixel
	var blocks covariance
	for top := 0; top+blockPixels <= second.height; top += blockPixels {
		for left := 0; left+blockPixels <= second.width; left += blockPixels {
			var sum pixel
			begin := len(pixels)
			for y := top; y < top+blockPixels; y += residueStep {
				for x := left; x < left+blockPixels; x += residueStep {
					if v, inside := first.inner(l.at(float64(x)+0.5, float64(y)+0.5)); inside {
						p := pixel{v, float64(second.at(x, y))}
						pixels = append(pixels, p)
						sum.first, sum.second = sum.first+p.first, sum.second+p.second
					}
				}
			}
			if n := len(pixels) - begin; 2*n >= blockPixels*blockPixels/(residueStep*residueStep) {
				blocks.add(sum.first/float64(n), sum.second/float64(n))
			}
		}
	}
	r := residue{tone: blocks.correlation()}
	gain, shift := 0.0, math.Inf(1) // explains all at first
	left := func(p pixel) float64 { return p.second - gain*p.first - shift }
	for range residueSteps {
		var some covariance
		for _, p := range pixels {
			if math.IsInf(shift, 1) || math.Abs(left(p)) < residueFrom {
				some.add(p.first, p.second)
			}
		}
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

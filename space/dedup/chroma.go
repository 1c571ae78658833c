package dedup

import (
	"image"
	"image/color"
	"math"
)

// Sizes of the chroma that is compared.
const (
	chromaSide  = 24 // cells on the longer side
	cellSamples = 4  // places on a cell's side that are looked at
	leastSpread = 5  // standard deviation of the chroma in levels of 255; of less it says nothing
)

// chroma is a picture's colour in coarse cells: Cb and Cr as in JPEG, less 128.
type chroma struct{ blue, red grey }

func newChroma(img image.Image) chroma {
	size := img.Bounds().Size()
	long := max(size.X, size.Y, 1)
	c := chroma{newGrey(max(2, size.X*chromaSide/long), max(2, size.Y*chromaSide/long)), grey{}}
	c.red = newGrey(c.blue.width, c.blue.height)
	if size.X == 0 || size.Y == 0 {
		return c
	}
	columns, rows := c.blue.width*cellSamples, c.blue.height*cellSamples
	for y := range rows {
		for x := range columns {
			blue, red := chromaAt(img, img.Bounds().Min.X+(2*x+1)*size.X/(2*columns), img.Bounds().Min.Y+(2*y+1)*size.Y/(2*rows))
			cell := y/cellSamples*c.blue.width + x/cellSamples
			c.blue.pix[cell] += (float32(blue) - 128) / (cellSamples * cellSamples)
			c.red.pix[cell] += (float32(red) - 128) / (cellSamples * cellSamples)
		}
	}
	return c
}

func chromaAt(img image.Image, x, y int) (blue, red uint8) {
	if src, is := img.(*image.YCbCr); is {
		at := src.COffset(x, y)
		return src.Cb[at], src.Cr[at]
	}
	if src, is := img.(*image.RGBA); is {
		at := src.Pix[src.PixOffset(x, y):]
		_, blue, red = color.RGBToYCbCr(at[0], at[1], at[2])
		return blue, red
	}
	c := color.YCbCrModel.Convert(img.At(x, y)).(color.YCbCr)
	return c.Cb, c.Cr
}

// strength is how far the colours are from grey: the mean of |Cb| and |Cr|, in levels of 255.
func (c chroma) strength() float64 {
	var sum float64
	for i := range c.blue.pix {
		sum += math.Abs(float64(c.blue.pix[i])) + math.Abs(float64(c.red.pix[i]))
	}
	return sum / float64(2*max(1, len(c.blue.pix)))
}

// colours is the correlation of the colours of two pictures of which the second is laid over the first, -1 to 1; known
// is false where one of them has hardly any, or the same everywhere.
func colours(first, second *view, l laying) (correlation float64, known bool) {
	f, s := first.chroma, second.chroma
	l = l.scaled(float64(f.blue.width)/float64(first.luma.width), float64(f.blue.height)/float64(first.luma.height),
		float64(s.blue.width)/float64(second.luma.width), float64(s.blue.height)/float64(second.luma.height))
	var blue, red covariance
	for y := range s.blue.height {
		for x := range s.blue.width {
			atX, atY := l.at(float64(x)+0.5, float64(y)+0.5)
			b, inside := f.blue.sampleAt(atX, atY)
			if !inside {
				continue
			}
			r, _ := f.red.sampleAt(atX, atY)
			blue.add(b, float64(s.blue.at(x, y)))
			red.add(r, float64(s.red.at(x, y)))
		}
	}
	ofFirst, ofSecond := blue.firsts()+red.firsts(), blue.seconds()+red.seconds()
	if least := leastSpread * leastSpread * blue.n; blue.n < 16 || ofFirst < least || ofSecond < least {
		return 0, false
	}
	return (blue.both() + red.both()) / math.Sqrt(ofFirst*ofSecond), true
}

// covariance adds up pairs of values.
type covariance struct{ n, a, b, aa, bb, ab float64 }

func (c *covariance) add(a, b float64) {
	c.n++
	c.a += a
	c.b += b
	c.aa += a * a
	c.bb += b * b
	c.ab += a * b
}

func (c *covariance) firsts() float64  { return c.aa - c.a*c.a/max(1, c.n) }
func (c *covariance) seconds() float64 { return c.bb - c.b*c.b/max(1, c.n) }
func (c *covariance) both() float64    { return c.ab - c.a*c.b/max(1, c.n) }

// correlation is -1 to 1; 0 where one of the values is the same everywhere.
func (c covariance) correlation() float64 {
	spread := c.firsts() * c.seconds()
	if spread <= 0 {
		return 0
	}
	return c.both() / math.Sqrt(spread)
}

package dedup

import (
	"image"
	"image/color"

	"github.com/clipd/clipd/space"
)

// What a picture's frame is: a letterbox, the bars of a screen, a line of text above or below.
const (
	flatWithin     = 5    // levels of 255 that a pixel of a flat line may be off its ground
	flatShare      = 0.93 // of a line's pixels: it is flat
	writtenOn      = 0.15 // ... a line of the frame: letters and symbols take the rest
	groundNear     = 10   // levels of 255 that such a pixel may be off
	mostWritten    = 8    // ... of such lines in a row, one in so many of all
	leastFrame     = 2    // flat lines
	mostAlikeAfter = 0.9  // share of the ground in what comes after: a sky fades, a frame ends
	leastInner     = 0.3  // share of each side that must be left
	frameRounds    = 2
)

// Inner is what is left of a picture without its frame, told from its thumbnail; without a hash where it has no frame.
func Inner(thumbnail image.Image) *space.Inner {
	p := newPlanes(thumbnail)
	whole := image.Rect(0, 0, p.width, p.height)
	box := p.innerBox()
	if box == whole {
		return &space.Inner{}
	}
	inner := &space.Inner{Part: space.Part{parts(box.Min.X, p.width), parts(box.Min.Y, p.height), parts(box.Max.X, p.width), parts(box.Max.Y, p.height)}}
	inner.Hash, inner.Quality = hashLuminance(p.luma().part(box.Min.X, box.Min.Y, box.Dx(), box.Dy()))
	return inner
}

// parts is a place on a side in ten-thousandths of it.
func parts(at, side int) int { return (at*boxParts + side/2) / side }

const boxParts = 10_000

// planes are the luma and the chroma of a small picture: Y, Cb and Cr, 0 to 255.
type planes struct {
	width, height int
	pix           [3][]uint8
}

func newPlanes(img image.Image) planes {
	b := img.Bounds()
	p := planes{width: b.Dx(), height: b.Dy()}
	for c := range p.pix {
		p.pix[c] = make([]uint8, p.width*p.height)
	}
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		switch src := img.(type) {
		case *image.YCbCr:
			copy(p.pix[0][i:i+p.width], src.Y[src.YOffset(b.Min.X, y):])
			for x := range p.width {
				c := src.COffset(b.Min.X+x, y)
				p.pix[1][i+x], p.pix[2][i+x] = src.Cb[c], src.Cr[c]
			}
		case *image.RGBA:
			row := src.Pix[src.PixOffset(b.Min.X, y):]
			for x := range p.width {
				p.pix[0][i+x], p.pix[1][i+x], p.pix[2][i+x] = color.RGBToYCbCr(row[4*x], row[4*x+1], row[4*x+2])
			}
		default:
			for x := range p.width {
				c := color.YCbCrModel.Convert(img.At(b.Min.X+x, y)).(color.YCbCr)
				p.pix[0][i+x], p.pix[1][i+x], p.pix[2][i+x] = c.Y, c.Cb, c.Cr
			}
		}
		i += p.width
	}
	return p
}

func (p planes) luma() grey {
	g := newGrey(p.width, p.height)
	bytesToFloats(p.pix[0], g.pix)
	return g
}

// innerBox is the picture without its frame: from each side, the lines are left out that show the colour of the outermost
// one, and what is written on it.
func (p planes) innerBox() image.Rectangle {
	whole := image.Rect(0, 0, p.width, p.height)
	box := whole
	for range frameRounds {
		was := box
		box.Min.Y += frameLines(box.Dy(), func(i int) line { return p.rowOf(box, box.Min.Y+i) })
		box.Max.Y -= frameLines(box.Dy(), func(i int) line { return p.rowOf(box, box.Max.Y-1-i) })
		box.Min.X += frameLines(box.Dx(), func(i int) line { return p.columnOf(box, box.Min.X+i) })
		box.Max.X -= frameLines(box.Dx(), func(i int) line { return p.columnOf(box, box.Max.X-1-i) })
		if box == was {
			break
		}
		if float64(box.Dx()) < leastInner*float64(p.width) || float64(box.Dy()) < leastInner*float64(p.height) {
			return whole
		}
	}
	return box
}

// line is a row or a column of a part of a picture.
type line struct {
	planes
	from, step, count int
}

func (p planes) rowOf(box image.Rectangle, y int) line {
	return line{p, y*p.width + box.Min.X, 1, box.Dx()}
}

func (p planes) columnOf(box image.Rectangle, x int) line {
	return line{p, box.Min.Y*p.width + x, p.width, box.Dy()}
}

// Channels that are looked at: chroma is coarser than luma, and tells the ground from what comes after, not where it ends.
const (
	lumaAlone = 1
	allColour = 3
)

// colour is Y, Cb and Cr.
type colour [3]int

// ground is the colour that most of a line's pixels are near.
func (l line) ground() colour {
	const bin = 8
	var counts [256/bin + 1]int
	for i := range l.count {
		counts[l.pix[0][l.from+i*l.step]/bin]++
	}
	best := 0
	for at := range 256 / bin {
		if counts[at]+counts[at+1] > counts[best]+counts[best+1] {
			best = at
		}
	}
	var sum colour
	n := 0
	for i := range l.count {
		at := l.from + i*l.step
		if v := int(l.pix[0][at]); v >= best*bin && v < (best+2)*bin {
			n++
			for c := range sum {
				sum[c] += int(l.pix[c][at])
			}
		}
	}
	for c := range sum {
		sum[c] = (sum[c] + n/2) / max(1, n)
	}
	return sum
}

// shows is the share of a line's pixels that are near a colour in its first channels.
func (l line) shows(ground colour, within, channels int) float64 {
	n := 0
	for i := range l.count {
		at := l.from + i*l.step
		near := true
		for c := range channels {
			d := int(l.pix[c][at]) - ground[c]
			near = near && d >= -within && d <= within
		}
		if near {
			n++
		}
	}
	return float64(n) / float64(max(1, l.count))
}

// frameLines is how many of n lines, the outermost first, are a frame's: up to the last flat one, as long as all before
// show its ground between what is written on it.
func frameLines(n int, at func(i int) line) int {
	if n <= leastFrame {
		return 0
	}
	ground := at(0).ground()
	flat, last := 0, 0
	for i := range n {
		l := at(i)
		if l.shows(ground, flatWithin, lumaAlone) >= flatShare {
			flat, last = flat+1, i+1
		} else if i-last >= max(mostWritten, n/mostWritten) || l.shows(ground, groundNear, lumaAlone) < writtenOn {
			break
		}
	}
	if flat < leastFrame || last == n || at(min(last+2, n-1)).shows(ground, groundNear, allColour) > mostAlikeAfter {
		return 0
	}
	return last
}

// laying lays what the frames hold on each other.
func (f framing) laying(first, second *view) laying {
	one, two := f.first.within(first.luma), f.second.within(second.luma)
	l := whole(f.transform, grey{width: 1, height: 1}, grey{width: 1, height: 1})
	l = l.scaled(one.width, one.height, two.width, two.height)
	// From the second's place within its box, and to the first's place from within its.
	x, y := l.at(-two.left, -two.top)
	l.c, l.f = x+one.left, y+one.top
	return l
}

// place is a part of a picture, in pixels.
type place struct{ left, top, width, height float64 }

// within is the place of a box in a picture; the whole for none.
func (b framed) within(g grey) place {
	w, h := float64(g.width), float64(g.height)
	if b.inner == nil {
		return place{0, 0, w, h}
	}
	part := func(at int) float64 { return float64(at) / boxParts }
	box := b.inner.Part
	return place{part(box[0]) * w, part(box[1]) * h, part(box[2]-box[0]) * w, part(box[3]-box[1]) * h}
}

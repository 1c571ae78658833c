package dedup

import (
	"image"

	"github.com/clipd/clipd/space"
)

// What a picture's frame is: a letterbox, the bars of a screen, a line of text above or below.
const (
	flatWithin  = 5.0  // levels of 255 that a pixel of a flat line may be off its ground
	flatShare   = 0.93 // of a line's pixels: it is flat
	writtenOn   = 0.15 // ... a line of the frame: letters and symbols take the rest
	groundNear  = 10.0 // levels of 255 that such a pixel may be off
	leastFrame  = 2    // flat lines
	leastInner  = 0.3  // share of each side that must be left
	frameRounds = 2
)

// Inner is what is left of a picture without its frame, told from its thumbnail; without a hash where it has no frame.
func Inner(thumbnail image.Image) *space.Inner {
	l := newLuminance(thumbnail)
	g := averages(l, l.width, l.height)
	box := innerBox(g)
	inner := &space.Inner{}
	if box != image.Rect(0, 0, g.width, g.height) {
		inner.Hash, inner.Quality = hashLuminance(g.part(box.Min.X, box.Min.Y, box.Dx(), box.Dy()))
	}
	return inner
}

// innerBox is the picture without its frame: from each side, the lines are left out that mostly show the colour of the
// outermost one.
func innerBox(g grey) image.Rectangle {
	whole := image.Rect(0, 0, g.width, g.height)
	box := whole
	for range frameRounds {
		was := box
		box.Min.Y += frameLines(box.Dy(), func(i int) line { return g.rowOf(box, box.Min.Y+i) })
		box.Max.Y -= frameLines(box.Dy(), func(i int) line { return g.rowOf(box, box.Max.Y-1-i) })
		box.Min.X += frameLines(box.Dx(), func(i int) line { return g.columnOf(box, box.Min.X+i) })
		box.Max.X -= frameLines(box.Dx(), func(i int) line { return g.columnOf(box, box.Max.X-1-i) })
		if box == was {
			break
		}
		if float64(box.Dx()) < leastInner*float64(g.width) || float64(box.Dy()) < leastInner*float64(g.height) {
			return whole
		}
	}
	return box
}

// line is a row or a column of a part of a picture.
type line struct {
	pix   []float32
	step  int
	count int
}

func (g grey) rowOf(box image.Rectangle, y int) line {
	return line{g.pix[y*g.width+box.Min.X:], 1, box.Dx()}
}

func (g grey) columnOf(box image.Rectangle, x int) line {
	return line{g.pix[box.Min.Y*g.width+x:], g.width, box.Dy()}
}

// mode is the level that most of a line's pixels are near.
func (l line) mode() float32 {
	var counts [256 / 8]int
	var sums [256 / 8]float32
	for i := range l.count {
		v := l.pix[i*l.step]
		bin := min(max(int(v)/8, 0), len(counts)-1)
		counts[bin]++
		sums[bin] += v
	}
	best, most := 0, 0
	for bin := range len(counts) - 1 {
		if n := counts[bin] + counts[bin+1]; n > most {
			best, most = bin, n
		}
	}
	if most == 0 {
		return 0
	}
	return (sums[best] + sums[best+1]) / float32(most)
}

// shows is the share of a line's pixels that are near a level.
func (l line) shows(ground, within float32) float64 {
	n := 0
	for i := range l.count {
		if d := l.pix[i*l.step] - ground; d >= -within && d <= within {
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
	ground := at(0).mode()
	flat, last := 0, 0
	for i := range n {
		l := at(i)
		if l.shows(ground, flatWithin) >= flatShare {
			flat, last = flat+1, i+1
		} else if l.shows(ground, groundNear) < writtenOn {
			break
		}
	}
	if flat < leastFrame || last == n {
		return 0
	}
	return last
}

// laying lays what the frames hold on each other.
func (f framing) laying(first, second *view) laying {
	one, two := image.Rect(0, 0, first.luma.width, first.luma.height), image.Rect(0, 0, second.luma.width, second.luma.height)
	if f.firstInner {
		one = innerBox(first.luma)
	}
	if f.secondInner {
		two = innerBox(second.luma)
	}
	l := whole(f.transform, grey{width: one.Dx(), height: one.Dy()}, grey{width: two.Dx(), height: two.Dy()})
	// From the second's place within its box, and to the first's place from within its.
	x, y := l.at(-float64(two.Min.X), -float64(two.Min.Y))
	l.c, l.f = x+float64(one.Min.X), y+float64(one.Min.Y)
	return l
}

package preprocess

import (
	"image"
	"sync"
)

// resample scales a picture to width x height pixels and returns the part of the result that lies in window. It
// computes that part alone, bit for bit as Pillow's Image.resize computes the whole (libImaging/Resample.c): two passes, rows
// first, weights in 22-bit fixed point, 8-bit samples between them. When it shrinks, filters widen (antialias).
// Pillow 13 takes columns first where the height shrinks most, which moves some samples by one level; the models were
// trained with the order of the versions before, which is kept here.
func (v view) resample(width, height int, filter Filter, window image.Rectangle) *image.RGBA {
	if window.Empty() {
		return image.NewRGBA(image.Rectangle{})
	}
	if filter == Nearest {
		return resampleNearest(v.pixels, width, height, window)
	}
	columns, rows := v.taps(width, height, filter, window)
	return resize(v.pixels, columns, rows)
}

// taps are the weights of both axes for the window of the picture resized to width x height.
func (v view) taps(width, height int, filter Filter, window image.Rectangle) (columns, rows *taps) {
	columns = newTaps(axis{v.samples.X, v.left, v.width}, width, kernels[filter], window.Min.X, window.Max.X)
	rows = newTaps(axis{v.samples.Y, v.top, v.height}, height, kernels[filter], window.Min.Y, window.Max.Y)
	return columns, rows
}

// resize makes the picture of all of the taps' outputs.
func resize(src *image.RGBA, columns, rows *taps) *image.RGBA {
	r := newResizer(columns, rows)
	r.y = r.first
	for y := r.first; y < r.last; y++ {
		r.row(src.Pix[y*src.Stride:])
	}
	return r.done()
}

// resizer makes the picture of all of the taps' outputs of a source that comes row by row.
type resizer struct {
	columns, rows  *taps
	first, last, y int // rows that are needed, and the one that comes next
	middle         *canvas
}

func newResizer(columns, rows *taps) *resizer {
	r := &resizer{columns: columns, rows: rows}
	r.first, r.last = rows.span()
	r.middle = takeCanvas(len(columns.start), r.last-r.first)
	return r
}

// row takes the next row of the source.
func (r *resizer) row(pixels []uint8) {
	if r.first <= r.y && r.y < r.last {
		fastest().row(r.middle.line(r.y-r.first), pixels, r.columns)
	}
	r.y++
}

// done is the result, after all rows.
func (r *resizer) done() *image.RGBA {
	defer r.middle.giveTo(&canvases)
	run := fastest()
	dst := image.NewRGBA(image.Rect(0, 0, len(r.columns.start), len(r.rows.start)))
	for y, start := range r.rows.start {
		weights := r.rows.weights[y*r.rows.size : y*r.rows.size+r.rows.count[y]]
		run.column(dst.Pix[y*dst.Stride:(y+1)*dst.Stride], r.middle.pixels[(start-r.first)*r.middle.stride:], r.middle.stride, weights)
	}
	return dst
}

// canvas is memory for the pixels between the two passes, which the next resize can use again.
type canvas struct {
	pixels []uint8
	stride int
}

var canvases = sync.Pool{New: func() any { return new(canvas) }}

// keptCanvas is the most that is kept for the next resize, in bytes: what a 12-megapixel picture needs.
const keptCanvas = 4 << 20

func takeCanvas(width, height int) *canvas {
	c := canvases.Get().(*canvas)
	c.stride = 4 * width
	if n := c.stride * height; cap(c.pixels) < n {
		c.pixels = make([]uint8, n)
	} else {
		c.pixels = c.pixels[:n]
	}
	return c
}

func (c *canvas) giveTo(pool *sync.Pool) {
	if cap(c.pixels) <= keptCanvas {
		pool.Put(c)
	}
}

func (c *canvas) line(y int) []uint8 { return c.pixels[y*c.stride : (y+1)*c.stride] }

// resampleNearest is Pillow's ImagingScaleAffine: the source pixel under each output pixel's centre.
func resampleNearest(src *image.RGBA, width, height int, window image.Rectangle) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, window.Dx(), window.Dy()))
	columns := nearestIndex(src.Rect.Dx(), width, window.Min.X, window.Max.X)
	rows := nearestIndex(src.Rect.Dy(), height, window.Min.Y, window.Max.Y)
	for y, row := range rows {
		in := src.Pix[row*src.Stride:]
		for x, column := range columns {
			copy(dst.Pix[y*dst.Stride+4*x:], in[4*column:4*column+4])
		}
	}
	return dst
}

// nearestIndex adds steps up, as Pillow does, so that rounding falls alike.
func nearestIndex(in, out, from, to int) []int {
	step := float64(in) / float64(out)
	index := make([]int, 0, to-from)
	at := step * 0.5
	for i := range to {
		if i >= from {
			index = append(index, min(int(at), in-1))
		}
		at += step
	}
	return index
}

package preprocess

import (
	"encoding/binary"
	"image"
	"math"
)

// resample scales a picture to width x height pixels and returns the part of the result that lies in window. It
// computes that part alone, bit for bit as Pillow's Image.resize computes the whole (libImaging/Resample.c): two passes, rows
// first, weights in 22-bit fixed point, 8-bit samples between them. When it shrinks, filters widen (antialias).
// Pillow 13 takes columns first where the height shrinks most, which moves some samples by one level; the models were
// trained with the order of the versions before, which is kept here.
func (v view) resample(width, height int, filter Filter, window image.Rectangle) *image.RGBA {
	src := v.pixels
	if filter == Nearest {
		return resampleNearest(src, width, height, window)
	}
	columns := newTaps(axis{src.Rect.Dx(), v.left, v.width}, width, kernels[filter], window.Min.X, window.Max.X)
	rows := newTaps(axis{src.Rect.Dy(), v.top, v.height}, height, kernels[filter], window.Min.Y, window.Max.Y)
	first, last := rows.span()
	middle := image.NewRGBA(image.Rect(0, 0, window.Dx(), last-first))
	scaleRows(middle, src, first, columns, weighers()[0])
	dst := image.NewRGBA(image.Rect(0, 0, window.Dx(), window.Dy()))
	scaleColumns(dst, middle, first, rows)
	return dst
}

// precision is the number of fractional bits of a weight: 32 less 8 for the sample and 2 for overshoot.
const precision = 22

// taps are the weights of one axis: output i is the sum of weights[i*size+j] * source[start[i]+j], j < count[i].
type taps struct {
	size         int
	start, count []int
	weights      []int32
}

// axis is a row or a column of so many samples, of which the picture takes length, from begin on.
type axis struct {
	samples       int
	begin, length float64
}

// newTaps computes the weights for outputs from ... to-1 of an axis that is scaled to out samples.
// An axis that keeps its length is copied, as Pillow skips that pass.
func newTaps(a axis, out int, k kernel, from, to int) taps {
	if a.begin == 0 && a.length == float64(out) {
		return identityTaps(from, to)
	}
	scale := a.length / float64(out)
	stretch := max(scale, 1)
	support := k.support * stretch
	size := int(math.Ceil(support))*2 + 1
	t := taps{size: size, start: make([]int, to-from), count: make([]int, to-from), weights: make([]int32, size*(to-from))}
	exact := make([]float64, size)
	for i := range to - from {
		center := a.begin + (float64(from+i)+0.5)*scale
		first := max(0, int(center-support+0.5))
		last := min(a.samples, int(center+support+0.5))
		var sum float64
		for x := first; x < last; x++ {
			w := k.weight((float64(x) - center + 0.5) * (1 / stretch))
			exact[x-first] = w
			sum += w
		}
		t.start[i], t.count[i] = first, last-first
		fixedPoint(t.weights[i*size:], exact[:last-first], sum)
	}
	return t
}

func identityTaps(from, to int) taps {
	t := taps{size: 1, start: make([]int, to-from), count: make([]int, to-from), weights: make([]int32, to-from)}
	for i := range to - from {
		t.start[i], t.count[i], t.weights[i] = from+i, 1, 1<<precision
	}
	return t
}

// fixedPoint rounds weights that are divided by their sum to integers, half away from zero.
func fixedPoint(dst []int32, exact []float64, sum float64) {
	for j, w := range exact {
		if sum != 0 {
			w /= sum
		}
		dst[j] = int32(w*(1<<precision) + math.Copysign(0.5, w))
	}
}

// span is the range of source samples that the outputs need.
func (t taps) span() (first, last int) {
	first = math.MaxInt
	for i, s := range t.start {
		first = min(first, s)
		last = max(last, s+t.count[i])
	}
	return first, last
}

// opaqueAlpha is the alpha byte of a pixel as weighers return it.
const opaqueAlpha = 0xff << 24

func scaleRows(dst, src *image.RGBA, firstRow int, t taps, weigh weigher) {
	for y := range dst.Rect.Dy() {
		in := src.Pix[(firstRow+y)*src.Stride:]
		out := dst.Pix[y*dst.Stride : y*dst.Stride+dst.Stride]
		for x, start := range t.start {
			n := t.count[x]
			pixel := weigh(in[4*start:4*(start+n)], t.weights[x*t.size:x*t.size+n])
			binary.LittleEndian.PutUint32(out[4*x:], pixel|opaqueAlpha)
		}
	}
}

// scaleColumns adds whole rows, so that memory is read in its order.
func scaleColumns(dst, src *image.RGBA, firstRow int, t taps) {
	sums := make([]int32, 4*dst.Rect.Dx())
	for y, start := range t.start {
		for i := range sums {
			sums[i] = 1 << (precision - 1)
		}
		for j := range t.count[y] {
			addRow(sums, src.Pix[(start-firstRow+j)*src.Stride:], t.weights[y*t.size+j])
		}
		out := dst.Pix[y*dst.Stride : y*dst.Stride+len(sums)]
		for i, sum := range sums {
			out[i] = clamp8(sum >> precision)
		}
	}
}

func addRow(sums []int32, row []uint8, weight int32) {
	row = row[:len(sums)]
	for i, v := range row {
		sums[i] += int32(v) * weight
	}
}

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

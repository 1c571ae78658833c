package dedup

import (
	"image"
	"image/color"
	"sync"
)

// luminance reads a picture row by row as luma, 0 to 255 (ITU-R BT.601 weights, as in JPEG).
type luminance struct {
	width, height int
	row           func(y int, into []float32)
}

func newLuminance(img image.Image) luminance {
	bounds := img.Bounds()
	l := luminance{width: bounds.Dx(), height: bounds.Dy()}
	switch src := img.(type) {
	case *image.YCbCr:
		l.row = func(y int, into []float32) {
			at := src.YOffset(bounds.Min.X, bounds.Min.Y+y)
			bytesToFloats(src.Y[at:at+l.width], into)
		}
	case *image.Gray:
		l.row = func(y int, into []float32) {
			at := src.PixOffset(bounds.Min.X, bounds.Min.Y+y)
			bytesToFloats(src.Pix[at:at+l.width], into)
		}
	case *image.RGBA:
		l.row = func(y int, into []float32) {
			at := src.PixOffset(bounds.Min.X, bounds.Min.Y+y)
			quadsToFloats(src.Pix[at:at+4*l.width], into)
		}
	case *image.NRGBA: // alpha is dropped, not applied, as everywhere in clipd
		l.row = func(y int, into []float32) {
			at := src.PixOffset(bounds.Min.X, bounds.Min.Y+y)
			quadsToFloats(src.Pix[at:at+4*l.width], into)
		}
	default:
		l.row = func(y int, into []float32) {
			for x := range into {
				c := color.NRGBAModel.Convert(img.At(bounds.Min.X+x, bounds.Min.Y+y)).(color.NRGBA)
				into[x] = luma(c.R, c.G, c.B)
			}
		}
	}
	return l
}

func bytesToFloats(from []byte, into []float32) {
	for x, v := range from {
		into[x] = float32(v)
	}
}

// quadsToFloatsPlain writes the luma of pixels of four bytes. It is the oracle of the assembly.
func quadsToFloatsPlain(from []byte, into []float32) {
	for x := range into {
		p := from[4*x : 4*x+4 : 4*x+4]
		into[x] = lumaShares[0][p[0]] + lumaShares[1][p[1]] + lumaShares[2][p[2]]
	}
}

// lumaShares are what luma makes of each level of red, green and blue.
var lumaShares = func() (shares [3][256]float32) {
	for v := range 256 {
		shares[0][v], shares[1][v], shares[2][v] = luma(uint8(v), 0, 0), luma(0, uint8(v), 0), luma(0, 0, uint8(v))
	}
	return shares
}()

func luma(r, g, b uint8) float32 {
	return 0.299*float32(r) + 0.587*float32(g) + 0.114*float32(b)
}

// grey is a picture in luma.
type grey struct {
	width, height int
	pix           []float32
}

func newGrey(width, height int) grey {
	return grey{width, height, make([]float32, width*height)}
}

// rough are the pixels of pictures that are needed no more: a comparison makes some fifty, and new memory costs more time
// than most of what is done with it.
var rough = sync.Pool{New: func() any { return new([]float32) }}

// borrowGrey is a picture whose pixels are anything, until they are written and given back.
func borrowGrey(width, height int) grey {
	pix := *rough.Get().(*[]float32)
	if cap(pix) < width*height {
		pix = make([]float32, width*height)
	}
	return grey{width, height, pix[:width*height]}
}

// giveBack lets the next one borrow the pixels. Nothing may look at them any more.
func (g grey) giveBack() { rough.Put(&g.pix) }

func (g grey) at(x, y int) float32 { return g.pix[y*g.width+x] }

// averages brings a picture to another size: each value is the mean of the area that it stands for, with pixels on
// the border counted in part. An empty picture gives zeroes.
func averages(l luminance, width, height int) grey {
	a := newAverager(l.width, l.height, width, height)
	if l.width == 0 || l.height == 0 {
		return a.grey
	}
	for y := range l.height {
		l.row(y, a.next())
		a.taken()
	}
	a.flush()
	return a.grey
}

// averager makes averages of rows as they come.
type averager struct {
	grey     grey
	columns  []window
	lines    [][]share
	rows     [rowsAtOnce][]float32
	reduced  [rowsAtOnce][]float32
	y, count int // rows that went into grey, and that wait
}

// rowsAtOnce are reduced together: the sum of one waits for each of its additions, four keep the processor busy.
const rowsAtOnce = 4

func newAverager(fromWidth, fromHeight, width, height int) *averager {
	a := &averager{grey: newGrey(width, height), columns: windows(fromWidth, width), lines: shares(fromHeight, height)}
	for i := range rowsAtOnce {
		a.rows[i], a.reduced[i] = make([]float32, fromWidth), make([]float32, width)
	}
	return a
}

// next is room for the next row; call taken when it is filled.
func (a *averager) next() []float32 { return a.rows[a.count] }

func (a *averager) taken() {
	if a.count++; a.count == rowsAtOnce {
		a.flush()
	}
}

// flush adds the rows that wait.
func (a *averager) flush() {
	if a.count == rowsAtOnce {
		reduceFour(&a.rows, a.columns, &a.reduced)
	} else {
		for i := range a.count {
			reduce(a.rows[i], a.columns, a.reduced[i])
		}
	}
	for _, reduced := range a.reduced[:a.count] {
		for _, part := range a.lines[a.y] {
			into := a.grey.pix[part.to*a.grey.width:][:len(reduced)]
			for x, v := range reduced {
				into[x] += part.weight * v
			}
		}
		a.y++
	}
	a.count = 0
}

// share is the part of an output value that one input gives.
type share struct {
	to     int
	weight float32
}

// shares says for each of n inputs which of m outputs it is a part of. The weights of each output sum to one.
func shares(n, m int) [][]share {
	all := make([][]share, n)
	scale := float64(m) / float64(n)
	for i := range all {
		from, to := float64(i)*scale, float64(i+1)*scale
		for o := int(from); o < m && float64(o) < to; o++ {
			part := min(to, float64(o+1)) - max(from, float64(o))
			if part > 1e-9 {
				all[i] = append(all[i], share{o, float32(part)})
			}
		}
	}
	return all
}

// window is the inputs that an output is made of.
type window struct {
	from    int
	weights []float32
}

// windows are the shares of n inputs in m outputs, by output.
func windows(n, m int) []window {
	all := make([]window, m)
	for i, parts := range shares(n, m) {
		for _, part := range parts {
			w := &all[part.to]
			if len(w.weights) == 0 {
				w.from = i
			}
			w.weights = append(w.weights, part.weight)
		}
	}
	return all
}

func reduce(row []float32, columns []window, into []float32) {
	for x, w := range columns {
		from := row[w.from:]
		switch weights := w.weights; len(weights) {
		case 2:
			into[x] = weights[0]*from[0] + weights[1]*from[1]
		case 3:
			into[x] = weights[0]*from[0] + weights[1]*from[1] + weights[2]*from[2]
		default:
			var sum float32
			for i, v := range from[:len(weights)] {
				sum += weights[i] * v
			}
			into[x] = sum
		}
	}
}

// reduceFour reduces four rows, each as reduce does.
func reduceFour(rows *[rowsAtOnce][]float32, columns []window, into *[rowsAtOnce][]float32) {
	for x, w := range columns {
		n := len(w.weights)
		r0, r1, r2, r3 := rows[0][w.from:][:n], rows[1][w.from:][:n], rows[2][w.from:][:n], rows[3][w.from:][:n]
		var s0, s1, s2, s3 float32
		for i, weight := range w.weights {
			s0 += weight * r0[i]
			s1 += weight * r1[i]
			s2 += weight * r2[i]
			s3 += weight * r3[i]
		}
		into[0][x], into[1][x], into[2][x], into[3][x] = s0, s1, s2, s3
	}
}

// luminance reads a part of the grey picture.
func (g grey) part(left, top, width, height int) luminance {
	return luminance{width: width, height: height, row: func(y int, into []float32) {
		at := (top+y)*g.width + left
		copy(into, g.pix[at:at+width])
	}}
}

// resized is the picture brought to another size, by averages.
func (g grey) resized(width, height int) grey {
	if width == g.width && height == g.height {
		return g
	}
	return averages(g.part(0, 0, g.width, g.height), width, height)
}

// sample is the value between pixels, bilinear; x and y must lie within the centres of the outermost pixels.
func (g grey) sample(x, y float64) float32 {
	left, top := min(int(x), g.width-2), min(int(y), g.height-2)
	dx, dy := float32(x-float64(left)), float32(y-float64(top))
	upper := g.pix[top*g.width+left:]
	lower := g.pix[(top+1)*g.width+left:]
	above := upper[0] + dx*(upper[1]-upper[0])
	below := lower[0] + dx*(lower[1]-lower[0])
	return above + dy*(below-above)
}

package jpeg

import (
	"encoding/binary"
	"image"
)

// ToRGBA converts YCbCr in memory as libjpeg converts what it decoded: chroma is interpolated ("fancy" triangle
// upsampling, jdsample.c) where it is halved in a direction, repeated at other ratios, and the colour conversion is
// jdcolor.c's in 16-bit fixed point. Go's own conversion repeats chroma always, which is up to 41 levels off on small
// 4:2:0 pictures. The result is opaque and begins at (0, 0).
func ToRGBA(src *image.YCbCr) *image.RGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	stepX, stepY := 1, 1
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		stepX = 2
	case image.YCbCrSubsampleRatio420:
		stepX, stepY = 2, 2
	case image.YCbCrSubsampleRatio440:
		stepY = 2
	case image.YCbCrSubsampleRatio411:
		stepX = 4
	case image.YCbCrSubsampleRatio410:
		stepX, stepY = 4, 2
	}
	first := src.COffset(src.Rect.Min.X, src.Rect.Min.Y)
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	luma := newPlane(src.Y[src.YOffset(src.Rect.Min.X, src.Rect.Min.Y):], src.YStride, width, height, 1, 1, true, dst.Rect)
	cb := newPlane(src.Cb[first:], src.CStride, width, height, stepX, stepY, true, dst.Rect)
	cr := newPlane(src.Cr[first:], src.CStride, width, height, stepX, stepY, true, dst.Rect)
	for y := range height {
		run.ycbcr(line(dst, y), luma.row(y), cb.row(y), cr.row(y))
	}
	return dst
}

func line(img *image.RGBA, y int) []uint8 {
	return img.Pix[y*img.Stride : y*img.Stride+4*img.Rect.Dx()]
}

// rgba makes the wanted part of the picture from the components' samples, in memory where that has room.
func (d *decoder) rgba(memory []uint8) *image.RGBA {
	dst := &image.RGBA{Stride: 4 * d.part.Dx(), Rect: d.part}
	if n := dst.Stride * d.part.Dy(); n <= cap(memory) {
		dst.Pix = memory[:n]
	} else {
		dst.Pix = make([]uint8, n)
	}
	convert := d.converter(d.planes())
	for y := d.part.Min.Y; y < d.part.Max.Y; y++ {
		convert(line(dst, y-d.part.Min.Y), y)
	}
	return dst
}

// planes are the components' samples, as far as the wanted part needs them.
func (d *decoder) planes() *[4]*plane {
	width, height := ceilDiv(d.width*d.size, 8), ceilDiv(d.height*d.size, 8)
	planes := new([4]*plane)
	for i := range d.components {
		c := &d.components[i]
		stepX, stepY := d.steps(c)
		planes[i] = newPlane(c.plane, c.stride, width, height, stepX, stepY, d.size > 1, d.part)
	}
	return planes
}

// converter chooses the colour conversion as libjpeg does (jdapimin.c, default_decompress_parms).
func (d *decoder) converter(p *[4]*plane) func(dst []uint8, y int) {
	switch len(d.components) {
	case 1:
		return func(dst []uint8, y int) { greyRow(dst, p[0].row(y)) }
	case 3:
		if d.isRGB() {
			return func(dst []uint8, y int) { rgbRow(dst, p[0].row(y), p[1].row(y), p[2].row(y)) }
		}
		return func(dst []uint8, y int) { run.ycbcr(dst, p[0].row(y), p[1].row(y), p[2].row(y)) }
	}
	ycck := d.adobe && d.transform != 0
	return func(dst []uint8, y int) {
		if ycck {
			run.ycbcr(dst, p[0].row(y), p[1].row(y), p[2].row(y))
		} else {
			rgbRow(dst, p[0].row(y), p[1].row(y), p[2].row(y))
		}
		inkRow(dst, p[3].row(y), ycck)
	}
}

func (d *decoder) isRGB() bool {
	if d.jfif {
		return false
	}
	if d.adobe {
		return d.transform == 0
	}
	c := d.components
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
}

func greyRow(dst, grey []uint8) {
	dst = dst[:4*len(grey)]
	for x, v := range grey {
		binary.LittleEndian.PutUint32(dst[4*x:4*x+4:4*x+4], uint32(v)*0x010101|0xff000000)
	}
}

func rgbRow(dst, r, g, b []uint8) {
	g, b = g[:len(r)], b[:len(r)]
	dst = dst[:4*len(r)]
	for x := range r {
		binary.LittleEndian.PutUint32(dst[4*x:4*x+4:4*x+4], uint32(r[x])|uint32(g[x])<<8|uint32(b[x])<<16|0xff000000)
	}
}

// inkRow turns a row of inks into light. Adobe stores inks inverted, and Pillow takes that for granted: what the file
// says is the paper that is left. YCCK's three are turned over once more. The sum is Pillow's cmyk2rgb
// (libImaging/Convert.c).
func inkRow(dst, black []uint8, inverted bool) {
	for x, k := range black {
		light := int(k)
		p := dst[4*x : 4*x+3 : 4*x+3]
		for c := range p {
			ink := 255 - int(p[c])
			if inverted {
				ink = int(p[c])
			}
			p[c] = uint8(max(0, light-muldiv255(ink, light)))
		}
	}
}

// muldiv255 is a*b/255, rounded, for bytes.
func muldiv255(a, b int) int {
	t := a*b + 128
	return (t>>8 + t) >> 8
}

// plane makes full-size rows of a component's samples, as far as the wanted part needs them.
type plane struct {
	samples       []uint8
	stride        int
	width, height int // in samples: the part that the picture needs
	stepX, stepY  int // pixels per sample
	fancy         bool
	from, to      int     // columns of samples that the wanted part needs
	offset        int     // pixels between the first of them and the part
	columns       int     // pixels of the part
	out           []uint8 // a row, with room for one sample more than it has
	sums          []uint16
}

func newPlane(samples []uint8, stride, width, height, stepX, stepY int, fancy bool, part image.Rectangle) *plane {
	p := &plane{
		samples: samples, stride: stride,
		width: ceilDiv(width, stepX), height: ceilDiv(height, stepY),
		stepX: stepX, stepY: stepY, fancy: fancy,
		from: part.Min.X, to: part.Max.X, columns: part.Dx(),
	}
	if stepX != 1 { // and a neighbour on either side, to interpolate
		p.from, p.to = max(part.Min.X/stepX-1, 0), min(ceilDiv(part.Max.X, stepX)+1, p.width)
	}
	p.offset = part.Min.X - p.from*stepX
	if stepX != 1 || stepY != 1 {
		p.out = make([]uint8, (p.to-p.from)*stepX+1)
		p.sums = make([]uint16, p.to-p.from+2)
	}
	return p
}

// row is the wanted part of row y of the full picture. It holds until the next call.
func (p *plane) row(y int) []uint8 {
	current := p.line(y / p.stepY)
	fancyX := p.fancy && p.stepX == 2 && p.width > 2 // libjpeg: narrower planes are repeated
	switch {
	case p.stepX == 1 && (p.stepY != 2 || !p.fancy):
		return current
	case p.stepX == 1:
		blendVertical(p.out, current, p.neighbour(y), y)
	case fancyX && p.stepY == 1:
		triangle2(p.out, current)
	case fancyX && p.stepY == 2:
		triangle2x2(p.out, p.sums, current, p.neighbour(y))
	default:
		for x := range p.columns {
			p.out[x] = current[(p.offset+x)/p.stepX]
		}
		return p.out[:p.columns]
	}
	return p.out[p.offset : p.offset+p.columns]
}

func (p *plane) line(y int) []uint8 {
	y = min(max(y, 0), p.height-1)
	return p.samples[y*p.stride+p.from : y*p.stride+p.to]
}

// neighbour is the row of samples that is second nearest to row y of the picture: above it for even rows, below it for
// odd ones.
func (p *plane) neighbour(y int) []uint8 {
	if y%2 == 0 {
		return p.line(y/2 - 1)
	}
	return p.line(y/2 + 1)
}

// blendVertical is h1v2_fancy_upsample: 3/4 of the near row, 1/4 of the far one, rounded by turns up and down.
func blendVertical(dst, near, far []uint8, y int) {
	bias := 1 + y%2
	for x, v := range near {
		dst[x] = uint8((3*int(v) + int(far[x]) + bias) >> 2)
	}
}

// triangle2 is h2v1_fancy_upsample: 3/4 of the near sample, 1/4 of the far one; the outermost samples stay.
func triangle2(dst, src []uint8) {
	last := len(src) - 1
	previous := int(src[0])
	for i, v := range src {
		this, next := int(v), int(src[min(i+1, last)])
		dst[2*i] = uint8((3*this + previous + 1) >> 2)
		if 2*i+1 < len(dst) {
			dst[2*i+1] = uint8((3*this + next + 2) >> 2)
		}
		previous = this
	}
}

// triangle2x2 is h2v2_fancy_upsample: 9/16 of the nearest sample, 3/16 of two, 1/16 of the last. sums is memory for it.
func triangle2x2(dst []uint8, sums []uint16, near, far []uint8) {
	n := len(near)
	run.blend(sums[1:n+1], near, far)
	sums[0], sums[n+1] = sums[1], sums[n]
	run.triangle(dst[:2*n], sums)
}

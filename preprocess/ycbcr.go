package preprocess

import "image"

// ycbcrToRGBA converts JPEG's YCbCr as libjpeg does, which Pillow uses: chroma is interpolated ("fancy" triangle
// upsampling, jdsample.c) where it is halved in a direction, repeated at other ratios, and the colour conversion is
// jdcolor.c's in 16-bit fixed point. Go's own conversion repeats chroma always, which is up to 41 levels off on small
// 4:2:0 pictures.
func ycbcrToRGBA(src *image.YCbCr) *image.RGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	up := newUpsampler(src, width, height)
	cb, cr := make([]uint8, width+1), make([]uint8, width+1)
	for y := range height {
		up.row(cb, src.Cb, y)
		up.row(cr, src.Cr, y)
		luma := src.Y[y*src.YStride : y*src.YStride+width]
		ycbcrRow(dst.Pix[y*dst.Stride:y*dst.Stride+4*width], luma, cb, cr)
	}
	return dst
}

// Fixed-point factors of jdcolor.c, times 2^16.
const (
	fixCrR = 91881  // 1.40200
	fixCbB = 116130 // 1.77200
	fixCrG = 46802  // 0.71414
	fixCbG = 22554  // 0.34414
	half16 = 1 << 15
)

func ycbcrRow(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	dst = dst[:4*len(luma)]
	for x, l := range luma {
		y, u, v := int32(l), int32(cb[x])-128, int32(cr[x])-128
		p := dst[4*x : 4*x+4 : 4*x+4]
		p[0] = clamp8(y + (fixCrR*v+half16)>>16)
		p[1] = clamp8(y + (-fixCbG*u-fixCrG*v+half16)>>16)
		p[2] = clamp8(y + (fixCbB*u+half16)>>16)
		p[3] = 255
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31)) // negative: 0; too large: 255
	}
	return uint8(v)
}

// upsampler makes full-size rows of a chroma plane.
type upsampler struct {
	stride        int
	width, height int // of the chroma plane: the part that the picture needs
	stepX, stepY  int // luma samples per chroma sample
	columns       []int32
	outWidth      int
}

func newUpsampler(src *image.YCbCr, width, height int) *upsampler {
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
	u := &upsampler{
		stride: src.CStride,
		width:  (width + stepX - 1) / stepX, height: (height + stepY - 1) / stepY,
		stepX: stepX, stepY: stepY,
		outWidth: width,
	}
	u.columns = make([]int32, u.width)
	return u
}

// row writes chroma row y of the full picture to dst, which has room for one sample more than the width.
func (u *upsampler) row(dst, plane []uint8, y int) {
	current := u.line(plane, y/u.stepY)
	fancyX := u.stepX == 2 && u.width > 2 // libjpeg: narrower planes are repeated
	switch {
	case u.stepX == 1 && u.stepY == 1:
		copy(dst, current)
	case u.stepX == 1 && u.stepY == 2:
		u.blendVertical(dst, current, u.neighbour(plane, y), y)
	case fancyX && u.stepY == 1:
		triangle2(dst, current)
	case fancyX && u.stepY == 2:
		u.triangle2x2(dst, current, u.neighbour(plane, y))
	default:
		for x := range u.outWidth {
			dst[x] = current[x/u.stepX]
		}
	}
}

func (u *upsampler) line(plane []uint8, y int) []uint8 {
	y = min(max(y, 0), u.height-1)
	return plane[y*u.stride : y*u.stride+u.width]
}

// neighbour is the chroma row that is second nearest to luma row y: above it for even rows, below it for odd ones.
func (u *upsampler) neighbour(plane []uint8, y int) []uint8 {
	if y%2 == 0 {
		return u.line(plane, y/2-1)
	}
	return u.line(plane, y/2+1)
}

// blendVertical is h1v2_fancy_upsample: 3/4 of the near row, 1/4 of the far one, rounded by turns up and down.
func (u *upsampler) blendVertical(dst, near, far []uint8, y int) {
	bias := 1 + y%2
	for x, v := range near {
		dst[x] = uint8((3*int(v) + int(far[x]) + bias) >> 2)
	}
}

// triangle2 is h2v1_fancy_upsample: 3/4 of the near sample, 1/4 of the far one; the outermost samples stay.
func triangle2(dst, src []uint8) {
	last := len(src) - 1
	at := func(i int) int { return int(src[min(max(i, 0), last)]) }
	for i := range src {
		left := (3*at(i) + at(i-1) + 1) >> 2
		right := (3*at(i) + at(i+1) + 2) >> 2
		dst[2*i] = uint8(left)
		if 2*i+1 < len(dst) {
			dst[2*i+1] = uint8(right)
		}
	}
}

// triangle2x2 is h2v2_fancy_upsample: 9/16 of the nearest sample, 3/16 of two, 1/16 of the last.
func (u *upsampler) triangle2x2(dst, near, far []uint8) {
	sums := u.columns
	for i, v := range near {
		sums[i] = 3*int32(v) + int32(far[i])
	}
	last := len(sums) - 1
	previous := sums[0]
	for i, this := range sums {
		next := sums[min(i+1, last)]
		dst[2*i] = uint8((3*this + previous + 8) >> 4)
		if 2*i+1 < len(dst) {
			dst[2*i+1] = uint8((3*this + next + 7) >> 4)
		}
		previous = this
	}
}

package preprocess

import (
	"image"
	"image/color"

	"github.com/clipd/clipd/preprocess/jpeg"
)

// opaque converts any decoded image to 8-bit RGB with alpha 255, its origin at (0, 0). Alpha is dropped from the
// straight colours, as Pillow's convert("RGB") does; blending would invent a background. Of 16-bit samples the high
// byte is taken (Pillow does so with colour, and clips 16-bit grey to white, which is no example to follow). An image that is that already is returned itself.
func opaque(img image.Image) *image.RGBA {
	switch src := img.(type) {
	case *image.RGBA:
		if src.Rect.Min == (image.Point{}) && src.Opaque() {
			return src
		}
	case *image.YCbCr:
		return jpeg.ToRGBA(src)
	}
	bounds := img.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	row := rowReader(img)
	for y := range bounds.Dy() {
		row(dst.Pix[y*dst.Stride:y*dst.Stride+4*bounds.Dx()], bounds.Min.Y+y)
	}
	return dst
}

// rowReader returns a function that writes row y of img as opaque RGBA into dst.
func rowReader(img image.Image) func(dst []uint8, y int) {
	switch src := img.(type) {
	case *image.Gray:
		return func(dst []uint8, y int) { grayRow(dst, src.Pix[src.PixOffset(src.Rect.Min.X, y):]) }
	case *image.NRGBA:
		return func(dst []uint8, y int) { nrgbaRow(dst, src.Pix[src.PixOffset(src.Rect.Min.X, y):]) }
	case *image.CMYK:
		return func(dst []uint8, y int) { cmykRow(dst, src.Pix[src.PixOffset(src.Rect.Min.X, y):]) }
	case *image.Paletted:
		palette := straightPalette(src.Palette)
		return func(dst []uint8, y int) { palettedRow(dst, src.Pix[src.PixOffset(src.Rect.Min.X, y):], &palette) }
	}
	return func(dst []uint8, y int) { anyRow(dst, img, y) }
}

func grayRow(dst, src []uint8) {
	for x := range len(dst) / 4 {
		v := src[x]
		dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = v, v, v, 255
	}
}

func nrgbaRow(dst, src []uint8) {
	copy(dst, src[:len(dst)])
	for i := 3; i < len(dst); i += 4 {
		dst[i] = 255
	}
}

// cmykRow is Pillow's cmyk2rgb (libImaging/Convert.c): (255-k) less its share of the ink, rounded.
func cmykRow(dst, src []uint8) {
	for i := 0; i < len(dst); i += 4 {
		light := 255 - int(src[i+3])
		for c := range 3 {
			dst[i+c] = uint8(max(0, light-muldiv255(int(src[i+c]), light)))
		}
		dst[i+3] = 255
	}
}

// muldiv255 is a*b/255, rounded, for bytes.
func muldiv255(a, b int) int {
	t := a*b + 128
	return (t>>8 + t) >> 8
}

func palettedRow(dst, src []uint8, palette *[256][4]uint8) {
	for x := range len(dst) / 4 {
		copy(dst[4*x:4*x+4], palette[src[x]][:])
	}
}

// straightPalette are the palette's colours without alpha; what the palette lacks is black.
func straightPalette(palette color.Palette) [256][4]uint8 {
	var out [256][4]uint8
	for i := range out {
		out[i][3] = 255
	}
	for i, c := range palette[:min(len(palette), 256)] {
		r, g, b := straight(c)
		out[i] = [4]uint8{r, g, b, 255}
	}
	return out
}

func anyRow(dst []uint8, img image.Image, y int) {
	left := img.Bounds().Min.X
	for x := range len(dst) / 4 {
		dst[4*x], dst[4*x+1], dst[4*x+2] = straight(img.At(left+x, y))
		dst[4*x+3] = 255
	}
}

// straight is a colour's red, green and blue before any multiplication with alpha.
func straight(c color.Color) (r, g, b uint8) {
	switch c := c.(type) {
	case color.NRGBA:
		return c.R, c.G, c.B
	case color.NRGBA64:
		return uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8)
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return n.R, n.G, n.B
}

func clamp8(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31)) // negative: 0; too large: 255
	}
	return uint8(v)
}

package dupeset

import (
	"image"
	"image/color"
	"math/rand/v2"

	"github.com/disintegration/imaging"
)

// Edit is something that is done to pictures before they are filed again.
type Edit struct {
	Name    string
	Do      func(img *image.RGBA, rnd *rand.Rand) image.Image
	Format  string                   // "jpeg", "webp" or "avif"
	Quality func(rnd *rand.Rand) int // of the encoder
}

func usual(rnd *rand.Rand) int { return 75 + rnd.IntN(20) }

func between(low, high int) func(*rand.Rand) int {
	return func(rnd *rand.Rand) int { return low + rnd.IntN(high-low+1) }
}

func unchanged(img *image.RGBA, _ *rand.Rand) image.Image { return img }

// Edits are all of them, in the order of the table.
func Edits() []Edit {
	jpeg := func(name string, do func(*image.RGBA, *rand.Rand) image.Image) Edit {
		return Edit{name, do, "jpeg", usual}
	}
	scaled := func(low, high float64) func(*image.RGBA, *rand.Rand) image.Image {
		return func(img *image.RGBA, rnd *rand.Rand) image.Image {
			by := low + (high-low)*rnd.Float64()
			return imaging.Resize(img, max(1, int(float64(img.Rect.Dx())*by)), 0, imaging.CatmullRom)
		}
	}
	plain := func(f func(image.Image) *image.NRGBA) func(*image.RGBA, *rand.Rand) image.Image {
		return func(img *image.RGBA, _ *rand.Rand) image.Image { return f(img) }
	}
	signed := func(low, high float64, f func(image.Image, float64) *image.NRGBA) func(*image.RGBA, *rand.Rand) image.Image {
		return func(img *image.RGBA, rnd *rand.Rand) image.Image {
			by := low + (high-low)*rnd.Float64()
			if rnd.IntN(2) == 0 {
				by = -by
			}
			return f(img, by)
		}
	}
	return []Edit{
		jpeg("resize .25–.9", scaled(.25, .9)),
		jpeg("resize 1.1–2", scaled(1.1, 2)),
		{"JPEG q10–30", unchanged, "jpeg", between(10, 30)},
		{"JPEG q31–95", unchanged, "jpeg", between(31, 95)},
		{"WebP q30–90", unchanged, "webp", between(30, 90)},
		{"AVIF q30–80", unchanged, "avif", between(30, 80)},
		jpeg("crop 2–5 %", cut(.02, .05)),
		jpeg("crop 5–15 %", cut(.05, .15)),
		jpeg("pad 3–20 %", pad),
		jpeg("rotate 90°", plain(imaging.Rotate270)),
		jpeg("rotate 180°", plain(imaging.Rotate180)),
		jpeg("rotate 270°", plain(imaging.Rotate90)),
		jpeg("tilt ±1–3°", tilt),
		jpeg("mirror", plain(imaging.FlipH)),
		jpeg("brightness ±10–25 %", signed(10, 25, imaging.AdjustBrightness)),
		jpeg("contrast ±10–35 %", signed(10, 35, imaging.AdjustContrast)),
		jpeg("gamma .6–1.6", func(img *image.RGBA, rnd *rand.Rand) image.Image {
			return imaging.AdjustGamma(img, []float64{.6 + .25*rnd.Float64(), 1.2 + .4*rnd.Float64()}[rnd.IntN(2)])
		}),
		jpeg("grey", plain(imaging.Grayscale)),
		jpeg("blur σ .6–2", func(img *image.RGBA, rnd *rand.Rand) image.Image {
			return imaging.Blur(img, .6+1.4*rnd.Float64())
		}),
		jpeg("noise σ 4–14", noise),
		jpeg("caption bar", caption),
		jpeg("watermark", watermark),
		jpeg("screenshot frame", screenshot),
	}
}

// cut cuts a share off each dimension, from both sides in some proportion.
func cut(low, high float64) func(*image.RGBA, *rand.Rand) image.Image {
	return func(img *image.RGBA, rnd *rand.Rand) image.Image {
		size := img.Rect.Size()
		one := func(n int) (from, to int) {
			off := float64(n) * (low + (high-low)*rnd.Float64())
			before := int(off * rnd.Float64())
			return before, n - (int(off) - before)
		}
		left, right := one(size.X)
		top, bottom := one(size.Y)
		return imaging.Crop(img, image.Rect(left, top, right, bottom))
	}
}

// framed lays a picture on a larger ground.
func framed(img image.Image, left, top, right, bottom int, ground color.Color) *image.NRGBA {
	size := img.Bounds().Size()
	return imaging.Paste(imaging.New(size.X+left+right, size.Y+top+bottom, ground), img, image.Pt(left, top))
}

func pad(img *image.RGBA, rnd *rand.Rand) image.Image {
	ground := []color.Color{color.Black, color.White, anyColour(rnd)}[rnd.IntN(3)]
	one := func(n int) int { return int(float64(n) * (.015 + .085*rnd.Float64())) }
	w, h := img.Rect.Dx(), img.Rect.Dy()
	switch rnd.IntN(3) {
	case 0: // letterbox
		return framed(img, 0, one(2*h), 0, one(2*h), ground)
	case 1:
		return framed(img, one(2*w), 0, one(2*w), 0, ground)
	}
	return framed(img, one(w), one(h), one(w), one(h), ground)
}

func tilt(img *image.RGBA, rnd *rand.Rand) image.Image {
	by := 1 + 2*rnd.Float64()
	if rnd.IntN(2) == 0 {
		by = -by
	}
	turned := imaging.Rotate(img, by, color.Black)
	if rnd.IntN(2) == 0 { // as editors do: cut to what is whole
		return imaging.CropCenter(turned, img.Rect.Dx()*93/100, img.Rect.Dy()*93/100)
	}
	return imaging.CropCenter(turned, img.Rect.Dx(), img.Rect.Dy())
}

func noise(img *image.RGBA, rnd *rand.Rand) image.Image {
	out := toRGBA(img)
	height := 4 + 10*rnd.Float64()
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = uint8(min(255, max(0, float64(out.Pix[i])+height*rnd.NormFloat64())))
		}
	}
	return out
}

// caption adds a bar with a line above or below.
func caption(img *image.RGBA, rnd *rand.Rand) image.Image {
	high := img.Rect.Dy() * (8 + rnd.IntN(13)) / 100
	ground, ink := color.RGBA{255, 255, 255, 255}, color.RGBA{A: 255}
	if rnd.IntN(2) == 0 {
		ground, ink = ink, ground
	}
	if rnd.IntN(2) == 0 {
		out := toRGBA(framed(img, 0, high, 0, 0, ground))
		write(out, words(rnd, 6), 10, high*2/3, 2, ink)
		return out
	}
	out := toRGBA(framed(img, 0, 0, 0, high, ground))
	write(out, words(rnd, 6), 10, out.Rect.Dy()-high/3, 2, ink)
	return out
}

// watermark writes on the picture: once across it, or all over it, and lets it shine through.
func watermark(img *image.RGBA, rnd *rand.Rand) image.Image {
	out := toRGBA(img)
	mark := "(c) " + words(rnd, 1)
	ink := color.RGBA{255, 255, 255, uint8(90 + rnd.IntN(90))}
	if rnd.IntN(2) == 0 {
		write(out, mark, img.Rect.Dx()/8, img.Rect.Dy()*(1+rnd.IntN(3))/4, 4, ink)
		return out
	}
	for y := 30; y < img.Rect.Dy(); y += 70 {
		for x := rnd.IntN(40); x < img.Rect.Dx(); x += 7*2*len(mark) + 40 {
			write(out, mark, x, y, 2, ink)
		}
	}
	return out
}

// screenshot is the picture as a telephone or a browser shows it: bars above and below, some of the ground beside.
func screenshot(img *image.RGBA, rnd *rand.Rand) image.Image {
	ground := []color.RGBA{{250, 250, 250, 255}, {18, 18, 18, 255}, {32, 33, 36, 255}}[rnd.IntN(3)]
	ink := blend(ground, color.RGBA{255 - ground.R, 255 - ground.G, 255 - ground.B, 255}, 0.8)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	beside := 0
	if rnd.IntN(2) == 0 {
		beside = w * (2 + rnd.IntN(10)) / 100
	}
	above, below := h*(8+rnd.IntN(14))/100, h*(6+rnd.IntN(14))/100
	out := toRGBA(framed(img, beside, above, beside, below, ground))
	write(out, "12:34   "+words(rnd, 2), 8, 14, 1, ink)
	for i := range 4 {
		r := float64(below) / 5
		shape(out, float64(out.Rect.Dx())*(float64(i)+.5)/4, float64(out.Rect.Dy())-float64(below)/2, r, r, 0, i%2 == 0, ink, anyColour(rnd))
	}
	return out
}

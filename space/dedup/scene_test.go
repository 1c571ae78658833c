package dedup

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
)

// scene draws a picture with a sky, a ground, some dozens of shapes and a texture: as rich as a photograph, other for
// each seed.
func scene(seed uint64, width, height int) *image.RGBA {
	rnd := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	sky, ground := randomColour(rnd), randomColour(rnd)
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, blend(sky, ground, float64(y)/float64(height)))
		}
	}
	for range 25 + rnd.IntN(30) {
		drawShape(img, rnd)
	}
	addTexture(img, rnd)
	return img
}

func randomColour(rnd *rand.Rand) color.RGBA {
	return color.RGBA{uint8(rnd.IntN(256)), uint8(rnd.IntN(256)), uint8(rnd.IntN(256)), 255}
}

func blend(a, b color.RGBA, t float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// drawShape draws a turned ellipse or bar.
func drawShape(img *image.RGBA, rnd *rand.Rand) {
	size := img.Bounds().Size()
	cx, cy := rnd.Float64()*float64(size.X), rnd.Float64()*float64(size.Y)
	long := float64(max(size.X, size.Y))
	a, b := long*(0.02+0.2*rnd.Float64()*rnd.Float64()), long*(0.01+0.15*rnd.Float64()*rnd.Float64())
	sin, cos := math.Sincos(rnd.Float64() * math.Pi)
	from, to := randomColour(rnd), randomColour(rnd)
	isBar := rnd.IntN(2) == 0
	reach := int(a + b)
	for y := max(0, int(cy)-reach); y < min(size.Y, int(cy)+reach); y++ {
		for x := max(0, int(cx)-reach); x < min(size.X, int(cx)+reach); x++ {
			u := ((float64(x)-cx)*cos + (float64(y)-cy)*sin) / a
			v := ((float64(y)-cy)*cos - (float64(x)-cx)*sin) / b
			if isBar && math.Abs(u) < 1 && math.Abs(v) < 1 || !isBar && u*u+v*v < 1 {
				img.SetRGBA(x, y, blend(from, to, (u+1)/2))
			}
		}
	}
}

// addTexture lays waves of several lengths over the picture.
func addTexture(img *image.RGBA, rnd *rand.Rand) {
	type wave struct{ x, y, phase, height float64 }
	var waves []wave
	for range 12 {
		length := 4 + 60*rnd.Float64()
		sin, cos := math.Sincos(rnd.Float64() * 2 * math.Pi)
		waves = append(waves, wave{cos * 2 * math.Pi / length, sin * 2 * math.Pi / length, rnd.Float64() * 6, 1 + 4*rnd.Float64()})
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			var d float64
			for _, w := range waves {
				d += w.height * math.Sin(w.x*float64(x)+w.y*float64(y)+w.phase)
			}
			at := img.PixOffset(x, y)
			for c := range 3 {
				img.Pix[at+c] = uint8(min(255, max(0, float64(img.Pix[at+c])+d)))
			}
		}
	}
}

// edit is something that people do to pictures.
type edit struct {
	name string
	do   func(testing.TB, image.Image) image.Image
	// isCrop: the hash is not asked to see it, findCrop is.
	isCrop bool
}

func edits() []edit {
	plain := func(name string, do func(image.Image) image.Image) edit {
		return edit{name: name, do: func(_ testing.TB, img image.Image) image.Image { return do(img) }}
	}
	list := []edit{
		plain("same", func(img image.Image) image.Image { return img }),
		plain("resize 0.25", func(img image.Image) image.Image { return resize(img, 0.25) }),
		plain("resize 0.5", func(img image.Image) image.Image { return resize(img, 0.5) }),
		plain("resize 0.73", func(img image.Image) image.Image { return resize(img, 0.73) }),
		plain("resize 2", func(img image.Image) image.Image { return resize(img, 2) }),
		plain("brighter", func(img image.Image) image.Image { return tone(img, func(v float64) float64 { return v + 0.15 }) }),
		plain("darker", func(img image.Image) image.Image { return tone(img, func(v float64) float64 { return v - 0.15 }) }),
		plain("contrast 0.7", func(img image.Image) image.Image {
			return tone(img, func(v float64) float64 { return 0.5 + 0.7*(v-0.5) })
		}),
		plain("contrast 1.4", func(img image.Image) image.Image {
			return tone(img, func(v float64) float64 { return 0.5 + 1.4*(v-0.5) })
		}),
		plain("gamma 0.6", func(img image.Image) image.Image {
			return tone(img, func(v float64) float64 { return math.Pow(v, 0.6) })
		}),
		plain("gamma 1.6", func(img image.Image) image.Image {
			return tone(img, func(v float64) float64 { return math.Pow(v, 1.6) })
		}),
		plain("grey", greyed),
		plain("crop 2 %", func(img image.Image) image.Image { return cropped(img, 0.01, 0.01, 0.01, 0.01) }),
	}
	for t := mirrored; t < transforms; t++ {
		list = append(list, plain(t.String(), func(img image.Image) image.Image { return turned(img, t) }))
	}
	for _, q := range []int{10, 30, 60, 95} {
		list = append(list, edit{name: "jpeg " + string(rune('0'+q/10)) + string(rune('0'+q%10)), do: func(t testing.TB, img image.Image) image.Image { return jpegged(t, img, q) }})
	}
	for _, c := range []struct {
		name                     string
		left, top, right, bottom float64
		t                        transform
	}{
		{"crop 5 % of each side", .05, .05, .05, .05, asIs},
		{"crop 10 % left", .1, 0, 0, 0, asIs},
		{"crop 10 % of each side", .1, .1, .1, .1, asIs},
		{"crop 20 % right and bottom", 0, 0, .2, .2, asIs},
		{"crop 20 % top", 0, .2, 0, 0, asIs},
		{"crop 15 %, mirrored", .15, .05, 0, .1, mirrored},
		{"crop 15 %, rotated 90°", .15, .05, 0, .1, rotated90},
	} {
		list = append(list, edit{name: c.name, isCrop: true, do: func(_ testing.TB, img image.Image) image.Image {
			return turned(cropped(img, c.left, c.top, c.right, c.bottom), c.t)
		}})
	}
	list = append(list, edit{name: "crop 10 %, half size, jpeg 50, brighter", isCrop: true, do: func(t testing.TB, img image.Image) image.Image {
		small := resize(cropped(img, .1, .05, .0, .05), 0.5)
		return jpegged(t, tone(small, func(v float64) float64 { return v*1.1 + 0.03 }), 50)
	}})
	return list
}

func resize(img image.Image, by float64) image.Image {
	size := img.Bounds().Size()
	out := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(size.X)*by)), max(1, int(float64(size.Y)*by))))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

func rgba(img image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out
}

func tone(img image.Image, curve func(float64) float64) image.Image {
	out := rgba(img)
	for i := range out.Pix {
		if i%4 != 3 {
			out.Pix[i] = uint8(255 * min(1, max(0, curve(float64(out.Pix[i])/255))))
		}
	}
	return out
}

func greyed(img image.Image) image.Image {
	out := image.NewGray(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out
}

// cropped cuts off shares of the sides.
func cropped(img image.Image, left, top, right, bottom float64) image.Image {
	b := img.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	inner := image.Rect(b.Min.X+int(w*left), b.Min.Y+int(h*top), b.Max.X-int(w*right), b.Max.Y-int(h*bottom))
	out := image.NewRGBA(image.Rect(0, 0, inner.Dx(), inner.Dy()))
	draw.Draw(out, out.Bounds(), img, inner.Min, draw.Src)
	return out
}

// turned turns a picture step by step, by other means than transform.apply.
func turned(img image.Image, t transform) image.Image {
	quarter := func(img image.Image) image.Image {
		b := img.Bounds()
		out := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
		for y := range b.Dy() {
			for x := range b.Dx() {
				out.Set(b.Dy()-1-y, x, img.At(b.Min.X+x, b.Min.Y+y))
			}
		}
		return out
	}
	mirror := func(img image.Image) image.Image {
		b := img.Bounds()
		out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		for y := range b.Dy() {
			for x := range b.Dx() {
				out.Set(b.Dx()-1-x, y, img.At(b.Min.X+x, b.Min.Y+y))
			}
		}
		return out
	}
	quarters := map[transform]int{rotated90: 1, rotated180: 2, rotated270: 3, antiTransposed: 1, flipped: 2, transposed: 3}
	if t == mirrored || t == flipped || t == transposed || t == antiTransposed {
		img = mirror(img)
	}
	for range quarters[t] {
		img = quarter(img)
	}
	return img
}

func jpegged(t testing.TB, img image.Image, quality int) image.Image {
	out, err := jpeg.Decode(bytes.NewReader(jpegBytes(t, img, quality)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func jpegBytes(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

package dupeset

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// Kinds are the kinds of pictures that Base draws.
var Kinds = []string{"scene", "texture", "landscape", "page", "city", "portrait", "still life"}

// sizes of the pictures: of several shapes.
var sizes = []image.Point{{480, 360}, {360, 480}, {400, 400}, {512, 288}, {540, 360}}

// Base draws the i-th picture: all that it shows depends on i alone.
func Base(i int) *image.RGBA {
	rnd := rand.New(rand.NewPCG(uint64(i), 7))
	size := sizes[rnd.IntN(len(sizes))]
	switch Kinds[i%len(Kinds)] {
	case "texture":
		return texture(rnd, size)
	case "landscape":
		return landscape(rnd, size)
	case "page":
		return page(newLayout(rnd, size), rnd)
	case "city":
		return city(rnd, size)
	case "portrait":
		return portrait(rnd, size)
	case "still life":
		return newObject(rnd).seen(rnd, size, rnd.Float64()*6)
	}
	return scene(rnd, size)
}

func blank(size image.Point) *image.RGBA {
	return image.NewRGBA(image.Rectangle{Max: size})
}

func anyColour(rnd *rand.Rand) color.RGBA {
	return color.RGBA{uint8(rnd.IntN(256)), uint8(rnd.IntN(256)), uint8(rnd.IntN(256)), 255}
}

func blend(a, b color.RGBA, t float64) color.RGBA {
	t = min(max(t, 0), 1)
	mix := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// paint sets every pixel.
func paint(img *image.RGBA, at func(x, y int) color.RGBA) {
	size := img.Rect.Size()
	for y := range size.Y {
		for x := range size.X {
			img.SetRGBA(x, y, at(x, y))
		}
	}
}

func gradient(img *image.RGBA, top, bottom color.RGBA) {
	height := float64(img.Rect.Dy())
	paint(img, func(_, y int) color.RGBA { return blend(top, bottom, float64(y)/height) })
}

// shape draws an ellipse or a bar about a centre, turned, with half sides a and b.
func shape(img *image.RGBA, cx, cy, a, b, turn float64, isBar bool, from, to color.RGBA) {
	size := img.Rect.Size()
	sin, cos := math.Sincos(turn)
	reach := int(a + b + 1)
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

// shapes draws n shapes of sizes up to largest, a share of the longer side.
func shapes(img *image.RGBA, rnd *rand.Rand, n int, largest float64) {
	size := img.Rect.Size()
	long := float64(max(size.X, size.Y))
	for range n {
		shape(img, rnd.Float64()*float64(size.X), rnd.Float64()*float64(size.Y),
			long*(0.015+largest*rnd.Float64()*rnd.Float64()), long*(0.01+largest*0.8*rnd.Float64()*rnd.Float64()),
			rnd.Float64()*math.Pi, rnd.IntN(2) == 0, anyColour(rnd), anyColour(rnd))
	}
}

// noiseField is smooth noise, 0 to 1, of several octaves (value noise).
type noiseField struct {
	seed    uint64
	length  float64 // pixels of the longest waves
	octaves int
	rough   float64 // height of each octave in that of the one before
}

func (f noiseField) at(x, y float64) float64 {
	sum, weight, total := 0.0, 1.0, 0.0
	length := f.length
	for octave := range f.octaves {
		sum += weight * f.lattice(x/length, y/length, uint64(octave))
		total += weight
		weight *= f.rough
		length /= 2
	}
	return sum / total
}

func (f noiseField) lattice(x, y float64, octave uint64) float64 {
	left, top := math.Floor(x), math.Floor(y)
	u, v := x-left, y-top
	u, v = u*u*(3-2*u), v*v*(3-2*v)
	value := func(i, j float64) float64 {
		h := f.seed*0x9e3779b97f4a7c15 + octave*0xbf58476d1ce4e5b9 + uint64(int64(i))*0x94d049bb133111eb + uint64(int64(j))*0xd6e8feb86659fd93
		h ^= h >> 32
		h *= 0xd6e8feb86659fd93
		h ^= h >> 29
		return float64(h%4096) / 4095
	}
	above := value(left, top)*(1-u) + value(left+1, top)*u
	below := value(left, top+1)*(1-u) + value(left+1, top+1)*u
	return above*(1-v) + below*v
}

func anyField(rnd *rand.Rand, length float64) noiseField {
	return noiseField{rnd.Uint64(), length, 4, 0.4 + 0.3*rnd.Float64()}
}

// grain adds smooth noise of up to height levels.
func grain(img *image.RGBA, field noiseField, height float64) {
	size := img.Rect.Size()
	for y := range size.Y {
		for x := range size.X {
			shift(img, x, y, height*(field.at(float64(x), float64(y))-0.5))
		}
	}
}

// shift makes a pixel brighter.
func shift(img *image.RGBA, x, y int, by float64) {
	at := img.PixOffset(x, y)
	for c := range 3 {
		img.Pix[at+c] = uint8(min(255, max(0, float64(img.Pix[at+c])+by)))
	}
}

// scene is a sky, a ground and some dozens of shapes.
func scene(rnd *rand.Rand, size image.Point) *image.RGBA {
	img := blank(size)
	gradient(img, anyColour(rnd), anyColour(rnd))
	shapes(img, rnd, 20+rnd.IntN(30), 0.2)
	grain(img, anyField(rnd, 12), 30)
	return img
}

// texture is cloudy, in three colours, maybe in stripes.
func texture(rnd *rand.Rand, size image.Point) *image.RGBA {
	img := blank(size)
	field, other := anyField(rnd, 20+90*rnd.Float64()), anyField(rnd, 40+60*rnd.Float64())
	a, b, c := anyColour(rnd), anyColour(rnd), anyColour(rnd)
	stripes, turn := 6*rnd.Float64()*float64(rnd.IntN(2)), rnd.Float64()*math.Pi
	sin, cos := math.Sincos(turn)
	paint(img, func(x, y int) color.RGBA {
		v := field.at(float64(x), float64(y))
		if stripes > 0 {
			v += 0.3 * math.Sin((float64(x)*cos+float64(y)*sin)/(3+stripes)+6*other.at(float64(x), float64(y)))
		}
		return blend(blend(a, b, 2*v-0.5), c, 2*other.at(float64(x), float64(y))-0.7)
	})
	return img
}

// landscape is ridges before a sky, with a sun and trees.
func landscape(rnd *rand.Rand, size image.Point) *image.RGBA {
	img := blank(size)
	sky, haze := anyColour(rnd), anyColour(rnd)
	gradient(img, sky, haze)
	w, h := float64(size.X), float64(size.Y)
	r := h * (0.03 + 0.06*rnd.Float64())
	shape(img, w*rnd.Float64(), h*0.4*rnd.Float64(), r, r, 0, false, color.RGBA{255, 240, 200, 255}, color.RGBA{255, 220, 120, 255})
	clouds := anyField(rnd, 120)
	for y := range size.Y / 2 {
		for x := range size.X {
			shift(img, x, y, 90*max(0, clouds.at(float64(x), 2*float64(y))-0.5))
		}
	}
	for ridge := range 4 + rnd.IntN(3) {
		line, surface := anyField(rnd, 60+120*rnd.Float64()), anyField(rnd, 16)
		ground := anyColour(rnd)
		level := h * (0.35 + 0.14*float64(ridge))
		for x := range size.X {
			for y := max(0, int(level-h*0.3*line.at(float64(x), float64(ridge)*999))); y < size.Y; y++ {
				img.SetRGBA(x, y, blend(ground, color.RGBA{10, 20, 10, 255}, surface.at(float64(x), float64(y))))
			}
		}
	}
	for range 5 + rnd.IntN(12) {
		x, y, tall := w*rnd.Float64(), h*(0.6+0.4*rnd.Float64()), h*(0.04+0.1*rnd.Float64())
		shape(img, x, y, tall*0.08, tall, 0, true, color.RGBA{60, 40, 20, 255}, color.RGBA{40, 25, 10, 255})
		shape(img, x, y-tall, tall*0.5, tall*0.8, 0, false, anyColour(rnd), color.RGBA{20, 80, 30, 255})
	}
	return img
}

// city is houses with windows, some of them lit.
func city(rnd *rand.Rand, size image.Point) *image.RGBA {
	img := blank(size)
	gradient(img, anyColour(rnd), anyColour(rnd))
	w, h := float64(size.X), float64(size.Y)
	for row := range 3 {
		for x := -w * 0.05; x < w; {
			width, height := w*(0.06+0.12*rnd.Float64()), h*(0.2+0.5*rnd.Float64())*(1-0.2*float64(row))
			wall := anyColour(rnd)
			shape(img, x+width/2, h-height/2, width/2, height/2, 0, true, wall, blend(wall, color.RGBA{A: 255}, 0.4))
			pane := width / float64(3+rnd.IntN(4))
			for wx := x + pane/2; wx < x+width-pane/2; wx += pane {
				for wy := h - height + pane/2; wy < h; wy += pane * 1.3 {
					light := color.RGBA{250, 220, 130, 255}
					if rnd.IntN(3) > 0 {
						light = blend(wall, color.RGBA{A: 255}, 0.7)
					}
					shape(img, wx, wy, pane*0.28, pane*0.4, 0, true, light, light)
				}
			}
			x += width * (0.9 + 0.3*rnd.Float64())
		}
	}
	grain(img, anyField(rnd, 6), 16)
	return img
}

// portrait is a large soft head before a blurred room: a picture with few details.
func portrait(rnd *rand.Rand, size image.Point) *image.RGBA {
	img := blank(size)
	field := noiseField{rnd.Uint64(), 100, 3, 0.4}
	a, b := anyColour(rnd), anyColour(rnd)
	paint(img, func(x, y int) color.RGBA { return blend(a, b, 1.5*field.at(float64(x), float64(y))-0.2) })
	w, h := float64(size.X), float64(size.Y)
	cx, cy, r := w*(0.35+0.3*rnd.Float64()), h*(0.4+0.1*rnd.Float64()), min(w, h)*(0.2+0.1*rnd.Float64())
	skin, hair, cloth := anyColour(rnd), anyColour(rnd), anyColour(rnd)
	shape(img, cx, cy+r*2.2, r*1.7, r*1.3, 0, false, cloth, blend(cloth, color.RGBA{A: 255}, 0.5))
	shape(img, cx, cy-r*0.35, r*1.05, r*1.1, 0, false, hair, blend(hair, color.RGBA{A: 255}, 0.6))
	shape(img, cx, cy, r*0.8, r, 0, false, blend(skin, color.RGBA{255, 255, 255, 255}, 0.4), skin)
	for _, side := range []float64{-1, 1} {
		shape(img, cx+side*r*0.32, cy-r*0.15, r*0.13, r*0.08, 0, false, color.RGBA{250, 250, 250, 255}, color.RGBA{230, 230, 230, 255})
		shape(img, cx+side*r*0.32+r*0.1*(rnd.Float64()-0.5), cy-r*0.15, r*0.06, r*0.07, 0, false, anyColour(rnd), color.RGBA{A: 255})
		shape(img, cx+side*r*0.33, cy-r*0.35, r*0.18, r*0.03, side*0.2, true, hair, hair)
	}
	shape(img, cx, cy+r*0.2, r*0.06, r*0.18, 0, false, skin, blend(skin, color.RGBA{A: 255}, 0.3))
	shape(img, cx, cy+r*0.5, r*(0.15+0.2*rnd.Float64()), r*0.06, 0, false, color.RGBA{180, 50, 60, 255}, color.RGBA{140, 30, 40, 255})
	strands := anyField(rnd, 5)
	grain(img, strands, 14)
	return img
}

package dupeset

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Alike are some pictures that look alike and are no copies of each other.
type Alike struct {
	Kind   string // "burst", "other side" or "other text"
	Images []*image.RGBA
}

// AlikeKinds are the kinds of Alike.
var AlikeKinds = []string{"burst", "other side", "other text"}

// AlikeImages is how many pictures there are in each.
const AlikeImages = 3

// NewAlike draws the i-th set, of the kind AlikeKinds[i%len(AlikeKinds)].
func NewAlike(i int) Alike {
	rnd := rand.New(rand.NewPCG(uint64(i), 8))
	size := sizes[rnd.IntN(len(sizes))]
	switch kind := AlikeKinds[i%len(AlikeKinds)]; kind {
	case "burst":
		return Alike{kind, burst(rnd, size)}
	case "other side":
		return Alike{kind, sides(rnd, size)}
	default:
		return Alike{kind, texts(rnd, size)}
	}
}

// burst is three photographs one after another: whoever is in them moves by 4 to 15 % of the width, the camera by up
// to 1 %, the light a little, and the sensor's noise is another one.
func burst(rnd *rand.Rand, size image.Point) []*image.RGBA {
	margin := size.X / 50
	large := size.Add(image.Pt(2*margin, 2*margin))
	var back *image.RGBA
	switch rnd.IntN(3) {
	case 0:
		back = scene(rnd, large)
	case 1:
		back = landscape(rnd, large)
	default:
		back = city(rnd, large)
	}
	who := rnd.Uint64()
	tall := float64(size.Y) * (0.12 + 0.12*rnd.Float64())
	x, y := float64(size.X)*(0.25+0.4*rnd.Float64()), float64(size.Y)*(0.4+0.3*rnd.Float64())
	way := 1.0
	if rnd.IntN(2) == 0 {
		way = -1
	}
	images := make([]*image.RGBA, AlikeImages)
	for i := range images {
		shot := blank(large)
		copy(shot.Pix, back.Pix)
		figure(shot, rand.New(rand.NewPCG(who, 1)), x, y, tall, float64(i)*0.5)
		dx, dy := rnd.IntN(margin+1), rnd.IntN(margin+1)
		images[i] = toRGBA(shot.SubImage(image.Rectangle{Min: image.Pt(dx, dy), Max: image.Pt(dx, dy).Add(size)}))
		light := 8 * (rnd.Float64() - 0.5)
		for py := range size.Y {
			for px := range size.X {
				shift(images[i], px, py, light+3*rnd.NormFloat64())
			}
		}
		x += way * float64(size.X) * (0.04 + 0.11*rnd.Float64())
	}
	return images
}

// figure is somebody of some height, about a place, in a posture.
func figure(img *image.RGBA, rnd *rand.Rand, x, y, tall, posture float64) {
	cloth, legs, skin := anyColour(rnd), anyColour(rnd), anyColour(rnd)
	for _, side := range []float64{-1, 1} {
		swing := side * (0.25 + 0.2*math.Sin(posture*3+side))
		shape(img, x+tall*0.2*swing*2, y+tall*0.65, tall*0.09, tall*0.4, -swing, true, legs, blend(legs, color.RGBA{A: 255}, 0.5))
		shape(img, x+side*tall*0.24, y-tall*0.05, tall*0.07, tall*0.34, swing*1.5, true, cloth, skin)
	}
	shape(img, x, y, tall*0.2, tall*0.4, 0, false, cloth, blend(cloth, color.RGBA{255, 255, 255, 255}, 0.4))
	shape(img, x, y-tall*0.55, tall*0.15, tall*0.18, 0, false, skin, blend(skin, color.RGBA{A: 255}, 0.3))
}

// object is a thing in space: coloured balls and bars about its middle.
type object struct {
	parts      []part
	table, far color.RGBA
}

type part struct {
	x, y, z, r float64
	isBar      bool
	from, to   color.RGBA
}

func newObject(rnd *rand.Rand) object {
	o := object{table: anyColour(rnd), far: anyColour(rnd)}
	for range 14 + rnd.IntN(8) {
		o.parts = append(o.parts, part{
			rnd.Float64()*2 - 1, rnd.Float64()*1.6 - 0.8, rnd.Float64()*2 - 1, 0.12 + 0.2*rnd.Float64(),
			rnd.IntN(3) == 0, anyColour(rnd), anyColour(rnd),
		})
	}
	return o
}

// seen is the object from a direction, in radians about its upright axis.
func (o object) seen(rnd *rand.Rand, size image.Point, from float64) *image.RGBA {
	img := blank(size)
	gradient(img, o.far, o.table)
	sin, cos := math.Sincos(from)
	turned := slices.Clone(o.parts)
	for i, p := range o.parts {
		turned[i].x, turned[i].z = p.x*cos-p.z*sin, p.x*sin+p.z*cos
	}
	slices.SortFunc(turned, func(a, b part) int { // the far ones first
		if a.z < b.z {
			return -1
		}
		return 1
	})
	w, h := float64(size.X), float64(size.Y)
	reach := min(w, h) * 0.36
	for _, p := range turned {
		near := 3 / (3 - p.z)
		shape(img, w/2+p.x*reach*near, h/2+p.y*reach*near, p.r*reach*near, p.r*reach*near*0.8, p.x, p.isBar, p.from, p.to)
	}
	grain(img, anyField(rnd, 8), 12)
	return img
}

// sides is one object from three directions, 50 to 110 degrees apart.
func sides(rnd *rand.Rand, size image.Point) []*image.RGBA {
	o := newObject(rnd)
	from := rnd.Float64() * 6
	images := make([]*image.RGBA, AlikeImages)
	for i := range images {
		images[i] = o.seen(rnd, size, from)
		from += 0.9 + rnd.Float64()
	}
	return images
}

// layout is a page without its words: colours, a band, a picture, where the lines stand.
type layout struct {
	size              image.Point
	paper, band, ink  color.RGBA
	bandHigh          int
	picture           image.Rectangle
	drawing           uint64
	lines, scale      int
	top, left, indent int
}

func newLayout(rnd *rand.Rand, size image.Point) layout {
	pale := func() color.RGBA { return blend(anyColour(rnd), color.RGBA{255, 255, 255, 255}, 0.6) }
	l := layout{size: size, paper: pale(), band: anyColour(rnd), drawing: rnd.Uint64(), scale: 1 + rnd.IntN(2)}
	l.ink = blend(anyColour(rnd), color.RGBA{A: 255}, 0.7)
	l.bandHigh = size.Y * (8 + rnd.IntN(14)) / 100
	side := min(size.X, size.Y) * (25 + rnd.IntN(20)) / 100
	x := rnd.IntN(2) * (size.X - side - 16)
	l.picture = image.Rect(8, 0, 8+side, side).Add(image.Pt(x, l.bandHigh+8+rnd.IntN(size.Y/8)))
	l.left, l.top = 12, l.bandHigh+20
	if x == 0 {
		l.left = side + 20
	}
	l.lines = (size.Y - l.top) / (16 * l.scale)
	return l
}

// page is a layout with words.
func page(l layout, rnd *rand.Rand) *image.RGBA {
	img := blank(l.size)
	gradient(img, l.paper, blend(l.paper, color.RGBA{A: 255}, 0.15))
	w, h := float64(l.size.X), float64(l.bandHigh)
	shape(img, w/2, h/2, w/2, h/2, 0, true, l.band, blend(l.band, color.RGBA{255, 255, 255, 255}, 0.4))
	small := scene(rand.New(rand.NewPCG(l.drawing, 3)), l.picture.Size())
	for y := range small.Rect.Dy() {
		copy(img.Pix[img.PixOffset(l.picture.Min.X, min(l.picture.Min.Y+y, l.size.Y-1)):], small.Pix[y*small.Stride:(y+1)*small.Stride])
	}
	write(img, words(rnd, 2), 10, l.bandHigh*2/3, 2, color.RGBA{255, 255, 255, 255})
	for line := range l.lines {
		write(img, words(rnd, 3+rnd.IntN(4)), l.left, l.top+16*l.scale*line+12, l.scale, l.ink)
	}
	return img
}

// texts is one layout with three texts.
func texts(rnd *rand.Rand, size image.Point) []*image.RGBA {
	l := newLayout(rnd, size)
	images := make([]*image.RGBA, AlikeImages)
	for i := range images {
		images[i] = page(l, rnd)
	}
	return images
}

var syllables = []string{"ba", "ko", "rin", "sta", "me", "lo", "thu", "vex", "ne", "qui", "pra", "do", "wi", "gam", "ter", "jol"}

func words(rnd *rand.Rand, n int) string {
	text := ""
	for range n {
		for range 1 + rnd.IntN(3) {
			text += syllables[rnd.IntN(len(syllables))]
		}
		if rnd.IntN(5) == 0 {
			text += fmt.Sprint(rnd.IntN(1000))
		}
		text += " "
	}
	return text
}

// write writes a line with its baseline at y, enlarged scale times.
func write(img *image.RGBA, text string, x, y, scale int, ink color.RGBA) {
	width := 7 * len(text)
	line := image.NewAlpha(image.Rect(0, 0, width, 15))
	d := font.Drawer{Dst: line, Src: image.Opaque, Face: basicfont.Face7x13, Dot: fixed.P(0, 11)}
	d.DrawString(text)
	for py := range 15 * scale {
		for px := range width * scale {
			if p := image.Pt(x+px, y-11*scale+py); p.In(img.Rect) && line.AlphaAt(px/scale, py/scale).A > 127 {
				at := img.PixOffset(p.X, p.Y)
				was := color.RGBA{img.Pix[at], img.Pix[at+1], img.Pix[at+2], 255}
				img.SetRGBA(p.X, p.Y, blend(was, ink, float64(ink.A)/255))
			}
		}
	}
}

func toRGBA(img image.Image) *image.RGBA {
	n := imaging.Clone(img)
	out := image.NewRGBA(n.Rect)
	copy(out.Pix, n.Pix) // opaque: NRGBA and RGBA are the same
	return out
}

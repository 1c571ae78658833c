package preprocess

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"testing"
)

// towerSpec is a model's preprocessing as CLIP has it, at another size.
func towerSpec(side int) Spec {
	return Spec{
		Mode: ResizeShortest, Filter: Bicubic, ResizeHeight: side, Height: side, Width: side, Crop: true, Rescale: 1.0 / 255,
		Mean: [3]float64{0.48145466, 0.4578275, 0.40821073}, Std: [3]float64{0.26862954, 0.26130258, 0.27577711},
	}
}

// photo is a JPEG that resembles a photograph: shapes of many sizes, shading, texture.
func photo(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	unit := float64(min(width, height)) / 100
	grain := uint32(1)
	for y := range height {
		for x := range width {
			u, v := float64(x)/unit, float64(y)/unit
			shade := 110 + 60*math.Sin(u/17)*math.Cos(v/23) + 25*math.Sin(u*1.3+v*0.7)
			if math.Hypot(u-40, v-50) < 22 {
				shade = 200 - 2*math.Hypot(u-33, v-42)
			}
			if int(u/9)%2 == 0 && v > 70 {
				shade -= 50
			}
			grain = grain*1664525 + 1013904223
			noise := float64(grain>>28) - 7.5
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = clamp8(int32(shade+20*math.Sin(v/9)+noise)), clamp8(int32(shade+noise)), clamp8(int32(shade-25*math.Cos(u/31)+noise)), 255
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

func TestShrinkage(t *testing.T) {
	for _, c := range []struct{ width, height, targetWidth, targetHeight, want int }{
		{4000, 3000, 298, 224, 4},
		{640, 480, 298, 224, 1},
		{1343, 1344, 224, 224, 1},
		{1344, 1344, 224, 224, 2},
		{2688, 2688, 224, 224, 4},
		{7168, 7168, 224, 224, 8},
		{60000, 60000, 224, 224, 8},
		{8000, 400, 224, 224, 1}, // squashed: one direction has too few
	} {
		if got := shrinkage(c.width, c.height, c.targetWidth, c.targetHeight); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// TestReducedDecoding: in each orientation, at sizes that no block divides, a JPEG decoded for a Spec gives the pixel
// values that the whole picture gives, and these are nearly those of all pixels.
func TestReducedDecoding(t *testing.T) {
	spec := towerSpec(56)
	for i, size := range []image.Point{{640, 480}, {641, 479}, {337, 500}, {1001, 341}, {677, 672}, {1800, 1793}} {
		data := photo(t, size.X, size.Y)
		for orientation := 1; orientation <= 8; orientation++ {
			if i > 1 && orientation != 1 && orientation != 7 {
				continue
			}
			t.Run(fmt.Sprintf("%dx%d-%d", size.X, size.Y, orientation), func(t *testing.T) {
				file := withExif(t, data, uint16(orientation), nil, nil)
				whole, err := Decode("whole.jpg", file, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				reduced, err := spec.Decode("reduced.jpg", file, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				if reduced.Width != whole.Width || reduced.Height != whole.Height || reduced.pixels != nil {
					t.Fatalf("%d x %d, all pixels: %v; want %d x %d, fewer", reduced.Width, reduced.Height, reduced.pixels != nil, whole.Width, whole.Height)
				}
				exact, ofWhole, ofReduced := make([]float32, spec.Len()), make([]float32, spec.Len()), make([]float32, spec.Len())
				spec.ExactPixels(whole, exact)
				spec.Pixels(whole, ofWhole)
				spec.Pixels(reduced, ofReduced)
				if fmt.Sprint(ofWhole) != fmt.Sprint(ofReduced) {
					t.Error("the whole picture and the reduced one have other pixel values")
				}
				if c := cosine(exact, ofWhole); c < 0.9999 {
					t.Errorf("cosine to the pixel values of all pixels: %.6f", c)
				}
				spec.ExactPixels(reduced, ofReduced)
				if fmt.Sprint(exact) != fmt.Sprint(ofReduced) {
					t.Error("exact pixel values of a reduced picture are others")
				}
			})
		}
	}
}

// TestReducedDecodingRefuses: what is cut or damaged is refused as by Decode.
func TestReducedDecodingRefuses(t *testing.T) {
	data := photo(t, 500, 400)
	spec := towerSpec(32)
	for _, n := range []int{0, 10, 700, len(data) / 2, len(data) - 20} {
		_, want := Decode("cut.jpg", data[:n], Limits{})
		_, err := spec.Decode("cut.jpg", data[:n], Limits{})
		if fmt.Sprint(err) != fmt.Sprint(want) || err == nil {
			t.Errorf("the first %d bytes: %v; Decode says %v", n, err, want)
		}
	}
}

// TestReducedThumbnail: a thumbnail of a large photograph is made of few pixels, and looks as one made of all.
func TestReducedThumbnail(t *testing.T) {
	file := withExif(t, photo(t, 1300, 900), 6, nil, nil)
	spec := towerSpec(56)
	p, err := spec.Decode("large.jpg", file, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	full, err := Decode("large.jpg", file, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	thumbnail := func(p *Picture) *image.RGBA {
		data, err := p.Thumbnail(160)
		if err != nil {
			t.Fatal(err)
		}
		small, err := Decode("thumbnail", data, Limits{})
		if err != nil || small.Width != 111 || small.Height != 160 {
			t.Fatalf("%+v, %v", small, err)
		}
		return small.Image()
	}
	if most, mean := difference(t, thumbnail(p), thumbnail(full)); mean > 1.5 {
		t.Errorf("differs from the thumbnail of all pixels by %d levels at most, %.2f in the mean", most, mean)
	}
}

package preprocess

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/disintegration/imaging"
)

// The goldens in testdata are Pillow's and transformers'; testdata/goldens/make.py makes them and names the versions.

func readPNG(t testing.TB, path string) *image.RGBA {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return opaque(img)
}

// difference is the largest and the mean difference of two pictures' samples, in 8-bit levels.
func difference(t testing.TB, a, b *image.RGBA) (most int, mean float64) {
	t.Helper()
	if a.Rect != b.Rect {
		t.Fatalf("sizes differ: %v and %v", a.Rect.Size(), b.Rect.Size())
	}
	for y := range a.Rect.Dy() {
		for x := range 4 * a.Rect.Dx() {
			d := int(a.Pix[y*a.Stride+x]) - int(b.Pix[y*b.Stride+x])
			d = max(d, -d)
			most = max(most, d)
			mean += float64(d)
		}
	}
	return most, mean / float64(3*a.Rect.Dx()*a.Rect.Dy())
}

func TestDecodeEqualsPillow(t *testing.T) {
	paths, err := filepath.Glob("testdata/decode/*")
	if err != nil || len(paths) < 240 {
		t.Fatalf("%d files in testdata/decode (%v)", len(paths), err)
	}
	for _, path := range paths {
		if strings.Count(filepath.Base(path), ".") > 1 {
			continue // a golden
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Decode(path, data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			most, mean := difference(t, p.Image(), readPNG(t, path+".png"))
			if most != 0 {
				t.Errorf("differs from Pillow by up to %d levels, %.4f in the mean", most, mean)
			}
		})
	}
}

func TestResampleEqualsPillow(t *testing.T) {
	source := readPNG(t, "testdata/resample/source.png")
	for filter := Nearest; filter <= Hamming; filter++ {
		for _, size := range []image.Point{{17, 11}, {80, 60}, {53, 20}, {21, 37}, {1, 1}} {
			name := fmt.Sprintf("%s-%dx%d", filter, size.X, size.Y)
			t.Run(name, func(t *testing.T) {
				want := readPNG(t, "testdata/resample/"+name+".png")
				got := whole(source).resample(size.X, size.Y, filter, image.Rectangle{Max: size})
				if most, _ := difference(t, got, want); most != 0 {
					t.Errorf("differs from Pillow by up to %d levels", most)
				}
				window := image.Rect(size.X/3, size.Y/4, size.X, size.Y-size.Y/5)
				part := whole(source).resample(size.X, size.Y, filter, window)
				if most, _ := difference(t, part, asRGBA(imaging.Crop(want, window))); most != 0 {
					t.Errorf("window %v differs from the whole by up to %d levels", window, most)
				}
			})
		}
	}
}

type pixelCase struct {
	Name          string
	File          string
	Config        json.RawMessage
	Width, Height int
	RGB           string
	Shape         []int
	Values        string
}

// pixelCases are those of transformers and of Pillow by hand, and those of open_clip's own transform.
func pixelCases(t *testing.T) []pixelCase {
	t.Helper()
	return append(readPixelCases(t, "testdata/pixels.json.gz"), readPixelCases(t, "testdata/openclip.json.gz")...)
}

func readPixelCases(t *testing.T, path string) []pixelCase {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Cases []pixelCase }
	if err := json.NewDecoder(plain).Decode(&golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	return golden.Cases
}

func TestPixelsEqualReference(t *testing.T) {
	for _, c := range pixelCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			spec, err := ReadSpec(fstest.MapFS{c.File: {Data: c.Config}})
			if err != nil {
				t.Fatal(err)
			}
			if want := []int{3, spec.Height, spec.Width}; fmt.Sprint(c.Shape) != fmt.Sprint(want) {
				t.Fatalf("the reference's shape is %v, the spec's %v", c.Shape, want)
			}
			got := make([]float32, spec.Len())
			spec.Pixels(pictureOf(t, c), got)
			for i, want := range floats(t, c.Values) {
				if math.Abs(float64(got[i]-want)) > 1e-5 {
					t.Fatalf("value %d is %v, the reference's %v", i, got[i], want)
				}
			}
		})
	}
}

func pictureOf(t *testing.T, c pixelCase) *Picture {
	t.Helper()
	rgb, err := hex.DecodeString(c.RGB)
	if err != nil || len(rgb) != 3*c.Width*c.Height {
		t.Fatalf("rgb: %d bytes, %v", len(rgb), err)
	}
	img := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Width * c.Height {
		copy(img.Pix[4*i:], rgb[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return FromImage(c.Name, img)
}

func floats(t *testing.T, text string) []float32 {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

// TestResampleBesideImaging holds the resampler against another implementation on a larger picture: within one
// level, but for the few values where imaging's float weights round elsewhere.
func TestResampleBesideImaging(t *testing.T) {
	source := testScene(640, 480)
	for _, size := range []image.Point{{298, 224}, {100, 75}, {64, 300}} {
		want := imagingResize(source, size)
		got := whole(source).resample(size.X, size.Y, Bicubic, image.Rectangle{Max: size})
		if most, mean := difference(t, got, want); most > 1 || mean > 0.01 {
			t.Errorf("%v: differs from imaging by up to %d levels, %.4f in the mean", size, most, mean)
		}
	}
}

// testScene is smooth colour with hard edges, made without randomness.
func testScene(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = uint8(255*x/width), uint8(255*y/height), uint8((x*y)>>3), 255
			if (x/23+y/17)%3 == 0 {
				p[0], p[1], p[2] = 240, 30, 20
			}
		}
	}
	return img
}

func imagingResize(src image.Image, size image.Point) *image.RGBA {
	return asRGBA(imaging.Resize(src, size.X, size.Y, imaging.CatmullRom))
}

// asRGBA renames opaque pixels: at alpha 255 NRGBA and RGBA are the same bytes.
func asRGBA(img *image.NRGBA) *image.RGBA {
	return &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
}

//go:build unix

package preprocess

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"syscall"
	"testing"

	"github.com/clipd/clipd/preprocess/jpeg"
)

// The figures of docs/performance.md, "Pixels". cpu-ms/op is the processor time, which other work on the machine
// disturbs less than ns/op.

func measure(b *testing.B, name string, do func() error) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		start, n := processorTime(b), 0
		for b.Loop() {
			if err := do(); err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric((processorTime(b)-start)/float64(n), "cpu-ms/op")
	})
}

func processorTime(b *testing.B) (milliseconds float64) {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e6
}

var benchSizes = []image.Point{{X: 640, Y: 480}, {X: 4000, Y: 3000}}

// BenchmarkDecode: JPEG, whole and reduced, beside the standard library; a small picture of each other format.
func BenchmarkDecode(b *testing.B) {
	for _, size := range benchSizes {
		data := photo(b, size.X, size.Y)
		name := fmt.Sprintf("jpeg-%dx%d", size.X, size.Y)
		b.Logf("%s: %d bytes", name, len(data))
		measure(b, name+"/standard-library", func() error {
			_, err := stdjpeg.Decode(bytes.NewReader(data))
			return err
		})
		for _, scale := range []int{1, 2, 4, 8} {
			measure(b, fmt.Sprintf("%s/own-1:%d", name, scale), func() error {
				_, err := jpeg.Decode(data, scale)
				return err
			})
		}
	}
	for _, name := range []string{"rgb.png", "lossy.webp", "still.gif", "rgb.bmp", "lzw.tiff", "photo420.avif", "photo420.heic"} {
		data, err := os.ReadFile("testdata/decode/" + name)
		if err != nil {
			b.Fatal(err)
		}
		measure(b, "small/"+name, func() error {
			_, err := Decode(name, data, Limits{})
			return err
		})
	}
}

// BenchmarkResize measures the resampler beside disintegration/imaging, in each direction of the scale.
func BenchmarkResize(b *testing.B) {
	for _, c := range []struct{ from, to image.Point }{
		{image.Pt(4000, 3000), image.Pt(298, 224)},
		{image.Pt(1000, 750), image.Pt(298, 224)},
		{image.Pt(640, 480), image.Pt(298, 224)},
		{image.Pt(100, 75), image.Pt(298, 224)},
	} {
		src := testScene(c.from.X, c.from.Y)
		name := fmt.Sprintf("%dx%d-%dx%d", c.from.X, c.from.Y, c.to.X, c.to.Y)
		measure(b, "own/"+name, func() error {
			whole(src).resample(c.to.X, c.to.Y, Bicubic, image.Rectangle{Max: c.to})
			return nil
		})
		measure(b, "imaging/"+name, func() error {
			imagingResize(src, c.to)
			return nil
		})
	}
}

// BenchmarkNormalise: 224 x 224 pixels to float32, channels first.
func BenchmarkNormalise(b *testing.B) {
	spec := towerSpec(224)
	part, values, tables := testScene(224, 224), make([]float32, spec.Len()), spec.tables()
	measure(b, "224x224", func() error {
		spec.normalise(values, part, image.Point{}, &tables)
		return nil
	})
}

// BenchmarkPixels: from a JPEG's bytes to pixel values, as a request does it and without its short cut.
func BenchmarkPixels(b *testing.B) {
	spec := towerSpec(224)
	values := make([]float32, spec.Len())
	for _, size := range benchSizes {
		data := photo(b, size.X, size.Y)
		name := fmt.Sprintf("%dx%d", size.X, size.Y)
		measure(b, name+"/reduced", func() error {
			p, err := spec.Decode("bench.jpg", data, Limits{})
			if err == nil {
				spec.Pixels(p, values)
			}
			return err
		})
		measure(b, name+"/exact", func() error {
			p, err := Decode("bench.jpg", data, Limits{})
			if err == nil {
				spec.ExactPixels(p, values)
			}
			return err
		})
	}
}

// BenchmarkThumbnail: of a large photograph that was decoded whole, as for a collection.
func BenchmarkThumbnail(b *testing.B) {
	p, err := Decode("bench.jpg", photo(b, 4000, 3000), Limits{})
	if err != nil {
		b.Fatal(err)
	}
	measure(b, "4000x3000-320", func() error {
		_, err := p.Thumbnail(320)
		return err
	})
}

// BenchmarkRead: from a JPEG's bytes to everything that a collection keeps of it but its perceptual hash, and to pixel
// values, in one pass; as stored, and turned upright.
func BenchmarkRead(b *testing.B) {
	spec := towerSpec(224)
	values := make([]float32, spec.Len())
	for _, size := range []image.Point{{X: 1600, Y: 1200}, {X: 4000, Y: 3000}} {
		data := photo(b, size.X, size.Y)
		for _, orientation := range []uint16{1, 6} {
			data := withExif(b, data, orientation, nil, nil)
			measure(b, fmt.Sprintf("%dx%d/orientation-%d", size.X, size.Y, orientation), func() error {
				var (
					digest *PixelDigest
					small  *Shrinker
				)
				p, err := spec.Read("bench.jpg", data, Limits{}, func(width, height int) func([]uint8) {
					digest, small = NewPixelDigest(width, height), NewShrinker(width, height, 320)
					return func(pixels []uint8) {
						digest.Row(pixels)
						small.Row(pixels)
					}
				})
				if err == nil {
					spec.Pixels(p, values)
					digest.Sum()
					_, err = p.EncodeThumbnail(small.Pixels())
				}
				return err
			})
		}
		measure(b, fmt.Sprintf("%dx%d/nothing-kept", size.X, size.Y), func() error {
			_, err := Read("bench.jpg", data, Limits{}, func(int, int) func([]uint8) { return func([]uint8) {} })
			return err
		})
	}
}

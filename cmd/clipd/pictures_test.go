package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// picture draws waves that differ with the seed: smooth, so that a smaller copy has nearly the same perceptual hash,
// and rich, so that two seeds have not.
func picture(seed, width, height int) image.Image {
	random := rand.New(rand.NewPCG(uint64(seed), 1))
	type wave struct{ across, down, phase, height float64 }
	var channels [3][8]wave
	for c := range channels {
		for w := range channels[c] {
			channels[c][w] = wave{math.Pi * random.Float64() * 9, math.Pi * random.Float64() * 9, 2 * math.Pi * random.Float64(), 40 * random.Float64()}
		}
	}
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			var level [3]uint8
			for c, waves := range channels {
				sum := 128.0
				for _, w := range waves {
					sum += w.height * math.Sin(w.across*u+w.down*v+w.phase)
				}
				level[c] = uint8(min(max(sum, 0), 255))
			}
			canvas.SetRGBA(x, y, color.RGBA{level[0], level[1], level[2], 255})
		}
	}
	return canvas
}

// collage draws rectangles and discs that differ with the seed: edges and corners wherever one looks, and no two seeds
// alike.
func collage(seed, width, height int) image.Image {
	random := rand.New(rand.NewPCG(uint64(seed), 2))
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	type shape struct {
		x, y, w, h float64
		round      bool
		fill       color.RGBA
	}
	shapes := []shape{{0.5, 0.5, 1, 1, false, color.RGBA{90, 110, 130, 255}}}
	for range 45 {
		shapes = append(shapes, shape{random.Float64(), random.Float64(), 0.04 + 0.16*random.Float64(), 0.04 + 0.16*random.Float64(),
			random.IntN(2) == 0, color.RGBA{uint8(random.IntN(256)), uint8(random.IntN(256)), uint8(random.IntN(256)), 255}})
	}
	for y := range height {
		for x := range width {
			for _, s := range shapes {
				u, v := ((float64(x)+0.5)/float64(width)-s.x)/s.w, ((float64(y)+0.5)/float64(height)-s.y)/s.h
				if inside := math.Abs(u) <= 0.5 && math.Abs(v) <= 0.5; inside && (!s.round || u*u+v*v <= 0.25) {
					canvas.SetRGBA(x, y, s.fill)
				}
			}
		}
	}
	return canvas
}

func jpegBytes(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngBytes(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hugePNG is the beginning of a PNG that claims so many pixels.
func hugePNG(width, height uint32) []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, header...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
}

func save(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// saveMany makes n different pictures in a new folder.
func saveMany(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		save(t, filepath.Join(dir, fmt.Sprintf("%04d.jpg", i)), jpegBytes(t, picture(i, 96, 72), 90))
	}
	return dir
}

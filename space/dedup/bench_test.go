package dedup

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/clipd/clipd/space"
)

func BenchmarkHash(b *testing.B) {
	rgb := scene(1, 640, 480)
	large := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for i := range large.Y {
		large.Y[i] = uint8(i * 7 / 4000)
	}
	for _, c := range []struct {
		name string
		img  image.Image
	}{{"RGBA 640x480", rgb}, {"RGBA 4000x3000", scene(1, 4000, 3000)}, {"YCbCr 4000x3000", large}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				Hash(c.img)
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	img := scene(1, 640, 480)
	for _, c := range []struct {
		name  string
		other image.Image
	}{{"resized", resize(img, 0.5)}, {"cropped", cropped(img, .1, .05, .05, .1)}, {"other", scene(2, 640, 480)}} {
		first, second := newView(img), newView(c.other)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				compare(first, second, asIs)
			}
		})
	}
	b.Run("features", func(b *testing.B) {
		v := newView(img)
		for b.Loop() {
			findFeatures(v.luma)
		}
	})
	thumbnail := jpegBytes(b, resize(img, 0.5), 82)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			decodeView(thumbnail)
		}
	})
}

func BenchmarkNearest(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		rnd := rand.New(rand.NewPCG(1, 1))
		hashes := make([]space.Hash256, n)
		for i := range hashes {
			hashes[i] = randomHash(rnd)
		}
		var x Hashes
		for i, h := range hashes {
			x.Put(uint32(i), h)
		}
		b.Run(fmt.Sprintf("%d hashes, all transforms, within %d", n, DefaultMaxDistance), func(b *testing.B) {
			i := 0
			for b.Loop() {
				x.nearest(hashes[i%n], DefaultMaxDistance, mostAlike)
				i++
			}
		})
	}
}

func randomHash(rnd *rand.Rand) space.Hash256 {
	return space.Hash256{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}
}

// BenchmarkInner looks for the frame of a thumbnail: none, and a letterbox.
func BenchmarkInner(b *testing.B) {
	img := scene(1, 320, 240)
	for name, thumbnail := range map[string]image.Image{"none": img, "letterbox": onGround(img, 0, 40, 0, 40, color.Black)} {
		small := rgba(thumbnail)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Inner(small)
			}
		})
	}
}

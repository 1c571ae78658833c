package dedup

import (
	"fmt"
	"image"
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
	}{{"RGBA 640x480", rgb}, {"YCbCr 4000x3000", large}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				Hash(c.img)
			}
		})
	}
}

func BenchmarkFindCrop(b *testing.B) {
	img := scene(1, 640, 480)
	whole, other := smallGrey(img), smallGrey(scene(2, 640, 480))
	part := smallGrey(cropped(img, .1, .05, .05, .1))
	b.Run("copy", func(b *testing.B) {
		for b.Loop() {
			findCrop(whole, part)
		}
	})
	b.Run("other", func(b *testing.B) {
		for b.Loop() {
			findCrop(whole, other)
		}
	})
}

func BenchmarkHashIndex(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		rnd := rand.New(rand.NewPCG(1, 1))
		hashes := make([]space.Hash256, n)
		for i := range hashes {
			hashes[i] = randomHash(rnd)
		}
		x := newHashIndex(hashes)
		b.Run(fmt.Sprintf("%d hashes, all transforms, within %d", n, DefaultMaxDistance), func(b *testing.B) {
			i := 0
			for b.Loop() {
				for _, h := range Transforms(hashes[i%n]) {
					x.within(h, DefaultMaxDistance, func(int, int) {})
				}
				i++
			}
		})
	}
}

func randomHash(rnd *rand.Rand) space.Hash256 {
	return space.Hash256{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}
}

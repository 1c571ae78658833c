package preprocess

import (
	"math/rand/v2"
	"testing"
)

func TestWeighersAgree(t *testing.T) {
	const seed = 11
	random := rand.New(rand.NewPCG(seed, seed))
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 511, 512, 513, 768} {
		for range 20 {
			pixels, weights := make([]uint8, 4*n+3), make([]int32, n)
			for i := range pixels {
				pixels[i] = uint8(random.UintN(256))
			}
			for i := range weights { // sums of weights stay near one, as taps' do, but reach over both ends
				weights[i] = int32((random.Float64()*3 - 1) * (1 << precision) / float64(max(n, 2)) * 2)
			}
			for offset := range 4 { // unaligned, too
				want := weighPlain(pixels[min(offset, 3):], weights)
				for i, weigh := range weighers() {
					if got := weigh(pixels[min(offset, 3):], weights); got != want {
						t.Fatalf("seed %d: weigher %d of %d pixels: %08x; the plain one %08x", seed, i, n, got, want)
					}
				}
			}
		}
	}
}

func BenchmarkWeigh(b *testing.B) {
	pixels, weights := make([]uint8, 4*54), make([]int32, 54)
	for i, weigh := range weighers() {
		name := "fastest"
		if i == len(weighers())-1 {
			name = "plain"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				weigh(pixels, weights)
			}
		})
	}
}

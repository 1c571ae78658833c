package preprocess

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPackRGB: rows of all lengths, and nothing is written behind them.
func TestPackRGB(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for width := range 40 {
		pixels, want := make([]uint8, 4*width), []uint8{}
		for i := range pixels {
			if pixels[i] = uint8(random.UintN(256)); i%4 != 3 {
				want = append(want, pixels[i])
			}
		}
		got := append(make([]uint8, 3*width), "untouched"...)
		packRGB(got[:3*width:3*width], pixels)
		if !bytes.Equal(got, append(want, "untouched"...)) {
			t.Fatalf("%d pixels: % x; want % x", width, got, want)
		}
	}
}

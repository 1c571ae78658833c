package dedup

import (
	"math/rand/v2"
	"testing"
)

// TestLumaShares: the sum of a colour's shares is its luma, in every bit.
func TestLumaShares(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	into := make([]float32, 1)
	for range 100_000 {
		p := []byte{uint8(random.UintN(256)), uint8(random.UintN(256)), uint8(random.UintN(256)), 255}
		quadsToFloats(p, into)
		if want := luma(p[0], p[1], p[2]); into[0] != want {
			t.Fatalf("%v: %v; want %v", p, into[0], want)
		}
	}
}

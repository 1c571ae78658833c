package dedup

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLumaShares: the sum of a colour's shares is its luma, in every bit.
func TestLumaShares(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	into := make([]float32, 1)
	for range 100_000 {
		p := []byte{uint8(random.UintN(256)), uint8(random.UintN(256)), uint8(random.UintN(256)), 255}
		quadsToFloatsPlain(p, into)
		if want := luma(p[0], p[1], p[2]); into[0] != want {
			t.Fatalf("%v: %v; want %v", p, into[0], want)
		}
	}
}

// TestQuadsAgree: the fast kernel gives the plain one's bits and writes nothing behind.
func TestQuadsAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	for _, n := range []int{0, 1, 7, 8, 9, 31, 32, 33, 511, 512, 513, 4000} {
		for range 50 {
			from := make([]byte, 4*n)
			for i := range from {
				from[i] = uint8(random.UintN(256))
			}
			want, got := make([]float32, n), make([]float32, n+8)
			got[n] = -7
			quadsToFloatsPlain(from, want)
			quadsToFloats(from, got[:n])
			if !slices.Equal(got[:n], want) || got[n] != -7 {
				t.Fatalf("%d pixels: another luma than the plain kernel's", n)
			}
		}
	}
}

// TestHasherEqualsHash: of rows that come one by one the hash is the whole picture's, whatever the height leaves over; and
// rows that are reduced together have the bits of those reduced alone.
func TestHasherEqualsHash(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 200}, {127, 5}, {640, 481}, {333, 130}, {1000, 7}} {
		img := rgba(scene(3, size[0], size[1]))
		h := NewHasher(size[0], size[1])
		for y := range size[1] {
			h.Row(img.Pix[y*img.Stride:][:4*size[0]])
		}
		got, quality := h.Sum()
		grid := newGrey(gridSide, gridSide)
		columns, lines := windows(size[0], gridSide), shares(size[1], gridSide)
		row, reduced := make([]float32, size[0]), make([]float32, gridSide)
		for y := range size[1] {
			quadsToFloatsPlain(img.Pix[y*img.Stride:][:4*size[0]], row)
			reduce(row, columns, reduced)
			for _, part := range lines[y] {
				for x, v := range reduced {
					grid.pix[part.to*gridSide+x] += part.weight * v
				}
			}
		}
		want, wantQuality := hashGrid(grid)
		if got != want || quality != wantQuality {
			t.Errorf("%v: %v, %d; want %v, %d", size, got, quality, want, wantQuality)
		}
	}
}

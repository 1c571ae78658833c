package preprocess

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func noise(random *rand.Rand, n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		out[i] = uint8(random.UintN(256))
	}
	return out
}

// TestRowsAgree: enlarging, keeping and shrinking, from one sample on, at every filter and at windows that begin and
// end anywhere.
func TestRowsAgree(t *testing.T) {
	const seed = 11
	random := rand.New(rand.NewPCG(seed, seed))
	for filter := range kernels {
		for _, in := range []int{1, 2, 3, 4, 5, 7, 8, 13, 31, 32, 33, 100, 511, 768} {
			for _, out := range []int{1, 2, 5, 31, 32, 33, 224} {
				src := noise(random, 4*in)
				for _, a := range []axis{{in, 0, float64(in)}, {in, 0.3, float64(in) - 0.4}} {
					from := random.IntN(out)
					to := from + 1 + random.IntN(out-from)
					taps := newTaps(a, out, kernels[filter], from, to)
					want, got := make([]uint8, 4*(to-from)), make([]uint8, 4*(to-from)+8)
					copy(got[4*(to-from):], "untouchd")
					rowPlain(want, src, taps)
					fastest().row(got[:4*(to-from)], src, taps)
					if !bytes.Equal(got, append(want, "untouchd"...)) {
						t.Fatalf("seed %d, %s, %v to %d, outputs %d to %d:\n% x; plain\n% x", seed, filter, a, out, from, to, got, want)
					}
				}
			}
		}
	}
}

func TestColumnsAgree(t *testing.T) {
	const seed = 12
	random := rand.New(rand.NewPCG(seed, seed))
	for _, n := range []int{0, 4, 28, 32, 36, 60, 64, 68, 512, 516, 896} {
		for _, rows := range []int{1, 2, 3, 9, 55} {
			stride := n + 4*random.IntN(3)
			src, weights := noise(random, stride*(rows-1)+n), make([]int32, rows)
			for i := range weights { // sums stay near one, as taps' do, but reach over both ends
				weights[i] = int32((random.Float64()*3 - 1) * (1 << precision) / float64(max(rows, 2)) * 2)
			}
			want, got := make([]uint8, n), make([]uint8, n+8)
			copy(got[n:], "untouchd")
			columnPlain(want, src, stride, weights)
			fastest().column(got[:n], src, stride, weights)
			if !bytes.Equal(got, append(want, "untouchd"...)) {
				t.Fatalf("seed %d: %d bytes of %d rows:\n% x; plain\n% x", seed, n, rows, got, want)
			}
		}
	}
}

func BenchmarkLoops(b *testing.B) {
	src := testScene(4000, 64)
	columns := newTaps(axis{4000, 0, 4000}, 298, kernels[Bicubic], 0, 298)
	dst := make([]uint8, 4*298)
	for name, run := range map[string]loops{"fastest": fastest(), "plain": plainLoops} {
		b.Run("row/"+name, func(b *testing.B) {
			b.SetBytes(4 * 4000)
			for b.Loop() {
				run.row(dst, src.Pix, columns)
			}
		})
		b.Run("column/"+name, func(b *testing.B) {
			b.SetBytes(54 * 4 * 298)
			for b.Loop() {
				run.column(dst, src.Pix, src.Stride, columns.weights[:54])
			}
		})
	}
}

// TestPacksAgree: of any number of pixels, with nothing written behind.
func TestPacksAgree(t *testing.T) {
	const seed = 13
	random := rand.New(rand.NewPCG(seed, seed))
	for _, n := range append(upTo(40), 511, 512, 513, 768, 4000) {
		src := noise(random, 4*n)
		want, got := make([]uint8, 0, 3*n), make([]uint8, 3*n+8)
		for i := range n {
			want = append(want, src[4*i:4*i+3]...)
		}
		for name, run := range map[string]loops{"plain": plainLoops, "fastest": fastest()} {
			clear(got)
			copy(got[3*n:], "untouchd")
			run.pack(got[:3*n], src)
			if !bytes.Equal(got, append(want[:3*n:3*n], "untouchd"...)) {
				t.Fatalf("seed %d, %s, %d pixels: % x; want % x", seed, name, n, got, want)
			}
		}
	}
}

func upTo(n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, i)
	}
	return numbers
}

package jpeg

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

var lengths = []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 511, 512, 513, 768}

func noise(random *rand.Rand, n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		out[i] = uint8(random.UintN(256))
	}
	return out
}

// guarded is room for n bytes, and more behind it that must stay as it is.
func guarded(n int) (room, all []uint8) {
	all = append(make([]uint8, n), "untouched"...)
	return all[:n:n], all
}

func TestColoursAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, n := range lengths {
		luma, cb, cr := noise(random, n), noise(random, n), noise(random, n)
		want, wantAll := guarded(4 * n)
		got, gotAll := guarded(4 * n)
		ycbcrPlain(want, luma, cb, cr)
		fastest().ycbcr(got, luma, cb, cr)
		if !bytes.Equal(gotAll, wantAll) {
			t.Fatalf("%d pixels: % x; plain % x", n, gotAll, wantAll)
		}
	}
}

func TestTrianglesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for _, n := range lengths {
		near, far := noise(random, n), noise(random, n)
		wantSums, gotSums := make([]uint16, n+2), make([]uint16, n+2)
		blendPlain(wantSums[1:n+1], near, far)
		fastest().blend(gotSums[1:n+1], near, far)
		if !slices.Equal(gotSums, wantSums) {
			t.Fatalf("%d sums: %d; plain %d", n, gotSums, wantSums)
		}
		want, wantAll := guarded(2 * n)
		got, gotAll := guarded(2 * n)
		trianglePlain(want, wantSums)
		fastest().triangle(got, gotSums)
		if !bytes.Equal(gotAll, wantAll) {
			t.Fatalf("%d samples: % x; plain % x", 2*n, gotAll, wantAll)
		}
	}
}

// TestBlocksAgree: coefficients as pictures have them, and such as only a broken file has.
func TestBlocksAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for i := range 3000 {
		var a, b block
		spread := int32(1) << (i % 18)
		for k := range a {
			if random.IntN(3) == 0 {
				a[k] = random.Int32N(2*spread) - spread
			}
		}
		b = a
		const stride = 11
		want, wantAll := guarded(7*stride + 8)
		got, gotAll := guarded(7*stride + 8)
		idctPlain(want, stride, &a)
		fastest().idct(got, stride, &b)
		if !bytes.Equal(gotAll, wantAll) || a != b || a != (block{}) {
			t.Fatalf("block %d: % x; plain % x; left %v, %v", i, gotAll, wantAll, b, a)
		}
	}
}

// TestSmallBlocksAreLeftZero: what a reduced block leaves behind would stand in the next one, of another component.
func TestSmallBlocksAreLeftZero(t *testing.T) {
	for _, size := range []int{1, 2, 4} {
		var b block
		for k := range lastNeeded(size) + 1 {
			b[zigzag[k]] = int32(100 + k)
		}
		idctSmall(make([]uint8, size*size), size, &b, size)
		if b != (block{}) {
			t.Errorf("%d x %d samples leave %v", size, size, b)
		}
	}
}

func BenchmarkLoops(b *testing.B) {
	const n = 4000
	random := rand.New(rand.NewPCG(4, 4))
	luma, cb, cr, dst, sums := noise(random, n), noise(random, n), noise(random, n), make([]uint8, 4*n), make([]uint16, n+2)
	for name, run := range map[string]loops{"fastest": fastest(), "plain": plainLoops} {
		b.Run("ycbcr/"+name, func(b *testing.B) {
			b.SetBytes(n)
			for b.Loop() {
				run.ycbcr(dst, luma, cb, cr)
			}
		})
		b.Run("triangle/"+name, func(b *testing.B) {
			b.SetBytes(2 * n)
			for b.Loop() {
				run.blend(sums[1:n+1], cb, cr)
				run.triangle(dst[:2*n], sums)
			}
		})
		b.Run("idct/"+name, func(b *testing.B) {
			var c block
			for b.Loop() {
				for k := range 12 {
					c[zigzag[k]] = int32(100 - 9*k)
				}
				run.idct(dst, 8, &c)
			}
		})
	}
}

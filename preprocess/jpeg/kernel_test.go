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

// randomBlocks calls with coefficients as pictures have them, and such as only a broken file has.
func randomBlocks(call func(i int, k *kept, factors *[64]int32)) {
	random := rand.New(rand.NewPCG(3, 3))
	for i := range 3000 {
		k, factors := kept{dc: random.Int32N(4000) - 2000, last: 1}, new([64]int32)
		spread := 1 << (i % 15)
		for j := range k.ac {
			if random.IntN(1+i%9) == 0 {
				k.ac[j] = int16(random.IntN(2*spread) - spread)
			}
		}
		for j := range factors {
			factors[j] = 1 + random.Int32N(1<<(i%17))
		}
		call(i, &k, factors)
	}
}

func TestBlocksAgree(t *testing.T) {
	const stride = 11
	randomBlocks(func(i int, k *kept, factors *[64]int32) {
		want, wantAll := guarded(7*stride + 8)
		got, gotAll := guarded(7*stride + 8)
		before := *k
		idct8Plain(want, stride, k, factors)
		fastest().idct8(got, stride, k, factors)
		if !bytes.Equal(gotAll, wantAll) || *k != before {
			t.Fatalf("block %d: % x; plain % x", i, gotAll, wantAll)
		}
	})
}

// TestReducedBlocksAgree: a row of one to seven blocks, side by side or with room between them.
func TestReducedBlocksAgree(t *testing.T) {
	var blocks []kept
	randomBlocks(func(i int, k *kept, factors *[64]int32) {
		if blocks = append(blocks, *k); len(blocks) <= i%7 {
			return
		}
		for size, loop := range map[int][2]func([]uint8, int, []kept, int, *[64]int32){
			2: {idct2Plain, fastest().idct2}, 4: {idct4Plain, fastest().idct4},
		} {
			step := size * (1 + i%2)
			width := (len(blocks)-1)*step + size
			stride := width + i%3
			want, wantAll := guarded((size-1)*stride + width)
			got, gotAll := guarded((size-1)*stride + width)
			before := slices.Clone(blocks)
			loop[0](want, stride, blocks, step, factors)
			loop[1](got, stride, blocks, step, factors)
			if !bytes.Equal(gotAll, wantAll) || !slices.Equal(blocks, before) {
				t.Fatalf("%d blocks to %d x %d: % x; plain % x", len(blocks), size, size, gotAll, wantAll)
			}
		}
		blocks = blocks[:0]
	})
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
			k, factors := kept{last: 12}, new([64]int32)
			for i := range 12 {
				k.ac[zigzag[i]], factors[zigzag[i]] = int16(100-9*i), 3
			}
			for b.Loop() {
				run.idct8(dst, 8, &k, factors)
			}
		})
	}
}

package hevc

import (
	"math"
	"testing"
)

// TestModes422: where samples are twice as wide as high, a direction is the nearest one that is as steep.
func TestModes422(t *testing.T) {
	for mode := 2; mode < 35; mode++ {
		// The slope as samples to the right and down of one, towards the reference.
		dx, dy := 32.0, float64(-angles[mode])
		if mode >= 18 {
			dx, dy = float64(-angles[mode]), 32
		}
		dx /= 2
		want, least := 0, math.Inf(1)
		for other := 2; other < 35; other++ {
			ox, oy := 32.0, float64(-angles[other])
			if other >= 18 {
				ox, oy = float64(-angles[other]), 32
			}
			// Beside each other as the specification counts: in the steps of the axis that both are nearer to.
			scale := dx / ox
			miss := math.Abs(dy - scale*oy)
			if other >= 18 {
				scale = dy / oy
				miss = math.Abs(dx - scale*ox)
			}
			if scale <= 0 {
				continue
			}
			if miss /= scale; miss < least {
				want, least = other, miss
			}
		}
		// Halfway between two, and beyond the last, it takes either.
		if got := int(modes422[mode]); got < want-1 || got > want+1 {
			t.Errorf("mode %d: %d; want about %d", mode, got, want)
		}
	}
	for _, symmetric := range [][2]int{{9, 11}, {8, 12}, {7, 13}, {6, 14}, {19, 33}, {21, 31}, {23, 29}, {25, 27}} {
		centre := 20
		if symmetric[0] > 17 {
			centre = 52
		}
		if sum := int(modes422[symmetric[0]]) + int(modes422[symmetric[1]]); sum != centre {
			t.Errorf("modes %v: %d and %d are not as far from the axis", symmetric, modes422[symmetric[0]], modes422[symmetric[1]])
		}
	}
}

// TestCosine: the basis functions are nearly orthogonal, of the length 64·√32, and those of 4 samples are the known ones.
func TestCosine(t *testing.T) {
	for a := range 32 {
		for b := range 32 {
			sum := int32(0)
			for i := range 32 {
				sum += cosine[a][i] * cosine[b][i]
			}
			want := 0.0
			if a == b {
				want = 64 * 64 * 32
			}
			if math.Abs(float64(sum)-want) > 64*64*32/300 {
				t.Errorf("functions %d and %d: product %d; want %g", a, b, sum, want)
			}
		}
	}
	for k, want := range [4][4]int32{{64, 64, 64, 64}, {83, 36, -36, -83}, {64, -64, -64, 64}, {36, -83, 83, -36}} {
		if got := [4]int32(cosine[8*k][:4]); got != want {
			t.Errorf("function %d of 4 samples: %v; want %v", k, got, want)
		}
	}
}

// TestLine: the transform in halves is that by the whole matrix.
func TestLine(t *testing.T) {
	for log2 := 2; log2 <= 5; log2++ {
		n := 1 << log2
		for count := 1; count <= n; count++ {
			in, out := make([]int32, count), make([]int32, n)
			for i := range in {
				in[i] = int32(i*i*37%201 - 100)
			}
			line(in, out, 32>>log2)
			for i, got := range out {
				want := int32(0)
				for k, v := range in {
					want += v * cosine[k<<(5-log2)][i]
				}
				if got != want {
					t.Fatalf("%d of %d coefficients: sample %d is %d; want %d", count, n, i, got, want)
				}
			}
		}
	}
}

func TestScans(t *testing.T) {
	for log2, ofSize := range scans {
		for kind, scan := range ofSize {
			seen := map[spot]bool{}
			for i, p := range scan {
				seen[p] = true
				if places[log2][kind][8*p.y+p.x] != uint8(i) {
					t.Errorf("scan %d of %d: place %d is not found again", kind, 1<<log2, i)
				}
			}
			if len(seen) != 1<<(2*log2) {
				t.Errorf("scan %d of %d: %d places", kind, 1<<log2, len(seen))
			}
		}
	}
	if got := [4]spot(diagonals(4)[:4]); got != [4]spot{{0, 0}, {0, 1}, {1, 0}, {0, 2}} {
		t.Errorf("the diagonal scan begins %v", got)
	}
}

// TestCabacEnds: a decoder that is fed nothing ends at its bound, and doesn't read behind the data.
func TestCabacEnds(t *testing.T) {
	c := &cabac{states: initial(26)}
	c.start(0)
	for range 1000 {
		c.bit(ctxSplitCu)
		c.bypass()
	}
	if !c.over() {
		t.Error("it didn't notice that the data had ended")
	}
}

package dedup

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

// TestHashIndexEqualsAllPairs compares the index with a look at every hash, at distances that need probes of no, one
// and two bits.
func TestHashIndexEqualsAllPairs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	var hashes []space.Hash256
	for range 60 {
		h := randomHash(rnd)
		for range 12 {
			hashes = append(hashes, h)
			for range rnd.IntN(14) {
				h[rnd.IntN(4)] ^= 1 << rnd.IntN(64)
			}
		}
	}
	x := newHashIndex(hashes)
	hits := 0
	for _, limit := range []int{-1, 0, 1, 14, 15, 16, 20, 31, 32, 40} {
		for _, q := range hashes[:200] {
			var got, want []int
			x.within(q, limit, func(i, distance int) {
				got = append(got, i)
				if distance != q.Distance(hashes[i]) {
					t.Fatalf("distance %d, not %d", distance, q.Distance(hashes[i]))
				}
			})
			for i, h := range hashes {
				if q.Distance(h) <= limit {
					want = append(want, i)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("within %d: got %v; want %v", limit, got, want)
			}
			hits += len(got)
		}
	}
	if hits < 2000 {
		t.Errorf("%d hits prove little", hits)
	}
}

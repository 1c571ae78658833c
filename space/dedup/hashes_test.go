package dedup

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

// TestHashesEqualAllPairs compares the index with a look at every hash, at distances that need probes of no, one and
// two bits, while hashes come, change and go.
func TestHashesEqualAllPairs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	var x Hashes
	kept := map[uint32]space.Hash256{}
	hits := 0
	for range 40 {
		for range 20 {
			h := randomHash(rnd)
			for range 15 {
				slot := uint32(rnd.IntN(9000))
				x.Put(slot, h)
				kept[slot] = h
				h = withFlips(h, rnd.IntN(14), rnd)
			}
			gone := uint32(rnd.IntN(9000))
			x.Remove(gone)
			delete(kept, gone)
		}
		if rnd.IntN(4) == 0 {
			x.Build()
		}
		if x.Len() != len(kept) {
			t.Fatalf("%d hashes; want %d", x.Len(), len(kept))
		}
		hits += compareWithAll(t, &x, kept, rnd)
	}
	if hits < 2000 {
		t.Errorf("%d hits prove little", hits)
	}
}

// withFlips is the hash with up to n bits flipped.
func withFlips(h space.Hash256, n int, rnd *rand.Rand) space.Hash256 {
	for range n {
		h[rnd.IntN(4)] ^= 1 << rnd.IntN(64)
	}
	return h
}

func compareWithAll(t *testing.T, x *Hashes, kept map[uint32]space.Hash256, rnd *rand.Rand) (hits int) {
	t.Helper()
	limits := []int{-1, 0, 1, 14, 15, 16, 20, 31, 32, 40}
	for range 20 {
		var q space.Hash256
		for _, q = range kept {
			break
		}
		q = withFlips(q, 5, rnd)
		limit := limits[rnd.IntN(len(limits))]
		var got, want []uint32
		x.Within(q, limit, func(slot uint32, distance int) {
			got = append(got, slot)
			if distance != q.Distance(kept[slot]) {
				t.Fatalf("slot %d: distance %d, not %d", slot, distance, q.Distance(kept[slot]))
			}
		})
		for slot, h := range kept {
			if q.Distance(h) <= limit {
				want = append(want, slot)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("within %d: got %v; want %v", limit, got, want)
		}
		hits += len(got)
	}
	return hits
}

func TestHashesForgetWhatIsNone(t *testing.T) {
	var x Hashes
	x.Put(3, space.Hash256{1})
	x.Put(3, space.Hash256{})
	x.Remove(7)
	x.Within(space.Hash256{}, 256, func(slot uint32, _ int) { t.Errorf("slot %d", slot) })
	if x.Len() != 0 {
		t.Errorf("%d hashes", x.Len())
	}
}

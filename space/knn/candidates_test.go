package knn

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPartitionBringsTheBestToTheFront(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 500 {
		c := make([]candidate, 2+r.IntN(100))
		for i := range c {
			c[i] = candidate{float32(r.IntN(20)), uint32(i)}
		}
		n := 1 + r.IntN(len(c)-1)
		least := partition(c, n)
		for i, x := range c {
			if i < n && x.score < least || i >= n && x.score > least {
				t.Fatalf("the %d best of %v; least %v", n, c, least)
			}
		}
	}
}

// TestKeeperKeepsTheBest: whatever is offered, in whatever order, the n best are there in the end; and nothing that the
// keeper calls in vain is among them.
func TestKeeperKeepsTheBest(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	var k keeper
	for range 500 {
		n, offered := 1+r.IntN(60), make([]float32, r.IntN(2000))
		k.reset(n)
		levels, spread := 1+r.IntN(3000), []float64{0.01, 0.3, 5}[r.IntN(3)]
		for i := range offered {
			offered[i] = float32(spread * (2*float64(r.IntN(levels))/float64(levels) - 1))
			if offered[i] >= k.least {
				k.offer(candidate{offered[i], uint32(i)})
			}
		}
		k.cut()
		slices.SortFunc(offered, func(a, b float32) int { return cmp.Compare(b, a) })
		slices.SortFunc(k.kept, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
		want := offered[:min(n, len(offered))]
		if len(k.kept) != len(want) {
			t.Fatalf("%d are kept of %d; want %d", len(k.kept), len(offered), len(want))
		}
		for i, c := range k.kept {
			if c.score != want[i] {
				t.Fatalf("the %d-th of %d scores %v; want %v", i, len(offered), c.score, want[i])
			}
		}
	}
}

// BenchmarkPartition selects half of 800 candidates, as searches do, and 32 of 2,048 lists.
func BenchmarkPartition(b *testing.B) {
	for _, size := range []struct{ n, of int }{{400, 800}, {32, 2048}} {
		b.Run(fmt.Sprintf("%d of %d", size.n, size.of), func(b *testing.B) {
			r := rand.New(rand.NewPCG(7, 7))
			made, c := make([][]candidate, 64), make([]candidate, size.of)
			for i := range made {
				made[i] = make([]candidate, size.of)
				for j := range made[i] {
					made[i][j] = candidate{r.Float32(), uint32(j)}
				}
			}
			for i := 0; b.Loop(); i++ {
				copy(c, made[i%len(made)])
				partition(c, size.n)
			}
		})
	}
}

package knn

// candidate is an item that may be among the nearest, by a score that is not exact.
type candidate struct {
	score float32
	slot  uint32
}

// keeper keeps the best n of many candidates, and some more. It counts scores in bins, so that it knows with each offer,
// but for the width of a bin, what the n-th best is: what scores less is dropped when there is no room.
type keeper struct {
	n      int
	least  float32 // candidates below are in vain
	kept   []candidate
	counts [keeperBins]int32 // of all that were offered
	bin    int               // that of least
	above  int               // candidates in it and above
}

const (
	// keeperBins cover the scores from -1 to 1; the outer ones hold all that is beyond. A bin is a tenth as wide as codes
	// are off.
	keeperBins = 1024
	// keeperRoom is how many times n a keeper holds before it drops what is in vain.
	keeperRoom = 4
)

func (k *keeper) reset(n int) {
	k.n, k.least, k.kept = n, -1e30, k.kept[:0]
	k.bin, k.above = 0, 0
	clear(k.counts[:])
}

func (k *keeper) offer(c candidate) {
	k.kept = append(k.kept, c)
	if bin := max(0, min(int((c.score+1)*(keeperBins/2)), keeperBins-1)); bin >= k.bin {
		k.counts[bin]++
		k.above++
		k.raise()
	}
	if len(k.kept)/keeperRoom >= k.n {
		k.cut()
	}
}

// raise raises the least score to where there are still n above it.
func (k *keeper) raise() {
	for k.above-int(k.counts[k.bin]) >= k.n {
		k.above -= int(k.counts[k.bin])
		k.bin++
		k.least = max(k.least, float32(k.bin)*(2.0/keeperBins)-1)
	}
}

// cut drops all but the best n.
func (k *keeper) cut() {
	if len(k.kept) > k.n {
		k.kept = atLeast(k.kept, k.least)
	}
	if len(k.kept) > k.n {
		k.least = max(k.least, partition(k.kept, k.n))
		k.kept = k.kept[:k.n]
	}
}

// atLeast are the candidates that score as much. It does not branch on scores, which no processor can predict.
func atLeast(c []candidate, least float32) []candidate {
	n := 0
	for _, x := range c {
		c[n] = x
		step := 0
		if x.score >= least {
			step = 1
		}
		n += step
	}
	return c[:n]
}

// partition brings the n best to the front, 0 < n < len(c), in no order, and returns the least score among them: quick
// selection, with the middle of three as pivot.
func partition(c []candidate, n int) float32 {
	for some, wanted := c, n; len(some) > 1 && wanted > 0; {
		pivot := middle(some[0].score, some[len(some)/2].score, some[len(some)-1].score)
		above := bringAbove(some, pivot)
		switch {
		case wanted < above:
			some = some[:above]
			continue
		case above == 0: // the pivot is the best: it and its equals go to the front
			above = bringEqual(some, pivot)
			if above == 0 || wanted <= above {
				wanted = 0
				continue
			}
		}
		some, wanted = some[above:], wanted-above
	}
	least := c[0].score
	for _, x := range c[1:n] {
		least = min(least, x.score)
	}
	return least
}

// bringAbove brings those that score more than the pivot to the front, and says how many they are. It does not branch on
// scores either.
func bringAbove(c []candidate, pivot float32) int {
	above := 0
	for i := range c {
		x := c[i]
		c[i] = c[above]
		c[above] = x
		step := 0
		if x.score > pivot {
			step = 1
		}
		above += step
	}
	return above
}

// bringEqual brings those that score the pivot to the front, and says how many they are.
func bringEqual(c []candidate, pivot float32) int {
	equal := 0
	for i, x := range c {
		if x.score == pivot {
			c[i], c[equal] = c[equal], x
			equal++
		}
	}
	return equal
}

func middle(a, b, c float32) float32 { return max(min(a, b), min(max(a, b), c)) }

package knn

// candidate is an item that may be among the nearest, by a score that is not exact.
type candidate struct {
	score float32
	slot  uint32
}

// keeper keeps about the best n of many candidates: it takes twice as many, then drops the worse half.
type keeper struct {
	n     int
	least float32 // candidates below are in vain
	kept  []candidate
}

func (k *keeper) reset(n int) {
	k.n, k.least, k.kept = n, -1e30, k.kept[:0]
}

func (k *keeper) offer(c candidate) {
	k.kept = append(k.kept, c)
	if len(k.kept) >= 2*k.n {
		k.cut()
	}
}

// cut drops all but the best n.
func (k *keeper) cut() {
	if len(k.kept) <= k.n {
		return
	}
	k.least = partition(k.kept, k.n)
	k.kept = k.kept[:k.n]
}

// partition brings the n best to the front, 0 < n < len(c), in no order, and returns the least score among them:
// Hoare's selection, with the middle of three as pivot.
func partition(c []candidate, n int) float32 {
	from, to := 0, len(c)-1
	for from < to {
		pivot := middle(c[from].score, c[(from+to)/2].score, c[to].score)
		i, j := from, to
		for i <= j {
			for c[i].score > pivot {
				i++
			}
			for c[j].score < pivot {
				j--
			}
			if i <= j {
				c[i], c[j] = c[j], c[i]
				i++
				j--
			}
		}
		switch {
		case n-1 <= j:
			to = j
		case n-1 >= i:
			from = i
		default:
			from, to = 0, 0
		}
	}
	least := c[0].score
	for _, x := range c[1:n] {
		least = min(least, x.score)
	}
	return least
}

func middle(a, b, c float32) float32 { return max(min(a, b), min(max(a, b), c)) }

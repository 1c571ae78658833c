package keyword

import "slices"

// tally adds up the scores of one search by the items' numbers.
type tally struct {
	total   []float32
	clause  []float32 // of the clause at work, the best so far
	scored  []uint32  // items with a total
	touched []uint32  // items with a clause
}

// reset empties the tally.
func (t *tally) reset() {
	for _, number := range t.scored {
		t.total[number] = 0
	}
	t.scored = t.scored[:0]
	t.begin()
}

// begin begins a clause.
func (t *tally) begin() {
	for _, number := range t.touched {
		t.clause[number] = 0
	}
	t.touched = t.touched[:0]
}

// best notes what a leaf of the clause gives an item.
func (t *tally) best(number uint32, score float32) {
	t.grow(number)
	if t.clause[number] == 0 {
		t.touched = append(t.touched, number)
	}
	t.clause[number] = max(t.clause[number], score)
}

// end adds the clause to the totals.
func (t *tally) end() {
	for _, number := range t.touched {
		t.add(number, t.clause[number])
	}
	t.begin()
}

func (t *tally) add(number uint32, score float32) {
	t.grow(number)
	if t.total[number] == 0 {
		t.scored = append(t.scored, number)
	}
	t.total[number] += score
}

func (t *tally) grow(number uint32) {
	if need := int(number) + 1 - len(t.total); need > 0 {
		t.total = append(t.total, make([]float32, need+len(t.total)/2)...)
		t.clause = append(t.clause, make([]float32, len(t.total)-len(t.clause))...)
	}
}

// least are the items whose total is at least that of the n-th best: n of them, or more where totals are equal.
func (t *tally) least(n int) []uint32 {
	if len(t.scored) <= n {
		return t.scored
	}
	totals := make([]float32, len(t.scored))
	for i, number := range t.scored {
		totals[i] = t.total[number]
	}
	slices.Sort(totals)
	bar := totals[len(totals)-n]
	var found []uint32
	for _, number := range t.scored {
		if t.total[number] >= bar {
			found = append(found, number)
		}
	}
	return found
}

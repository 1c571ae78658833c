package knn

import (
	"cmp"
	"slices"
	"strings"
)

// Neighbour is an item near a query.
type Neighbour struct {
	ID     string
	Slot   uint32
	Cosine float64 // within -1 and 1
}

// nearer orders neighbours: greater cosine first, then the smaller id.
func nearer(a, b Neighbour) int {
	if c := cmp.Compare(b.Cosine, a.Cosine); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// top keeps the k nearest of the neighbours that it is offered: a binary heap with the farthest at its root.
type top struct {
	k    int
	heap []Neighbour
}

// least is the cosine below which an offer is in vain.
func (t *top) least() float32 {
	if len(t.heap) < t.k {
		return -2
	}
	return float32(t.heap[0].Cosine)
}

func (t *top) offer(n Neighbour) {
	switch {
	case len(t.heap) < t.k:
		t.heap = append(t.heap, n)
		t.up(len(t.heap) - 1)
	case nearer(n, t.heap[0]) < 0:
		t.heap[0] = n
		t.down(0)
	}
}

func (t *top) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if nearer(t.heap[i], t.heap[parent]) <= 0 {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

func (t *top) down(i int) {
	for {
		farthest := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if nearer(t.heap[child], t.heap[farthest]) > 0 {
				farthest = child
			}
		}
		if farthest == i {
			return
		}
		t.heap[i], t.heap[farthest] = t.heap[farthest], t.heap[i]
		i = farthest
	}
}

// sorted empties the heap, nearest first.
func (t *top) sorted() []Neighbour {
	slices.SortFunc(t.heap, nearer)
	sorted := t.heap
	t.heap = nil
	return sorted
}

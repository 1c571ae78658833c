package knn

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/clipd/clipd/space"
)

// TestWideListsAreRankedHigher: of two lists whose centroids are equally near, the one whose members are spread more may
// hold a nearer one.
func TestWideListsAreRankedHigher(t *testing.T) {
	const dim = 64
	centroids := make([]float32, 2*dim)
	centroids[0], centroids[dim+1] = 1, 1
	l := newLayout(dim, centroids, make([]float32, dim))
	r := rand.New(rand.NewPCG(1, 2))
	for slot := range uint32(200) {
		which, spread := slot%2, 0.01
		if which == 1 {
			spread = 0.1
		}
		point := append([]float32(nil), l.centroid(int(which))...)
		for i := range point {
			point[i] += float32(spread * r.NormFloat64())
		}
		l.append(which, slot, point, nil)
	}
	l.measureReaches()
	// The mean factor of Gaussian residuals is 1.25 standard deviations of a component.
	for i, want := range []float32{0.0375, 0.375} {
		if got := l.reaches[i]; got < 0.9*want || got > 1.1*want {
			t.Errorf("list %d reaches %.4f; want %.4f", i, got, want)
		}
	}
}

// TestReachesAreReadAgain: what lists reach is not kept in a snapshot, and the same when one is opened.
func TestReachesAreReadAgain(t *testing.T) {
	const dim, n = 64, 2000
	opts := Options{CodesFrom: 300, ListsFrom: n, Lists: 24, Dir: t.TempDir()}
	m, x := newMaker(dim), newIndex(dim, kernels()[0], opts)
	for i := range n {
		put(t, x, name(i), m.image(i))
	}
	x.Settle()
	made := x.state.Load().coded.views.Load().layout.reaches
	q := Query{Vector: m.text(1), K: 10, Kind: space.Text}
	effort := Effort{Probes: 4, Rerank: 200}
	want, err := x.SearchWith(context.Background(), q, effort)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Snapshot().Write(1, nil); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x, _, err = Open(dim, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i, reach := range x.state.Load().coded.views.Load().layout.reaches {
		if reach != made[i] || reach <= 0 {
			t.Errorf("list %d reaches %v; it was %v", i, reach, made[i])
		}
	}
	got, err := x.SearchWith(context.Background(), q, effort)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

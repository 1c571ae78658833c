package graph_test

import (
	"fmt"
	"testing"

	"github.com/clipd/clipd/space/graph"
)

func TestParts(t *testing.T) {
	to := func(points ...int) (near []graph.Neighbour) {
		for _, p := range points {
			near = append(near, graph.Neighbour{Index: p})
		}
		return near
	}
	g := graph.Graph{to(3), to(), to(4), to(), to(5), to(2)}
	if got := fmt.Sprint(g.Parts()); got != "[[0 3] [1] [2 4 5]]" {
		t.Error(got)
	}
	if got := (graph.Graph{}).Parts(); len(got) != 0 {
		t.Error(got)
	}
}

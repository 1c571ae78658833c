package cluster_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/cluster"
)

// golden is a case of testdata/goldens/density.json, which make.py there writes.
type golden struct {
	Name      string    `json:"name"`
	Dim       int       `json:"dim"`
	MinSize   int       `json:"min_size"`
	Core      int       `json:"core"`
	Vectors   []byte    `json:"vectors"` // little-endian float32
	Labels    []int     `json:"labels"`
	Strengths []float64 `json:"strengths"`
}

func goldens(t *testing.T) (cases []golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/goldens/density.json")
	if err != nil {
		t.Fatal(err)
	}
	file := struct {
		Cases *[]golden `json:"cases"`
	}{&cases}
	if err := json.Unmarshal(text, &file); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	return cases
}

func (g golden) unpack(t *testing.T) []space.Vector {
	t.Helper()
	vectors := make([]space.Vector, len(g.Labels))
	for i := range vectors {
		components := make([]float32, g.Dim)
		for j := range components {
			components[j] = math.Float32frombits(binary.LittleEndian.Uint32(g.Vectors[4*(i*g.Dim+j):]))
		}
		var err error
		if vectors[i], err = space.FromUnit(components); err != nil {
			t.Fatal(err)
		}
	}
	return vectors
}

// TestDensityIsHDBSCAN: on the graph of all pairs, the same points are together, the same are noise, and all belong as
// much, as scikit-learn's HDBSCAN says. Its numbers of groups are others.
func TestDensityIsHDBSCAN(t *testing.T) {
	for _, want := range goldens(t) {
		vectors := want.unpack(t)
		got := cluster.Density(neighbours(vectors, len(vectors)), want.MinSize, want.Core)
		number, taken := map[int]int{cluster.Noise: cluster.Noise}, map[int]bool{cluster.Noise: true}
		for i, label := range want.Labels {
			if _, known := number[label]; !known && !taken[got.Assigned[i]] {
				number[label], taken[got.Assigned[i]] = got.Assigned[i], true
			}
			if to, known := number[label]; !known || got.Assigned[i] != to {
				t.Errorf("%s: point %d is in group %d; the reference has it in its group %d", want.Name, i, got.Assigned[i], label)
			}
			if math.Abs(got.Strength[i]-want.Strengths[i]) > 1e-6 {
				t.Errorf("%s: point %d has strength %.7f, want %.7f", want.Name, i, got.Strength[i], want.Strengths[i])
			}
		}
		if got.Groups != len(number)-1 {
			t.Errorf("%s: %d groups, want %d", want.Name, got.Groups, len(number)-1)
		}
	}
}

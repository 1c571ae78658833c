package bench

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/clipd/clipd/space/knn/synthetic"
)

func TestParticipationCountsDirections(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	rows := make([][]float32, 4000)
	for i := range rows {
		rows[i] = make([]float32, 16)
		for j := range 5 { // of 16 directions
			rows[i][j] = float32(r.NormFloat64())
		}
	}
	if got := participation(rows, meanOf(rows)); math.Abs(got-5) > 0.05 {
		t.Errorf("5 equal directions count as %.3f", got)
	}
}

// TestGeometryOfTheSyntheticSet holds it to the cosines that package synthetic promises.
func TestGeometryOfTheSyntheticSet(t *testing.T) {
	opts := Options{N: 2000, Dim: 128, Queries: 400, Seed: 3}
	d, err := newData(t.TempDir(), synthetic.New(opts.Dim, opts.Seed), opts)
	if err != nil {
		t.Fatal(err)
	}
	g := d.geometry()
	for _, c := range []struct {
		what      string
		got, want float64
	}{{"image-image", g.ImageImage, 0.49}, {"text-text", g.TextText, 0.64}, {"text-image", g.TextImage, 0.20}} {
		if math.Abs(c.got-c.want) > 0.04 {
			t.Errorf("%s: %.3f; want %.2f", c.what, c.got, c.want)
		}
	}
	if g.Gap < 0.5 || g.Participation < 5 || g.Participation > 128 {
		t.Errorf("%+v", g)
	}
}

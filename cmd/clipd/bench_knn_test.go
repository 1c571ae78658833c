package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipd/clipd/space/knn/bench"
)

func TestBenchKNNPrintsTablesJSONAndPlot(t *testing.T) {
	c, plot := newCLI(t), filepath.Join(t.TempDir(), "knn.svg")
	small := []string{"bench", "knn", "--n", "500", "--dim", "16", "--queries", "10", "--seconds", "0.01", "--plot", plot}
	printed := c.must(t, 0, small...).out
	if !strings.Contains(printed, "clipd exact") || !strings.Contains(printed, "bytes a vector") {
		t.Error(printed)
	}
	if svg, err := os.ReadFile(plot); err != nil || !strings.HasPrefix(string(svg), "<svg") {
		t.Errorf("plot: %v", err)
	}
	if report := decode[bench.Report](t, c.must(t, 0, append(small, "--json")...)); report.N != 500 || len(report.Points) == 0 {
		t.Errorf("%+v", report)
	}
}

func TestBenchKNNRefusesWhatItCannotMeasure(t *testing.T) {
	c := newCLI(t)
	for _, args := range [][]string{{"--n", "5"}, {"--dim", "5000"}, {"--seconds", "0"}, {"--callers", "0"}, {"--peer", "annoy"}, {"--queries", "1"}, {"--reuse"}} {
		if got := c.must(t, 2, append([]string{"bench", "knn"}, args...)...); !strings.Contains(got.err, args[0]) {
			t.Errorf("%v: %s", args, got.err)
		}
	}
}

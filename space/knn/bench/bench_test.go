package bench

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn"
)

func options(t *testing.T) Options {
	return Options{
		N: 3000, Dim: 32, Queries: 80, Seed: 1, Seconds: 0.01, Callers: 2, Join: true, Dir: t.TempDir(),
		Index:    knn.Options{CodesFrom: 500, ListsFrom: 1000, Lists: 32},
		Note:     t.Logf,
		Progress: func(string, string, int) (func(int), func()) { return func(int) {}, func() {} },
	}
}

// TestRunMeasuresEverything runs on few vectors: the figures are no measurement, but each is there and possible.
func TestRunMeasuresEverything(t *testing.T) {
	r, err := Run(context.Background(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	chosen := 0
	for _, p := range r.Points {
		if p.Recall < 0 || p.Recall > 1 || p.QPS <= 0 || p.Index == "clipd exact" && p.Recall < 0.999 {
			t.Errorf("point %+v", p)
		}
		if p.Chosen {
			chosen++
		}
	}
	if chosen != 2 || len(r.Indexes()) != 3 {
		t.Errorf("%d points were chosen; indexes %v", chosen, r.Indexes())
	}
	if r.At("clipd lists", space.Text, 0.9).QPS == 0 || r.At("nobody", space.Text, 0).QPS != 0 {
		t.Error("no lists reach recall .9, or an index that was not measured does")
	}
	if r.Text.Recall < 0.9 || r.Image.Recall < 0.9 || len(r.Builds) != 1 || r.Open <= 0 {
		t.Errorf("efforts %+v, %+v, builds %+v, open %v", r.Text, r.Image, r.Builds, r.Open)
	}
	if len(r.Latencies) != 7 || r.Join == nil || r.Within == nil || r.Join.Recall < 0.95 || r.Within.Recall < 0.95 {
		t.Errorf("latencies %+v, join %+v, within %+v", r.Latencies, r.Join, r.Within)
	}
	checkPlot(t, r)
}

func checkPlot(t *testing.T, r Report) {
	var svg bytes.Buffer
	if err := r.Plot(&svg); err != nil {
		t.Fatal(err)
	}
	circles := 0
	for d := xml.NewDecoder(&svg); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "circle" {
			circles++
		}
	}
	if circles < 5 {
		t.Errorf("the plot has %d points", circles)
	}
}

// TestReuseTakesWhatIsThere runs twice in one folder: the second run builds nothing, and measures the same.
func TestReuseTakesWhatIsThere(t *testing.T) {
	opts := options(t)
	opts.Join = false
	first, err := Run(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	opts.Reuse = true
	opts.Progress = func(name, _ string, _ int) (func(int), func()) {
		t.Errorf("%s was done again", name)
		return func(int) {}, func() {}
	}
	second, err := Run(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(second.Builds) != 1 || second.Builds[0] != first.Builds[0] || second.Open <= 0 {
		t.Errorf("builds %+v, then %+v, opened in %v", first.Builds, second.Builds, second.Open)
	}
	for i, p := range first.Points {
		if !p.Chosen && second.Points[i].Recall != p.Recall && p.Index != "clipd exact" {
			t.Errorf("%+v, then %+v", p, second.Points[i])
		}
	}
	opts.Seed++
	if _, err := Run(context.Background(), opts); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("a run on other vectors was used: %v", err)
	}
}

// python is one that has numpy: that of the peers, that of the tests with Python clients, or the system's.
func python(t *testing.T) string {
	for _, try := range []string{"../../../build/venv-knn/bin/python", "../../../build/venv/bin/python", "python3"} {
		if exec.Command(try, "-c", "import numpy").Run() == nil {
			return try
		}
	}
	t.Skip("SKIPPED: neither build/venv-knn, build/venv nor python3 has numpy, so the peers' script is not run")
	return ""
}

// TestPeersSpeakTheSameLanguage reads what the script prints, where there is a Python with numpy; peers that are not
// installed there are named. What is installed is built once, and read again by the second run.
func TestPeersSpeakTheSameLanguage(t *testing.T) {
	// What the peers' libraries do with threads is not asked here, and takes minutes where others keep the processors busy.
	for _, name := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"} {
		t.Setenv(name, "1")
	}
	t.Setenv("OMP_WAIT_POLICY", "passive")
	opts := options(t)
	opts.Join, opts.Peers, opts.Python, opts.Callers = false, Peers, python(t), 1
	opts.N, opts.Queries, opts.Seconds = 1200, 20, 0.001
	for range 2 {
		var notes []string
		opts.Note = func(format string, _ ...any) { notes = append(notes, format) }
		r, err := Run(context.Background(), opts)
		if err != nil {
			t.Fatal(err)
		}
		missing := strings.Count(strings.Join(notes, "\n"), "is left out")
		if peers := len(r.Builds) - 1; peers+missing != len(Peers) {
			t.Errorf("%d peers were measured, %d are missing; want %d in all", peers, missing, len(Peers))
		}
		for _, b := range r.Builds[1:] {
			if r.At(b.Index, space.Image, 0.5).QPS == 0 {
				t.Errorf("%s finds no half of the neighbours", b.Index)
			}
		}
		opts.Reuse = true
	}
}

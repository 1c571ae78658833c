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
	if len(r.Latencies) != 6 || r.Join == nil || r.Within == nil || r.Join.Recall < 0.95 || r.Within.Recall < 0.95 {
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

// TestPeersSpeakTheSameLanguage reads what the script prints, and runs it where there is a Python with numpy.
func TestPeersSpeakTheSameLanguage(t *testing.T) {
	if err := exec.Command("python3", "-c", "import numpy").Run(); err != nil {
		t.Skip("SKIPPED: no python3 with numpy, so the peers' script is not run")
	}
	opts := options(t)
	opts.Join, opts.Peers, opts.Python = false, Peers, "python3"
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
}

package models

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// fullSizeEnv names the folder that `make goldens` leaves models of full size in; `make verify` sets it.
const fullSizeEnv = "CLIPD_GOLDENS"

// TestFullSizeModelsEqualTheirReference compares models that are too large to be committed, and tokenizers that packages
// ship, with their reference implementations.
func TestFullSizeModelsEqualTheirReference(t *testing.T) {
	dir := os.Getenv(fullSizeEnv)
	if dir == "" {
		t.Skip("SKIPPED: models of full size; run `make goldens verify`")
	}
	goldens, err := filepath.Glob(filepath.Join(dir, "*", "clipd-golden.json"))
	if err != nil || len(goldens) == 0 {
		t.Fatalf("%s holds no goldens: run `make goldens` (%v)", dir, err)
	}
	for _, path := range goldens {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			var golden struct {
				familyGolden
				Sums []byte // as goldenIDs.Tokenizers
			}
			readJSONFile(t, path, &golden)
			m := mustOpenFamily(t, DirFolder(filepath.Dir(path)), Options{})
			checkGolden(t, m, golden.familyGolden, "..")
			checkIDs(t, m, sentencesOf(t), golden.Sums)
			if golden.Family == "all-minilm" {
				checkComponents(t, m, golden.familyGolden, 1e-5)
			}
		})
	}
}

// checkComponents holds each number of a text's vector against the reference's.
func checkComponents(t *testing.T, m *Model, golden familyGolden, most float64) {
	t.Helper()
	worst := 0.0
	for _, want := range golden.Texts {
		got, err := m.EncodeTexts(context.Background(), []string{want.Text})
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range got[0].Components() {
			worst = max(worst, math.Abs(float64(x-want.Vector[i])))
		}
	}
	t.Logf("vectors differ by up to %.2g", worst)
	if worst > most {
		t.Errorf("vectors differ by up to %.2g; want at most %.0g", worst, most)
	}
}

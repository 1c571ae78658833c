package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/clipd/clipd/exchange/npy"
)

// BenchmarkImport is the whole command: 40,000 precomputed vectors of 384 components out of a .npy file, through the API in
// this process, fsynced in batches of 2,000; opening the model is counted in.
func BenchmarkImport(b *testing.B) {
	needLibrary(b)
	const rows, dim = 40_000, 384
	dir := b.TempDir()
	path := filepath.Join(dir, "img_emb", "img_emb_0.npy")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w, err := npy.NewWriter(f, dim)
	if err != nil {
		b.Fatal(err)
	}
	random, row := rand.New(rand.NewPCG(1, 2)), make([]float32, dim)
	for range rows {
		for i := range row {
			row[i] = float32(random.NormFloat64())
		}
		if err := w.Write(row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	c := newCLI(b)
	n := 0
	for b.Loop() {
		n++
		c.must(b, exitDone, "import", dir, "--trust-model", "--no-wait", "-c", fmt.Sprint("n", n))
	}
	b.ReportMetric(float64(n*rows)/b.Elapsed().Seconds(), "vectors/s")
}

//go:build unix

package jpeg

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkProgressive decodes progressive streams, whole and reduced: those of the folder CLIPD_BENCH_JPEG, which
// testdata/progressive.py draws, else a small one. cpu-ms/op is the processor time.
func BenchmarkProgressive(b *testing.B) {
	paths := []string{"../testdata/decode/progressive.jpg"}
	if folder := os.Getenv("CLIPD_BENCH_JPEG"); folder != "" {
		var err error
		if paths, err = filepath.Glob(filepath.Join(folder, "*.jpg")); err != nil || paths == nil {
			b.Fatalf("CLIPD_BENCH_JPEG=%s: no *.jpg there", folder)
		}
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		for _, scale := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/1:%d", filepath.Base(path), scale), func(b *testing.B) {
				start, n := processorTime(b), 0
				for b.Loop() {
					if _, err := Decode(data, scale); err != nil {
						b.Fatal(err)
					}
					n++
				}
				b.ReportMetric((processorTime(b)-start)/float64(n), "cpu-ms/op")
			})
		}
	}
}

func processorTime(b *testing.B) (milliseconds float64) {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e6
}

package jpeg

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkProgressive decodes progressive streams, whole and reduced: those of the folder CLIPD_BENCH_JPEG, which
// testdata/progressive.py draws, else a small one.
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
				for b.Loop() {
					if _, err := Decode(data, scale); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

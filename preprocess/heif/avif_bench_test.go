package heif

import (
	"os"
	"testing"
)

// BenchmarkAVIF decodes the file that CLIPD_BENCH_AVIF names, else a small photograph.
func BenchmarkAVIF(b *testing.B) {
	data := sample(b, "photo420.avif")
	if path := os.Getenv("CLIPD_BENCH_AVIF"); path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
	h, err := ReadHeader(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(h.Width * h.Height)) // MB/s are megapixels a second
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

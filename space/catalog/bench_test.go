package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// wide is an encoder that is never asked: vectors come in made.
type wide struct {
	catalog.Encoder
	dim int
}

func (w wide) Fingerprint() space.Fingerprint {
	return space.Fingerprint{Model: "wide", Digest: "77", Dim: w.dim}
}

// cpuTime is what this process has used: on a busy machine it says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkImport takes precomputed vectors of 512 components with a caption and two fields in, 2,000 at a time, fsynced.
// Words follow in the background: "words/s" is how fast, measured apart.
func BenchmarkImport(b *testing.B) {
	const batch, dim = 2000, 512
	library, err := catalog.Open(b.TempDir(), wide{dim: dim}, catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer library.Close()
	c, err := library.Create(b.Context(), "bench", catalog.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	pool := make([]space.Vector, batch)
	for i := range pool {
		raw := make([]float32, dim)
		for j := range raw {
			raw[j] = float32(random.NormFloat64())
		}
		pool[i] = unit(raw)
	}
	n, before := 0, cpuTime(b)
	for b.Loop() {
		records := make([]catalog.Record, batch)
		for i := range records {
			n++
			records[i].Item = space.Item{
				ID: fmt.Sprintf("%08d", n), Kind: space.Image, Text: fmt.Sprintf("a picture of a %s and a %s", vocabulary[n%14], vocabulary[n/14%14]), Vector: pool[i],
				Source: fmt.Sprintf("https://example.org/%d.jpg", n), Metadata: space.Metadata{"width": 640.0, "licence": "CC0"},
			}
		}
		if _, err := c.Import(b.Context(), records); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "vectors/s")
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1e3/float64(n), "cpu-µs/vector")
	begun := time.Now()
	const wait = 5 * time.Second // as long as this the words are watched
	first, err := c.Describe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for {
		time.Sleep(50 * time.Millisecond)
		d, err := c.Describe(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if took := time.Since(begun); d.WordsBehind == 0 || took > wait {
			b.ReportMetric(float64(first.WordsBehind-d.WordsBehind)/took.Seconds(), "words/s")
			return
		}
	}
}

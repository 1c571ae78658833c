package models

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/space"
)

// trimmedFamilies says of which towers the last block is computed for the pooled token only: those that pool one token.
// Others pool all (jina's texts, sentence-transformers outside of the graph), by attention (SigLIP's pictures), are
// no transformers (MobileCLIP's pictures), or have float weights and texts that aren't padded, which gain nothing. (The
// exports of openclip and immich have texts of one length.)
var trimmedFamilies = map[string]struct{ text, image bool }{
	"clip": {false, true}, "clip-combined": {false, true}, "openclip": {true, true}, "immich": {true, true}, "mobileclip": {true, false},
	"siglip": {true, false}, "siglip2": {true, false}, "jina-clip-v1": {false, true}, "jina-clip-v2": {false, true}, "chinese-clip": {false, true},
	"sentence": {}, "sentence-cls": {}, "sentence-lasttoken": {}, "sentence-weightedmean": {}, "sentence-dense": {},
}

// leastTrimmedCosine is between a tower's vectors with and without its last block trimmed, in fp32.
const leastTrimmedCosine = 0.9999999

func TestTrimmedFamilies(t *testing.T) {
	for name, over := range families {
		t.Run(name, func(t *testing.T) {
			want, ok := trimmedFamilies[name]
			if !ok {
				t.Fatal("whether it is trimmed is not written down")
			}
			trimmed := mustOpenFamily(t, familyFolder(t, name, over...), Options{})
			whole := mustOpenFamily(t, familyFolder(t, name, over...), Options{NoRewrite: true})
			if got := wasTrimmed(&trimmed.textRewrites); got != want.text {
				t.Errorf("text tower trimmed: %v", got)
			}
			if got := wasTrimmed(&trimmed.imageRewrites); got != want.image {
				t.Errorf("image tower trimmed: %v", got)
			}
			if whole.textRewrites.Load().Any() || whole.imageRewrites.Load().Any() {
				t.Error("trimmed in spite of NoRewrite")
			}
			a, b := trimmedVectors(t, trimmed), trimmedVectors(t, whole)
			if least := leastBetween(t, a, b); least < leastTrimmedCosine {
				t.Errorf("cosine %.9f with the whole last block", least)
			} else {
				t.Logf("least cosine %.9f", least)
			}
		})
	}
}

func wasTrimmed(rewrites *atomic.Pointer[ort.Rewrites]) bool {
	r := rewrites.Load()
	return r != nil && r.Trimmed
}

// trimTexts have different lengths, and one is longer than the context of small models.
var trimTexts = []string{"a", "a photo of a cat", "two dogs in the snow, and a third one", "b", "three words here",
	"a long one: the quick brown fox jumps over the lazy dog, again and again, until the context of the model has an end"}

// trimmedVectors are a model's vectors of texts and noise, each alone and then all in batches.
func trimmedVectors(t *testing.T, m *Model) []space.Vector {
	t.Helper()
	ctx := context.Background()
	var vectors []space.Vector
	add := func(encoded []space.Vector, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, encoded...)
	}
	if m.text != nil {
		encoder, err := m.text.get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range trimTexts {
			add(encoder.Encode(ctx, []string{text}))
		}
		add(encoder.Encode(ctx, trimTexts))
	}
	if m.image != nil {
		encoder, err := m.image.get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		noise := noisyPixels(5, m.imageSpec.Len())
		for _, one := range noise {
			add(encoder.EncodePixels(ctx, [][]float32{one}))
		}
		add(encoder.EncodePixels(ctx, noise))
	}
	return vectors
}

func noisyPixels(count, length int) [][]float32 {
	random := rand.New(rand.NewPCG(1, 2))
	pixels := make([][]float32, count)
	for i := range pixels {
		pixels[i] = make([]float32, length)
		for j := range pixels[i] {
			pixels[i][j] = float32(random.NormFloat64())
		}
	}
	return pixels
}

func leastBetween(t *testing.T, a, b []space.Vector) float64 {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%d and %d vectors", len(a), len(b))
	}
	least := 1.0
	for i := range a {
		least = min(least, a[i].Cosine(b[i]))
	}
	return least
}

func meanCosine(a, b []space.Vector) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i].Cosine(b[i])
	}
	return sum / float64(len(a))
}

// TestTrimmedVariants: of graphs with other numbers than float32. Dynamic quantisation scales activations by the largest
// of the rows that it is given. Of fewer rows that is another scale: no bit-equal result is to be had without the rows
// that trimming leaves out, but one as near to float32. How near is chance of a few per cent, of 19 small vectors (uint8:
// an error of × 1.05, int8: × 0.94); TestTrimmedFullSize is stricter.
func TestTrimmedVariants(t *testing.T) {
	exact := trimmedVectors(t, mustOpenFamily(t, familyFolder(t, "clip"), Options{}))
	for variant, most := range map[string]float64{"q4": 1e-7, "fp16": 1e-5, "int8": 0.1, "uint8": 0.1} {
		t.Run(variant, func(t *testing.T) {
			folder := func() Folder { return familyFolder(t, "clip-variants", "clip") }
			trimmed := mustOpenFamily(t, folder(), Options{Variant: variant})
			if floats := variant == "fp16"; wasTrimmed(&trimmed.textRewrites) == floats || !wasTrimmed(&trimmed.imageRewrites) {
				t.Fatalf("trimmed: texts %v, pictures %v", wasTrimmed(&trimmed.textRewrites), wasTrimmed(&trimmed.imageRewrites))
			}
			whole := trimmedVectors(t, mustOpenFamily(t, folder(), Options{Variant: variant, NoRewrite: true}))
			vectors := trimmedVectors(t, trimmed)
			before, after, between := meanCosine(whole, exact), meanCosine(vectors, exact), leastBetween(t, vectors, whole)
			t.Logf("mean cosine with fp32: whole %.7f, trimmed %.7f; least between them %.8f", before, after, between)
			if between < 1-most {
				t.Errorf("cosine %.8f between trimmed and whole", between)
			}
			if 1-after > 1.1*(1-before)+1e-6 {
				t.Errorf("mean cosine with fp32: whole %.7f, trimmed %.7f", before, after)
			}
		})
	}
}

// benchModelDir is what `make bench-model` leaves: CLIP ViT-B/32 in full size with random weights.
const benchModelDir = "../build/bench-model"

func benchModel(t testing.TB, opts Options) *Model {
	t.Helper()
	if _, err := os.Stat(benchModelDir + "/made-by.sha256"); err != nil {
		t.Skip("SKIPPED: a model of full size; run `make bench-model`")
	}
	return mustOpenFamily(t, DirFolder(benchModelDir), opts)
}

func TestTrimmedFullSize(t *testing.T) {
	exact := trimmedVectors(t, benchModel(t, Options{NoRewrite: true}))
	trimmed := benchModel(t, Options{})
	if wasTrimmed(&trimmed.textRewrites) || !wasTrimmed(&trimmed.imageRewrites) {
		t.Fatalf("trimmed: texts %v, pictures %v", wasTrimmed(&trimmed.textRewrites), wasTrimmed(&trimmed.imageRewrites))
	}
	if least := leastBetween(t, trimmedVectors(t, trimmed), exact); least < leastTrimmedCosine {
		t.Errorf("fp32: cosine %.9f with the whole last block", least)
	} else {
		t.Logf("fp32: least cosine %.9f", least)
	}
	eight := benchModel(t, Options{Variant: "quantized"})
	if !eight.textRewrites.Load().Trimmed || !eight.imageRewrites.Load().Trimmed {
		t.Fatal("8 bit: not trimmed")
	}
	after := meanCosine(trimmedVectors(t, eight), exact)
	before := meanCosine(trimmedVectors(t, benchModel(t, Options{Variant: "quantized", NoRewrite: true})), exact)
	t.Logf("8 bit, mean cosine with fp32: whole %.7f, trimmed %.7f", before, after)
	if 1-after > 1.03*(1-before) { // 1.0015 on an EPYC with VNNI, 2026-11-25
		t.Errorf("8 bit, mean cosine with fp32: whole %.7f, trimmed %.7f", before, after)
	}
}

// BenchmarkRewrite runs, in turns, a tower of full size as its file is and rewritten, and reports the
// processor time of a run of each and their ratio. Needs `make bench-model`.
func BenchmarkRewrite(b *testing.B) {
	for _, variant := range []string{"", "quantized"} {
		name := variant
		if name == "" {
			name = "fp32"
		}
		trimmed, whole := benchModel(b, Options{Variant: variant}), benchModel(b, Options{Variant: variant, NoRewrite: true})
		for _, rows := range []int{1, 8} {
			pixels := noisyPixels(rows, trimmed.imageSpec.Len())
			run := func(m *Model) func() error {
				encoder, err := m.image.get(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				return func() error { _, err := encoder.EncodePixels(context.Background(), pixels); return err }
			}
			b.Run(fmt.Sprintf("%s/images=%d", name, rows), func(b *testing.B) { inTurns(b, run(trimmed), run(whole)) })
		}
		for _, texts := range [][]string{trimTexts[1:2], trimTexts[5:6]} {
			run := func(m *Model) func() error {
				encoder, err := m.text.get(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				return func() error { _, err := encoder.Encode(context.Background(), texts); return err }
			}
			b.Run(fmt.Sprintf("%s/text=%d", name, len(texts[0])), func(b *testing.B) { inTurns(b, run(trimmed), run(whole)) })
		}
	}
}

func inTurns(b *testing.B, rewritten, plain func() error) {
	var spent [2]time.Duration
	for b.Loop() {
		for i, run := range []func() error{rewritten, plain} {
			start := machine.Used()
			if err := run(); err != nil {
				b.Fatal(err)
			}
			spent[i] += machine.Used() - start
		}
	}
	each := func(d time.Duration) float64 { return d.Seconds() * 1e3 / float64(b.N) }
	b.ReportMetric(0, "ns/op") // of both together, which says nothing
	b.ReportMetric(each(spent[0]), "rewritten-cpu-ms")
	b.ReportMetric(each(spent[1]), "plain-cpu-ms")
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "ratio")
}

// BenchmarkLoad loads image towers of full size in turns, weights mapped (clipd) or read by the library, and reports the
// processor time of each and the memory that each holds when it is loaded.
func BenchmarkLoad(b *testing.B) {
	for _, variant := range []string{"", "quantized"} {
		m := benchModel(b, Options{Variant: variant, NoRewrite: true, Lazy: true})
		h := m.imageHalf(m.imageThreads())
		b.Run(m.layout.vision, func(b *testing.B) {
			var spent [2]time.Duration
			var held [2]int64
			for b.Loop() {
				for i, load := range []func() (*ort.Session, error){
					func() (*ort.Session, error) { return m.session(h, true) },
					func() (*ort.Session, error) { return m.bareSession(h) },
				} {
					machine.Trim()
					before, start := machine.Resident(), machine.Used()
					session, err := load()
					if err != nil {
						b.Fatal(err)
					}
					spent[i] += machine.Used() - start
					machine.Trim()
					held[i] += machine.Resident() - before
					if err := session.Close(); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			for i, name := range []string{"mapped", "read"} {
				b.ReportMetric(spent[i].Seconds()*1e3/float64(b.N), name+"-cpu-ms")
				b.ReportMetric(float64(held[i])/float64(b.N)/(1<<20), name+"-MiB")
			}
		})
	}
}

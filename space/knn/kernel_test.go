package knn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var kernelSizes = []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 383, 384, 511, 512, 513, 768}

// TestKernelsEqualPlain holds every kernel of this CPU to the products in float64, rows unaligned on purpose.
func TestKernelsEqualPlain(t *testing.T) {
	for _, k := range kernels() {
		for _, dim := range kernelSizes {
			for _, count := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 31} {
				t.Run(fmt.Sprintf("%s/%dx%d", k.name, count, dim), func(t *testing.T) {
					checkKernel(t, k, dim, count)
				})
			}
		}
	}
}

func checkKernel(t *testing.T, k kernel, dim, count int) {
	random := rand.New(rand.NewPCG(uint64(dim), uint64(count)))
	memory := make([]float32, 1+dim+dim*count)
	for i := range memory {
		memory[i] = float32(random.NormFloat64())
	}
	q, rows := memory[1:1+dim], memory[1+dim:]
	out := make([]float32, count+1)
	out[count] = 42 // must stay
	k.dots(q, rows, out[:count])
	for i := range count {
		want, scale := 0.0, 0.0
		for j, x := range q {
			product := float64(x) * float64(rows[i*dim+j])
			want += product
			scale += math.Abs(product)
		}
		if diff := math.Abs(float64(out[i]) - want); diff > 1e-6*scale {
			t.Errorf("row %d: %v; want %v", i, out[i], want)
		}
	}
	if out[count] != 42 {
		t.Error("the kernel wrote behind its output")
	}
}

// TestKernelsIgnorePosition: a row's product is the same bits wherever the row lies.
func TestKernelsIgnorePosition(t *testing.T) {
	for _, k := range kernels() {
		for _, dim := range kernelSizes {
			random := rand.New(rand.NewPCG(1, uint64(dim)))
			q, row := make([]float32, dim), make([]float32, dim)
			for i := range q {
				q[i], row[i] = float32(random.NormFloat64()), float32(random.NormFloat64())
			}
			var rows []float32
			for range 11 {
				rows = append(rows, row...)
			}
			out := make([]float32, 11)
			k.dots(q, rows, out)
			for i, x := range out {
				if x != out[0] {
					t.Errorf("%s, %d components: row %d gives %v, row 0 %v", k.name, dim, i, x, out[0])
				}
			}
		}
	}
}

func TestKernelsOnUnusualNumbers(t *testing.T) {
	inf, denormal := float32(math.Inf(1)), float32(math.SmallestNonzeroFloat32)
	for _, k := range kernels() {
		for _, dim := range []int{1, 17, 33} {
			q, rows, out := make([]float32, dim), make([]float32, dim), make([]float32, 1)
			q[dim-1], rows[dim-1] = 1, inf
			if k.dots(q, rows, out); !math.IsInf(float64(out[0]), 1) {
				t.Errorf("%s, %d components: 1 * Inf gives %v", k.name, dim, out[0])
			}
			rows[dim-1] = denormal
			if k.dots(q, rows, out); out[0] != denormal {
				t.Errorf("%s, %d components: 1 * denormal gives %v; want %v", k.name, dim, out[0], denormal)
			}
			rows[dim-1] = float32(math.NaN())
			if k.dots(q, rows, out); !math.IsNaN(float64(out[0])) {
				t.Errorf("%s, %d components: 1 * NaN gives %v", k.name, dim, out[0])
			}
		}
	}
}

func TestKernelsCheckBounds(t *testing.T) {
	for _, k := range kernels() {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s read behind its rows", k.name)
				}
			}()
			k.dots(make([]float32, 16), make([]float32, 31, 31), make([]float32, 2))
		}()
	}
}

// BenchmarkKernel computes the products of 256 rows, which stay in the cache; ns/row is the figure.
func BenchmarkKernel(b *testing.B) {
	const count = 256
	for _, k := range kernels() {
		for _, dim := range []int{384, 512} {
			b.Run(fmt.Sprintf("%s/%d", k.name, dim), func(b *testing.B) {
				q, rows, out := make([]float32, dim), make([]float32, dim*count), make([]float32, count)
				for b.Loop() {
					k.dots(q, rows, out)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/row")
			})
		}
	}
}

package knn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// codeDims are lengths as they are padded for codes and bytes.
var codeDims = []int{64, 128, 384, 512, 576, 768, 4096}

// unaligned is memory that begins at an odd place of a cache line.
func unaligned[T any](n int) []T { return make([]T, n+3)[3:] }

func gaussian(r *rand.Rand, n int) []float32 {
	v := unaligned[float32](n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func randomBlock(r *rand.Rand, dim int) (block, [][]float32) {
	b := blockOf(make([]byte, blockBytes(dim)+4)[4:], dim*4)
	residuals := make([][]float32, blockCodes)
	for i := range residuals {
		residuals[i] = gaussian(r, dim)
		b.put(i, uint32(i*7), residuals[i])
	}
	return b, residuals
}

// TestScanScoresCodes holds each kernel to the sum over signs in float64, and all of them to the same bits but rounding.
func TestScanScoresCodes(t *testing.T) {
	for _, dim := range codeDims {
		r := rand.New(rand.NewPCG(uint64(dim), 1))
		b, residuals := randomBlock(r, dim)
		q := gaussian(r, dim)
		table := newTable(dim)
		table.fill(q)
		p := scanParams{scale: table.scale, offset: table.offset, base: 0.25}
		var oracle [blockCodes]float32
		scanPlain(b.bytes, table.entries, &p, &oracle)
		for i, residual := range residuals {
			want, reach := signedSum(q, residual)
			factor := float64(b.factors()[i])
			// a table's entries are off by half a step each
			if off := math.Abs(float64(oracle[i]-0.25) - factor*want); off > factor*float64(table.scale)*0.5*float64(dim/4)+1e-4*reach {
				t.Errorf("%d components, code %d: %v; want %v", dim, i, oracle[i], 0.25+factor*want)
			}
		}
		for _, k := range kernels() {
			t.Run(fmt.Sprintf("%s/%d", k.name, dim), func(t *testing.T) { checkScan(t, k, b, table, p, oracle) })
		}
	}
}

func signedSum(q, residual []float32) (sum, reach float64) {
	for j, x := range q {
		if residual[j] < 0 {
			x = -x
		}
		sum += float64(x)
		reach += math.Abs(float64(x))
	}
	return sum, reach
}

func checkScan(t *testing.T, k kernel, b block, table table, p scanParams, oracle [blockCodes]float32) {
	for _, least := range []float32{-1e9, oracle[3], oracle[20], 1e9, float32(math.Inf(1)), float32(math.Inf(-1))} {
		p.least = least
		var scores [blockCodes]float32
		reached := k.scan(b.bytes, table.entries, &p, &scores)
		for i, score := range scores {
			rounding := 1e-6 * (1 + 2*math.Abs(float64(b.factors()[i]*p.offset)))
			if math.Abs(float64(score-oracle[i])) > rounding {
				t.Fatalf("code %d: %v; want %v", i, score, oracle[i])
			}
			if bit := reached>>i&1 == 1; bit != (score >= least) {
				t.Fatalf("code %d scores %v, least %v; its bit is %v", i, score, least, bit)
			}
		}
	}
}

func TestScanOfUnusualNumbers(t *testing.T) {
	const dim = 64
	for _, k := range kernels() {
		b := blockOf(make([]byte, blockBytes(dim)), dim*4)
		denormals := make([]float32, dim)
		for i := range denormals {
			denormals[i] = math.SmallestNonzeroFloat32
		}
		b.put(0, 1, denormals)
		b.factors()[1], b.factors()[2] = float32(math.Inf(1)), float32(math.NaN())
		table := newTable(dim)
		table.fill(denormals)
		for _, entry := range table.entries {
			if entry > maxEntry {
				t.Fatalf("entry %d", entry)
			}
		}
		var scores [blockCodes]float32
		p := scanParams{scale: 1, offset: 1, least: 0}
		reached := k.scan(b.bytes, table.entries, &p, &scores)
		if math.IsNaN(float64(scores[0])) || !math.IsInf(float64(scores[1]), 1) || !math.IsNaN(float64(scores[2])) {
			t.Errorf("%s: scores %v", k.name, scores[:3])
		}
		if reached&7 != 7 {
			t.Errorf("%s: reached %b; Inf and NaN must not be lost silently", k.name, reached&7)
		}
	}
}

func TestCodesMoveBetweenBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	from, residuals := randomBlock(r, 128)
	to, want := blockOf(make([]byte, blockBytes(128)), 512), blockOf(make([]byte, blockBytes(128)), 512)
	for i, j := range r.Perm(blockCodes) {
		from.move(i, to, j)
		want.put(j, uint32(i*7), residuals[i])
	}
	if string(to.bytes) != string(want.bytes) {
		t.Error("moved codes differ from those put there")
	}
}

// TestEstimateIsUnbiased: over many vectors the estimate errs to both sides, by as much as the theory says.
func TestEstimateIsUnbiased(t *testing.T) {
	const dim, blocks = 512, 64
	r := rand.New(rand.NewPCG(9, 9))
	q := gaussian(r, dim)
	table := newTable(dim)
	table.fill(q)
	var sum, squares float64
	for range blocks {
		b, residuals := randomBlock(r, dim)
		p := scanParams{scale: table.scale, offset: table.offset}
		var scores [blockCodes]float32
		scanPlain(b.bytes, table.entries, &p, &scores)
		for i, residual := range residuals {
			error := float64(scores[i]) - float64(dotPlain(q, residual))
			sum += error
			squares += error * error
		}
	}
	n := float64(blocks * blockCodes)
	mean, deviation := sum/n, math.Sqrt(squares/n)
	norms := float64(dim) // |q||r|, each about √dim
	if want := norms * math.Sqrt(math.Pi/2-1) / math.Sqrt(dim); deviation > 1.1*want || deviation < 0.9*want {
		t.Errorf("standard error %v; want %v", deviation, want)
	}
	if math.Abs(mean) > 4*deviation/math.Sqrt(n) {
		t.Errorf("mean error %v, deviation %v: biased", mean, deviation)
	}
}

func TestBytesEqualPlain(t *testing.T) {
	for _, k := range kernels() {
		for _, dim := range codeDims {
			for _, count := range []int{0, 1, 2, 5, 9, 33} {
				r := rand.New(rand.NewPCG(uint64(dim), uint64(count)))
				q, memory := unaligned[int8](dim), unaligned[byte](dim*(count+bytesAhead)+1)
				for i := range q {
					q[i] = int8(r.IntN(256) - 128)
				}
				for i := range memory {
					memory[i] = byte(r.IntN(256))
				}
				if count == 9 { // the greatest products
					for i := range q {
						q[i] = -128
					}
					for i := range memory {
						memory[i] = 255
					}
				}
				rows := make([]*byte, count+bytesAhead)
				for i := range rows {
					rows[i] = &memory[i*dim]
				}
				got, want := make([]int32, count+1), make([]int32, count)
				got[count] = 42
				k.bytes(q, rows, got[:count])
				bytesPlain(q, rows, want)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s, %d components, row %d of %d: %d; want %d", k.name, dim, i, count, got[i], want[i])
					}
				}
				if got[count] != 42 {
					t.Errorf("%s wrote behind its output", k.name)
				}
			}
		}
	}
}

// TestQuadsEqualDots: four queries at once give the same bits as one by one.
func TestQuadsEqualDots(t *testing.T) {
	for _, k := range kernels() {
		for _, dim := range kernelSizes {
			for _, count := range []int{0, 1, 3, 4, 5, 8, 31} {
				r := rand.New(rand.NewPCG(uint64(dim), uint64(count)))
				queries, rows := gaussian(r, 4*dim), gaussian(r, count*dim)
				got, want := make([]float32, 4*count), make([]float32, 4*count)
				k.quads(queries, rows, got)
				quadsBy(k.dots)(queries, rows, want)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s, %d components, %d rows, product %d: %v; want %v", k.name, dim, count, i, got[i], want[i])
					}
				}
			}
		}
	}
}

func BenchmarkScan(b *testing.B) {
	for _, k := range kernels() {
		b.Run(k.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			codes, _ := randomBlock(r, 512)
			table := newTable(512)
			table.fill(gaussian(r, 512))
			p := scanParams{scale: table.scale, offset: table.offset, least: 1e9}
			var scores [blockCodes]float32
			for b.Loop() {
				k.scan(codes.bytes, table.entries, &p, &scores)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/blockCodes, "ns/vector")
		})
	}
}

func BenchmarkBytes(b *testing.B) {
	for _, k := range kernels() {
		b.Run(k.name, func(b *testing.B) {
			const count = 64
			q, memory := make([]int8, 512), make([]byte, 512*(count+bytesAhead))
			rows, out := make([]*byte, count+bytesAhead), make([]int32, count)
			for i := range rows {
				rows[i] = &memory[i*512]
			}
			for b.Loop() {
				k.bytes(q, rows, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/row")
		})
	}
}

func BenchmarkQuads(b *testing.B) {
	for _, k := range kernels() {
		b.Run(k.name, func(b *testing.B) {
			const count = 64
			queries, rows, out := make([]float32, 4*512), make([]float32, count*512), make([]float32, 4*count)
			for b.Loop() {
				k.quads(queries, rows, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(4*count), "ns/product")
		})
	}
}

func BenchmarkTable(b *testing.B) {
	table, q := newTable(512), gaussian(rand.New(rand.NewPCG(1, 1)), 512)
	for b.Loop() {
		table.fill(q)
	}
}

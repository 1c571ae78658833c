package knn

import "unsafe"

// kernel are the inner loops, in one instruction set. Each has a twin in Go, which is its oracle.
type kernel struct {
	name string
	// dots computes dot products: out[i] is that of q and the i-th of len(out) rows, which lie one behind another.
	// A row's product does not depend on where the row lies, so equal rows have equal products.
	dots func(q, rows, out []float32)
	// quads does the same for four queries at once: out[i*n+j], n = len(out)/4, is the product of the i-th and the
	// j-th row. The dimension, len(queries)/4, is a multiple of 16.
	quads func(queries, rows, out []float32)
	// bytes computes dot products of signed and unsigned bytes: out[i] is that of q and the row that begins at rows[i].
	// len(q) is a multiple of 64; len(rows) is len(out)+bytesAhead: what stands at the end is fetched and not used.
	bytes func(q []int8, rows []*byte, out []int32)
	// scan scores the vectors of a block of codes; see block.
	scan func(block, table []byte, p *scanParams, scores *[blockCodes]float32) uint32
}

// bytesAhead is how many rows the bytes kernel fetches from memory before it needs them.
const bytesAhead = 4

// scanParams turn the sum of a query's table entries into a score, base + factor*(scale*sum + offset), and say which
// scores are wanted. ahead is the block, or the beginning of any memory, that is fetched meanwhile; nil: none.
type scanParams struct {
	scale, offset, base, least float32
	ahead                      *byte
}

// SIMD names the kernel that indexes of this process use: "avx512", "avx2" or "plain".
func SIMD() string { return kernels()[0].name }

// plain is the kernel in Go: the oracle of the others, and what runs where there are none.
func plain() kernel {
	return kernel{name: "plain", dots: dotsPlain, quads: quadsBy(dotsPlain), bytes: bytesPlain, scan: scanPlain}
}

func dotsPlain(q, rows, out []float32) {
	for i := range out {
		out[i] = dotPlain(q, rows[i*len(q):][:len(q)])
	}
}

// dotPlain keeps four sums, so that the additions don't wait for each other.
func dotPlain(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += x * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// quadsBy makes the kernel for four queries of the one for a single query.
func quadsBy(dots func(q, rows, out []float32)) func(queries, rows, out []float32) {
	return func(queries, rows, out []float32) {
		dim, n := len(queries)/4, len(out)/4
		for i := range 4 {
			dots(queries[i*dim:][:dim], rows[:n*dim], out[i*n:][:n])
		}
	}
}

func bytesPlain(q []int8, rows []*byte, out []int32) {
	for i := range out {
		row := unsafe.Slice(rows[i], len(q))
		var sum int32
		for j, x := range q {
			sum += int32(x) * int32(row[j])
		}
		out[i] = sum
	}
}

func scanPlain(block, table []byte, p *scanParams, scores *[blockCodes]float32) (reached uint32) {
	var sums [blockCodes]uint16
	for at := 0; at < len(table); at += groupBytes {
		entries, codes := table[at:at+groupBytes], block[at:at+groupBytes]
		for i, code := range codes {
			sums[i] += uint16(entries[code&15])
			sums[i+groupBytes] += uint16(entries[code>>4])
		}
	}
	factors := blockOf(block, len(table)).factors()
	for i, sum := range sums {
		scores[i] = p.base + factors[i]*(p.scale*float32(sum)+p.offset)
		if !(scores[i] < p.least) {
			reached |= 1 << i
		}
	}
	return reached
}

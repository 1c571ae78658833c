package knn

// kernel computes dot products: out[i] is that of q and the i-th of len(out) rows, which lie one behind another.
// A row's product does not depend on where the row lies, so equal rows have equal products.
type kernel struct {
	name string
	dots func(q, rows, out []float32)
}

// SIMD names the kernel that indexes of this process use: "avx512", "avx2" or "plain".
func SIMD() string { return kernels()[0].name }

// plain is the kernel in Go: the oracle of the others, and what runs where there are none.
func plain() kernel { return kernel{"plain", dotsPlain} }

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

//go:build !amd64

package dedup

func quadsToFloats(from []byte, into []float32) { quadsToFloatsPlain(from, into) }

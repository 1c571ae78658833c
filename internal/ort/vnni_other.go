//go:build !amd64

package ort

// hasVNNI: elsewhere the library's products are as fast for unsigned weights as for signed ones.
func hasVNNI() bool { return false }

//go:build !amd64

package ort

// hasVNNI: whether signed weights are faster on other processors was not measured; they stay as the file has them.
func hasVNNI() bool { return false }

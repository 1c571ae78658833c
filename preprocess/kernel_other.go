//go:build !amd64

package preprocess

// fastest are the loops for this CPU.
func fastest() loops { return plainLoops }

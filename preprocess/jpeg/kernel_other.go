//go:build !amd64

package jpeg

// fastest are the loops for this CPU.
func fastest() loops { return plainLoops }

//go:build !amd64

package preprocess

// weighers are those that this CPU can run.
func weighers() []weigher { return []weigher{weighPlain} }

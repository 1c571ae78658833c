package hevc

import (
	"errors"
	"fmt"
)

// Errors of this package, wrapped with detail.
var (
	// ErrFormat: the stream is broken, or ends too early.
	ErrFormat = errors.New("invalid HEVC")
	// ErrUnsupported: a kind of stream that this package doesn't decode.
	ErrUnsupported = errors.New("unsupported HEVC")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func unsupported(what string) error { return fmt.Errorf("%w: %s", ErrUnsupported, what) }

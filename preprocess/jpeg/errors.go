package jpeg

import (
	"errors"
	"fmt"
	"io"
)

// Errors of this package, wrapped with detail. A stream that ends too early is io.ErrUnexpectedEOF.
var (
	// ErrFormat: the stream breaks the rules of ITU-T T.81.
	ErrFormat = errors.New("invalid JPEG")
	// ErrUnsupported: a kind of JPEG that this package doesn't decode; the text names it.
	ErrUnsupported = errors.New("unsupported JPEG")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

func tooShort(what string) error { return fmt.Errorf("%s: %w", what, io.ErrUnexpectedEOF) }

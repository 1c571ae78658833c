package heif

import (
	"errors"
	"fmt"
	"io"
)

// Errors of this package, wrapped with detail. A file that ends too early is io.ErrUnexpectedEOF.
var (
	// ErrFormat: the boxes or the coded picture are broken.
	ErrFormat = errors.New("invalid HEIF")
	// ErrUnsupported: a kind of HEIF that this package doesn't decode; the text names it.
	ErrUnsupported = errors.New("unsupported HEIF")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func tooShort(what string) error { return fmt.Errorf("%s: %w", what, io.ErrUnexpectedEOF) }

func unsupportedKind(kind string) error {
	if kind == "" {
		return invalid("a primary picture without a kind")
	}
	return fmt.Errorf("%w: pictures of kind %q", ErrUnsupported, kind)
}

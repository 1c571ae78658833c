package preprocess

import "fmt"

// Limits of what Decode accepts. The zero value means the defaults.
type Limits struct {
	MaxBytes  int64 // of the file; 0: DefaultMaxBytes
	MaxPixels int64 // width times height, from the header; 0: DefaultMaxPixels
}

// The default limits: a photograph of a 100-megapixel camera passes, a decompression bomb doesn't.
const (
	DefaultMaxBytes  = 64 << 20
	DefaultMaxPixels = 100_000_000
)

// maxSide is the longest side that JPEG can state; beyond it, other formats hold no photographs.
const maxSide = 65535

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = DefaultMaxPixels
	}
	return l
}

func (l Limits) checkBytes(n int64) error {
	if n > l.MaxBytes {
		return fmt.Errorf("%w: %d bytes; at most %d (--max-bytes)", ErrTooLarge, n, l.MaxBytes)
	}
	return nil
}

func (l Limits) checkSize(width, height int) error {
	switch {
	case width < 1 || height < 1:
		return fmt.Errorf("%w: its header says %d x %d pixels", ErrCorrupt, width, height)
	case width > maxSide || height > maxSide:
		return fmt.Errorf("%w: %d x %d pixels; at most %d a side", ErrTooLarge, width, height, maxSide)
	case int64(width)*int64(height) > l.MaxPixels:
		return fmt.Errorf("%w: %d x %d pixels; at most %d in all (--max-pixels)", ErrTooLarge, width, height, l.MaxPixels)
	}
	return nil
}

package preprocess

import "errors"

// Errors of Decode, wrapped with the picture's name and detail.
var (
	// ErrEmpty: there are no bytes.
	ErrEmpty = errors.New("the file is empty")
	// ErrNotImage: the content, whatever the name says, is no image.
	ErrNotImage = errors.New("not an image")
	// ErrUnsupported: an image of a format, or of a variant of one, that clipd doesn't decode; the text names it.
	ErrUnsupported = errors.New("unsupported image format")
	// ErrTruncated: the image begins well and ends too early.
	ErrTruncated = errors.New("the image is cut off")
	// ErrCorrupt: the image's structure is broken.
	ErrCorrupt = errors.New("the image is damaged")
	// ErrTooLarge: more bytes or pixels than Limits permit; the text names the limit and its flag.
	ErrTooLarge = errors.New("the image is too large")
)

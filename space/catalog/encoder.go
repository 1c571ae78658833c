package catalog

import (
	"context"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// Encoder makes the vectors of a library; *models.Model is one. All vectors have the Fingerprint's dimension.
// It must be safe for concurrent use. A full queue is space.ErrBusy; ingest waits and tries again.
type Encoder interface {
	Fingerprint() space.Fingerprint
	EncodeTexts(ctx context.Context, texts []string) ([]space.Vector, error)
	EncodePictures(ctx context.Context, pictures []*preprocess.Picture) ([]space.Vector, error)
	// Pixels and EncodePixels do the same for one picture in two steps, between which it need not be held.
	Pixels(picture *preprocess.Picture) ([]float32, error)
	EncodePixels(ctx context.Context, pixels []float32) (space.Vector, error)
	// DecodePicture decodes an image file for EncodePictures alone, with as few pixels as that needs.
	DecodePicture(name string, data []byte, limits preprocess.Limits) (*preprocess.Picture, error)
	// ReadPicture does so, too, and hands out all pixels of the file on the way.
	ReadPicture(name string, data []byte, limits preprocess.Limits, rows preprocess.Rows) (*preprocess.Picture, error)
}

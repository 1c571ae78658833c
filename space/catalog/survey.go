package catalog

import (
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
)

// thumbnailSide is the longer side of a thumbnail, in pixels.
const thumbnailSide = 320

// survey is all that is kept of a picture's pixels. It is made row by row while the picture is decoded: 12 megapixels
// would be 48 MB to hold, and a row is still in the nearest cache when the next looks at it.
type survey struct {
	digest *preprocess.PixelDigest
	hasher *dedup.Hasher
	small  *preprocess.Shrinker

	about     *space.Picture
	thumbnail []byte // a JPEG
}

// survey decodes a document's image, once, for all that is kept of it and for the encoder.
func (c *Catalog) survey(doc Document) (*survey, *preprocess.Picture, error) {
	s := new(survey)
	picture, err := c.enc.ReadPicture(doc.name(), doc.Image, c.opts.Limits, s.rows)
	if err != nil {
		return nil, nil, err
	}
	s.describe(picture, doc)
	small := s.small.Pixels()
	s.about.Inner = dedup.Inner(small)
	s.thumbnail, err = picture.EncodeThumbnail(small)
	return s, picture, err
}

func (s *survey) rows(width, height int) func(pixels []uint8) {
	s.digest, s.hasher = preprocess.NewPixelDigest(width, height), dedup.NewHasher(width, height)
	s.small = preprocess.NewShrinker(width, height, thumbnailSide)
	return func(pixels []uint8) {
		s.digest.Row(pixels)
		s.hasher.Row(pixels)
		s.small.Row(pixels)
	}
}

func (s *survey) describe(p *preprocess.Picture, doc Document) {
	hash, quality := s.hasher.Sum()
	s.about = &space.Picture{
		Format: p.Format, Width: p.Width, Height: p.Height, Bytes: int64(len(doc.Image)), Modified: doc.Modified,
		Taken: p.Taken, Camera: p.Camera, PixelSHA256: s.digest.Sum(), Hash: hash, HashQuality: quality,
		JPEGQuality: preprocess.JPEGQuality(doc.Image),
	}
	if p.Located {
		s.about.Location = &space.Point{Lat: p.Latitude, Lon: p.Longitude}
	}
}

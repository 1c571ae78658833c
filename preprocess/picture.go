package preprocess

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"image"
	"sync"
	"time"
)

// Picture is a decoded image: upright (EXIF orientation applied) and opaque (alpha dropped, not blended).
// It does not change after Decode and is safe for concurrent use. Of a large JPEG it keeps the file too, whose bytes
// must not change: resizing reads a smaller decoding of it.
type Picture struct {
	Name   string    // as given to Decode, for messages
	Format string    // "jpeg", "png", "gif", "bmp", "tiff", "webp", "heic", "avif"
	Width  int       // pixels, upright
	Height int       // pixels, upright
	Bytes  int64     // size of the file
	Taken  time.Time // EXIF DateTimeOriginal; in UTC where the camera gave no offset; zero: unknown
	Camera string    // EXIF make and model, "Canon EOS 5D"; empty: unknown

	Located             bool    // whether the file says where it was taken
	Latitude, Longitude float64 // EXIF GPS position in degrees, north and east positive

	pixels *image.RGBA // bounds at the origin, every alpha 255; nil: not decoded whole

	file        []byte // of a JPEG
	orientation int    // EXIF's, of file
	mu          sync.Mutex
	small       view // the last smaller decoding of file
	smallScale  int
	part        *image.RGBA // of a picture decoded for a Spec: the part that its geometry wants, resized
	partOf      geometry
}

// Image is the upright picture; every pixel is opaque. Callers must not change it. A JPEG that Spec.Decode read is
// decoded once more for it.
func (p *Picture) Image() *image.RGBA {
	if p.pixels != nil {
		return p.pixels
	}
	return p.view(p.Width, p.Height).pixels
}

// FromImage makes a Picture of an image in memory, as Decode would of a file that holds it: alpha is dropped from
// the straight (not premultiplied) colours.
func FromImage(name string, img image.Image) *Picture {
	pixels := opaque(img)
	return &Picture{Name: name, Width: pixels.Rect.Dx(), Height: pixels.Rect.Dy(), pixels: pixels}
}

// PixelSHA256 is the hex SHA-256 of width and height (little-endian uint32 each) and the RGB bytes row by row: equal
// for files that hold the same pixels in whatever lossless container, metadata or orientation. It is for pictures that
// Decode made.
func (p *Picture) PixelSHA256() string {
	pixels := p.Image()
	digest := NewPixelDigest(pixels.Rect.Dx(), pixels.Rect.Dy())
	eachRowOf(pixels, digest.Row)
	return digest.Sum()
}

// PixelDigest makes PixelSHA256 while a picture is decoded.
type PixelDigest struct {
	sum hash.Hash
	row []uint8
}

// NewPixelDigest is for a picture of width x height pixels.
func NewPixelDigest(width, height int) *PixelDigest {
	d := &PixelDigest{sha256.New(), make([]uint8, 3*width)}
	head := binary.LittleEndian.AppendUint32(nil, uint32(width))
	d.sum.Write(binary.LittleEndian.AppendUint32(head, uint32(height)))
	return d
}

// Row takes the next row; see Rows.
func (d *PixelDigest) Row(pixels []uint8) {
	fastest().pack(d.row, pixels)
	d.sum.Write(d.row)
}

// Sum is the digest in hexadecimal.
func (d *PixelDigest) Sum() string { return hex.EncodeToString(d.sum.Sum(nil)) }

package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/clipd/clipd/preprocess/heif"
	"github.com/clipd/clipd/preprocess/jpeg"
)

// Decode turns the bytes of an image file into an upright, opaque Picture. The format is told from the content;
// limits are checked on the header, before any pixel is decoded. Of an animated GIF it takes the first frame.
// name stands in errors: `decode holiday.jpg: …`.
//
// It fails with ErrEmpty, ErrNotImage, ErrUnsupported, ErrTruncated, ErrCorrupt or ErrTooLarge.
func Decode(name string, data []byte, limits Limits) (*Picture, error) {
	return decodeNamed(name, data, limits, nil, nil)
}

// Decode decodes like the function Decode, for Pixels of this Spec alone: of a large JPEG only as many pixels as these
// need, and at once resized, which takes a fraction of the time and of the memory. Pixels gives the same values as of a
// Picture with all pixels.
func (s Spec) Decode(name string, data []byte, limits Limits) (*Picture, error) {
	return decodeNamed(name, data, limits, &s, nil)
}

func decodeNamed(name string, data []byte, limits Limits, spec *Spec, rows Rows) (*Picture, error) {
	picture, err := decode(data, limits.withDefaults(), spec, rows)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	picture.Name = name
	return picture, nil
}

func decode(data []byte, limits Limits, spec *Spec, rows Rows) (*Picture, error) {
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	if err := limits.checkBytes(int64(len(data))); err != nil {
		return nil, err
	}
	kind, err := sniff(data)
	if err != nil {
		return nil, err
	}
	codec := codecs[kind]
	config, err := codec.config(data)
	if err != nil {
		return nil, decodeError(kind, data, err)
	}
	if err := limits.checkSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	about := readExif(kind, data)
	if kind == formatHEIC || kind == formatAVIF {
		about.orientation = heifOrientation(data)
	}
	picture := &Picture{
		Format: string(kind),
		Width:  config.Width,
		Height: config.Height,
		Bytes:  int64(len(data)),
		Taken:  about.taken,
		Camera: about.camera,

		Located: about.located, Latitude: about.latitude, Longitude: about.longitude,
	}
	if about.orientation > 4 { // stored on its side
		picture.Width, picture.Height = config.Height, config.Width
	}
	if kind == formatJPEG {
		picture.file, picture.orientation = data, about.orientation
		if done, err := picture.decodeFor(spec, rows); err != nil {
			return nil, decodeError(kind, data, err)
		} else if done {
			return picture, nil
		}
	}
	img, err := codec.decode(data, config)
	if err != nil {
		return nil, decodeError(kind, data, err)
	}
	if size := img.Bounds().Size(); size.X != config.Width || size.Y != config.Height {
		return nil, fmt.Errorf("%w: its header says %d x %d pixels, its data %d x %d",
			ErrCorrupt, config.Width, config.Height, size.X, size.Y)
	}
	pixels, isOpaque := img.(*image.RGBA)
	if kind != formatJPEG || !isOpaque { // a JPEG's are opaque by nature
		pixels = opaque(img)
	}
	picture.pixels = upright(pixels, about.orientation)
	if rows != nil {
		eachRowOf(picture.pixels, rows(picture.Width, picture.Height))
	}
	return picture, nil
}

// decodeFor decodes of the picture's file what the spec and rows need alone; false where that is all of its pixels.
func (p *Picture) decodeFor(spec *Spec, rows Rows) (done bool, err error) {
	if rows != nil {
		return true, p.readRows(spec, rows)
	}
	if spec == nil || spec.Filter == Nearest {
		return false, nil
	}
	p.partOf = spec.geometry()
	p.part, err = p.partOf.decode(p)
	return true, err
}

// codec reads one format.
type codec struct {
	config func(data []byte) (image.Config, error)
	decode func(data []byte, config image.Config) (image.Image, error)
}

var codecs = map[format]codec{
	formatJPEG: {jpegConfig, decodeJPEG},
	formatPNG:  {configWith(png.DecodeConfig), decodeWith(png.Decode)},
	formatGIF:  {configWith(gif.DecodeConfig), decodeGIF},
	formatBMP:  {configWith(bmp.DecodeConfig), decodeWith(bmp.Decode)},
	formatTIFF: {configWith(tiff.DecodeConfig), decodeTIFF},
	formatWebP: {configWith(webpConfig), decodeWebP},
	formatHEIC: {heifConfig, decodeHEIF},
	formatAVIF: {heifConfig, decodeHEIF},
}

func decodeWith(f func(io.Reader) (image.Image, error)) func([]byte, image.Config) (image.Image, error) {
	return func(data []byte, _ image.Config) (image.Image, error) { return f(bytes.NewReader(data)) }
}

func configWith(f func(io.Reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(data []byte) (image.Config, error) { return f(bytes.NewReader(data)) }
}

func jpegConfig(data []byte) (image.Config, error) {
	header, err := jpeg.ReadHeader(data)
	return image.Config{Width: header.Width, Height: header.Height}, err
}

func decodeJPEG(data []byte, _ image.Config) (image.Image, error) { return jpeg.Decode(data, 1) }

func heifConfig(data []byte) (image.Config, error) {
	header, err := heif.ReadHeader(data)
	if header.Codec == heif.HEIC && header.Orientation > 4 { // libheif turns it
		header.Width, header.Height = header.Height, header.Width
	}
	return image.Config{Width: header.Width, Height: header.Height}, err
}

func decodeHEIF(data []byte, _ image.Config) (image.Image, error) { return heif.Decode(data) }

// heifOrientation is how a decoded HEIC or AVIF has still to be turned. Its boxes say, and overrule EXIF, as in Pillow
// and pillow-heif; libheif has turned a HEIC already.
func heifOrientation(data []byte) int {
	header, err := heif.ReadHeader(data)
	if err != nil || header.Codec == heif.HEIC {
		return 1
	}
	return header.Orientation
}

// decodeGIF places the first frame on its canvas, as Pillow does; what the frame doesn't cover is black.
func decodeGIF(data []byte, config image.Config) (image.Image, error) {
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	canvas := image.Rect(0, 0, config.Width, config.Height)
	if frame.Bounds() == canvas {
		return frame, nil
	}
	full := blackCanvas(config.Width, config.Height)
	place(full, opaque(frame), frame.Bounds().Min)
	return full, nil
}

func blackCanvas(width, height int) *image.RGBA {
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := 3; i < len(canvas.Pix); i += 4 {
		canvas.Pix[i] = 255
	}
	return canvas
}

func place(dst, src *image.RGBA, at image.Point) {
	r := src.Rect.Add(at).Intersect(dst.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from := src.PixOffset(r.Min.X-at.X, y-at.Y)
		to := dst.PixOffset(r.Min.X, y)
		copy(dst.Pix[to:to+4*r.Dx()], src.Pix[from:])
	}
}

// endsTooEarly also knows the decoders' own words for it, where they don't wrap io's error.
func endsTooEarly(err error) bool {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return true
	}
	for _, words := range []string{"unexpected EOF", "short Huffman data", "not enough"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// decodeError sorts a decoder's complaint into this package's errors.
func decodeError(kind format, data []byte, err error) error {
	name := strings.ToUpper(string(kind))
	var (
		pngUnsupported  png.UnsupportedError
		tiffUnsupported tiff.UnsupportedError
	)
	switch {
	case endsTooEarly(err):
		return fmt.Errorf("%w: %s data ends after %d bytes, before the picture is complete", ErrTruncated, name, len(data))
	case errors.Is(err, jpeg.ErrUnsupported), errors.Is(err, heif.ErrUnsupported), errors.As(err, &pngUnsupported), errors.As(err, &tiffUnsupported),
		errors.Is(err, bmp.ErrUnsupported):
		return fmt.Errorf("%w: %s: %w; convert it to an ordinary JPEG or PNG", ErrUnsupported, name, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrCorrupt, name, err)
}

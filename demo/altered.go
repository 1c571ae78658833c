package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"strings"

	"github.com/disintegration/imaging"
)

// alteration is one copy to be made.
type alteration struct {
	of     string                            // Name of the original
	edit   string                            // as it stands in the copy's name
	change func(image.Image) image.Image     // nil: the same bytes
	encode func(image.Image) ([]byte, error) // nil: JPEG of quality 70, smaller than the originals
	ext    string                            // "" for .jpg
}

// alterations are the copies, each made by what people and programs do to pictures.
var alterations = []alteration{
	{of: "astronaut.jpg", edit: "resized", change: scaled(0.4)},
	{of: "cat.jpg", edit: "cropped", change: cropped(0.05)},
	{of: "cat.jpg", edit: "mirrored", change: mirrored},
	{of: "cat.jpg", edit: "re-encoded", change: unchanged, encode: asJPEG(40)},
	{of: "cat.jpg", edit: "resized", change: scaled(0.6)},
	{of: "coffee.jpg", edit: "resized, as PNG", change: scaled(0.5), encode: asPNG, ext: ".png"},
	{of: "coffee.jpg", edit: "re-encoded", change: unchanged, encode: asJPEG(50)},
	{of: "coins.jpg", edit: "copy"},
	{of: "motorcycle.jpg", edit: "mirrored", change: mirrored},
	{of: "rocket.jpg", edit: "cropped", change: cropped(0.04)},
}

// Altered are copies of some originals, made anew by each call and equal each time: resized, re-encoded, mirrored,
// cropped, in another format, and one that is the same file under another name.
func Altered() ([]Photo, error) {
	originals := map[string]Photo{}
	for _, p := range Photos() {
		originals[p.Name] = p
	}
	var copies []Photo
	for _, a := range alterations {
		original, known := originals[a.of]
		if !known {
			return nil, fmt.Errorf("alter %s: there is no such photograph", a.of)
		}
		made, err := a.apply(original)
		if err != nil {
			return nil, fmt.Errorf("alter %s (%s): %w", a.of, a.edit, err)
		}
		copies = append(copies, made)
	}
	return copies, nil
}

func (a alteration) apply(original Photo) (Photo, error) {
	copied := original
	copied.Original, copied.Edit = original.Name, a.edit
	copied.Title = fmt.Sprintf("%s (%s)", original.Title, a.edit)
	base, ext := strings.TrimSuffix(original.Name, filepath.Ext(original.Name)), a.ext
	if ext == "" {
		ext = ".jpg"
	}
	copied.Name = fmt.Sprintf("%s (%s)%s", base, a.edit, ext)
	if a.change == nil {
		return copied, nil
	}
	picture, err := jpeg.Decode(bytes.NewReader(original.Bytes))
	if err != nil {
		return Photo{}, fmt.Errorf("decode: %w", err)
	}
	encode := a.encode
	if encode == nil {
		encode = asJPEG(70)
	}
	copied.Bytes, err = encode(a.change(picture))
	return copied, err
}

func unchanged(picture image.Image) image.Image { return picture }

func mirrored(picture image.Image) image.Image { return imaging.FlipH(picture) }

func scaled(factor float64) func(image.Image) image.Image {
	return func(picture image.Image) image.Image {
		width := int(factor * float64(picture.Bounds().Dx()))
		return imaging.Resize(picture, width, 0, imaging.Lanczos)
	}
}

// cropped takes the share off each of the four sides.
func cropped(share float64) func(image.Image) image.Image {
	return func(picture image.Image) image.Image {
		b := picture.Bounds()
		dx, dy := int(share*float64(b.Dx())), int(share*float64(b.Dy()))
		return imaging.Crop(picture, image.Rect(b.Min.X+dx, b.Min.Y+dy, b.Max.X-dx, b.Max.Y-dy))
	}
}

func asJPEG(quality int) func(image.Image) ([]byte, error) {
	return func(picture image.Image) ([]byte, error) {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode JPEG: %w", err)
		}
		return out.Bytes(), nil
	}
}

func asPNG(picture image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

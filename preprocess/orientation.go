package preprocess

import (
	"image"

	"github.com/disintegration/imaging"
)

// upright undoes an EXIF orientation (EXIF 2.3 § 4.6.4.A), as Pillow's ImageOps.exif_transpose.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	switch orientation {
	case 2:
		return asRGBA(imaging.FlipH(img))
	case 3:
		return asRGBA(imaging.Rotate180(img))
	case 4:
		return asRGBA(imaging.FlipV(img))
	case 5:
		return asRGBA(imaging.Transpose(img))
	case 6:
		return asRGBA(imaging.Rotate270(img)) // imaging turns counter-clockwise
	case 7:
		return asRGBA(imaging.Transverse(img))
	case 8:
		return asRGBA(imaging.Rotate90(img))
	}
	return img
}

// storedPart is where a part of an upright picture of the given size lies in the picture as stored.
func storedPart(part image.Rectangle, size image.Point, orientation int) image.Rectangle {
	if orientation == 3 || orientation == 2 || orientation == 6 || orientation == 7 { // turned round from left to right
		part.Min.X, part.Max.X = size.X-part.Max.X, size.X-part.Min.X
	}
	if orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8 { // and from top to bottom
		part.Min.Y, part.Max.Y = size.Y-part.Max.Y, size.Y-part.Min.Y
	}
	if orientation > 4 {
		part = image.Rect(part.Min.Y, part.Min.X, part.Max.Y, part.Max.X)
	}
	return part
}

// asRGBA renames opaque pixels: at alpha 255 NRGBA and RGBA are the same bytes.
func asRGBA(img *image.NRGBA) *image.RGBA {
	return &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
}

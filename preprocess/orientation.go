package preprocess

import (
	"encoding/binary"
	"image"

	"github.com/clipd/clipd/preprocess/jpeg"
)

// upright undoes an EXIF orientation (EXIF 2.3 § 4.6.4.A), as Pillow's ImageOps.exif_transpose.
func upright(img *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return img
	}
	size := img.Rect.Size()
	if orientation > 4 {
		size.X, size.Y = size.Y, size.X
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	rest := dst.Pix
	newTurner(orientation, func(pixels []uint8) { rest = rest[copy(rest, pixels):] }).all(img)
	return dst
}

// turner makes the rows of an upright picture of a stored one's parts.
type turner struct {
	order    jpeg.Order // in which the parts must come
	mirrored bool       // each row, or of columns, each column, is turned round
	take     func(pixels []uint8)
	lines    [turnedAtOnce][]uint8
}

// turnedAtOnce are the columns that become rows together: as many as lie in a line of the cache.
const turnedAtOnce = 16

func newTurner(orientation int, take func(pixels []uint8)) *turner {
	t := &turner{take: take}
	switch orientation {
	case 2:
		t.mirrored = true
	case 3:
		t.order.Backward, t.mirrored = true, true
	case 4:
		t.order.Backward = true
	case 5:
		t.order.Columns = true
	case 6:
		t.order.Columns, t.mirrored = true, true
	case 7:
		t.order.Columns, t.order.Backward, t.mirrored = true, true, true
	case 8:
		t.order.Columns, t.order.Backward = true, true
	}
	return t
}

// all takes a whole picture.
func (t *turner) all(img *image.RGBA) {
	if t.order.Columns {
		t.tile(img)
		return
	}
	for y := range img.Rect.Dy() {
		if t.order.Backward {
			y = img.Rect.Dy() - 1 - y
		}
		t.line(img.Pix[y*img.Stride:][:4*img.Rect.Dx()])
	}
}

// tile takes the next part: a row, or some columns of the picture's whole height.
func (t *turner) tile(tile *image.RGBA) {
	if !t.order.Columns {
		t.line(tile.Pix[:4*tile.Rect.Dx()])
		return
	}
	columns := tile.Rect.Dx()
	for first := 0; first < columns; first += turnedAtOnce {
		n := min(turnedAtOnce, columns-first)
		left := first
		if t.order.Backward {
			left = columns - first - n
		}
		t.columns(tile, left, n)
	}
}

// columns makes rows of n columns.
func (t *turner) columns(tile *image.RGBA, left, n int) {
	height := tile.Rect.Dy()
	for k := range n {
		t.lines[k] = sized(t.lines[k], 4*height)
	}
	for k := 0; k < n; k += 4 {
		t.fourColumns(tile, left+k, t.lines[k:min(k+4, n)])
	}
	for k := range n {
		if t.order.Backward {
			k = n - 1 - k
		}
		t.take(t.lines[k])
	}
}

// fourColumns makes lines of at most four columns.
func (t *turner) fourColumns(tile *image.RGBA, left int, lines [][]uint8) {
	height := tile.Rect.Dy()
	at, step := 0, 4
	if t.mirrored {
		at, step = 4*(height-1), -4
	}
	if len(lines) < 4 {
		for y := range height {
			from := tile.Pix[y*tile.Stride+4*left:]
			for k, line := range lines {
				copy(line[at:at+4], from[4*k:])
			}
			at += step
		}
		return
	}
	l0, l1, l2, l3 := lines[0], lines[1], lines[2], lines[3]
	for y := range height {
		from := tile.Pix[y*tile.Stride+4*left:][:16]
		a, b := binary.LittleEndian.Uint64(from), binary.LittleEndian.Uint64(from[8:])
		binary.LittleEndian.PutUint32(l0[at:], uint32(a))
		binary.LittleEndian.PutUint32(l1[at:], uint32(a>>32))
		binary.LittleEndian.PutUint32(l2[at:], uint32(b))
		binary.LittleEndian.PutUint32(l3[at:], uint32(b>>32))
		at += step
	}
}

// line hands on a row.
func (t *turner) line(pixels []uint8) {
	if !t.mirrored {
		t.take(pixels)
		return
	}
	t.lines[0] = sized(t.lines[0], len(pixels))
	for x := 0; x < len(pixels); x += 4 {
		copy(t.lines[0][len(pixels)-4-x:][:4], pixels[x:x+4])
	}
	t.take(t.lines[0])
}

func sized(memory []uint8, n int) []uint8 {
	if cap(memory) < n {
		return make([]uint8, n)
	}
	return memory[:n]
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

package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"
)

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pngHeader is a PNG that says its size and holds nothing else.
func pngHeader(width, height uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, height), 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(out, ihdr...), crc32.ChecksumIEEE(ihdr))
}

func TestDecodeRefuses(t *testing.T) {
	photo := encodeJPEG(t, testScene(200, 100))
	for _, c := range []struct {
		name   string
		data   []byte
		limits Limits
		want   error
		text   string
	}{
		{"empty.jpg", nil, Limits{}, ErrEmpty, "decode empty.jpg: the file is empty"},
		{"cut.jpg", photo[:len(photo)/2], Limits{}, ErrTruncated, "cut.jpg"},
		{"cut-early.jpg", photo[:30], Limits{}, ErrTruncated, "ends after 30 bytes"},
		{"cut.png", encodePNG(t, testScene(20, 10))[:60], Limits{}, ErrTruncated, "PNG"},
		{"bomb.png", pngHeader(30000, 30000), Limits{}, ErrTooLarge, "30000 x 30000 pixels; at most 100000000 in all (--max-pixels)"},
		{"wide.png", pngHeader(100_000, 1), Limits{}, ErrTooLarge, "65535 a side"},
		{"none.png", pngHeader(0, 5), Limits{}, nil, "none.png"},
		{"big.jpg", photo, Limits{MaxBytes: 100}, ErrTooLarge, "at most 100 (--max-bytes)"},
		{"many.jpg", photo, Limits{MaxPixels: 19_999}, ErrTooLarge, "200 x 100"},
		{"letter.jpg", []byte("Dear reader, this is no picture."), Limits{}, ErrNotImage, "text/plain"},
		{"page.jpg", []byte("<!DOCTYPE html><html></html>"), Limits{}, ErrNotImage, "text/html"},
		{"book.jpg", []byte("PK\x03\x04zip zip zip"), Limits{}, ErrNotImage, "application/zip"},
		{"noise.jpg", []byte{0, 1, 2, 3, 4, 5}, Limits{}, ErrNotImage, "unknown data"},
		{"phone.jpg", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), Limits{}, ErrTruncated, "HEIC data ends"},
		{"web.jpg", []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), Limits{}, ErrTruncated, "AVIF data ends"},
		{"film.jpg", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), Limits{}, ErrUnsupported, "video"},
		{"drawing.jpg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), Limits{}, ErrUnsupported, "SVG"},
		{"bmp.txt", []byte("BMW is a maker of cars and motorcycles"), Limits{}, ErrNotImage, "unknown data"},
		{"damaged.png", damaged(encodePNG(t, testScene(20, 10))), Limits{}, ErrCorrupt, "PNG"},
	} {
		_, err := Decode(c.name, c.data, c.limits)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v; want %v with %q", c.name, err, c.want, c.text)
		}
	}
}

// damaged turns a bit of the picture's data, so that its checksum is wrong.
func damaged(data []byte) []byte {
	data = bytes.Clone(data)
	data[len(data)-30] ^= 4
	return data
}

func TestDecodeGoesByContent(t *testing.T) {
	p, err := Decode("lies.txt", encodePNG(t, testScene(7, 5)), Limits{})
	if err != nil || p.Format != "png" || p.Width != 7 || p.Height != 5 || p.Name != "lies.txt" || p.Bytes == 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestDecodeToleratesMissingEOI: some cameras and cutters leave the end marker out; Pillow reads such files.
func TestDecodeToleratesMissingEOI(t *testing.T) {
	photo := encodeJPEG(t, testScene(64, 48))
	whole, err := Decode("whole.jpg", photo, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := Decode("bare.jpg", photo[:len(photo)-2], Limits{})
	if err != nil || whole.PixelSHA256() != bare.PixelSHA256() {
		t.Errorf("without its end marker: %v", err)
	}
}

func TestGrey16TakesTheHighByte(t *testing.T) {
	img := image.NewGray16(image.Rect(0, 0, 2, 1))
	img.SetGray16(0, 0, color.Gray16{Y: 0x80ff})
	img.SetGray16(1, 0, color.Gray16{Y: 0x1234})
	p, err := Decode("grey16.png", encodePNG(t, img), Limits{})
	if err != nil || p.Image().Pix[0] != 0x80 || p.Image().Pix[4] != 0x12 {
		t.Errorf("%v, %v", p, err)
	}
}

func TestAlphaIsDroppedNotBlended(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	img.SetNRGBA(0, 0, color.NRGBA{R: 200, G: 100, B: 50, A: 0})
	p, err := Decode("clear.png", encodePNG(t, img), Limits{})
	if err != nil || !bytes.Equal(p.Image().Pix, []byte{200, 100, 50, 255}) {
		t.Errorf("%v, %v", p.Image().Pix, err)
	}
}

func TestFirstFrameOfAGIF(t *testing.T) {
	palette := color.Palette{color.RGBA{R: 255, A: 255}, color.RGBA{B: 255, A: 255}}
	small := image.NewPaletted(image.Rect(2, 1, 4, 3), palette)
	second := image.NewPaletted(image.Rect(0, 0, 6, 5), palette)
	for i := range second.Pix {
		second.Pix[i] = 1
	}
	var out bytes.Buffer
	err := gif.EncodeAll(&out, &gif.GIF{
		Image: []*image.Paletted{small, second}, Delay: []int{1, 1},
		Config: image.Config{ColorModel: palette, Width: 6, Height: 5},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode("moving.gif", out.Bytes(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	img := p.Image()
	if p.Width != 6 || p.Height != 5 || img.RGBAAt(2, 1) != (color.RGBA{R: 255, A: 255}) || img.RGBAAt(0, 0) != (color.RGBA{A: 255}) {
		t.Errorf("%d x %d, frame %v, beside it %v", p.Width, p.Height, img.RGBAAt(2, 1), img.RGBAAt(0, 0))
	}
}

// withExif puts an APP1 segment with the tags behind a JPEG's start marker.
func withExif(t testing.TB, photo []byte, orientation uint16, texts map[uint16]string, inSub map[uint16]string) []byte {
	t.Helper()
	le := binary.LittleEndian
	tiff := []byte("II*\x00\x08\x00\x00\x00")
	ifd := func(at int, short map[uint16]uint16, long map[uint16]uint32, ascii map[uint16]string) []byte {
		count := len(short) + len(long) + len(ascii)
		data := at + 2 + 12*count + 4
		head, tail := le.AppendUint16(nil, uint16(count)), []byte(nil)
		for tag := range uint32(0x10000) { // entries stand by rising tag
			tag := uint16(tag)
			if v, ok := short[tag]; ok {
				head = le.AppendUint16(le.AppendUint16(le.AppendUint32(le.AppendUint16(le.AppendUint16(head, tag), 3), 1), v), 0)
			} else if v, ok := long[tag]; ok {
				head = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(head, tag), 4), 1), v)
			} else if v, ok := ascii[tag]; ok {
				v += "\x00\x00\x00\x00\x00"
				head = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(head, tag), 2), uint32(len(v))), uint32(data+len(tail)))
				tail = append(tail, v...)
			}
		}
		return append(le.AppendUint32(head, 0), tail...)
	}
	const exifPointer = 0x8769
	first := ifd(8, map[uint16]uint16{0x0112: orientation}, map[uint16]uint32{exifPointer: 0}, texts)
	sub := uint32(8 + len(first))
	first = ifd(8, map[uint16]uint16{0x0112: orientation}, map[uint16]uint32{exifPointer: sub}, texts)
	tiff = append(append(tiff, first...), ifd(int(sub), nil, nil, inSub)...)
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := binary.BigEndian.AppendUint16([]byte("\xff\xd8\xff\xe1"), uint16(len(body)+2))
	return append(append(out, body...), photo[2:]...)
}

func TestExif(t *testing.T) {
	photo := encodeJPEG(t, testScene(40, 30))
	for _, c := range []struct {
		maker, model, taken, offset string
		camera                      string
		want                        time.Time
	}{
		{"Canon", "Canon EOS 5D", "2024:05:17 18:03:59", "+02:00", "Canon EOS 5D", time.Date(2024, 5, 17, 16, 3, 59, 0, time.UTC)},
		{"NIKON CORPORATION", "NIKON D90", "2009:01:02 03:04:05", "", "NIKON D90", time.Date(2009, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"Apple", "iPhone 12", "0000:00:00 00:00:00", "", "Apple iPhone 12", time.Time{}},
		{"", "", "nonsense", "", "", time.Time{}},
	} {
		data := withExif(t, photo, 6, map[uint16]string{0x010f: c.maker, 0x0110: c.model}, map[uint16]string{0x9003: c.taken, 0x9011: c.offset})
		p, err := Decode("exif.jpg", data, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Camera != c.camera || !p.Taken.Equal(c.want) || p.Width != 30 || p.Height != 40 {
			t.Errorf("camera %q, taken %v, %d x %d; want %q, %v, 30 x 40", p.Camera, p.Taken, p.Width, p.Height, c.camera, c.want)
		}
	}
}

// TestOrientations: the same upright picture, stored in each of the eight ways.
func TestOrientations(t *testing.T) {
	const width, height = 5, 3
	at := func(x, y int) color.RGBA { return color.RGBA{R: uint8(40 * x), G: uint8(60 * y), B: 9, A: 255} }
	// where the upright pixel (x, y) lies in the stored picture, after EXIF's table of rows and columns
	stored := map[int]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return width - 1 - x, y },
		3: func(x, y int) (int, int) { return width - 1 - x, height - 1 - y },
		4: func(x, y int) (int, int) { return x, height - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, width - 1 - x },
		7: func(x, y int) (int, int) { return height - 1 - y, width - 1 - x },
		8: func(x, y int) (int, int) { return height - 1 - y, x },
	}
	for orientation, place := range stored {
		w, h := width, height
		if orientation > 4 {
			w, h = h, w
		}
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		for y := range height {
			for x := range width {
				sx, sy := place(x, y)
				img.SetRGBA(sx, sy, at(x, y))
			}
		}
		got := upright(img, orientation)
		if got.Rect != image.Rect(0, 0, width, height) {
			t.Errorf("orientation %d: %v", orientation, got.Rect)
			continue
		}
		for y := range height {
			for x := range width {
				if got.RGBAAt(x, y) != at(x, y) {
					t.Errorf("orientation %d: pixel %d, %d is %v; want %v", orientation, x, y, got.RGBAAt(x, y), at(x, y))
				}
			}
		}
	}
}

func TestPixelSHA256(t *testing.T) {
	img := testScene(33, 21)
	a, err := Decode("a.png", encodePNG(t, img), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if b := FromImage("b", img); a.PixelSHA256() != b.PixelSHA256() {
		t.Error("the same pixels have two hashes")
	}
	other := testScene(33, 21)
	other.Pix[100] ^= 1
	if a.PixelSHA256() == FromImage("c", other).PixelSHA256() {
		t.Error("other pixels have the same hash")
	}
	if FromImage("d", image.NewRGBA(image.Rect(0, 0, 2, 3))).PixelSHA256() == FromImage("e", image.NewRGBA(image.Rect(0, 0, 3, 2))).PixelSHA256() {
		t.Error("other shapes have the same hash")
	}
}

func TestThumbnail(t *testing.T) {
	photo := withExif(t, encodeJPEG(t, testScene(400, 200)), 6, nil, nil)
	p, err := Decode("tall.jpg", photo, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ side, width, height int }{{100, 50, 100}, {1000, 200, 400}, {1, 1, 1}} {
		data, err := p.Thumbnail(c.side)
		if err != nil {
			t.Fatal(err)
		}
		small, err := Decode("thumbnail", data, Limits{})
		if err != nil || small.Width != c.width || small.Height != c.height || bytes.Contains(data, []byte("Exif")) {
			t.Errorf("side %d: %+v, %v", c.side, small, err)
		}
	}
	if _, err := p.Thumbnail(0); err == nil {
		t.Error("a thumbnail of no size was made")
	}
}

func TestAspectRatiosAtTheLimit(t *testing.T) {
	spec := Spec{Mode: ResizeShortest, Filter: Bicubic, ResizeHeight: 224, Height: 224, Width: 224, Crop: true, Rescale: 1.0 / 255, Std: [3]float64{1, 1, 1}}
	for _, size := range []image.Point{{1, 1}, {65535, 1}, {1, 65535}, {3, 2000}} {
		values := make([]float32, spec.Len())
		spec.Pixels(FromImage("strip", image.NewGray(image.Rectangle{Max: size})), values)
		for i, v := range values {
			if v != 0 {
				t.Fatalf("%v: value %d of a black picture is %v", size, i, v)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	img := testScene(9, 7)
	f.Add(encodePNG(f, img))
	f.Add(encodeJPEG(f, img))
	f.Add(withExif(f, encodeJPEG(f, img), 5, map[uint16]string{0x010f: "maker"}, map[uint16]string{0x9003: "2024:05:17 18:03:59"}))
	f.Add(pngHeader(30000, 30000))
	for _, name := range []string{"animated.webp", "lossyalpha.webp", "animated.gif", "palette.bmp", "lzw.tiff", "rgba16.png", "cmyk.jpg"} {
		data, err := os.ReadFile("testdata/decode/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	limits := Limits{MaxBytes: 1 << 20, MaxPixels: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode("fuzz", data, limits)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "decode fuzz: ") {
				t.Errorf("the error doesn't name the picture: %v", err)
			}
			return
		}
		if p.Width < 1 || p.Height < 1 || len(p.Image().Pix) != 4*p.Width*p.Height || !p.Image().Opaque() {
			t.Errorf("%d x %d with %d bytes of pixels, opaque %v", p.Width, p.Height, len(p.Image().Pix), p.Image().Opaque())
		}
		if _, err := p.Thumbnail(16); err != nil {
			t.Error(err)
		}
	})
}

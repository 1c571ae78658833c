package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Equality with libjpeg-turbo is held by package preprocess, beside Pillow's goldens. Here is the rest.

// scene is smooth colour with hard edges.
func scene(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = uint8(255*x/width), uint8(255*y/height), uint8((x*y)>>3), 255
			if (x/23+y/17)%3 == 0 {
				p[0], p[1], p[2] = 240, 30, 20
			}
		}
	}
	return img
}

func encode(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := stdjpeg.Encode(&out, img, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// samples are the files that Pillow wrote for the goldens: every kind of JPEG.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../testdata/decode/*.jpg")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d samples (%v)", len(paths), err)
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}

func TestHeader(t *testing.T) {
	got, err := ReadHeader(encode(t, scene(70, 33), 80))
	if want := (Header{Width: 70, Height: 33, Components: 3}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, err := ReadHeader(samples(t)["progressive.jpg"]); err != nil || !got.Progressive {
		t.Errorf("%+v, %v; want progressive", got, err)
	}
}

// TestBesideStandardLibrary: luma within the rounding of another inverse DCT. Grey pictures have luma alone.
func TestBesideStandardLibrary(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {8, 8}, {9, 7}, {64, 48}, {333, 222}} {
		for _, quality := range []int{10, 75, 100} {
			grey := image.NewGray(image.Rectangle{Max: size})
			for y := range size.Y {
				for x := range size.X {
					grey.Pix[grey.PixOffset(x, y)] = uint8(x*y + 13*x + (y/9)*40)
				}
			}
			data := encode(t, grey, quality)
			want, err := stdjpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(data, 1)
			if err != nil {
				t.Fatal(err)
			}
			for y := range size.Y {
				for x := range size.X {
					a, b := int(got.RGBAAt(x, y).R), int(want.(*image.Gray).GrayAt(x, y).Y)
					if a-b > 1 || b-a > 1 {
						t.Fatalf("%v, quality %d, at %d, %d: %d; the standard library %d", size, quality, x, y, a, b)
					}
				}
			}
		}
	}
}

// shrink averages scale x scale pixels; at the right and the lower edge as many as there are.
func shrink(img *image.RGBA, scale int) *image.RGBA {
	size := image.Pt(ceilDiv(img.Rect.Dx(), scale), ceilDiv(img.Rect.Dy(), scale))
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			part := image.Rect(x*scale, y*scale, (x+1)*scale, (y+1)*scale).Intersect(img.Rect)
			for c := range 4 {
				sum := 0
				for v := part.Min.Y; v < part.Max.Y; v++ {
					for u := part.Min.X; u < part.Max.X; u++ {
						sum += int(img.Pix[img.PixOffset(u, v)+c])
					}
				}
				n := part.Dx() * part.Dy()
				out.Pix[out.PixOffset(x, y)+c] = uint8((sum + n/2) / n)
			}
		}
	}
	return out
}

func cosine(a, b []uint8) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// TestScaled holds scaled decoding of every kind of stream against the averages of the full picture: not equal, for it
// keeps more of the detail, but in place and of the same colour.
func TestScaled(t *testing.T) {
	for name, data := range samples(t) {
		full, err := Decode(data, 1)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, scale := range []int{2, 4, 8} {
			if full.Rect.Dx() < 2*scale || full.Rect.Dy() < 2*scale {
				continue // mostly what the encoder made up beyond the edges
			}
			got, err := Decode(data, scale)
			if err != nil {
				t.Fatal(name, scale, err)
			}
			want := shrink(full, scale)
			if got.Rect != want.Rect || !got.Opaque() {
				t.Errorf("%s at 1/%d: %v, opaque %v; want %v", name, scale, got.Rect, got.Opaque(), want.Rect)
				continue
			}
			if c := cosine(got.Pix, want.Pix); c < 0.96 { // small pictures of saturated edges, one sample of chroma to 32 pixels: the worst there is
				t.Errorf("%s at 1/%d: cosine %.5f to the averaged picture", name, scale, c)
			}
		}
	}
}

// TestScaledOfFlatAndRamp: on what has no detail, scaled decoding is exact.
func TestScaledOfFlatAndRamp(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range img.Pix {
		img.Pix[i] = uint8(60 + 2*(i%64))
	}
	data := encode(t, img, 100)
	for _, scale := range []int{1, 2, 4, 8} {
		got, err := Decode(data, scale)
		if err != nil {
			t.Fatal(err)
		}
		for x := range 64 / scale {
			want := 60 + 2*(float64(x*scale)+float64(scale-1)/2)
			if have := float64(got.RGBAAt(x, 3).R); math.Abs(have-want) > 2 {
				t.Errorf("1/%d, column %d: %v; want %v", scale, x, have, want)
			}
		}
	}
}

func TestCutStreams(t *testing.T) {
	for name, data := range samples(t) {
		for n := 0; n < len(data)-2; n += 5 {
			if _, err := Decode(data[:n], 1); err == nil {
				if complete(t, data, data[:n]) {
					continue
				}
				t.Errorf("%s: its first %d of %d bytes decode", name, n, len(data))
				break
			} else if !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(name, "progressive") {
				t.Errorf("%s: its first %d of %d bytes: %v; want %v", name, n, len(data), err, io.ErrUnexpectedEOF)
				break
			}
		}
	}
}

// complete tells whether a cut stream has lost only bits that pad its last byte.
func complete(t *testing.T, whole, cut []byte) bool {
	t.Helper()
	a, err := Decode(whole, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Decode(cut, 1)
	return err == nil && bytes.Equal(a.Pix, b.Pix)
}

func TestMissingEndMarker(t *testing.T) {
	data := encode(t, scene(40, 30), 90)
	whole, err := Decode(data, 1)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := Decode(data[:len(data)-2], 1)
	if err != nil || !bytes.Equal(whole.Pix, bare.Pix) {
		t.Errorf("without its end marker: %v", err)
	}
}

// segment is a marker and its content.
func segment(marker byte, content ...byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2))
	return append(out, content...)
}

func TestRefuses(t *testing.T) {
	start := []byte{0xff, soi}
	frame := func(marker byte, content ...byte) []byte { return append(start, segment(marker, content...)...) }
	for name, c := range map[string]struct {
		data []byte
		want error
		text string
	}{
		"nothing":           {nil, io.ErrUnexpectedEOF, "start"},
		"text":              {[]byte("Dear reader"), ErrFormat, "start marker"},
		"no frame":          {append(start, 0xff, eoi), ErrFormat, "no frame header"},
		"lossless":          {frame(0xc3, 8, 0, 9, 0, 9, 1, 1, 0x11, 0), ErrUnsupported, "lossless"},
		"arithmetic":        {frame(0xc9, 8, 0, 9, 0, 9, 1, 1, 0x11, 0), ErrUnsupported, "arithmetic"},
		"12 bits":           {frame(sof1, 12, 0, 9, 0, 9, 1, 1, 0x11, 0), ErrUnsupported, "12 bits"},
		"no height":         {frame(sof0, 8, 0, 0, 0, 9, 1, 1, 0x11, 0), ErrUnsupported, "DNL"},
		"no width":          {frame(sof0, 8, 0, 9, 0, 0, 1, 1, 0x11, 0), ErrFormat, "width"},
		"two components":    {frame(sof0, 8, 0, 9, 0, 9, 2, 1, 0x11, 0, 2, 0x11, 0), ErrUnsupported, "2 components"},
		"no sampling":       {frame(sof0, 8, 0, 9, 0, 9, 1, 1, 0x01, 0), ErrFormat, "sampling"},
		"fractional":        {frame(sof0, 8, 0, 9, 0, 9, 3, 1, 0x31, 0, 2, 0x21, 0, 3, 0x11, 0), ErrUnsupported, "fractional"},
		"component twice":   {frame(sof0, 8, 0, 9, 0, 9, 3, 1, 0x11, 0, 1, 0x11, 0, 3, 0x11, 0), ErrFormat, "number 1"},
		"segment of 1 byte": {append(start, 0xff, dqt, 0, 1), ErrFormat, "length 1"},
	} {
		if _, err := ReadHeader(c.data); !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: %v; want %v with %q", name, err, c.want, c.text)
		}
	}
	if _, err := Decode(encode(t, scene(8, 8), 90), 3); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a third of the size: %v", err)
	}
}

// TestManyScans: a small file must not ask for work without end.
func TestManyScans(t *testing.T) {
	data := samples(t)["progressive.jpg"]
	at := bytes.Index(data, []byte{0xff, sos})
	length := bytes.Index(data[at:], []byte{0xff, dht})
	scan := data[at : at+length]
	bomb := bytes.Clone(data[:at])
	for range 2 * maxScans {
		bomb = append(bomb, scan...)
	}
	if _, err := Decode(append(bomb, 0xff, eoi), 1); !errors.Is(err, ErrUnsupported) {
		t.Errorf("%v; want %v", err, ErrUnsupported)
	}
}

func TestOverfullHuffmanTable(t *testing.T) {
	if _, err := newHuffman([17]int{1: 3}, []uint8{1, 2, 3}); !errors.Is(err, ErrFormat) {
		t.Errorf("three codes of one bit: %v", err)
	}
}

// TestLeapsAgree: the skipping table says what the symbols say one after another.
func TestLeapsAgree(t *testing.T) {
	var d decoder
	for name, data := range samples(t) {
		for {
			at := bytes.Index(data, []byte{0xff, dht})
			if at < 0 {
				break
			}
			length := int(binary.BigEndian.Uint16(data[at+2:]))
			if err := d.huffmanTables(data[at+4 : at+2+length]); err != nil {
				t.Fatal(name, err)
			}
			data = data[at+2+length:]
		}
		for _, h := range d.huff[1] {
			if h == nil {
				continue
			}
			checkLeaps(t, name, h)
			checkLows(t, name, h)
		}
	}
}

// checkLeaps holds each leap against the symbols that it leads over.
func checkLeaps(t *testing.T, name string, h *huffman) {
	t.Helper()
	for i, l := range h.leaps.get(h.fillLeaps) {
		if l == unknown {
			continue
		}
		acc, total, advance := uint64(i)<<(64-leapBits), 0, 0
		for total < int(l&255) {
			s := h.next(acc << total)
			total, advance = total+s.total(), advance+s.advance()
		}
		if total != int(l&255) || advance != int(l>>8) || total > leapMost || advance == 0 {
			t.Fatalf("%s: leap %04x of bits %012b: symbols say %d bits, advance %d", name, l, i, total, advance)
		}
	}
}

// checkLows holds each entry against its symbols, from each coefficient on that it may be read at.
func checkLows(t *testing.T, name string, h *huffman) {
	t.Helper()
	for i, l := range h.lows.get(h.fillLows) {
		if l == unknown {
			continue
		}
		for from := 1; from <= lowest; from++ {
			var want, got [lowest + 1]int16
			acc, total, k := uint64(i)<<(64-leapBits), 0, from
			for total < int(l&255) {
				s := h.next(acc << total)
				if k += s.advance(); k-1 <= lowest {
					want[k-1] = int16(s.value(acc << total))
				}
				total += s.total()
			}
			for j := range 3 {
				if from+j <= lowest {
					got[from+j] = int16(l >> (16 + 16*j))
				}
			}
			if total != int(l&255) || k-from != int(l>>8&255) || got != want || total > leapBits {
				t.Fatalf("%s: low %016x of bits %012b from %d: symbols say %d bits, to %d, %v", name, l, i, from, total, k, want)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		header, err := ReadHeader(data)
		if err != nil || header.Width*header.Height > 1<<20 {
			return
		}
		for _, scale := range []int{1, 2, 4, 8} {
			checkAgainstPlain(t, "fuzzed", data, scale)
			img, err := Decode(data, scale)
			if err != nil {
				continue
			}
			want := image.Rect(0, 0, ceilDiv(header.Width, scale), ceilDiv(header.Height, scale))
			if img.Rect != want || !img.Opaque() {
				t.Errorf("1/%d: %v, opaque %v; want %v", scale, img.Rect, img.Opaque(), want)
			}
		}
	})
}

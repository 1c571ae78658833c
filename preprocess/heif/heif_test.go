package heif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipd/clipd/preprocess/heif/hevc"
)

// Pixels are compared with Pillow's and pillow-heif's in package preprocess. Here is the rest.

func samplesOf(t testing.TB, pattern string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../testdata/decode/" + pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples %s (%v)", pattern, err)
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	return samplesOf(t, name)[name]
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]Codec{
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic": HEIC,
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafavif": AVIF,
		"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00heix":     HEIC,
		"\x00\x00\x00\x14ftypavis\x00\x00\x00\x00msf1":     AVIF,
		"\x00\x00\x00\x10ftypmif1\x00\x00\x00\x00":         HEIC,
		"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp42avc1": "",
		"\x00\x00\x00\x10ftypcrx \x00\x00\x00\x00":         "",
		"GIF89a": "",
		"":       "",
	} {
		if got, ok := Sniff([]byte(head)); got != want && ok || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", head, got, ok, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	for name, want := range map[string]Header{
		"photo420.avif": {Codec: AVIF, Width: 90, Height: 70, Orientation: 1},
		"odd.avif":      {Codec: AVIF, Width: 89, Height: 69, Orientation: 1},
		"odd.heic":      {Codec: HEIC, Width: 89, Height: 69, Orientation: 1}, // cut out of 90 x 70
		"irot1.heic":    {Codec: HEIC, Width: 90, Height: 70, Orientation: 8},
		"irot3.heic":    {Codec: HEIC, Width: 90, Height: 70, Orientation: 6},
		"imir0.heic":    {Codec: HEIC, Width: 90, Height: 70, Orientation: 4},

		"grid.heic":       {Codec: HEIC, Width: 150, Height: 101, Orientation: 1},
		"gridturned.heic": {Codec: HEIC, Width: 150, Height: 101, Orientation: 8},
		"derived.heic":    {Codec: HEIC, Width: 64, Height: 64, Orientation: 4},
		"clapturned.heic": {Codec: HEIC, Width: 40, Height: 30, Orientation: 5},
		"grid.avif":       {Codec: AVIF, Width: 150, Height: 100, Orientation: 1},
	} {
		got, err := ReadHeader(sample(t, name))
		if err != nil || got.Codec != want.Codec || got.Width != want.Width || got.Height != want.Height || got.Orientation != want.Orientation {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
	for n := range 8 {
		name := "orientation" + string(rune('1'+n)) + ".avif"
		if got, err := ReadHeader(sample(t, name)); err != nil || got.Orientation != n+1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestColourOfTheSequence: what the coded picture says of its colours is what its boxes say, for the encoder writes both.
func TestColourOfTheSequence(t *testing.T) {
	for name, want := range map[string]Colour{
		"photo420.heic":     {Matrix: 6, FullRange: true},
		"matrix1video.heic": {Matrix: 1},
		"matrix9video.heic": {Matrix: 9},
	} {
		data := sample(t, name)
		content, _ := find(first(boxes(data)), "meta")
		m, err := readMeta(content)
		if err != nil {
			t.Fatal(err)
		}
		hvcC, _ := m.property(m.primary, "hvcC")
		got := hevc.SequenceColour(hvcC)
		told := m.colour(m.primary)
		if told.Matrix != want.Matrix || told.FullRange != want.FullRange || !told.told {
			t.Errorf("%s: its boxes say %+v; want %+v", name, told, want)
		}
		if got.Matrix != want.Matrix && got.Matrix != unspecified || got.FullRange != want.FullRange {
			t.Errorf("%s: its sequence says %+v; want %+v", name, got, want)
		}
	}
}

func TestCutFiles(t *testing.T) {
	for _, name := range []string{"photo420.heic", "photo420.avif"} {
		data := sample(t, name)
		for _, n := range []int{0, 7, 20, 60, 200, len(data) / 2, len(data) - 1} {
			if _, err := Decode(data[:n]); err == nil {
				t.Errorf("%s: its first %d of %d bytes decode", name, n, len(data))
			} else if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrFormat) {
				t.Errorf("%s: its first %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestLyingSize: boxes that say another size than the data are no way around a limit on the size.
func TestLyingSize(t *testing.T) {
	for _, name := range []string{"photo444.heic", "photo444.avif"} {
		data := bytes.Clone(sample(t, name))
		at := bytes.Index(data, []byte("ispe")) + 8
		binary.BigEndian.PutUint32(data[at:], 16)
		img, err := Decode(data)
		if err == nil && img.Rect != image.Rect(0, 0, 16, 70) || err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, %v; want 16 x 70 pixels or %v", name, img.Rect, err, ErrFormat)
		}
	}
}

// TestMemoryIsBounded: a picture that would need more than the sandbox has is refused.
func TestMemoryIsBounded(t *testing.T) {
	data := bytes.Clone(sample(t, "photo444.avif"))
	at := bytes.Index(data, []byte("ispe")) + 8
	binary.BigEndian.PutUint32(data[at:], 30_000)
	binary.BigEndian.PutUint32(data[at+4:], 30_000)
	if _, err := Decode(data); err == nil {
		t.Error("30,000 x 30,000 pixels were decoded")
	}
	err := libavif.run(1<<16, func(c *codec) error {
		_, err := c.room(maxMemory - pageSize)
		return err
	})
	if !errors.Is(err, errMemory) {
		t.Errorf("room for all of the memory: %v; want %v", err, errMemory)
	}
}

// TestSamplesAreFound: the codec's own samples of every AVIF whose pixels aren't taken as they are.
func TestSamplesAreFound(t *testing.T) {
	for name, data := range samplesOf(t, "*.avif") {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		err = libavif.run(h.Width*h.Height, func(c *codec) error {
			d, err := c.openAVIF(withoutAlpha(data, h), h)
			if err != nil {
				return err
			}
			s, err := d.samples(h)
			if err == nil && (len(s.luma) != h.Width*h.Height || h.halved != [2]bool{s.shiftX == 1, s.shiftY == 1}) {
				t.Errorf("%s: %d samples, %d, %d", name, len(s.luma), s.shiftX, s.shiftY)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnknownMatrix: colours that libheif can't make either are refused by name, not made of another matrix.
func TestUnknownMatrix(t *testing.T) {
	data := bytes.Clone(sample(t, "told9full.heic"))
	matrixAt := bytes.Index(data, []byte("colrnclx")) + 8 + 4
	for _, matrix := range []uint16{3, 8, 11, 14, 255} {
		binary.BigEndian.PutUint16(data[matrixAt:], matrix)
		if _, err := Decode(data); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), fmt.Sprintf("matrix %d of H.273", matrix)) {
			t.Errorf("matrix %d: %v; want %v", matrix, err, ErrUnsupported)
		}
	}
}

// TestUnconverted: what libheif is given says the identity of all pictures, or of a derived one alone, and the rest of
// the file stays where it was.
func TestUnconverted(t *testing.T) {
	for name, samples := range map[string]bool{
		"photo420.heic": true, "grid.heic": true, "irot1.heic": true, "10bit420.heic": true,
		"10bit422.heic": false, "10bit420video.heic": false,
	} {
		data := sample(t, name)
		before, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		out, gotSamples, err := unconverted(data, before)
		if err != nil || gotSamples != samples {
			t.Errorf("%s: samples %v, %v; want %v", name, gotSamples, err, samples)
			continue
		}
		h, err := ReadHeader(out)
		if err != nil || h.Colour.Matrix != identity || !h.Colour.FullRange {
			t.Errorf("%s: %+v, %v", name, h.Colour, err)
		}
		if width, height := uprightSize(before); samples && (h.Width != before.Width || h.Orientation != before.Orientation) ||
			!samples && (h.Width != width || h.Height != height || h.Orientation != 1) {
			t.Errorf("%s: %+v became %+v", name, before, h)
		}
		at := bytes.Index(data, []byte("mdat"))
		if at < 0 || !bytes.HasPrefix(out[at:], data[at:]) {
			t.Errorf("%s: its data was moved", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"photo*.heic", "irot1.heic", "grid*.heic", "clap.heic", "derived.heic", "10bit*.heic", "10bit42*.avif", "grid.avif", "alpha.*", "photo*.avif", "orientation6.avif"} {
		for name, data := range samplesOf(f, pattern) {
			if !strings.HasSuffix(name, ".png") {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || h.Width < 1 || h.Height < 1 || h.Width > 4096 || h.Height > 4096 || h.Width*h.Height > 1<<16 {
			return
		}
		img, err := Decode(data)
		if err != nil {
			return
		}
		size := img.Rect.Size()
		if size.X*size.Y != h.Width*h.Height || !img.Opaque() {
			t.Errorf("%v, opaque %v; want %d x %d", size, img.Opaque(), h.Width, h.Height)
		}
	})
}

package heif

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/clipd/clipd/preprocess/heif/hevc"
)

// TestOwnDecodesAll: no golden but the one that is derived otherwise than by a grid needs the sandbox. (That the pixels are
// Pillow's is TestDecodeEqualsPillow's matter.)
func TestOwnDecodesAll(t *testing.T) {
	for name, data := range samplesOf(t, "*.heic") {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		_, err = decodeOwn(data, h)
		if left := name == "derived.heic"; left != errors.Is(err, errLeft) || !left && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOwnEqualsSandbox: libheif's own decoder gives the same pixels, where it doesn't interpolate chroma otherwise than later ones.
func TestOwnEqualsSandbox(t *testing.T) {
	for _, name := range []string{"photo420.heic", "photo422.heic", "photo444.heic", "grey.heic", "grid.heic", "gridturned.heic", "clapturned.heic",
		"10bit420video.heic", "12bit420.heic", "matrix9video.heic", "small1x1.heic"} {
		data := sample(t, name)
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		own, err := decodeOwn(data, h)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		theirs, err := decodeHEIC(data, h)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if own.Rect != theirs.Rect || !bytes.Equal(own.Pix, theirs.Pix) {
			t.Errorf("%s: other pixels", name)
		}
	}
}

// TestOwnKeepsToTheLimit: a cut of a few pixels out of a huge picture, or of a huge tile, is left to the sandbox, whose memory is
// bounded; the caller has seen the few pixels alone.
func TestOwnKeepsToTheLimit(t *testing.T) {
	for _, name := range []string{"clap.heic", "grid.heic"} {
		data := bytes.Clone(sample(t, name))
		for at := range len(data) - 12 {
			if string(data[at:at+4]) == "ispe" && (name == "clap.heic" || data[at+11] == 64) {
				copy(data[at+8:], "\x00\x00\x30\x00\x00\x00\x30\x00")
			}
		}
		h, err := ReadHeader(data)
		if err != nil || h.Width > 200 {
			t.Fatalf("%s: %+v, %v", name, h, err)
		}
		if _, err := decodeOwn(data, h); !errors.Is(err, errLeft) {
			t.Errorf("%s: %v; want it left to the sandbox", name, err)
		}
	}
}

// TestOwnRefusesBroken: a picture with a byte changed or its end cut off decodes or fails, in time and without a panic; the
// errors are this package's or package hevc's.
func TestOwnRefusesBroken(t *testing.T) {
	for name, data := range samplesOf(t, "*.heic") {
		if strings.HasPrefix(name, "told") || strings.HasPrefix(name, "matrix") {
			continue
		}
		at := bytes.Index(data, []byte("mdat"))
		for i := range 40 {
			broken := bytes.Clone(data)
			if place := at + 4 + i*(len(data)-at-4)/40; i%4 == 3 {
				broken = broken[:place]
			} else {
				broken[place] ^= 1 << (i % 8)
			}
			h, err := ReadHeader(broken)
			if err != nil {
				continue
			}
			_, err = decodeOwn(broken, h)
			if err != nil && !isOwn(err) {
				t.Errorf("%s, %d: %v", name, i, err)
			}
			if err != nil && strings.Contains(err.Error(), "runtime error") {
				t.Errorf("%s, %d: it panicked: %v", name, i, err)
			}
		}
	}
}

func isOwn(err error) bool {
	for _, known := range []error{ErrFormat, ErrUnsupported, errLeft, hevc.ErrFormat, hevc.ErrUnsupported} {
		if errors.Is(err, known) {
			return true
		}
	}
	return strings.Contains(fmt.Sprint(err), "unexpected EOF")
}

// FuzzOwn changes pictures and their configurations: whatever they say, the own decoder ends without a panic.
func FuzzOwn(f *testing.F) {
	for _, data := range samplesOf(f, "*.heic") {
		if file, err := openFile(data); err == nil {
			config, _ := file.property(file.tile(file.primary), "hvcC")
			content, err := file.content(file.tile(file.primary))
			if err == nil {
				f.Add(config, content)
			}
		}
	}
	f.Fuzz(func(t *testing.T, config, data []byte) {
		p, err := hevc.Decode(config, data, 1<<16)
		if err == nil && (p.Width < 1 || p.Height < 1 || p.Width*p.Height > 1<<16 || len(p.Planes) == 0) {
			t.Errorf("a picture of %d x %d", p.Width, p.Height)
		}
		if err != nil && !isOwn(err) {
			t.Error(err)
		}
	})
}

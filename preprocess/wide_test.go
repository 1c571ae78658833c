package preprocess

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"image"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// wideCase is one picture of testdata/wide.py.
type wideCase struct {
	Name                string
	Width, Height       int
	File, Pixels, Clip  int // bytes
	data, pixels, clips []byte
}

func (c *wideCase) read(in *bufio.Reader) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, c); err != nil {
		return err
	}
	for _, part := range []struct {
		to *[]byte
		n  int
	}{{&c.data, c.File}, {&c.pixels, c.Pixels}, {&c.clips, c.Clip}} {
		*part.to = make([]byte, part.n)
		if _, err := io.ReadFull(in, *part.to); err != nil {
			return err
		}
	}
	return nil
}

// TestWide holds decoding and CLIP's resize against Pillow on thousands of pictures of all formats and sizes. `make
// wide` runs it with the pinned Pillow; it takes minutes.
func TestWide(t *testing.T) {
	python := os.Getenv("CLIPD_WIDE_PYTHON")
	if python == "" {
		t.Skip("`make wide` runs this test: thousands of pictures beside Pillow")
	}
	seed, n := cmp.Or(os.Getenv("CLIPD_WIDE_SEED"), "1"), cmp.Or(os.Getenv("CLIPD_WIDE_CASES"), "1600")
	t.Logf("seed %s, %s pictures of random sizes", seed, n)
	command := exec.CommandContext(t.Context(), python, "testdata/wide.py", seed, n)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReaderSize(out, 1<<20)
	seen := make(map[string]int)
	for {
		var c wideCase
		if err := c.read(in); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		c.check(t)
		seen[strings.Split(c.Name, "-")[1]]++
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 8 {
		t.Errorf("formats seen: %v", seen)
	}
	t.Logf("compared: %v", seen)
}

func (c *wideCase) check(t *testing.T) {
	p, err := Decode(c.Name, c.data, Limits{MaxBytes: 1 << 30})
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	want := rgbImage(c.pixels, c.Width, c.Height)
	if p.Width != c.Width || p.Height != c.Height {
		t.Errorf("%s: %d x %d pixels", c.Name, p.Width, p.Height)
		return
	}
	c.compare(t, "", p.Image(), want)
	if c.Clip == 0 {
		return
	}
	spec := towerSpec(224)
	width, height := spec.geometry().resized(p.Width, p.Height)
	left, top := spec.geometry().offset(width, 224), spec.geometry().offset(height, 224)
	got := whole(p.Image()).resample(width, height, Bicubic, image.Rect(left, top, left+224, top+224))
	c.compare(t, "resized, ", got, rgbImage(c.clips, 224, 224))
}

// compare wants the same pixels, level for level.
func (c *wideCase) compare(t *testing.T, what string, got, want *image.RGBA) {
	if most, mean := difference(t, got, want); most != 0 {
		t.Errorf("%s: %sdiffers from Pillow by up to %d levels, %.4f in the mean", c.Name, what, most, mean)
	}
}

// rgbImage makes an opaque picture of RGB bytes.
func rgbImage(rgb []byte, width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(img.Pix[4*i:], rgb[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

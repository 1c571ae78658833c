package preprocess

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

// TestJPEGQualityIsTheEncoders: Go's encoder scales the standard's table as libjpeg does.
func TestJPEGQualityIsTheEncoders(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for quality := 1; quality <= 100; quality++ {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		if got := JPEGQuality(file.Bytes()); got != quality {
			t.Errorf("quality %d: got %d", quality, got)
		}
	}
}

func TestJPEGQualityReadsWideAndLaterTables(t *testing.T) {
	file := []byte{0xff, markerSOI, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, markerDQT, 0, 2 + 65 + 129, 1}
	file = append(file, bytes.Repeat([]byte{255}, 64)...) // table 1
	file = append(file, 0x10)                             // table 0 of 16 bits
	for _, standard := range standardLuminance {
		step := scaledStep(standard, 73)
		file = append(file, byte(step>>8), byte(step))
	}
	if got := JPEGQuality(file); got != 73 {
		t.Errorf("got %d; want 73", got)
	}
}

func TestJPEGQualityOfOtherBytesIsUnknown(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("\x89PNG"), {0xff, markerSOI}, {0xff, markerSOI, 0xff, markerDQT, 0, 200, 0},
		{0xff, markerSOI, 0xff, markerDQT, 0, 1, 0, 0}, {0xff, markerSOI, 0xff, markerSOS, 0, 2}, {0xff, markerSOI, 0xff, markerDQT, 0, 3, 0x20}} {
		if got := JPEGQuality(data); got != 0 {
			t.Errorf("% x: got %d; want 0", data, got)
		}
	}
}

func FuzzJPEGQuality(f *testing.F) {
	f.Add([]byte{0xff, markerSOI, 0xff, markerDQT, 0, 67, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if q := JPEGQuality(data); q < 0 || q > 100 {
			t.Errorf("quality %d", q)
		}
	})
}

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// picture draws smooth shapes that differ with the seed, so that perceptual hashes do too.
func picture(seed, width, height int) image.Image {
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := 8*x/width, 8*y/height
			mix := uint32(seed*7919+u*131+v*1543) * 2654435761
			canvas.SetRGBA(x, y, color.RGBA{uint8(mix >> 24), uint8(mix >> 16), uint8(mix >> 8), 255})
		}
	}
	return canvas
}

func jpegBytes(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngBytes(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hugePNG is the beginning of a PNG that claims so many pixels.
func hugePNG(width, height uint32) []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, header...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
}

func save(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// saveMany makes n different pictures in a new folder.
func saveMany(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		save(t, filepath.Join(dir, fmt.Sprintf("%04d.jpg", i)), jpegBytes(t, picture(i, 96, 72), 90))
	}
	return dir
}

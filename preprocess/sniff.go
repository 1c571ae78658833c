package preprocess

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/clipd/clipd/preprocess/heif"
)

// format is the name of an image format in lower case: "jpeg", "png", "gif", "bmp", "tiff", "webp", "heic", "avif".
type format string

const (
	formatJPEG format = "jpeg"
	formatPNG  format = "png"
	formatGIF  format = "gif"
	formatBMP  format = "bmp"
	formatTIFF format = "tiff"
	formatWebP format = "webp"
	formatHEIC format = "heic"
	formatAVIF format = "avif"
)

// signatures are the first bytes of the formats that Decode reads.
var signatures = []struct {
	format format
	prefix string
}{
	{formatJPEG, "\xff\xd8\xff"},
	{formatPNG, "\x89PNG\r\n\x1a\n"},
	{formatGIF, "GIF87a"},
	{formatGIF, "GIF89a"},
	{formatTIFF, "II*\x00"},
	{formatTIFF, "MM\x00*"},
}

// Supported lists the formats that Decode reads, for messages.
const Supported = "JPEG, PNG, GIF, BMP, TIFF, WebP, HEIC and AVIF"

// sniff tells the format from the content; names and extensions lie.
func sniff(data []byte) (format, error) {
	for _, s := range signatures {
		if bytes.HasPrefix(data, []byte(s.prefix)) {
			return s.format, nil
		}
	}
	if isRIFF(data) && len(data) >= 12 && string(data[8:12]) == "WEBP" {
		return formatWebP, nil
	}
	if codec, ok := heif.Sniff(data); ok {
		return format(codec), nil
	}
	if isBMP(data) {
		return formatBMP, nil
	}
	if name := knownButUnsupported(data); name != "" {
		return "", fmt.Errorf("%w: %s; convert it to JPEG or PNG (clipd reads %s)", ErrUnsupported, name, Supported)
	}
	return "", fmt.Errorf("%w: its content looks like %s", ErrNotImage, looksLike(data))
}

func isRIFF(data []byte) bool { return bytes.HasPrefix(data, []byte("RIFF")) }

// isBMP wants more than the two letters "BM", with which texts begin too: the reserved words must be zero and the
// info header's size one that exists.
func isBMP(data []byte) bool {
	if len(data) < 18 || data[0] != 'B' || data[1] != 'M' || !bytes.Equal(data[6:10], []byte{0, 0, 0, 0}) {
		return false
	}
	switch data[14] {
	case 12, 40, 52, 56, 64, 108, 124:
		return data[15] == 0 && data[16] == 0 && data[17] == 0
	}
	return false
}

// knownButUnsupported names image formats that are met in photo folders and not decoded, or returns "".
func knownButUnsupported(data []byte) string {
	has := func(at int, s string) bool {
		return len(data) >= at+len(s) && string(data[at:at+len(s)]) == s
	}
	switch {
	case has(4, "ftypcrx "):
		return "Canon CR3 raw"
	case has(4, "ftyp"):
		return "a video (MP4 or QuickTime)"
	case has(0, "\xff\x0a"), has(0, "\x00\x00\x00\x0cJXL "):
		return "JPEG XL"
	case has(0, "\x00\x00\x00\x0cjP  "), has(0, "\xff\x4f\xff\x51"):
		return "JPEG 2000"
	case has(0, "8BPS"):
		return "Photoshop PSD"
	case has(0, "\x00\x00\x01\x00"):
		return "ICO"
	case has(0, "II+\x00"), has(0, "MM\x00+"):
		return "BigTIFF"
	case has(0, "FUJIFILMCCD-RAW"):
		return "Fujifilm raw"
	case has(0, "IIRO"), has(0, "IIU\x00"):
		return "camera raw"
	}
	return looksLikeSVG(data)
}

func looksLikeSVG(data []byte) string {
	head := bytes.TrimSpace(data[:min(len(data), 512)])
	if bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("<svg")) {
		return "SVG"
	}
	return ""
}

// looksLike describes bytes that are no image: "text/plain", "application/zip", "unknown data".
func looksLike(data []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if kind == "application/octet-stream" || strings.HasPrefix(kind, "image/") {
		return "unknown data"
	}
	return kind
}

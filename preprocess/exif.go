package preprocess

import (
	"bytes"
	"strings"
	"time"

	"github.com/bep/imagemeta"
)

// exif is what Decode uses of a file's metadata.
type exif struct {
	orientation int // 1 ... 8, as in EXIF 2.3 § 4.6.4; 1: upright
	taken       time.Time
	camera      string
}

var exifContainers = map[format]imagemeta.ImageFormat{
	formatJPEG: imagemeta.JPEG,
	formatPNG:  imagemeta.PNG,
	formatTIFF: imagemeta.TIFF,
	formatWebP: imagemeta.WebP,
}

// readExif reads the few tags that are used. Broken metadata is no reason to refuse a picture: what can't be read
// counts as absent.
func readExif(kind format, data []byte) exif {
	about := exif{orientation: 1}
	container, ok := exifContainers[kind]
	if !ok {
		return about
	}
	var maker, model, taken, offset string
	texts := map[string]*string{"Make": &maker, "Model": &model, "DateTimeOriginal": &taken, "OffsetTimeOriginal": &offset}
	handle := func(tag imagemeta.TagInfo) error {
		if text, ok := texts[tag.Tag]; ok && *text == "" {
			*text, _ = tag.Value.(string)
		}
		if n, ok := integer(tag.Value); ok && tag.Tag == "Orientation" && tag.Namespace == "IFD0" && n >= 1 && n <= 8 {
			about.orientation = n
		}
		return nil
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:           bytes.NewReader(data),
		ImageFormat: container,
		Sources:     imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return tag.Tag == "Orientation" || texts[tag.Tag] != nil
		},
		HandleTag: handle,
		Warnf:     func(string, ...any) {},
	})
	about.taken = parseTaken(taken, offset)
	about.camera = cameraName(maker, model)
	return about
}

func integer(value any) (int, bool) {
	switch v := value.(type) {
	case uint16:
		return int(v), true
	case uint32:
		return int(v), true
	case int:
		return v, true
	}
	return 0, false
}

// parseTaken reads "2024:05:17 18:03:59" with an offset like "+02:00" or none (then UTC); zero where it can't.
func parseTaken(taken, offset string) time.Time {
	taken, offset = cleanTag(taken), cleanTag(offset)
	if t, err := time.Parse("2006:01:02 15:04:05-07:00", taken+offset); err == nil {
		return t
	}
	t, err := time.Parse("2006:01:02 15:04:05", taken)
	if err != nil {
		return time.Time{}
	}
	return t
}

// cameraName joins make and model, without the make twice: "NIKON CORPORATION" and "NIKON D90" give "NIKON D90".
func cameraName(maker, model string) string {
	maker, model = cleanTag(maker), cleanTag(model)
	first, _, _ := strings.Cut(maker, " ")
	if strings.HasPrefix(strings.ToLower(model), strings.ToLower(first)) {
		return model
	}
	return strings.TrimSpace(maker + " " + model)
}

// cleanTag strips padding and what isn't printable from a tag that the camera wrote.
func cleanTag(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}

package preprocess

import (
	"bytes"
	"math"
	"strings"
	"time"

	"github.com/bep/imagemeta"
)

// exif is what Decode uses of a file's metadata.
type exif struct {
	orientation int // 1 ... 8, as in EXIF 2.3 § 4.6.4; 1: upright
	taken       time.Time
	camera      string
	located     bool
	latitude    float64 // degrees, north is positive
	longitude   float64 // degrees, east is positive
}

var exifContainers = map[format]imagemeta.ImageFormat{
	formatJPEG: imagemeta.JPEG,
	formatPNG:  imagemeta.PNG,
	formatTIFF: imagemeta.TIFF,
	formatWebP: imagemeta.WebP,
	formatHEIC: imagemeta.HEIF,
	formatAVIF: imagemeta.AVIF,
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
	var place position
	texts := map[string]*string{
		"GPSLatitudeRef": &place.northSouth, "GPSLongitudeRef": &place.eastWest,
		"Make": &maker, "Model": &model, "DateTimeOriginal": &taken, "OffsetTimeOriginal": &offset,
	}
	handle := func(tag imagemeta.TagInfo) error {
		if text, ok := texts[tag.Tag]; ok && *text == "" {
			*text, _ = tag.Value.(string)
		}
		place.note(tag)
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
			return tag.Tag == "Orientation" || tag.Tag == "GPSLatitude" || tag.Tag == "GPSLongitude" || texts[tag.Tag] != nil
		},
		HandleTag: handle,
		Warnf:     func(string, ...any) {},
	})
	about.taken = parseTaken(taken, offset)
	about.camera = cameraName(maker, model)
	about.latitude, about.longitude, about.located = place.degrees()
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

// position is a GPS position as EXIF has it: angles without a sign, and letters for it (EXIF 2.3 § 4.6.6).
type position struct {
	latitude, longitude  any
	northSouth, eastWest string
}

func (p *position) note(tag imagemeta.TagInfo) {
	switch tag.Tag {
	case "GPSLatitude":
		p.latitude = tag.Value
	case "GPSLongitude":
		p.longitude = tag.Value
	}
}

// degrees are the position with signs. Cameras without a fix write zeros or nothing: no position.
func (p *position) degrees() (latitude, longitude float64, ok bool) {
	latitude, okLatitude := p.latitude.(float64)
	longitude, okLongitude := p.longitude.(float64)
	if !okLatitude || !okLongitude || !(math.Abs(latitude) <= 90) || !(math.Abs(longitude) <= 180) || latitude == 0 && longitude == 0 {
		return 0, 0, false
	}
	if strings.HasPrefix(strings.ToUpper(cleanTag(p.northSouth)), "S") {
		latitude = -latitude
	}
	if strings.HasPrefix(strings.ToUpper(cleanTag(p.eastWest)), "W") {
		longitude = -longitude
	}
	return latitude, longitude, true
}

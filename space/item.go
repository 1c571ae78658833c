package space

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// ErrInvalidItem: an item that an index cannot keep; the text names the field.
var ErrInvalidItem = errors.New("invalid item")

// Kind is the modality of an item or of a query: text or image.
type Kind string

// The two modalities.
const (
	Text  Kind = "text"
	Image Kind = "image"
)

// Metadata are an item's own fields: string, float64, bool, time as RFC 3339 string, or []string.
// Keys must not be empty or begin with "_".
type Metadata map[string]any

// Item is one thing of a collection: a text or an image, its vector and what is known about it.
type Item struct {
	ID       string    `json:"id"`
	Kind     Kind      `json:"kind"`
	Source   string    `json:"source,omitempty"`   // path or URL it came from
	Text     string    `json:"text,omitempty"`     // the text itself; of an image, its caption
	Metadata Metadata  `json:"metadata,omitempty"` // the user's own fields
	Picture  *Picture  `json:"picture,omitempty"`  // set for images
	SHA256   string    `json:"sha256,omitempty"`   // hex, of the bytes (image) or the UTF-8 text
	Vector   Vector    `json:"-"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

// Picture is what is known about an image beyond its vector.
type Picture struct {
	Format      string    `json:"format"` // "jpeg", "png", ...
	Width       int       `json:"width"`  // pixels, upright
	Height      int       `json:"height"`
	Bytes       int64     `json:"bytes"`                  // size of the file
	Modified    time.Time `json:"modified,omitzero"`      // of the file
	Taken       time.Time `json:"taken,omitzero"`         // EXIF DateTimeOriginal
	Camera      string    `json:"camera,omitempty"`       // EXIF make and model
	Location    *Point    `json:"location,omitempty"`     // EXIF GPS position
	PixelSHA256 string    `json:"pixel_sha256,omitempty"` // hex, of the upright RGB pixels and their size
	Hash        Hash256   `json:"hash,omitzero"`          // perceptual hash
	HashQuality int       `json:"hash_quality,omitempty"` // 0 (featureless) ... 100
	Inner       *Inner    `json:"inner,omitempty"`        // the picture without its frame; nil: nobody has looked for one
	JPEGQuality int       `json:"jpeg_quality,omitempty"` // of a JPEG: 1 to 100, estimated from its quantisation tables; 0: unknown
}

// Inner is a picture without its frame: the bars of a letterbox or a screen, the line of text above or below.
type Inner struct {
	Hash    Hash256 `json:"hash,omitzero"`    // perceptual hash; zero: the picture has no frame
	Quality int     `json:"quality,omitzero"` // of the hash, 0 (featureless) ... 100
	Part    Part    `json:"part,omitzero"`    // what the frame leaves
}

// Part is a part of a picture: left, top, right and bottom in ten-thousandths of its width and height.
type Part [4]int

// MaxIDBytes is the longest ID that an index keeps.
const MaxIDBytes = 512

// Validate checks what every index relies on: an ID, a kind, a vector, metadata of the permitted types.
func (it Item) Validate() error {
	switch {
	case it.ID == "":
		return fmt.Errorf("%w: it has no id", ErrInvalidItem)
	case len(it.ID) > MaxIDBytes:
		return fmt.Errorf("%w: its id has %d bytes; at most %d", ErrInvalidItem, len(it.ID), MaxIDBytes)
	case it.Kind != Text && it.Kind != Image:
		return fmt.Errorf("%w %q: kind %q; want text or image", ErrInvalidItem, it.ID, it.Kind)
	case it.Vector.IsNone():
		return fmt.Errorf("%w %q: it has no vector", ErrInvalidItem, it.ID)
	}
	if err := it.Metadata.Validate(); err != nil {
		return fmt.Errorf("%w %q: %w", ErrInvalidItem, it.ID, err)
	}
	return nil
}

// Validate checks keys and value types.
func (m Metadata) Validate() error {
	for key, value := range m {
		if key == "" || strings.HasPrefix(key, "_") {
			return fmt.Errorf("metadata key %q: it must not be empty or begin with an underscore", key)
		}
		switch v := value.(type) {
		case string, bool, []string:
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("metadata %q: %v is no number that JSON has; leave the key out", key, v)
			}
		case []any:
			if slices.ContainsFunc(v, func(e any) bool { _, ok := e.(string); return !ok }) {
				return fmt.Errorf("metadata %q: a list may hold strings only", key)
			}
		default:
			return fmt.Errorf("metadata %q: %T is not kept; use a string, number, true/false or a list of strings", key, value)
		}
	}
	return nil
}

package keep

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
)

// ErrInvalidPolicy: a policy with an unknown rule, or one that names something twice; the text says which.
var ErrInvalidPolicy = errors.New("invalid keep policy")

// DefaultOrder are the rules of a policy that names none. EXIF data stand before format and quality: a copy that was
// saved anew in a better format, or at a higher quality, is no better than what it was made of, but lacks the data.
var DefaultOrder = []space.KeepRule{
	space.KeepFolder, space.KeepResolution, space.KeepEXIF, space.KeepFormat,
	space.KeepQuality, space.KeepSize, space.KeepOldest, space.KeepName,
}

// DefaultFormats are those of a policy that names none: lossless ones first, then by what they keep at equal size.
var DefaultFormats = []string{"tiff", "png", "bmp", "heic", "heif", "avif", "webp", "jpeg", "gif"}

// lossless are formats that keep every pixel.
var lossless = []string{"tiff", "png", "bmp"}

// Complete checks a policy and fills in the defaults.
func Complete(p space.KeepPolicy) (space.KeepPolicy, error) {
	if len(p.Order) == 0 {
		p.Order = DefaultOrder
	}
	if len(p.Formats) == 0 {
		p.Formats = DefaultFormats
	}
	for i, rule := range p.Order {
		switch {
		case !slices.Contains(DefaultOrder, rule):
			return p, fmt.Errorf("%w: there is no rule %q; there are %s", ErrInvalidPolicy, rule, names(DefaultOrder))
		case slices.Contains(p.Order[:i], rule):
			return p, fmt.Errorf("%w: the rule %q stands there twice", ErrInvalidPolicy, rule)
		}
	}
	p.Folders, p.Formats = slices.Clone(p.Folders), slices.Clone(p.Formats)
	for i, folder := range p.Folders {
		if !path.IsAbs(folder) && !filepath.IsAbs(folder) {
			return p, fmt.Errorf("%w: folder %q is no absolute path", ErrInvalidPolicy, folder)
		}
		p.Folders[i] = strings.TrimRight(folder, `/\`)
	}
	for i, format := range p.Formats {
		format = strings.ToLower(format)
		if format == "jpg" {
			format = "jpeg"
		}
		p.Formats[i] = format
	}
	return p, nil
}

// Or is p, with what p leaves open taken from another policy.
func Or(p, other space.KeepPolicy) space.KeepPolicy {
	if len(p.Order) == 0 {
		p.Order = other.Order
	}
	if len(p.Folders) == 0 {
		p.Folders = other.Folders
	}
	if len(p.Formats) == 0 {
		p.Formats = other.Formats
	}
	return p
}

func names(rules []space.KeepRule) string {
	words := make([]string, len(rules))
	for i, rule := range rules {
		words[i] = string(rule)
	}
	return strings.Join(words, ", ")
}

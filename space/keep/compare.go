package keep

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/clipd/clipd/space"
)

// Compare is negative where a is kept rather than b, and says why in words: "4032×3024 over 1024×768". The policy must be
// complete. It is a strict order: of two items only those with equal ids are equal.
func Compare(p space.KeepPolicy, a, b space.Item) (int, string) {
	for _, rule := range append(slices.Clip(p.Order), space.KeepName) {
		if order := compare(p, rule, a, b); order != 0 {
			if order > 0 {
				a, b = b, a
			}
			return order, reason(p, rule, a, b)
		}
	}
	return strings.Compare(a.ID, b.ID), "the first by its id"
}

// compare is negative where the rule prefers a.
func compare(p space.KeepPolicy, rule space.KeepRule, a, b space.Item) int {
	switch rule {
	case space.KeepFolder:
		return cmp.Compare(folder(p, a), folder(p, b))
	case space.KeepResolution:
		return cmp.Compare(pixels(b), pixels(a))
	case space.KeepEXIF:
		return cmp.Compare(len(exif(b)), len(exif(a)))
	case space.KeepFormat:
		return cmp.Compare(format(p, a), format(p, b))
	case space.KeepQuality:
		return cmp.Compare(quality(b), quality(a))
	case space.KeepSize:
		return cmp.Compare(bytes(b), bytes(a))
	case space.KeepOldest:
		// In whole seconds: EXIF and many archives keep no more, and of two files that one copy command wrote, the
		// millisecond between them says nothing.
		return Age(a).Truncate(time.Second).Compare(Age(b).Truncate(time.Second))
	case space.KeepName:
		return cmp.Or(cmp.Compare(len(a.Source), len(b.Source)), strings.Compare(a.Source, b.Source))
	}
	return 0
}

// reason says in what a is better.
func reason(p space.KeepPolicy, rule space.KeepRule, a, b space.Item) string {
	switch rule {
	case space.KeepFolder:
		return "in " + p.Folders[folder(p, a)]
	case space.KeepResolution:
		return size(a) + " over " + size(b)
	case space.KeepEXIF:
		return "EXIF " + listed(exif(a)) + " over " + listed(exif(b))
	case space.KeepFormat:
		return strings.ToUpper(a.Picture.Format) + " over " + strings.ToUpper(b.Picture.Format)
	case space.KeepQuality:
		return qualityWords(a) + " over " + qualityWords(b)
	case space.KeepSize:
		return sizes(bytes(a), bytes(b))
	case space.KeepOldest:
		return dates(Age(a), Age(b))
	}
	if len(a.Source) != len(b.Source) {
		return "the shorter path"
	}
	return "the first by its path"
}

// folder is the place of the first preferred folder that the item lies below.
func folder(p space.KeepPolicy, it space.Item) int {
	for i, folder := range p.Folders {
		if rest, inside := strings.CutPrefix(it.Source, folder); inside && strings.ContainsAny(rest[:min(1, len(rest))], `/\`) {
			return i
		}
	}
	return len(p.Folders)
}

func pixels(it space.Item) int { return it.Picture.Width * it.Picture.Height }

func bytes(it space.Item) int64 { return it.Picture.Bytes }

// exif are the data that a camera wrote and that are still there.
func exif(it space.Item) []string {
	var there []string
	if !it.Picture.Taken.IsZero() {
		there = append(there, "date")
	}
	if it.Picture.Camera != "" {
		there = append(there, "camera")
	}
	if it.Picture.Location != nil {
		there = append(there, "position")
	}
	return there
}

func format(p space.KeepPolicy, it space.Item) int {
	if i := slices.Index(p.Formats, it.Picture.Format); i >= 0 {
		return i
	}
	return len(p.Formats)
}

// quality is 1 to 100 of a JPEG, 101 of what is lossless, 0 where it is unknown.
func quality(it space.Item) int {
	if slices.Contains(lossless, it.Picture.Format) {
		return 101
	}
	return it.Picture.JPEGQuality
}

func qualityWords(it space.Item) string {
	switch q := quality(it); q {
	case 0:
		return "unknown quality"
	case 101:
		return "lossless"
	default:
		return fmt.Sprintf("JPEG quality %d", q)
	}
}

// Age is the earliest time that is known of an image.
func Age(it space.Item) time.Time {
	var earliest time.Time
	for _, t := range []time.Time{it.Picture.Taken, it.Picture.Modified, it.Created} {
		if !t.IsZero() && (earliest.IsZero() || t.Before(earliest)) {
			earliest = t
		}
	}
	return earliest
}

func size(it space.Item) string { return fmt.Sprintf("%d×%d", it.Picture.Width, it.Picture.Height) }

func listed(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// sizes falls back on exact numbers where rounded ones would look equal.
func sizes(a, b int64) string {
	x, y := humanize.Bytes(uint64(a)), humanize.Bytes(uint64(b))
	if x == y {
		x, y = humanize.Comma(a)+" bytes", humanize.Comma(b)
	}
	return x + " over " + y
}

func dates(a, b time.Time) string {
	layout := time.DateOnly
	if a.Format(layout) == b.Format(layout) {
		layout = time.DateTime
	}
	return a.Format(layout) + " before " + b.Format(layout)
}

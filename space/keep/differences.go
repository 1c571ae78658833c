package keep

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/clipd/clipd/space"
)

// Differences are the facts in which a copy differs from the original, in the order in which people ask for them.
func Differences(original, copied space.Item) []space.Difference {
	var found []space.Difference
	note := func(field, a, b string) {
		if a != b {
			found = append(found, space.Difference{Field: field, Original: a, Copy: b})
		}
	}
	o, c := original.Picture, copied.Picture
	note("size", size(original), size(copied))
	note("format", strings.ToUpper(o.Format), strings.ToUpper(c.Format))
	if o.Bytes != c.Bytes {
		a, b := humanize.Bytes(uint64(o.Bytes)), humanize.Bytes(uint64(c.Bytes))
		if a == b {
			a, b = humanize.Comma(o.Bytes)+" bytes", humanize.Comma(c.Bytes)+" bytes"
		}
		note("bytes", a, b)
	}
	note("jpeg quality", number(o.JPEGQuality), number(c.JPEGQuality))
	note("taken", moment(o.Taken), moment(c.Taken))
	note("camera", o.Camera, c.Camera)
	return found
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateTime)
}

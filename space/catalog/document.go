package catalog

import (
	"errors"
	"time"

	"github.com/clipd/clipd/space"
)

// ErrInvalidDocument: a document that says nothing, or two things at once; the text says what is missing.
var ErrInvalidDocument = errors.New("invalid document")

// Document is a text or an image on its way into a collection.
type Document struct {
	ID       string         // empty: derived from Source, else from the content
	Kind     space.Kind     // empty: Image where Image has bytes, else Text
	Text     string         // the text; of an image, its caption
	Image    []byte         // an image file
	Name     string         // what messages call it; empty: Source, else ID
	Source   string         // path or URL that it came from
	Modified time.Time      // of the source file
	Bytes    int64          // size of the source file; 0: that of Image or Text
	Metadata space.Metadata // the user's own fields
	Vector   []float32      // made already by the collection's own model; normalised here
}

// Result is what became of one document. Name and ID are set wherever they are known, also beside an error.
type Result struct {
	ID     string
	Name   string
	Change space.Change // empty where Err is set
	Err    error
}

// Probe is one state of a file, without its content.
type Probe struct {
	Source   string
	Bytes    int64
	Modified time.Time
}

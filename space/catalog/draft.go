package catalog

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/store"
)

// draft is a document on its way to a record.
type draft struct {
	doc    Document
	record store.Record
	change space.Change
	err    error // the first one; it ends the draft
}

func newDraft(doc Document) *draft { return &draft{doc: doc} }

func (d *draft) item() *space.Item { return &d.record.Item }

// do does the next step unless an earlier one failed.
func (d *draft) do(step func() error) {
	if d.err == nil {
		d.err = step()
	}
}

// name is what messages call the document.
func (d Document) name() string { return cmp.Or(d.Name, d.Source, d.ID, "document") }

// identify fills in all that is known without decoding.
func (d *draft) identify() error {
	kind, content, err := d.doc.content()
	if err != nil {
		return fmt.Errorf("%s: %w", d.doc.name(), err)
	}
	digest := hexSHA256(content)
	d.record.Item = space.Item{
		ID: d.doc.id(digest), Kind: kind, Source: d.doc.Source, Text: d.doc.Text, Metadata: d.doc.Metadata, SHA256: digest,
	}
	d.record.File = store.File{Bytes: cmp.Or(d.doc.Bytes, int64(len(content))), Modified: d.doc.Modified}
	return nil
}

// content is what the vector is made of.
func (d Document) content() (space.Kind, []byte, error) {
	kind := d.Kind
	if kind == "" && len(d.Image) > 0 {
		kind = space.Image
	}
	switch {
	case kind == space.Image: // of no bytes, too: decoding says what is wrong with them
		return kind, d.Image, nil
	case kind != "" && kind != space.Text:
		return kind, nil, fmt.Errorf("%w: kind %q; want text or image", ErrInvalidDocument, kind)
	case len(d.Image) > 0:
		return kind, nil, fmt.Errorf("%w: a text with an image; an image may have a text, its caption", ErrInvalidDocument)
	case d.Text == "":
		return kind, nil, fmt.Errorf("%w: it has no text", ErrInvalidDocument)
	}
	return space.Text, []byte(d.Text), nil
}

// idDigits is the length of a derived id: 128 bits in hexadecimal, so that two never meet.
const idDigits = 32

// id is the given one, or derived from the source, so that a changed file replaces its former self, or from the content.
func (d Document) id(contentDigest string) string {
	switch {
	case d.ID != "":
		return d.ID
	case d.Source != "":
		return hexSHA256([]byte(d.Source))[:idDigits]
	}
	return contentDigest[:idDigits]
}

// takeVector takes the vector that came with the document.
func (d *draft) takeVector() error {
	if d.doc.Vector == nil {
		return nil
	}
	var err error
	if d.item().Vector, err = space.Normalize(d.doc.Vector); err != nil {
		return fmt.Errorf("%s: vector: %w", d.doc.name(), err)
	}
	return nil
}

func recordsOf(drafts []*draft) []store.Record {
	records := make([]store.Record, len(drafts))
	for i, d := range drafts {
		records[i] = d.record
	}
	return records
}

func hexSHA256(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

package store

import (
	"fmt"
	"time"

	"github.com/clipd/clipd/space"
)

// Record is all that the store keeps of one item.
type Record struct {
	Item      space.Item
	Thumbnail []byte // JPEG; empty: none
	File      File   // state of the source file; used where Item.Source is set
	KeepTimes bool   // keep Item.Created and Item.Updated as they are, where they are set: the item comes from another store
}

// File is the state of a source file when it was read.
type File struct {
	ID       string    `cbor:"1,keyasint"` // the item that it became
	Bytes    int64     `cbor:"2,keyasint"`
	Modified time.Time `cbor:"3,keyasint,omitzero"`
}

// Same says whether a file of this size and modification time is the one that was read.
func (f File) Same(bytes int64, modified time.Time) bool {
	return f.Bytes == bytes && f.Modified.Equal(modified)
}

// itemRecord is an item on disk; ID and vector lie elsewhere. Numbers are never given another meaning.
type itemRecord struct {
	Kind     string         `cbor:"1,keyasint"`
	Source   string         `cbor:"2,keyasint,omitempty"`
	Text     string         `cbor:"3,keyasint,omitempty"`
	Metadata map[string]any `cbor:"4,keyasint,omitempty"`
	Picture  *pictureRecord `cbor:"5,keyasint,omitempty"`
	SHA256   string         `cbor:"6,keyasint,omitempty"`
	Created  time.Time      `cbor:"7,keyasint,omitzero"`
	Updated  time.Time      `cbor:"8,keyasint,omitzero"`
}

type pictureRecord struct {
	Format      string       `cbor:"1,keyasint"`
	Width       int          `cbor:"2,keyasint"`
	Height      int          `cbor:"3,keyasint"`
	Bytes       int64        `cbor:"4,keyasint"`
	Modified    time.Time    `cbor:"5,keyasint,omitzero"`
	Taken       time.Time    `cbor:"6,keyasint,omitzero"`
	Camera      string       `cbor:"7,keyasint,omitempty"`
	PixelSHA256 string       `cbor:"8,keyasint,omitempty"`
	Hash        [4]uint64    `cbor:"9,keyasint,omitzero"`
	HashQuality int          `cbor:"10,keyasint,omitempty"`
	JPEGQuality int          `cbor:"11,keyasint,omitempty"`
	Location    *[2]float64  `cbor:"12,keyasint,omitempty"` // latitude, longitude
	Inner       *innerRecord `cbor:"13,keyasint,omitempty"` // missing in records of versions that did not look for frames
}

type innerRecord struct {
	Hash    [4]uint64 `cbor:"1,keyasint,omitzero"`
	Quality int       `cbor:"2,keyasint,omitempty"`
	Part    [4]int    `cbor:"3,keyasint,omitzero"`
}

func recordOf(it space.Item) itemRecord {
	record := itemRecord{
		Kind:     string(it.Kind),
		Source:   it.Source,
		Text:     it.Text,
		Metadata: plain(it.Metadata),
		SHA256:   it.SHA256,
		Created:  it.Created.UTC(),
		Updated:  it.Updated.UTC(),
	}
	if p := it.Picture; p != nil {
		record.Picture = &pictureRecord{p.Format, p.Width, p.Height, p.Bytes, p.Modified.UTC(), p.Taken, p.Camera,
			p.PixelSHA256, p.Hash, p.HashQuality, p.JPEGQuality, nil, nil}
		if p.Location != nil {
			record.Picture.Location = &[2]float64{p.Location.Lat, p.Location.Lon}
		}
		if p.Inner != nil {
			record.Picture.Inner = &innerRecord{p.Inner.Hash, p.Inner.Quality, p.Inner.Part}
		}
	}
	return record
}

// item is the stored item, without its vector.
func (r itemRecord) item(id string) (space.Item, error) {
	it := space.Item{
		ID:       id,
		Kind:     space.Kind(r.Kind),
		Source:   r.Source,
		Text:     r.Text,
		Metadata: r.Metadata,
		SHA256:   r.SHA256,
		Created:  r.Created,
		Updated:  r.Updated,
	}
	if it.Kind != space.Text && it.Kind != space.Image {
		return it, fmt.Errorf("%w: item %q is of kind %q", ErrDamaged, id, r.Kind)
	}
	if err := it.Metadata.Validate(); err != nil {
		return it, fmt.Errorf("%w: item %q: %w", ErrDamaged, id, err)
	}
	it.Metadata = plain(it.Metadata)
	if p := r.Picture; p != nil {
		it.Picture = &space.Picture{Format: p.Format, Width: p.Width, Height: p.Height, Bytes: p.Bytes, Modified: p.Modified,
			Taken: p.Taken, Camera: p.Camera, PixelSHA256: p.PixelSHA256, Hash: p.Hash, HashQuality: p.HashQuality,
			JPEGQuality: p.JPEGQuality}
		if p.Location != nil {
			it.Picture.Location = &space.Point{Lat: p.Location[0], Lon: p.Location[1]}
		}
		if p.Inner != nil {
			it.Picture.Inner = &space.Inner{Hash: p.Inner.Hash, Quality: p.Inner.Quality, Part: p.Inner.Part}
		}
	}
	return it, nil
}

// plain is metadata with lists as []string, whatever decoder they came from. Items of the store share it.
func plain(m space.Metadata) space.Metadata {
	if len(m) == 0 {
		return nil
	}
	fields := make(space.Metadata, len(m))
	for key, value := range m {
		if list, ok := value.([]any); ok {
			words := make([]string, 0, len(list))
			for _, element := range list {
				word, _ := element.(string) // Validate has seen to it
				words = append(words, word)
			}
			value = words
		}
		fields[key] = value
	}
	return fields
}

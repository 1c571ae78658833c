package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
	"github.com/clipd/clipd/space/store"
)

const thumbnailSide = 320

// draft is a document on its way to a record.
type draft struct {
	record  store.Record
	picture *preprocess.Picture
	err     error
}

func sum(data []byte) string { h := sha256.Sum256(data); return hex.EncodeToString(h[:]) }

func (d Document) named() string {
	for _, n := range []string{d.Name, d.Source, d.ID} {
		if n != "" {
			return n
		}
	}
	return "document"
}

func (c *Catalog) draft(d Document) (out draft) {
	kind := d.Kind
	if kind == "" {
		kind = space.Text
		if len(d.Image) > 0 {
			kind = space.Image
		}
	}
	it := space.Item{ID: d.ID, Kind: kind, Source: d.Source, Text: d.Text, Metadata: d.Metadata}
	content := []byte(d.Text)
	if kind == space.Image {
		content = d.Image
	}
	it.SHA256 = sum(content)
	if it.ID == "" && d.Source != "" {
		it.ID = sum([]byte(d.Source))[:32]
	}
	if it.ID == "" {
		it.ID = it.SHA256[:32]
	}
	bytes := d.Bytes
	if bytes == 0 {
		bytes = int64(len(content))
	}
	out.record = store.Record{Item: it, File: store.File{ID: it.ID, Bytes: bytes, Modified: d.Modified}}
	if kind == space.Text {
		if d.Text == "" {
			out.err = fmt.Errorf("%w: %s: it has no text", ErrInvalidDocument, d.named())
		}
		return out
	}
	p, err := preprocess.Decode(d.named(), d.Image, c.opts.Limits)
	if err != nil {
		out.err = err
		return out
	}
	out.picture = p
	out.record.Thumbnail, out.err = p.Thumbnail(thumbnailSide)
	hash, quality := dedup.Hash(p.Image())
	out.record.Item.Picture = &space.Picture{
		Format: p.Format, Width: p.Width, Height: p.Height, Bytes: int64(len(d.Image)), Modified: d.Modified, Taken: p.Taken,
		Camera: p.Camera, PixelSHA256: p.PixelSHA256(), Hash: hash, HashQuality: quality,
	}
	return out
}

func retry[T any](ctx context.Context, do func() (T, error)) (T, error) {
	for {
		v, err := do()
		if !errors.Is(err, space.ErrBusy) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Ingest takes documents in.
func (c *Catalog) Ingest(ctx context.Context, docs []Document) []Result {
	drafts := make([]draft, len(docs))
	var group errgroup.Group
	group.SetLimit(c.opts.Workers)
	for i := range docs {
		group.Go(func() error {
			drafts[i] = c.draft(docs[i])
			if drafts[i].err == nil {
				drafts[i].err = c.encode(ctx, docs[i], &drafts[i])
			}
			return nil
		})
	}
	_ = group.Wait()
	results := make([]Result, len(docs))
	var records []store.Record
	var places []int
	for i, d := range drafts {
		results[i] = Result{ID: d.record.Item.ID, Name: docs[i].named(), Err: d.err}
		if d.err == nil {
			results[i].Err = c.validate(d.record.Item)
		}
		if results[i].Err == nil {
			records, places = append(records, d.record), append(places, i)
		}
	}
	if len(records) == 0 {
		return results
	}
	changes, err := c.putRecords(ctx, records)
	for n, i := range places {
		if err != nil {
			results[i].Err = err
		} else {
			results[i].Change = changes[n]
		}
	}
	return results
}

func (c *Catalog) encode(ctx context.Context, d Document, to *draft) error {
	it := &to.record.Item
	if d.Vector != nil {
		v, err := space.Normalize(d.Vector)
		it.Vector = v
		return err
	}
	if old, err := c.store.Item(ctx, it.ID); err == nil && old.SHA256 == it.SHA256 && old.Kind == it.Kind {
		it.Vector = old.Vector
		return nil
	}
	vectors, err := retry(ctx, func() ([]space.Vector, error) {
		if it.Kind == space.Text {
			return c.enc.EncodeTexts(ctx, []string{it.Text})
		}
		return c.enc.EncodePictures(ctx, []*preprocess.Picture{to.picture})
	})
	if err != nil {
		return err
	}
	it.Vector = vectors[0]
	return nil
}

// Known says which files need no work.
func (c *Catalog) Known(ctx context.Context, probes []Probe) ([]bool, error) {
	known := make([]bool, len(probes))
	for i, p := range probes {
		f, found, err := c.store.File(ctx, p.Source)
		if err != nil {
			return nil, err
		}
		known[i] = found && f.Same(p.Bytes, p.Modified)
	}
	return known, nil
}

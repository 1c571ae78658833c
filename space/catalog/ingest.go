package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/space"
)

// ingestAtOnce is how many documents of one Ingest are on their way: enough that the image tower always has a full
// batch waiting. Of most of them only the values that the tower reads are held.
const ingestAtOnce = 24

// Ingest takes documents in: read, encoded and kept, durably. The i-th result is that of the i-th document; one that
// fails leaves the others alone. What was taken in before with the same content isn't decoded or encoded again.
func (c *Catalog) Ingest(ctx context.Context, docs []Document) []Result {
	drafts := make([]*draft, len(docs))
	var group errgroup.Group
	group.SetLimit(ingestAtOnce)
	for i, doc := range docs {
		drafts[i] = newDraft(doc)
		group.Go(func() error {
			drafts[i].do(func() error { return c.read(ctx, drafts[i]) })
			return nil
		})
	}
	_ = group.Wait() // each draft keeps its own error
	c.encodeTexts(ctx, drafts)
	c.keep(ctx, drafts)

	results := make([]Result, len(docs))
	for i, d := range drafts {
		results[i] = Result{ID: d.item().ID, Name: d.doc.name(), Change: d.change, Err: d.err}
	}
	c.passOn(ctx, docs, results)
	return results
}

// read fills in all but the vector of a text: texts are encoded together.
func (c *Catalog) read(ctx context.Context, d *draft) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.identify(); err != nil {
		return err
	}
	if err := d.takeVector(); err != nil {
		return err
	}
	if reused, err := c.reuse(ctx, d); reused || err != nil {
		return err
	}
	if d.item().Kind == space.Image {
		return c.readPicture(ctx, d)
	}
	return nil
}

// reuse takes over what an item of the same id and content has already.
func (c *Catalog) reuse(ctx context.Context, d *draft) (bool, error) {
	it := d.item()
	old, err := c.store.Item(ctx, it.ID)
	if errors.Is(err, space.ErrNotFound) {
		return false, nil
	}
	if err != nil || old.Kind != it.Kind || old.SHA256 != it.SHA256 {
		return false, err
	}
	if it.Kind == space.Image {
		if reused, err := c.reusePicture(ctx, d, old); !reused {
			return false, err
		}
	}
	if it.Vector.IsNone() {
		it.Vector = old.Vector
	}
	return true, nil
}

func (c *Catalog) reusePicture(ctx context.Context, d *draft, old space.Item) (bool, error) {
	thumbnail, err := c.store.Thumbnail(ctx, old.ID)
	if old.Picture == nil || errors.Is(err, space.ErrNotFound) {
		return false, nil // it was put in by its vector alone
	}
	if err != nil {
		return false, err
	}
	d.record.Thumbnail = thumbnail
	d.item().Picture = old.Picture
	d.item().Picture.Modified = d.doc.Modified
	return true, nil
}

// readPicture decodes, describes and encodes an image.
func (c *Catalog) readPicture(ctx context.Context, d *draft) error {
	pixels, err := c.lookAt(ctx, d)
	if err != nil || pixels == nil {
		return err
	}
	d.item().Vector, err = patiently(ctx, func() (space.Vector, error) { return c.enc.EncodePixels(ctx, pixels) })
	return err
}

// lookAt decodes a picture, takes from it all that is kept, and gives its values for the image tower; nil where it has
// a vector. The picture itself is let go, so that large photographs are not held while they wait for the tower.
func (c *Catalog) lookAt(ctx context.Context, d *draft) ([]float32, error) {
	if err := c.opts.Decoding.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.opts.Decoding.Release(1)
	s, picture, err := c.survey(d.doc)
	if err != nil {
		return nil, err
	}
	d.item().Picture, d.record.Thumbnail = s.about, s.thumbnail
	if !d.item().Vector.IsNone() {
		return nil, nil
	}
	return c.enc.Pixels(picture)
}

// textBatch is how many texts are given to the encoder at once; it sorts them by length.
const textBatch = 256

// encodeTexts makes the vectors of those texts that have none.
func (c *Catalog) encodeTexts(ctx context.Context, drafts []*draft) {
	var waiting []*draft
	for _, d := range drafts {
		if d.err == nil && d.item().Vector.IsNone() {
			waiting = append(waiting, d)
		}
	}
	for len(waiting) > 0 {
		n := min(textBatch, len(waiting))
		c.encodeBatch(ctx, waiting[:n])
		waiting = waiting[n:]
	}
}

// encodeBatch encodes texts together; where that fails, each alone, so that only the bad ones fail.
func (c *Catalog) encodeBatch(ctx context.Context, drafts []*draft) {
	texts := make([]string, len(drafts))
	for i, d := range drafts {
		texts[i] = d.item().Text
	}
	vectors, err := patiently(ctx, func() ([]space.Vector, error) { return c.enc.EncodeTexts(ctx, texts) })
	switch {
	case err == nil:
		for i, d := range drafts {
			d.item().Vector = vectors[i]
		}
	case len(drafts) == 1:
		drafts[0].err = fmt.Errorf("%s: %w", drafts[0].doc.name(), err)
	default:
		for i := range drafts {
			c.encodeBatch(ctx, drafts[i:i+1])
		}
	}
}

// keep writes all good drafts in one durable batch.
func (c *Catalog) keep(ctx context.Context, drafts []*draft) {
	var good []*draft
	for _, d := range drafts {
		d.do(func() error { return c.validate(*d.item()) })
		if d.err == nil {
			good = append(good, d)
		}
	}
	if len(good) == 0 {
		return
	}
	changes, err := c.putRecords(ctx, recordsOf(good))
	for i, d := range good {
		if d.err = err; err == nil {
			d.change = changes[i]
		}
	}
}

// busyPause is how long ingest waits for a place in the encoder's queue: about one batch of the image tower.
const busyPause = 50 * time.Millisecond

// patiently tries again while the encoder is busy.
func patiently[T any](ctx context.Context, do func() (T, error)) (T, error) {
	for {
		out, err := do()
		if !errors.Is(err, space.ErrBusy) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

// Known says of each file whether the collection holds it in this state, so that it needs no reading.
func (c *Catalog) Known(ctx context.Context, probes []Probe) ([]bool, error) {
	known := make([]bool, len(probes))
	for i, p := range probes {
		file, found, err := c.store.File(ctx, p.Source)
		if err != nil {
			return nil, fmt.Errorf("known files of %q: %w", c.name, err)
		}
		known[i] = found && file.Same(p.Bytes, p.Modified)
	}
	return known, nil
}

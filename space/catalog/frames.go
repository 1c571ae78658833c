package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
	"github.com/clipd/clipd/space/store"
)

// lookForFrame fills in what a picture is without its frame, from the thumbnail, where an earlier version filed it that
// did not look for frames. It says whether it did.
func lookForFrame(record *Record) bool {
	p := record.Item.Picture
	if p == nil || p.Inner != nil || len(record.Thumbnail) == 0 {
		return false
	}
	small, err := jpeg.Decode(bytes.NewReader(record.Thumbnail))
	if err != nil {
		return false // by whoever brought it in
	}
	picture := *p // the store's stays as it is
	picture.Inner = dedup.Inner(small)
	record.Item.Picture = &picture
	return true
}

// framePage is how many items are completed and written together.
const framePage = 256

var errPageEnds = errors.New("the page is full")

// lookForFrames completes all items that an earlier version filed. The caller holds commits.writing, and makes all
// indexes anew afterwards.
func (c *Catalog) lookForFrames(ctx context.Context, progress Progress) error {
	done, total := 0, c.vectors.Len()
	for after := ""; ; {
		var ids []string
		err := c.store.Items(ctx, after, func(it space.Item) error {
			after = it.ID
			done++
			if it.Picture != nil && it.Picture.Inner == nil {
				ids = append(ids, it.ID)
			}
			if len(ids) == framePage {
				return errPageEnds
			}
			return nil
		})
		if err != nil && !errors.Is(err, errPageEnds) {
			return err
		}
		ended := err == nil
		if err := c.completeFrames(ctx, ids); err != nil {
			return err
		}
		progress.at("pictures", done, max(done, total))
		if ended {
			return nil
		}
	}
}

// completeFrames reads the rest of some records, and writes those that were completed.
func (c *Catalog) completeFrames(ctx context.Context, ids []string) error {
	var completed []store.Operation
	for _, id := range ids {
		record, err := c.store.Record(ctx, id)
		if err != nil {
			return fmt.Errorf("look for the frame of %s: %w", id, err)
		}
		record.KeepTimes = true
		if lookForFrame(&record) {
			completed = append(completed, store.Operation{Put: &record})
		}
	}
	if len(completed) == 0 {
		return nil
	}
	_, err := c.store.Write(ctx, completed)
	return err
}

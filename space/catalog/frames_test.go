package catalog_test

import (
	"bytes"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// TestRebuildLooksForFrames that an earlier version did not look for: it kept pictures without Inner.
func TestRebuildLooksForFrames(t *testing.T) {
	c := open(t).collection(t, "c")
	ingest(t, c, catalog.Document{ID: "a", Kind: space.Image, Image: picture(t, "red", 40)},
		catalog.Document{ID: "b", Kind: space.Image, Image: picture(t, "green", 30)}, text("t", "some words"))
	export := func() map[string]catalog.Record {
		all := map[string]catalog.Record{}
		if err := c.Export(t.Context(), func(r catalog.Record) error { all[r.Item.ID] = r; return nil }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := export()
	if before["a"].Item.Picture.Inner == nil || before["b"].Item.Picture.Inner == nil {
		t.Fatalf("nobody has looked for frames: %+v", before)
	}
	old := before["a"]
	shown := *old.Item.Picture
	shown.Inner = nil
	old.Item.Picture, old.KeepTimes = &shown, true
	if _, err := c.Import(t.Context(), []catalog.Record{old}); err != nil {
		t.Fatal(err)
	}
	if export()["a"].Item.Picture.Inner != nil {
		t.Fatal("the earlier version's record was not written")
	}
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	after := export()
	if after["a"].Item.Picture.Inner == nil {
		t.Error("the frame was not looked for")
	}
	for id, was := range before {
		if is := after[id]; !is.Item.Created.Equal(was.Item.Created) || is.Item.Text != was.Item.Text || !bytes.Equal(is.Thumbnail, was.Thumbnail) || is.File != was.File {
			t.Errorf("%s: more than the frame has changed: %+v, %+v", id, was, is)
		}
	}
	if report, err := c.Check(t.Context(), nil); err != nil || report.Err() != nil {
		t.Errorf("%v, %v", err, report.Err())
	}
}

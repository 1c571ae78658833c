package catalog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

func TestOneBadDocumentFailsAlone(t *testing.T) {
	l := open(t)
	c := l.collection(t, "mixed")
	whole := picture(t, "red", 40)
	results := c.Ingest(t.Context(), []catalog.Document{
		{ID: "good", Image: whole},
		{ID: "cut", Name: "cut.png", Image: whole[:len(whole)/2]},
		{ID: "none", Name: "none.png", Kind: space.Image},
		{ID: "words", Text: "a red square"},
		{ID: "bad words", Text: "poison"},
		{ID: "no words"},
		{ID: "both", Kind: space.Text, Text: "a", Image: whole},
		{ID: "strange", Kind: "sound", Text: "a"},
		{ID: "wrong field", Text: "a", Metadata: space.Metadata{"_id": "x"}},
		{ID: "wrong vector", Text: "a", Vector: []float32{1, 2}},
		{ID: "no direction", Text: "a", Vector: make([]float32, dim)},
		{ID: "more words", Text: "another"},
	})
	wants := []error{
		nil, preprocess.ErrTruncated, preprocess.ErrEmpty, nil, errPoison, catalog.ErrInvalidDocument, catalog.ErrInvalidDocument,
		catalog.ErrInvalidDocument, space.ErrInvalidItem, space.ErrDimension, space.ErrZeroVector, nil,
	}
	for i, want := range wants {
		r := results[i]
		if !errors.Is(r.Err, want) || (want == nil && r.Change != space.Created) {
			t.Errorf("%s: %q, %v; want %v", r.ID, r.Change, r.Err, want)
		}
	}
	if d, err := c.Describe(t.Context()); err != nil || d.Images != 1 || d.Texts != 2 {
		t.Errorf("%d images, %d texts (%v); want 1 and 2", d.Images, d.Texts, err)
	}
}

func TestIDsAreGivenOrDerived(t *testing.T) {
	c := open(t).collection(t, "ids")
	results := ingest(t, c,
		catalog.Document{ID: "mine", Source: "a.txt", Text: "one"},
		catalog.Document{Source: "a.txt", Text: "two"},
		catalog.Document{Text: "two"},
		catalog.Document{Text: "two"},
	)
	again := ingest(t, c, catalog.Document{Source: "a.txt", Text: "three"})
	switch {
	case results[0].ID != "mine":
		t.Errorf("the given id became %s", results[0].ID)
	case len(results[1].ID) != 32 || results[1].ID != again[0].ID || again[0].Change != space.Updated:
		t.Errorf("a source's new content has id %s and is %s; it was %s", again[0].ID, again[0].Change, results[1].ID)
	case results[2].ID != results[3].ID || results[3].Change != space.Unchanged || results[2].ID == results[1].ID:
		t.Errorf("the same text without source: %+v, %+v", results[2], results[3])
	}
}

func TestWhatIsUnchangedIsNotEncodedAgain(t *testing.T) {
	l := open(t)
	c := l.collection(t, "again")
	docs := []catalog.Document{
		{Source: "a.png", Image: picture(t, "red", 30), Modified: time.Unix(1, 0)},
		{Source: "b.txt", Text: "some words", Modified: time.Unix(1, 0)},
	}
	ingest(t, c, docs...)
	for i, r := range ingest(t, c, docs...) {
		if r.Change != space.Unchanged {
			t.Errorf("document %d is %s", i, r.Change)
		}
	}
	docs[0].Modified = time.Unix(2, 0)
	docs[1].Metadata = space.Metadata{"colour": "red"}
	for i, r := range ingest(t, c, docs...) {
		if r.Change != space.Updated {
			t.Errorf("document %d with another date or field is %s", i, r.Change)
		}
		if it, err := c.Get(t.Context(), r.ID); err != nil || it.Vector.IsNone() {
			t.Errorf("document %d: %v", i, err)
		}
	}
	if texts, pictures := l.model.texts.Load(), l.model.pictures.Load(); texts != 1 || pictures != 1 {
		t.Errorf("%d texts and %d pictures were encoded; want one of each", texts, pictures)
	}
	docs[1].Text = "other words"
	ingest(t, c, docs...)
	if texts := l.model.texts.Load(); texts != 2 {
		t.Errorf("a changed text was not encoded (%d in all)", texts)
	}
}

func TestKnownFilesNeedTheirSizeAndDate(t *testing.T) {
	c := open(t).collection(t, "known")
	ingest(t, c, catalog.Document{Source: "a.txt", Text: "four", Bytes: 4, Modified: time.Unix(9, 5)})
	got, err := c.Known(t.Context(), []catalog.Probe{
		{"a.txt", 4, time.Unix(9, 5)}, {"a.txt", 5, time.Unix(9, 5)}, {"a.txt", 4, time.Unix(9, 6)}, {"b.txt", 4, time.Unix(9, 5)},
	})
	if err != nil || !got[0] || got[1] || got[2] || got[3] {
		t.Errorf("known: %v, %v; want only the first", got, err)
	}
}

func TestIngestWaitsForABusyEncoder(t *testing.T) {
	l := open(t)
	c := l.collection(t, "busy")
	l.model.busy.Store(3)
	ingest(t, c, text("a", "words"), catalog.Document{ID: "b", Image: picture(t, "blue", 20)})
}

func TestIngestEndsWithItsContext(t *testing.T) {
	l := open(t)
	c := l.collection(t, "gone")
	l.model.busy.Store(1 << 40)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for _, r := range c.Ingest(ctx, []catalog.Document{text("a", "words"), {ID: "b", Image: picture(t, "blue", 20)}}) {
		if !errors.Is(r.Err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", r.ID, r.Err)
		}
	}
}

func TestVectorsMayComeAlong(t *testing.T) {
	l := open(t)
	c := l.collection(t, "given")
	given := make([]float32, dim)
	given[3] = 7
	ingest(t, c, catalog.Document{ID: "a", Text: "words", Vector: given}, catalog.Document{ID: "b", Image: picture(t, "red", 9), Vector: given})
	for _, id := range []string{"a", "b"} {
		if it, err := c.Get(t.Context(), id); err != nil || it.Vector.Components()[3] != 1 {
			t.Errorf("%s: %v, %v", id, it.Vector, err)
		}
	}
	if l.model.texts.Load()+l.model.pictures.Load() != 0 {
		t.Error("something was encoded")
	}
}

func TestPicturesAreDescribed(t *testing.T) {
	c := open(t).collection(t, "pictures")
	modified := time.Date(2020, 5, 1, 2, 3, 4, 0, time.UTC)
	ingest(t, c, catalog.Document{ID: "a", Image: picture(t, "green", 700), Text: "a caption", Modified: modified})
	it, err := c.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	p := it.Picture
	if p.Format != "png" || p.Width != 700 || p.Height != 700 || p.Bytes == 0 || !p.Modified.Equal(modified) || len(p.PixelSHA256) != 64 || it.Text != "a caption" {
		t.Errorf("item %+v, picture %+v", it, p)
	}
	thumbnail, err := c.Thumbnail(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if small, err := preprocess.Decode("thumbnail", thumbnail, preprocess.Limits{}); err != nil || small.Width != 320 {
		t.Errorf("thumbnail: %+v, %v", small, err)
	}
}

package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/internal/dupeset"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// jpegOf is the i-th picture of the generated set, edited.
func jpegOf(t testing.TB, i, quality int, width int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, imaging.Resize(dupeset.Base(i), width, 0, imaging.Box), &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func imageDocument(id string, file []byte) catalog.Document {
	return catalog.Document{ID: id, Image: file}
}

// TestCheckKeepsUpWithTheCollection: what comes, changes and goes is known to the next check, also after a rebuild and
// after opening anew.
func TestCheckKeepsUpWithTheCollection(t *testing.T) {
	l := open(t)
	c := l.collection(t, "checked")
	check := func(what string, i int, want string) {
		t.Helper()
		got, timing, err := c.CheckCopy(t.Context(), jpegOf(t, i, 60, 300), "upload.jpg", space.DuplicateQuery{})
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		if got.Level == space.Duplicate {
			id = got.Matches[0].Item.ID
			if p := got.Matches[0].Proof; p.Evidence != space.Perceptual || p.Level != space.Duplicate {
				t.Errorf("%s: proof %+v", what, p)
			}
		}
		if id != want || timing.Search <= 0 {
			t.Errorf("%s: picture %d is a copy of %q; want %q (%+v)", what, i, id, want, got)
		}
	}
	check("empty", 0, "")
	for i := range 3 {
		ingest(t, c, imageDocument(fmt.Sprint("picture ", i), jpegOf(t, i, 90, 400)))
	}
	check("added", 1, "picture 1")
	check("another", 7, "")
	ingest(t, c, imageDocument("picture 1", jpegOf(t, 7, 90, 400)))
	check("changed", 1, "")
	check("changed", 7, "picture 1")
	if _, err := c.Delete(t.Context(), []string{"picture 1"}); err != nil {
		t.Fatal(err)
	}
	check("deleted", 7, "")
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	check("rebuilt", 2, "picture 2")
	l.reopen(t)
	c = l.collection(t, "checked")
	check("opened anew", 0, "picture 0")
}

func TestCheckRefusesWhatIsNoPicture(t *testing.T) {
	c := open(t).collection(t, "checked")
	if _, _, err := c.CheckCopy(t.Context(), []byte("no picture"), "a.jpg", space.DuplicateQuery{}); !errors.Is(err, preprocess.ErrNotImage) {
		t.Error(err)
	}
}

// TestDuplicatesAreWhole: members have their text and metadata, which the comparison does without, and say what differs.
func TestDuplicatesAreWhole(t *testing.T) {
	c := open(t).collection(t, "copies")
	large := imageDocument("large", jpegOf(t, 0, 95, 400))
	large.Text, large.Metadata = "a caption", space.Metadata{"price": 3.0}
	ingest(t, c, large, imageDocument("small", jpegOf(t, 0, 50, 200)), imageDocument("other", jpegOf(t, 7, 90, 400)))
	groups, err := c.Duplicates(t.Context(), space.DuplicateQuery{})
	if err != nil || len(groups) != 1 || len(groups[0].Copies) != 1 {
		t.Fatalf("%+v, %v", groups, err)
	}
	g := groups[0]
	if g.Original.ID != "large" || g.Original.Text != "a caption" || g.Original.Metadata["price"] != 3.0 || g.Level != space.Duplicate || g.Medoid != "large" {
		t.Errorf("%+v", g)
	}
	differing := map[string]string{}
	for _, d := range g.Copies[0].Differences {
		differing[d.Field] = d.Original + " → " + d.Copy
	}
	if differing["size"] != "400×267 → 200×133" || differing["jpeg quality"] != "95 → 50" || differing["bytes"] == "" || differing["format"] != "" {
		t.Errorf("differences %v", differing)
	}
	preview, err := c.PreviewDuplicates(t.Context(), space.DuplicateQuery{})
	if err != nil || preview.Images != 3 {
		t.Fatalf("%+v, %v", preview, err)
	}
	if last := preview.Distances[len(preview.Distances)-1]; last.Groups != 1 || last.Pairs != 1 {
		t.Errorf("preview: %+v", last)
	}
}

// TestCheckSeesThroughFrames: of the picture that is asked about, and of those that are filed; without vectors.
func TestCheckSeesThroughFrames(t *testing.T) {
	c := open(t).collection(t, "framed")
	framed := func(i, above, below int) []byte {
		img := dupeset.Base(i)
		size := img.Bounds().Size()
		out := imaging.Paste(imaging.New(size.X, size.Y+above+below, image.Black), img, image.Pt(0, above))
		var data bytes.Buffer
		if err := jpeg.Encode(&data, out, &jpeg.Options{Quality: 85}); err != nil {
			t.Fatal(err)
		}
		return data.Bytes()
	}
	ingest(t, c, imageDocument("plain", jpegOf(t, 0, 90, 400)), imageDocument("letterboxed", framed(7, 60, 60)))
	for want, file := range map[string][]byte{"plain": framed(0, 50, 70), "letterboxed": jpegOf(t, 7, 80, 350), "": framed(14, 60, 60)} {
		got, _, err := c.CheckCopy(t.Context(), file, "upload.jpg", space.DuplicateQuery{MinCosine: 2})
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		if got.Level == space.Duplicate {
			id = got.Matches[0].Item.ID
		}
		if id != want {
			t.Errorf("a copy of %q; want %q: %+v", id, want, got)
		}
	}
	if _, err := c.Delete(t.Context(), []string{"plain"}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.CheckCopy(t.Context(), framed(0, 50, 70), "upload.jpg", space.DuplicateQuery{MinCosine: 2}); err != nil || got.Level != "" {
		t.Errorf("deleted, and found: %+v, %v", got, err)
	}
}

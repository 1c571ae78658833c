package catalog_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

func groupIDs(t *testing.T, c *catalog.Catalog, q space.DuplicateQuery) []string {
	t.Helper()
	q.MinCosine = 2 // bytes and pixels alone
	groups, err := c.Duplicates(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, g := range groups {
		words := g.Original.ID + ":"
		for _, m := range g.Copies {
			words += " " + m.Item.ID
			if m.Kept {
				words += " (kept)"
			}
		}
		found = append(found, words)
	}
	return found
}

func wantGroups(t *testing.T, c *catalog.Catalog, q space.DuplicateQuery, want ...string) {
	t.Helper()
	if got := groupIDs(t, c, q); !slices.Equal(got, want) {
		t.Errorf("groups %q, want %q", got, want)
	}
}

// image is a document; pictures of one colour and size are equal byte for byte, extra bytes behind them change the file
// but not the pixels.
func imageDoc(t *testing.T, id, colour, extra string) catalog.Document {
	return catalog.Document{ID: id, Source: "/photos/" + id + ".png", Image: append(picture(t, colour, 40), extra...)}
}

func decide(t *testing.T, c *catalog.Catalog, choice space.Choice, ids ...string) []space.Decision {
	t.Helper()
	made, err := c.Decide(t.Context(), choice, ids)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestDecisionsOutliveRenamingAndRebuilding(t *testing.T) {
	l := open(t)
	c := l.collection(t, "photos")
	ingest(t, c, imageDoc(t, "a", "red", ""), imageDoc(t, "b", "red", "x"), imageDoc(t, "c", "red", "y"))
	wantGroups(t, c, space.DuplicateQuery{}, "b: a c") // of equal pixels the larger file, then the first by its path
	decide(t, c, space.NotDuplicate, "a", "b")
	wantGroups(t, c, space.DuplicateQuery{}, "b: c")
	if preview, err := c.PreviewDuplicates(t.Context(), space.DuplicateQuery{MinCosine: 2}); err != nil || preview.Distances[0].Images != 2 {
		t.Errorf("preview %+v, %v: want the two that are left together", preview, err)
	}
	decide(t, c, space.KeepBoth, "b", "c")
	wantGroups(t, c, space.DuplicateQuery{})
	wantGroups(t, c, space.DuplicateQuery{Decided: true}, "b: c (kept)")

	// renamed: other ids, other sources, the same contents
	if _, err := c.Delete(t.Context(), []string{"a", "b", "c"}); err != nil {
		t.Fatal(err)
	}
	ingest(t, c, imageDoc(t, "b2", "red", "x"), imageDoc(t, "a2", "red", ""), imageDoc(t, "c2", "red", "y"))
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	l.reopen(t)
	c = l.collection(t, "photos")
	wantGroups(t, c, space.DuplicateQuery{Decided: true}, "b2: c2 (kept)")

	list, err := c.Decisions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || !slices.Equal(list[0].IDs, []string{"a2", "b2"}) && !slices.Equal(list[1].IDs, []string{"a2", "b2"}) {
		t.Errorf("decisions %+v", list)
	}
	if err := c.Revoke(t.Context(), []string{list[0].Key, list[1].Key}); err != nil {
		t.Fatal(err)
	}
	wantGroups(t, c, space.DuplicateQuery{}, "b2: a2 c2")
}

func TestDropChangesWhichIsKept(t *testing.T) {
	c := open(t).collection(t, "photos")
	ingest(t, c, imageDoc(t, "a", "blue", ""), imageDoc(t, "b", "blue", "")) // equal byte for byte
	wantGroups(t, c, space.DuplicateQuery{}, "a: b")
	decide(t, c, space.Drop, "a")
	wantGroups(t, c, space.DuplicateQuery{}, "b: a")
	decide(t, c, space.Undecided, "a", "b")
	wantGroups(t, c, space.DuplicateQuery{}, "a: b")
	wantGroups(t, c, space.DuplicateQuery{Keep: space.KeepPolicy{Folders: []string{"/elsewhere"}}}, "a: b")
}

// A pair that is no duplicate is in no group, whichever of the two is met first and whatever links them.
func TestNotDuplicatesNeverMeet(t *testing.T) {
	c := open(t).collection(t, "photos")
	extras := []string{"", "1", "22", "333", "4444", "55555"}
	var ids []string
	for i, extra := range extras {
		id := string(rune('a' + i))
		ids = append(ids, id)
		ingest(t, c, imageDoc(t, id, "green", extra))
	}
	apart := [][2]string{{"a", "f"}, {"b", "c"}, {"d", "e"}, {"e", "f"}}
	for _, pair := range apart {
		decide(t, c, space.NotDuplicate, pair[0], pair[1])
	}
	groups, err := c.Duplicates(t.Context(), space.DuplicateQuery{MinCosine: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) < 2 {
		t.Fatalf("%d groups; the pictures of the decided pairs should be in different ones", len(groups))
	}
	for _, g := range groups {
		members := []string{g.Original.ID}
		for _, m := range g.Copies {
			members = append(members, m.Item.ID)
		}
		for _, pair := range apart {
			if slices.Contains(members, pair[0]) && slices.Contains(members, pair[1]) {
				t.Errorf("group %v holds %v", members, pair)
			}
		}
	}
}

func TestDecisionsThatCannotBeMade(t *testing.T) {
	c := open(t).collection(t, "photos")
	ingest(t, c, imageDoc(t, "a", "white", ""), imageDoc(t, "b", "white", ""), text("t", "words"))
	for _, test := range []struct {
		choice space.Choice
		ids    []string
		want   error
	}{
		{"perhaps", []string{"a", "b"}, catalog.ErrInvalidDecision},
		{space.KeepBoth, []string{"a", "a"}, catalog.ErrInvalidDecision},
		{space.NotDuplicate, []string{"a", "b"}, catalog.ErrInvalidDecision}, // the same bytes
		{space.Drop, []string{"t"}, catalog.ErrInvalidDecision},
		{space.Drop, nil, catalog.ErrInvalidDecision},
		{space.Drop, []string{"gone"}, space.ErrNotFound},
	} {
		if _, err := c.Decide(t.Context(), test.choice, test.ids); !errors.Is(err, test.want) {
			t.Errorf("%s %v: %v, want %v", test.choice, test.ids, err, test.want)
		}
	}
	if list, err := c.Decisions(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("decisions %v, %v", list, err)
	}
}

func TestTheLibrarysPolicyIsForQueriesThatHaveNone(t *testing.T) {
	l := open(t)
	c := l.collection(t, "photos")
	ingest(t, c, imageDoc(t, "a", "red", ""), imageDoc(t, "b", "red", "x"))
	wantGroups(t, c, space.DuplicateQuery{}, "b: a") // the larger file
	l.opts.Keep.Order = []space.KeepRule{space.KeepName}
	l.reopen(t)
	c = l.collection(t, "photos")
	wantGroups(t, c, space.DuplicateQuery{}, "a: b")
	own := space.KeepPolicy{Order: []space.KeepRule{space.KeepSize}}
	wantGroups(t, c, space.DuplicateQuery{Keep: own}, "b: a")
	l.opts.Keep.Order = nil
	l.reopen(t)
	wantGroups(t, l.collection(t, "photos"), space.DuplicateQuery{}, "b: a")
}

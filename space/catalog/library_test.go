package catalog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

func TestADataDirectoryHasOneOwner(t *testing.T) {
	l := open(t)
	_, err := catalog.Open(l.dir, l.model, catalog.Options{})
	if !errors.Is(err, catalog.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second owner gets %v; want ErrLocked with the process's number", err)
	}
}

func TestCollectionsComeAndGo(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	if _, err := l.Collection(ctx, "a"); !errors.Is(err, catalog.ErrNoCollection) || !strings.Contains(err.Error(), "none yet") {
		t.Errorf("no collection: %v", err)
	}
	for _, name := range []string{"b", "a"} {
		l.collection(t, name)
	}
	if _, err := l.Create(ctx, "a", catalog.Settings{}); !errors.Is(err, catalog.ErrExists) {
		t.Errorf("made twice: %v", err)
	}
	if _, err := l.Collection(ctx, "c"); !errors.Is(err, space.ErrNotFound) || !strings.Contains(err.Error(), "a, b") {
		t.Errorf("an unknown one: %v; want the names of the others", err)
	}
	for _, name := range []string{"", "..", "a/b", ".hidden", strings.Repeat("x", 500)} {
		if _, err := l.Create(ctx, name, catalog.Settings{}); !errors.Is(err, catalog.ErrInvalidName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	c := l.collection(t, "a")
	if err := l.Drop(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if err := l.Drop(ctx, "a"); !errors.Is(err, catalog.ErrNoCollection) {
		t.Errorf("dropped twice: %v", err)
	}
	if _, err := c.Search(ctx, space.Query{Words: "x", K: 1}); !errors.Is(err, space.ErrClosed) {
		t.Errorf("a dropped collection answers %v", err)
	}
	list, err := l.List(ctx)
	if err != nil || len(list) != 1 || list[0].Name != "b" {
		t.Errorf("list: %v, %v", list, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.List(ctx); !errors.Is(err, space.ErrClosed) {
		t.Errorf("a closed library lists: %v", err)
	}
}

func TestAnotherModelIsRefusedByName(t *testing.T) {
	l := open(t)
	l.collection(t, "a")
	l.model.digest = "another"
	l.reopen(t)
	_, err := l.Collection(t.Context(), "a")
	if !errors.Is(err, space.ErrFingerprint) || !strings.Contains(err.Error(), "bag@d1,") || !strings.Contains(err.Error(), "bag@d1another") {
		t.Errorf("%v; want both fingerprints", err)
	}
	list, err := l.List(t.Context())
	if err != nil || len(list) != 1 || !errors.Is(list[0].Err, space.ErrFingerprint) {
		t.Errorf("the list has %v, %v", list, err)
	}
}

func TestInterruptedWorkIsSweptAway(t *testing.T) {
	l := open(t)
	l.collection(t, "kept")
	for _, name := range []string{".making-a", ".dropped-b"} {
		if err := os.MkdirAll(filepath.Join(l.dir, "collections", name, "store"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l.reopen(t)
	entries, err := os.ReadDir(filepath.Join(l.dir, "collections"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "kept" {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// TestThresholdsOfDuplicates: the query's go before the collection's, and these before the model's.
func TestThresholdsOfDuplicates(t *testing.T) {
	l := open(t)
	c, err := l.Create(t.Context(), "copies", catalog.Settings{DuplicateDistance: -1})
	if err != nil {
		t.Fatal(err)
	}
	same := picture(t, "red", 64)
	ingest(t, c, catalog.Document{ID: "a", Image: same}, catalog.Document{ID: "b", Image: same}, catalog.Document{ID: "c", Image: picture(t, "blue", 64)}, text("d", "red"))
	groups, err := c.Duplicates(t.Context(), space.DuplicateQuery{})
	if err != nil || len(groups) != 1 || groups[0].Original.ID != "a" || len(groups[0].Copies) != 1 || groups[0].Copies[0].Proof.Evidence != space.SameBytes {
		t.Fatalf("%+v, %v", groups, err)
	}
	if groups, err = c.Duplicates(t.Context(), space.DuplicateQuery{Within: []string{"a", "c", "d"}}); err != nil || len(groups) != 0 {
		t.Errorf("within a and c: %+v, %v", groups, err)
	}
}

func TestSettingsAreKept(t *testing.T) {
	l := open(t)
	want := catalog.Settings{DuplicateDistance: 12, DuplicateCosine: 0.95}
	if _, err := l.Create(t.Context(), "a", want); err != nil {
		t.Fatal(err)
	}
	l.reopen(t)
	if got := l.collection(t, "a").Settings(); got != want {
		t.Errorf("settings %+v, want %+v", got, want)
	}
}

func TestDeleteSaysHowManyWereThere(t *testing.T) {
	c := open(t).collection(t, "a")
	ingest(t, c, text("x", "one"), text("y", "two"))
	if n, err := c.Delete(t.Context(), []string{"x", "nobody", "x"}); err != nil || n != 1 {
		t.Errorf("deleted %d, %v", n, err)
	}
	if got, _ := find(t, c, catalog.Ask{Text: "one two"}); !slices.Equal(got, []string{"y"}) {
		t.Errorf("left: %q", got)
	}
}

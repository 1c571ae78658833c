package catalog_test

import (
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// TestFiltersSeeEveryWrite: a filter that was asked before answers what is there now, also where a slot was freed and
// taken by another item.
func TestFiltersSeeEveryWrite(t *testing.T) {
	c := open(t).collection(t, "filters")
	red := &space.Filter{Field: "colour", Equals: "red"}
	asked := func(want ...string) {
		t.Helper()
		for range 2 {
			got, answer := find(t, c, catalog.Ask{Text: "dress", Mode: space.VectorOnly, Filter: red, K: 10})
			if slices.Sort(got); !slices.Equal(got, want) || answer.Searched != len(want) {
				t.Errorf("%q of %d; want %q", got, answer.Searched, want)
			}
		}
	}
	put := func(id, colour string) {
		t.Helper()
		ingest(t, c, catalog.Document{ID: id, Text: "dress " + id, Metadata: space.Metadata{"colour": colour}})
	}
	put("a", "red")
	put("b", "blue")
	asked("a")
	put("c", "red")
	asked("a", "c")
	if _, err := c.Delete(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	put("d", "blue") // in the slot of a
	asked("c")
	put("c", "blue")
	put("b", "red")
	asked("b")
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	asked("b")
}

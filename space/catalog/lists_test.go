package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// TestPagesOfACursorFitTogetherWhileOthersWrite: new items, better than all others, come and some go while pages are
// read; what was there at the first page and still is comes exactly once, and nothing else does.
func TestPagesOfACursorFitTogetherWhileOthersWrite(t *testing.T) {
	for _, mode := range []space.Mode{space.Hybrid, space.VectorOnly, space.KeywordOnly} {
		for _, mmr := range []*float64{nil, new(float64)} {
			c := open(t).collection(t, "pages")
			for i := range 80 {
				ingest(t, c, text(fmt.Sprintf("%02d", i), fmt.Sprintf("common words and number%d", i%7)))
			}
			ask := catalog.Ask{Text: "common number3", Mode: mode, K: 9, Stable: true, MMR: mmr, Explain: true}
			_, answer := find(t, c, ask)
			got := idsOf(answer.Hits)
			for round := 0; answer.More; round++ {
				ingest(t, c, text(fmt.Sprintf("new %d", round), "common number3"))
				if _, err := c.Delete(t.Context(), []string{fmt.Sprintf("%02d", 79-round)}); err != nil {
					t.Fatal(err)
				}
				page, query, offset, err := c.Next(t.Context(), answer.Cursor, 9)
				if err != nil {
					t.Fatal(err)
				}
				again, _, _, err := c.Next(t.Context(), answer.Cursor, 9)
				if err != nil || !slices.Equal(idsOf(again.Hits), idsOf(page.Hits)) {
					t.Fatalf("the same cursor gives another page: %v", err)
				}
				if query.Mode != mode || offset != 9*(round+1) || page.Searched != 80 {
					t.Errorf("mode %s, offset %d, searched %d", query.Mode, offset, page.Searched)
				}
				if len(page.Hits) > 0 && (page.Hits[0].Explanation == nil || page.Hits[0].Relevance == nil) {
					t.Errorf("a hit of a later page says less: %+v", page.Hits[0])
				}
				got = append(got, idsOf(page.Hits)...)
				answer = page
			}
			seen := map[string]int{}
			for _, id := range got {
				seen[id]++
			}
			for i := range 80 - 8 {
				if id := fmt.Sprintf("%02d", i); seen[id] != 1 {
					t.Errorf("%s, mmr %v: %s comes %d times", mode, mmr != nil, id, seen[id])
				}
			}
			for id, times := range seen {
				if times > 1 || len(id) > 2 {
					t.Errorf("%s, mmr %v: %q comes %d times", mode, mmr != nil, id, times)
				}
			}
		}
	}
}

func TestCursorsThatAreRefused(t *testing.T) {
	l := open(t)
	c := l.collection(t, "refused")
	for i := range 5 {
		ingest(t, c, text(fmt.Sprint(i), "words"))
	}
	_, answer := find(t, c, catalog.Ask{Text: "words", K: 2, Stable: true})
	for cursor, want := range map[string]error{"": space.ErrInvalidQuery, "x": space.ErrInvalidQuery, "x.-1": space.ErrInvalidQuery, "x.2": space.ErrCursor} {
		if _, _, _, err := c.Next(t.Context(), cursor, 2); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", cursor, err, want)
		}
	}
	if _, _, _, err := c.Next(t.Context(), answer.Cursor, 0); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("k of zero: %v", err)
	}
	l.reopen(t)
	if _, _, _, err := l.collection(t, "refused").Next(t.Context(), answer.Cursor, 2); !errors.Is(err, space.ErrCursor) {
		t.Errorf("after a restart: %v", err)
	}
}

// TestListsAreBounded: of many lists, those that were used last are kept.
func TestListsAreBounded(t *testing.T) {
	c := open(t).collection(t, "bounded")
	for i := range 3 {
		ingest(t, c, text(fmt.Sprint(i), "words"))
	}
	var cursors []string
	for range 300 {
		_, answer := find(t, c, catalog.Ask{Text: "words", Mode: space.KeywordOnly, K: 1, Stable: true})
		cursors = append(cursors, answer.Cursor)
	}
	kept := 0
	for _, cursor := range cursors {
		if _, _, _, err := c.Next(t.Context(), cursor, 1); err == nil {
			kept++
		}
	}
	if _, _, _, err := c.Next(t.Context(), cursors[299], 1); err != nil || kept != 256 {
		t.Errorf("%d lists are kept; of the last: %v", kept, err)
	}
}

func TestMMRShowsOneOfEachFirst(t *testing.T) {
	c := open(t).collection(t, "alike")
	for i := range 6 {
		ingest(t, c, text(fmt.Sprintf("red %d", i), "red dress plain"))
	}
	ingest(t, c, text("striped", "red dress striped"), text("hat", "red hat plain"), text("far", "something else"))
	lambda := 0.3
	got, _ := find(t, c, catalog.Ask{Text: "red dress plain", Mode: space.VectorOnly, MMR: &lambda, K: 3})
	if slices.Sort(got[1:]); !slices.Equal(got, []string{"red 0", "hat", "striped"}) {
		t.Errorf("%q", got)
	}
	plain, _ := find(t, c, catalog.Ask{Text: "red dress plain", Mode: space.VectorOnly, K: 3})
	if !slices.Equal(plain, []string{"red 0", "red 1", "red 2"}) {
		t.Errorf("without: %q", plain)
	}
	for _, bad := range []float64{-0.1, 1.1} {
		if _, _, err := c.Find(t.Context(), catalog.Ask{Text: "a", K: 1, MMR: &bad}); !errors.Is(err, space.ErrInvalidQuery) {
			t.Errorf("mmr %g: %v", bad, err)
		}
		if _, _, err := c.Find(t.Context(), catalog.Ask{Text: "a", K: 1, Least: bad}); !errors.Is(err, space.ErrInvalidQuery) {
			t.Errorf("least relevance %g: %v", bad, err)
		}
	}
}

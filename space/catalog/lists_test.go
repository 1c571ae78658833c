package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
				page, err := c.Next(t.Context(), answer.Cursor, 9)
				if err != nil {
					t.Fatal(err)
				}
				again, err := c.Next(t.Context(), answer.Cursor, 9)
				if err != nil || !slices.Equal(idsOf(again.Hits), idsOf(page.Hits)) {
					t.Fatalf("the same cursor gives another page: %v", err)
				}
				if page.Query.Mode != mode || page.Offset != 9*(round+1) || page.Searched != 80 || page.Remade {
					t.Errorf("mode %s, offset %d, searched %d, remade %v", page.Query.Mode, page.Offset, page.Searched, page.Remade)
				}
				if len(page.Hits) > 0 && (page.Hits[0].Explanation == nil || page.Hits[0].Relevance == nil) {
					t.Errorf("a hit of a later page says less: %+v", page.Hits[0])
				}
				got = append(got, idsOf(page.Hits)...)
				answer = page.Answer
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

// readOn reads the pages after a cursor to their end.
func readOn(t testing.TB, c *catalog.Catalog, cursor string, k int) (ids []string, last catalog.Page) {
	t.Helper()
	for cursor != "" {
		var err error
		if last, err = c.Next(t.Context(), cursor, k); err != nil {
			t.Fatal(err)
		}
		ids, cursor = append(ids, idsOf(last.Hits)...), last.Cursor
	}
	return ids, last
}

// TestCursorsSurviveARestart: all kinds of questions go on as they would have.
func TestCursorsSurviveARestart(t *testing.T) {
	l, half, least := open(t), 0.5, 0.1
	c := l.collection(t, "again")
	for i := range 40 {
		ingest(t, c, text(fmt.Sprintf("%02d", i), fmt.Sprintf("common words and number%d", i%7)))
	}
	var cursors []string
	var want [][]string
	for _, ask := range []catalog.Ask{
		{Text: "common number3", MMR: &half},
		{Text: "common number3", Fusion: space.Convex, Alpha: 0.3, Least: 0.01},
		{Text: "number2", Mode: space.VectorOnly, MinScore: &least, Exact: true, Offset: 3},
		{Text: "number3", Mode: space.KeywordOnly, Boosts: map[string]float64{"_text": 2}},
		{Like: []string{"03", "05"}, Unlike: []string{"04"}, Strategy: space.BestScore},
		{Text: "words", Kind: space.Text, Filter: &space.Filter{Field: "_id", In: []any{"01", "02", "03", "04", "05", "06", "07"}}},
		{Image: picture(t, "red", 8)},
	} {
		ask.K, ask.Stable, ask.Explain = 3, true, true
		_, answer := find(t, c, ask)
		ids, last := readOn(t, c, answer.Cursor, 4)
		if len(ids) == 0 || last.Remade {
			t.Fatalf("%+v: %d hits on later pages, remade %v", ask, len(ids), last.Remade)
		}
		cursors, want = append(cursors, answer.Cursor), append(want, ids)
	}
	l.reopen(t)
	c = l.collection(t, "again")
	for i, cursor := range cursors {
		got, last := readOn(t, c, cursor, 4)
		if !slices.Equal(got, want[i]) || !last.Remade {
			t.Errorf("question %d: %q, want %q; remade %v", i, got, want[i], last.Remade)
		}
		if hit := last.Hits[0]; hit.Explanation == nil || last.Offset == 0 {
			t.Errorf("question %d: %+v", i, hit)
		}
	}
}

// TestARemadeListGoesOnAfterTheLastHit: what came before that place meanwhile moves no page.
func TestARemadeListGoesOnAfterTheLastHit(t *testing.T) {
	l := open(t)
	c := l.collection(t, "moved")
	for i := range 9 {
		ingest(t, c, text(fmt.Sprint(i), "red"+strings.Repeat(" blue", i)))
	}
	ask := catalog.Ask{Text: "red", Mode: space.VectorOnly, K: 3, Stable: true}
	_, answer := find(t, c, ask)
	l.reopen(t)
	c = l.collection(t, "moved")
	ingest(t, c, text("better", "red"))
	if got, _ := readOn(t, c, answer.Cursor, 3); !slices.Equal(got, []string{"3", "4", "5", "6", "7", "8"}) {
		t.Errorf("after a new item: %q", got)
	}
	if _, err := c.Delete(t.Context(), []string{"2"}); err != nil { // the last that was shown
		t.Fatal(err)
	}
	if got, _ := readOn(t, c, answer.Cursor, 3); !slices.Equal(got, []string{"3", "4", "5", "6", "7", "8"}) {
		t.Errorf("after the last shown is gone: %q", got)
	}
}

func TestCursorsThatAreRefused(t *testing.T) {
	l := open(t)
	c := l.collection(t, "refused")
	for i := range 60 {
		ingest(t, c, text(fmt.Sprintf("%02d", i), "words"))
	}
	_, answer := find(t, c, catalog.Ask{Text: "words", K: 2, Stable: true})
	whole := answer.Cursor
	for _, cursor := range []string{"", "x", "!", whole[:len(whole)-3], whole[3:], "AAAA" + whole} {
		if _, err := c.Next(t.Context(), cursor, 2); !errors.Is(err, space.ErrInvalidQuery) {
			t.Errorf("%q: %v", cursor, err)
		}
	}
	if _, err := c.Next(t.Context(), whole, 0); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("k of zero: %v", err)
	}
	if _, err := l.collection(t, "another").Next(t.Context(), whole, 2); !errors.Is(err, space.ErrInvalidQuery) || !strings.Contains(err.Error(), `of collection "refused"`) {
		t.Errorf("of another collection: %v", err)
	}
	// 200 examples of 64 dimensions are too much for a cursor: it holds as long as the list is kept.
	docs := []catalog.Document{text("x", "other"), text("y", "other"), text("z", "other")}
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprint("example ", i))
		docs = append(docs, text(many[i], fmt.Sprintf("an example numbered %d", i)))
	}
	ingest(t, c, docs...)
	_, answer = find(t, c, catalog.Ask{Like: many, Kind: space.Text, Strategy: space.BestScore, K: 1, Stable: true})
	if page, err := c.Next(t.Context(), answer.Cursor, 1); err != nil || len(page.Hits) != 1 || page.Remade {
		t.Errorf("many examples: %+v, %v", page, err)
	}
	l.reopen(t)
	if _, err := l.collection(t, "refused").Next(t.Context(), answer.Cursor, 2); !errors.Is(err, space.ErrCursor) || !strings.Contains(err.Error(), "ask it anew") {
		t.Errorf("many examples after a restart: %v", err)
	}
}

// TestACursorOfTheModelBefore: a collection that was encoded anew says so, to who holds the old one, too.
func TestACursorOfTheModelBefore(t *testing.T) {
	l := open(t)
	c, _ := gallery(t, l, 5)
	_, answer := find(t, c, catalog.Ask{Text: "house", K: 2, Stable: true})
	if _, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: other()}, nil); err != nil {
		t.Fatal(err)
	}
	for _, at := range []*catalog.Catalog{c, l.collection(t, "old")} {
		if _, err := at.Next(t.Context(), answer.Cursor, 2); !errors.Is(err, space.ErrCursor) || !strings.Contains(err.Error(), "another model since") {
			t.Errorf("%v", err)
		}
	}
}

// TestPagesGoBeyondTheFirstList: each of 3,900 items comes once, after a restart in the middle, too.
func TestPagesGoBeyondTheFirstList(t *testing.T) {
	defer catalog.SetDeepest(catalog.SetDeepest(4000))
	l := open(t)
	c := l.collection(t, "deep")
	records := make([]catalog.Record, 3900)
	for i := range records {
		words := fmt.Sprintf("common number%d of many%d", i%7, i%90)
		records[i].Item = space.Item{ID: fmt.Sprintf("%04d", i), Kind: space.Text, Text: words, Vector: unit(wordSum(words))}
	}
	if _, err := c.Import(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := c.SettleWords(t.Context()); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[space.Mode]int{space.Hybrid: 3900, space.VectorOnly: 3900, space.KeywordOnly: 4 * 557} {
		got, answer := find(t, c, catalog.Ask{Text: "number1 number2 number3 number4", Mode: mode, K: 900, Stable: true})
		middle, err := c.Next(t.Context(), answer.Cursor, 1000)
		if err != nil {
			t.Fatal(err)
		}
		l.reopen(t)
		c = l.collection(t, "deep")
		rest, last := readOn(t, c, middle.Cursor, 800)
		seen := map[string]bool{}
		for _, id := range slices.Concat(got, idsOf(middle.Hits), rest) {
			if seen[id] {
				t.Errorf("%s: %s comes twice", mode, id)
			}
			seen[id] = true
		}
		if len(seen) != want || last.More || !last.Remade {
			t.Errorf("%s: %d items, more %v, remade %v", mode, len(seen), last.More, last.Remade)
		}
	}
	catalog.SetDeepest(3000)
	_, answer := find(t, c, catalog.Ask{Text: "common", Mode: space.VectorOnly, K: 1000, Stable: true})
	read := len(answer.Hits)
	for {
		page, err := c.Next(t.Context(), answer.Cursor, 700)
		if errors.Is(err, space.ErrInvalidQuery) && strings.Contains(err.Error(), "best 3000 of each index") {
			break
		}
		if err != nil || !page.More {
			t.Fatalf("more %v, %v", page.More, err)
		}
		read, answer = read+len(page.Hits), page.Answer
	}
	if read != 3000 {
		t.Errorf("%d hits before the end", read)
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
	slices.Reverse(cursors) // the last first: one that is made again takes another's place
	kept := 0
	for _, cursor := range cursors {
		page, err := c.Next(t.Context(), cursor, 1)
		if err != nil {
			t.Fatal(err)
		}
		if page.Remade {
			break
		}
		kept++
	}
	if kept != 256 {
		t.Errorf("%d lists are kept", kept)
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

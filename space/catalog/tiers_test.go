package catalog_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/knn"
)

// tiered is a library whose vector indexes are small and in lists, and what it logs.
func tiered(t *testing.T) (*lib, *bytes.Buffer) {
	var log bytes.Buffer
	opts := smallTiers
	opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	l := &lib{dir: t.TempDir(), model: &bagOfWords{}, opts: opts}
	l.reopen(t)
	t.Cleanup(func() { l.Close() })
	return l, &log
}

// importTexts puts n items in, every third of them an image.
func importTexts(t *testing.T, c *catalog.Catalog, from, n int) {
	t.Helper()
	records := make([]catalog.Record, n)
	for i := range records {
		id := from + i
		kind := space.Text
		if id%3 == 0 {
			kind = space.Image
		}
		words := fmt.Sprintf("w%d w%d w%d", id%17, id%29, id)
		records[i].Item = space.Item{ID: fmt.Sprintf("i%05d", id), Kind: kind, Text: words, Vector: unit(wordSum(words))}
	}
	results, err := c.Import(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// answers are the ids that exact searches find.
func answers(t *testing.T, c *catalog.Catalog, exact bool) (all [][]string) {
	t.Helper()
	for i := range 12 {
		answer, err := c.Search(t.Context(), space.Query{
			Vector: unit(wordSum(fmt.Sprintf("w%d w%d", i, 2*i))), Modality: space.Text, Mode: space.VectorOnly, K: 10, Exact: exact,
		})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, hit := range answer.Hits {
			ids = append(ids, hit.Item.ID)
		}
		all = append(all, ids)
	}
	return all
}

func tierOf(t *testing.T, c *catalog.Catalog) string {
	t.Helper()
	c.SettleVectors()
	d, err := c.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d.Tier
}

// TestTiersOfACollection: a collection that grows changes its tier, answers exactly when asked to and nearly so else,
// and is the same after it was closed, rebuilt, and opened with damaged files of the index.
func TestTiersOfACollection(t *testing.T) {
	l, log := tiered(t)
	c := l.collection(t, "large")
	importTexts(t, c, 0, 50)
	if tier := tierOf(t, c); tier != knn.TierExact {
		t.Errorf("50 items: tier %s", tier)
	}
	importTexts(t, c, 50, 50)
	if tier := tierOf(t, c); tier != knn.TierCodes {
		t.Errorf("100 items: tier %s", tier)
	}
	for from := 100; from < 6000; from += 500 {
		importTexts(t, c, from, 500)
	}
	if _, err := c.Delete(t.Context(), []string{"i00004", "i00007"}); err != nil {
		t.Fatal(err)
	}
	if tier := tierOf(t, c); tier != knn.TierLists {
		t.Errorf("6,000 items: tier %s", tier)
	}
	want := answers(t, c, true)
	found, all := 0, 0
	for i, ids := range answers(t, c, false) {
		for _, id := range ids {
			if slices.Contains(want[i], id) {
				found++
			}
		}
		all += len(want[i])
	}
	if float64(found) < 0.8*float64(all) {
		t.Errorf("found %d of %d true neighbours", found, all)
	}
	same := func(when string) {
		t.Helper()
		if got := answers(t, c, true); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: other answers:\n%v\n%v", when, got, want)
		}
		if tier := tierOf(t, c); tier != knn.TierLists {
			t.Errorf("%s: tier %s", when, tier)
		}
	}
	reopen := func() {
		t.Helper()
		l.reopen(t)
		c = l.collection(t, "large")
	}
	reopen()
	same("opened again")
	if strings.Contains(log.String(), "vector index anew") {
		t.Errorf("the snapshot was not used: %s", log)
	}
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	same("rebuilt")
	reopen()
	same("opened again after a rebuild")
	if strings.Contains(log.String(), "vector index anew") {
		t.Errorf("the rebuilt snapshot was not used: %s", log)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Library = nil
	snapshot := filepath.Join(l.dir, "collections", "large", "vectors", "index")
	raw, err := os.ReadFile(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(snapshot, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	reopen()
	same("opened with a damaged snapshot")
	if !strings.Contains(log.String(), "making the vector index anew") {
		t.Errorf("the log says nothing: %s", log)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Library = nil
	if err := os.RemoveAll(filepath.Dir(snapshot)); err != nil {
		t.Fatal(err)
	}
	reopen()
	same("opened without the index's files")
}

// TestDuplicatesAndFiltersInTiers: what the vector index gives to others works in every tier.
func TestDuplicatesAndFiltersInTiers(t *testing.T) {
	l, _ := tiered(t)
	c := l.collection(t, "large")
	importTexts(t, c, 0, 3000)
	c.SettleVectors()
	filter := &space.Filter{Field: "_kind", Equals: "image"}
	answer, err := c.Search(context.Background(), space.Query{
		Vector: unit(wordSum("w3 w3 w3")), Modality: space.Text, Mode: space.VectorOnly, K: 10, Filter: filter,
	})
	if err != nil || len(answer.Hits) != 10 || answer.Searched != 1000 {
		t.Fatalf("%d hits among %d: %v", len(answer.Hits), answer.Searched, err)
	}
	for _, hit := range answer.Hits {
		if hit.Item.Kind != space.Image {
			t.Errorf("%s is no image", hit.Item.ID)
		}
	}
	report, err := c.Check(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", report)
}

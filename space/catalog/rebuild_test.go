package catalog_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/clipd/clipd/space/catalog"
)

// TestARebuiltKeywordIndexIsKept: it is on disk when the change log, from which it could catch up, is gone already.
func TestARebuiltKeywordIndexIsKept(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	opts := catalog.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	for round := range 6 {
		library, err := catalog.Open(dir, &bagOfWords{}, opts)
		if err != nil {
			t.Fatal(err)
		}
		l := &lib{Library: library, dir: dir, model: &bagOfWords{}}
		c, err := library.Collection(t.Context(), "kept")
		if round == 0 {
			c, err = l.collection(t, "kept"), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		ingest(t, c, text(fmt.Sprint(round), "red house"))
		if err := c.Rebuild(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got, _ := find(t, c, catalog.Ask{Text: "house", Mode: "keyword"}); len(got) != round+1 {
			t.Errorf("round %d: %q", round, got)
		}
		if err := library.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(log.String(), "anew") {
		t.Errorf("the index was made again:\n%s", log.String())
	}
}

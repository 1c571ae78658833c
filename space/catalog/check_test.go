package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

func TestCheckFindsWhatTheIndexesGotWrong(t *testing.T) {
	l := open(t)
	c := l.collection(t, "checked")
	var docs []catalog.Document
	for i := range 20 {
		docs = append(docs, text(fmt.Sprintf("t%02d", i), "red house "+fmt.Sprint(i)))
	}
	ingest(t, c, docs...)
	ingest(t, c, catalog.Document{ID: "p", Image: picture(t, "red", 20)})
	stages := map[string]int{}
	check := func() catalog.CheckReport {
		t.Helper()
		report, err := c.Check(t.Context(), func(stage string, done, total int) {
			if done > total {
				t.Errorf("%s: %d of %d", stage, done, total)
			}
			stages[stage] = done
		})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	report := check()
	if report.Err() != nil || report.Items != 21 || report.Texts != 20 || report.Images != 1 || report.InVectors != 21 || report.InWords != 21 || report.Thumbnails != 1 {
		t.Errorf("a sound collection: %+v", report)
	}
	if stages["store"] != 21 || stages["vectors"] != 21 || stages["words"] != 21 {
		t.Errorf("progress ended at %v", stages)
	}
	c.ForgetVector("t03")
	if err := c.ForgetWords(t.Context(), "t05"); err != nil {
		t.Fatal(err)
	}
	if err := c.InventWords(t.Context(), space.Item{ID: "t051", Kind: space.Text, Text: "ghost"}); err != nil {
		t.Fatal(err)
	}
	if err := c.TurnVector("t07", space.Text, unit(wordSum("something else"))); err != nil {
		t.Fatal(err)
	}
	if err := c.TurnVector("t08", space.Image, unit(wordSum("red house 8"))); err != nil {
		t.Fatal(err)
	}
	report = check()
	for _, want := range []catalog.IndexFault{
		{Index: "vectors", ID: "t03", Says: "does not have it"}, {Index: "vectors", ID: "", Says: "it holds 20 items, the store 21"},
		{Index: "vectors", ID: "t07", Says: "another vector"}, {Index: "vectors", ID: "t08", Says: "as image, the store as text"},
		{Index: "words", ID: "t05", Says: "does not have it"}, {Index: "words", ID: "t051", Says: "the store has not"},
	} {
		said := false
		for _, f := range report.IndexFaults {
			said = said || f.Index == want.Index && f.ID == want.ID && strings.Contains(f.Says, want.Says)
		}
		if !said {
			t.Errorf("%+v is not in %+v", want, report.IndexFaults)
		}
	}
	if report.IndexFaulty != 6 || report.Err() == nil {
		t.Errorf("%d faults: %+v", report.IndexFaulty, report.IndexFaults)
	}
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if report := check(); report.Err() != nil {
		t.Errorf("after a rebuild: %v", report.Err())
	}
}

package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

func TestFindByTextImageAndItem(t *testing.T) {
	c := open(t).collection(t, "finds")
	ingest(t, c,
		catalog.Document{ID: "red picture", Image: picture(t, "red", 20)},
		catalog.Document{ID: "red picture again", Image: picture(t, "red", 30)},
		catalog.Document{ID: "blue picture", Image: picture(t, "blue", 20)},
		text("red text", "red"), text("blue text", "blue"),
	)
	red := picture(t, "red", 50)
	for name, tc := range map[string]struct {
		ask  catalog.Ask
		want []string
	}{
		"images by text":        {catalog.Ask{Text: "red", Kind: space.Image, K: 2}, []string{"red picture", "red picture again"}},
		"texts by text":         {catalog.Ask{Text: "blue", Kind: space.Text, K: 1}, []string{"blue text"}},
		"texts by image":        {catalog.Ask{Image: red, Kind: space.Text, K: 1}, []string{"red text"}},
		"images by image":       {catalog.Ask{Image: red, Kind: space.Image, K: 2}, []string{"red picture", "red picture again"}},
		"like an item":          {catalog.Ask{Like: []string{"red picture"}, Kind: space.Image, K: 1}, []string{"red picture again"}},
		"less of":               {catalog.Ask{Text: "red blue", Image: red, Weights: catalog.Weights{Image: -1}, Mode: space.VectorOnly, Kind: space.Image, K: 1}, []string{"blue picture"}},
		"kind and filter":       {catalog.Ask{Text: "red", Kind: space.Image, Filter: &space.Filter{Field: "_id", Prefix: "blue"}}, []string{"blue picture"}},
		"words alone":           {catalog.Ask{Text: "blue", Mode: space.KeywordOnly}, []string{"blue text"}},
		"a filter keeps nobody": {catalog.Ask{Text: "red", Filter: &space.Filter{Field: "_id", Equals: "nobody"}}, []string{}},
	} {
		if got, _ := find(t, c, tc.ask); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestBadQuestionsAreRefusedBeforeEncoding(t *testing.T) {
	l := open(t)
	c := l.collection(t, "refusals")
	ingest(t, c, text("a", "words"))
	encoded := l.model.texts.Load()
	for name, tc := range map[string]struct {
		ask  catalog.Ask
		want error
	}{
		"k of zero":       {catalog.Ask{Text: "a"}, space.ErrInvalidQuery},
		"nothing asked":   {catalog.Ask{K: 1}, space.ErrInvalidQuery},
		"unknown fusion":  {catalog.Ask{Text: "a", K: 1, Fusion: "x"}, space.ErrInvalidQuery},
		"image as words":  {catalog.Ask{Image: picture(t, "red", 9), K: 1, Mode: space.KeywordOnly}, space.ErrInvalidQuery},
		"bad filter":      {catalog.Ask{Text: "a", K: 1, Filter: &space.Filter{}}, space.ErrInvalidFilter},
		"no image at all": {catalog.Ask{Image: []byte("words"), K: 1}, preprocess.ErrNotImage},
		"like nobody":     {catalog.Ask{Like: []string{"nobody"}, K: 1}, space.ErrNotFound},
	} {
		if _, _, err := c.Find(t.Context(), tc.ask); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	if l.model.texts.Load() != encoded {
		t.Error("a refused question was encoded")
	}
	opposite := catalog.Ask{Text: "words", Like: []string{"a"}, Weights: catalog.Weights{Like: -1}, Mode: space.VectorOnly, K: 1}
	if _, _, err := c.Find(t.Context(), opposite); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("parts that cancel out: %v", err)
	}
}

// TestACodeIsFirst: three hundred items share the code's first part and are nearer by vector.
func TestACodeIsFirst(t *testing.T) {
	c := open(t).collection(t, "shop")
	var docs []catalog.Document
	for i := range 300 {
		docs = append(docs, catalog.Document{
			ID: fmt.Sprintf("item %03d", i), Text: "sku-1234 code", Metadata: space.Metadata{"sku": fmt.Sprintf("SKU-%d", 5000+i)},
			Vector: wordSum("sku-1234 code"),
		})
	}
	for i := range docs {
		docs[i].Text = "sku code"
	}
	docs = append(docs, catalog.Document{ID: "the one", Text: "red linen dress", Metadata: space.Metadata{"sku": "SKU-1234"}})
	ingest(t, c, docs...)
	for _, question := range []string{"SKU-1234", "sku-1234", "find SKU-1234 please"} {
		got, answer := find(t, c, catalog.Ask{Text: question, K: 3, Explain: true})
		if got[0] != "the one" {
			t.Errorf("%q finds %q", question, got)
			continue
		}
		e := answer.Hits[0].Explanation
		if e.KeywordRank != 1 || !strings.Contains(e.Fusion, "keyword 1/(60+1)") || len(e.Terms) == 0 {
			t.Errorf("%q is explained by %+v", question, e)
		}
		if other := answer.Hits[1].Explanation; other.VectorRank == 0 {
			t.Errorf("the next hit has no vector rank: %+v", other)
		}
	}
}

// TestTextsDoNotDrownImages: with a modality gap each text is nearer to a sentence than any image.
func TestTextsDoNotDrownImages(t *testing.T) {
	l := open(t)
	l.model.gap = 8
	c := l.collection(t, "mixed")
	docs := []catalog.Document{{ID: "red picture", Image: picture(t, "red", 20)}, {ID: "blue picture", Image: picture(t, "blue", 20)}}
	for i := range 40 {
		docs = append(docs, text(fmt.Sprintf("text %02d", i), fmt.Sprintf("word%d of something", i)))
	}
	ingest(t, c, docs...)
	got, answer := find(t, c, catalog.Ask{Text: "red", Mode: space.VectorOnly, K: 50, Explain: true})
	at := slices.Index(got, "red picture")
	if at < 0 || at > 3 {
		t.Errorf("the red picture is hit %d of %d", at+1, len(got))
	}
	if e := answer.Hits[0].Explanation; !strings.Contains(e.Fusion, "less the mean of its kind") {
		t.Errorf("explained by %q", e.Fusion)
	}
	nearer := 0
	for _, h := range answer.Hits {
		if h.Item.Kind == space.Text && *h.Cosine > *answer.Hits[at].Cosine {
			nearer++
		}
	}
	if nearer < 10 {
		t.Errorf("only %d texts are nearer: the test shows nothing", nearer)
	}
}

func TestMinScoreLeavesOutWhatIsFar(t *testing.T) {
	c := open(t).collection(t, "far")
	ingest(t, c, text("a", "red house"), text("b", "blue boat"))
	least := 0.9
	if got, _ := find(t, c, catalog.Ask{Text: "red house", MinScore: &least, Mode: space.VectorOnly}); !slices.Equal(got, []string{"a"}) {
		t.Errorf("vectors: %q", got)
	}
	// "house" is far by its vector, but the words match.
	if got, _ := find(t, c, catalog.Ask{Text: "house", MinScore: &least}); !slices.Equal(got, []string{"a"}) {
		t.Errorf("hybrid: %q", got)
	}
}

func TestPagesFitTogether(t *testing.T) {
	c := open(t).collection(t, "pages")
	var docs []catalog.Document
	for i := range 90 {
		docs = append(docs, text(fmt.Sprintf("%02d", i), fmt.Sprintf("common words and number%d", i%7)))
	}
	ingest(t, c, docs...)
	for _, fusion := range []space.FusionMethod{space.RRF, space.Convex} {
		ask := catalog.Ask{Text: "common number3", K: 90, Fusion: fusion, Alpha: 0.5}
		whole, _ := find(t, c, ask)
		var pages []string
		for ask.K = 13; ; ask.Offset += ask.K {
			page, answer := find(t, c, ask)
			pages = append(pages, page...)
			if !answer.More {
				break
			}
		}
		if len(whole) != 90 || !slices.Equal(whole, pages) {
			t.Errorf("%s: the whole list has %d, pages %d hits, or they differ in order", fusion, len(whole), len(pages))
		}
	}
}

func TestEqualScoresAreSortedByID(t *testing.T) {
	c := open(t).collection(t, "equal")
	for _, id := range []string{"c", "a", "d", "b"} {
		ingest(t, c, text(id, "the same words"))
	}
	for _, mode := range []space.Mode{space.VectorOnly, space.KeywordOnly} {
		if got, _ := find(t, c, catalog.Ask{Text: "the same words", Mode: mode}); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
			t.Errorf("%s: %q", mode, got)
		}
	}
}

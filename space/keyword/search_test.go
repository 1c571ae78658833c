package keyword

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

// openWith is a new index that holds the items.
func openWith(t testing.TB, items ...space.Item) *Index {
	t.Helper()
	x, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := x.Apply(context.Background(), Batch{Puts: items, Sequence: 1}); err != nil {
		t.Fatal(err)
	}
	return x
}

func text(id, words string) space.Item { return space.Item{ID: id, Kind: space.Text, Text: words} }

// found are the ids that a search answers, best first.
func found(t testing.TB, x *Index, words string) []string {
	t.Helper()
	matches, err := x.Search(context.Background(), Ask{Words: words, N: 10})
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	ids := []string{}
	for _, m := range matches {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestSearchFinds(t *testing.T) {
	x := openWith(t,
		text("dress", "A red dress on a wooden chair"),
		text("dresses", "Blue dresses in the window of a shop"),
		text("qipao", "红色连衣裙，夏季新款"),
		text("kana", "赤いワンピース"),
		text("korean", "빨간 드레스를 입은 여자"),
		text("cafe", "Le Café de Paris, l'été"),
		text("dog", "The dog's red bowl"),
		space.Item{ID: "file", Kind: space.Image, Source: "/photos/2024/IMG_4711_HolidayBeach.jpg"},
		space.Item{ID: "url", Kind: space.Image, Source: "https://example.org/a/old%20lighthouse.png"},
		space.Item{ID: "sku-1234", Kind: space.Image, Metadata: space.Metadata{"sku": "SKU-1234", "note": "sku of a chair"}},
		space.Item{ID: "x-1235", Kind: space.Image, Metadata: space.Metadata{"sku": "SKU-1235"}},
		space.Item{ID: "part", Kind: space.Image, Metadata: space.Metadata{"tags": []string{"spare", "AB_99/7"}}},
		space.Item{ID: "camera", Kind: space.Image, Metadata: space.Metadata{"maker": "Nikon", "title": "Mountain motorcycle"}},
	)
	for _, c := range []struct {
		words string
		want  []string
	}{
		{"red dress", []string{"dress", "dog", "dresses"}},
		{"dresses", []string{"dresses", "dress"}},
		{"DRESS", []string{"dress", "dresses"}},
		{"红色", []string{"qipao"}},
		{"连衣裙", []string{"qipao"}},
		{"红色连衣裙", []string{"qipao"}},
		{"裙", []string{"qipao"}},
		{"红", []string{"qipao"}},
		{"ワンピース", []string{"kana"}},
		{"드레스", []string{"korean"}},
		{"cafe", []string{"cafe"}},
		{"ete", []string{"cafe"}}, // l'été without its article
		{"dogs", []string{"dog"}},
		{"holiday", []string{"file"}},
		{"beach", []string{"file"}},
		{"img_4711", []string{"file"}},
		{"4711", []string{"file"}},
		{"lighthouse", []string{"url"}},
		{"SKU-1234", []string{"sku-1234", "x-1235"}},
		{"sku1234", []string{"sku-1234"}},
		{"SKU-1235", []string{"x-1235", "sku-1234"}},
		{"AB_99/7", []string{"part"}},
		{"nikon", []string{"camera"}},
		{"motorc", []string{"camera"}},     // completed
		{"motorcicle", []string{"camera"}}, // misspelt
		{"motorcyxxe", []string{"camera"}}, // two letters of a long word
		{"motorcxxxe", []string{}},         // three
		{"camera", []string{"camera"}},     // its id
		{`"red dress"`, []string{"dress"}}, // a phrase
		{`"dress red"`, []string{}},        // in that order
		{`"red dress`, []string{"dress", "dog", "dresses"}},
		{`“red bowl” chair`, []string{"dog"}},
		{"the", []string{}},
		{"of a the", []string{}},
		{`"the dog"`, []string{"dog"}},
		{"", []string{}},
		{"+-:\"", []string{}},
		{`_text:"dress" AND (NOT`, []string{"dress"}}, // no syntax; between quotes, a word as it is written
		{"unheardof", []string{}},
	} {
		if got := found(t, x, c.words); !slices.Equal(got, c.want) {
			t.Errorf("%q found %v; want %v", c.words, got, c.want)
		}
	}
}

func TestSearchExplainsWhatMatched(t *testing.T) {
	x := openWith(t, space.Item{
		ID: "a", Kind: space.Image, Text: "Running horses", Source: "/x/horse_7.jpg",
		Metadata: space.Metadata{"tags": []string{"horses", "SKU-1"}, "place": "the horse farm"},
	})
	matches, err := x.Search(context.Background(), Ask{Words: `horses sku-1 "horse farm"`, N: 5})
	if err != nil || len(matches) != 1 {
		t.Fatal(matches, err)
	}
	want := []string{
		`"horse farm"`, "_source:hors", "_source:horse", "_text:hors", "_text:horses", "place:farm", "place:hors", "place:horse",
		"tags:1", "tags:hors", "tags:horses", "tags:sku", "tags:sku-1", "tags:sku1",
	}
	if !slices.Equal(matches[0].Terms, want) {
		t.Errorf("got %q\nwant %q", matches[0].Terms, want)
	}
}

func TestSearchSortsEqualScoresByID(t *testing.T) {
	var items []space.Item
	for _, id := range []string{"d", "b", "a", "c", "e"} {
		items = append(items, text(id, "same words"))
	}
	x := openWith(t, items...)
	matches, err := x.Search(context.Background(), Ask{Words: "words", N: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a", "b", "c"} {
		if matches[i].ID != want {
			t.Errorf("place %d: %s; want %s", i, matches[i].ID, want)
		}
	}
	if len(matches) != 3 || matches[0].Score != matches[2].Score {
		t.Errorf("want three equal scores, got %v", matches)
	}
}

func TestSearchKeepsToTheFilter(t *testing.T) {
	x := openWith(t,
		space.Item{ID: "old", Kind: space.Text, Text: "lamp", Metadata: space.Metadata{"year": 1990.0}},
		space.Item{ID: "new", Kind: space.Text, Text: "lamp", Metadata: space.Metadata{"year": 2020.0}},
	)
	matches, err := x.Search(context.Background(), Ask{Words: "lamp", Filter: &space.Filter{Field: "year", GTE: 2000.0}, N: 5})
	if err != nil || len(matches) != 1 || matches[0].ID != "new" {
		t.Error(matches, err)
	}
	if _, err := x.Search(context.Background(), Ask{Words: "lamp", Filter: &space.Filter{}, N: 5}); !errors.Is(err, space.ErrInvalidFilter) {
		t.Errorf("empty filter: %v", err)
	}
	if _, err := x.Search(context.Background(), Ask{Words: "lamp", N: 0}); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("n = 0: %v", err)
	}
}

func TestSearchPrefersTheSpellingAskedFor(t *testing.T) {
	var items []space.Item
	for i := range 30 {
		items = append(items, text(string(rune('A'+i)), "a horse"))
	}
	x := openWith(t, append(items, text("slip", "a hrose, no: horsse"), text("h1", "a house"), text("h2", "the house"), text("h3", "house"))...)
	matches, err := x.Search(context.Background(), Ask{Words: "horse", N: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(matches) != 31 || matches[30].ID != "slip" {
		t.Errorf("want 30 horses, then the slip, and no houses: %v", matches[25:])
	}
}

func FuzzSearch(f *testing.F) {
	for _, words := range []string{"", "a", `"`, `""`, `"a b" c`, "+x:y~2^3", "红色连衣裙", "SKU-1234", "\xff\xfe", "é", "a\x00b", "𝔘𝔫𝔦", "ｆｕｌｌ", "i̇̈", "/re[/", "日本 語 カ"} {
		f.Add(words)
	}
	x := openWith(f, text("a", "a red dress 红色连衣裙"), space.Item{ID: "b", Kind: space.Image, Source: "/x/y_1.jpg", Metadata: space.Metadata{"k": "v", "n": 1.0}})
	f.Fuzz(func(t *testing.T, words string) {
		if _, err := x.Search(context.Background(), Ask{Words: words, N: 5}); err != nil {
			t.Error(err)
		}
		if _, err := x.Filter(context.Background(), space.Filter{Field: "_text", Match: words + "x"}); err != nil {
			t.Error(err)
		}
		item := space.Item{ID: "c", Kind: space.Text, Text: words, Source: words, Metadata: space.Metadata{"k": words}}
		for _, field := range newDocument(item, newStemmer()).Fields {
			field.Analyze()
		}
	})
}

func TestWordsOfMostItemsFindNothingByThemselves(t *testing.T) {
	x := openWith(t, captions(1200)...)
	if got := found(t, x, "SKU-000007"); !slices.Equal(got, []string{"item-0000007"}) {
		t.Errorf("a code among many found %v", got)
	}
	if got := found(t, x, "sku"); len(got) != 10 {
		t.Errorf("alone, it found %v", got)
	}
	matches, err := x.Search(context.Background(), Ask{Words: "sku 000007", N: 5})
	if err != nil || !slices.Contains(matches[0].Terms, "sku:sku") || !slices.Contains(matches[0].Terms, "sku:000007") {
		t.Error(matches, err)
	}
}

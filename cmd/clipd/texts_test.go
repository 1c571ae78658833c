package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// read runs readTexts and returns what it gave.
func read(t testing.TB, name, content string) (items []api.NewItem, bad []string, err error) {
	t.Helper()
	err = readTexts(name, strings.NewReader(content),
		func(item api.NewItem) error { items = append(items, item); return nil },
		func(line int, err error) { bad = append(bad, fmt.Sprintf("%d: %v", line, err)) })
	return items, bad, err
}

func TestReadTextsJSONL(t *testing.T) {
	items, bad, err := read(t, "shop.jsonl", `{"id":"a","text":"red dress","metadata":{"sku":"SKU-1234","price":20}}

{"text":""}
not json
{"text":"blue","image":"x"}
{"text":"hat","source":"shop/2"}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []api.NewItem{
		{ID: "a", Text: "red dress", Metadata: space.Metadata{"sku": "SKU-1234", "price": 20.0}},
		{Text: "hat", Source: "shop/2"},
	}
	if !reflect.DeepEqual(items, want) {
		t.Errorf("got %+v\nwant %+v", items, want)
	}
	if len(bad) != 3 || !strings.HasPrefix(bad[0], "3: ") || !strings.HasPrefix(bad[1], "4: ") || !strings.HasPrefix(bad[2], "5: ") {
		t.Errorf("bad lines are %q, want lines 3, 4 and 5", bad)
	}
}

func TestReadTextsCSV(t *testing.T) {
	items, bad, err := read(t, "shop.csv", "\ufeffid,text,price,zip,sold\nx,\"a \"\"red\"\" dress\",19.5,007,true\ny,hat\nz,,1,1,\n,scarf,,,\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []api.NewItem{
		{ID: "x", Text: `a "red" dress`, Metadata: space.Metadata{"price": 19.5, "zip": "007", "sold": true}},
		{Text: "scarf", Metadata: space.Metadata{}},
	}
	if !reflect.DeepEqual(items, want) {
		t.Errorf("got %+v\nwant %+v", items, want)
	}
	if len(bad) != 2 || !strings.HasPrefix(bad[0], "3: ") || !strings.HasPrefix(bad[1], "4: ") {
		t.Errorf("bad rows are %q, want lines 3 and 4", bad)
	}
}

func TestReadTextsLines(t *testing.T) {
	items, _, err := read(t, "words.txt", "one\n\n  two words \n")
	if err != nil || len(items) != 2 || items[1].Text != "two words" {
		t.Errorf("got %+v, %v", items, err)
	}
}

func TestReadTextsRefuses(t *testing.T) {
	if _, _, err := read(t, "a.csv", "id,words\n1,x\n"); err == nil || !strings.Contains(err.Error(), `"text"`) {
		t.Errorf("a table without a text column: %v", err)
	}
	if _, _, err := read(t, "a.pdf", ""); statusOf(err) != exitUsage {
		t.Errorf("a .pdf: %v, want a usage error", err)
	}
	_, bad, err := read(t, "a.txt", strings.Repeat("x", maxTextBytes+1))
	if err != nil || len(bad) != 1 {
		t.Errorf("an endless line: %v, %v; want one bad line", bad, err)
	}
}

func FuzzReadTexts(f *testing.F) {
	for _, seed := range []string{"{\"text\":\"a\"}\n", "id,text\n1,\"x\"\n", "\ufeff", "a\x00b\n\"", "text\n\"\n"} {
		f.Add("a.jsonl", seed)
		f.Add("a.csv", seed)
		f.Add("a.txt", seed)
	}
	f.Fuzz(func(t *testing.T, name, content string) {
		items, _, _ := read(t, name, content)
		for _, item := range items {
			if strings.TrimSpace(item.Text) == "" {
				t.Errorf("%s: a record without text was given on", name)
			}
		}
	})
}

package keyword

import (
	"context"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestBoosts(t *testing.T) {
	x := openWith(t,
		space.Item{ID: "text", Kind: space.Image, Text: "an old harbour"},
		space.Item{ID: "path", Kind: space.Image, Source: "/photos/harbour/1.jpg"},
		space.Item{ID: "title", Kind: space.Image, Metadata: space.Metadata{"title": "The harbours", "note": "grey"}},
		space.Item{ID: "note", Kind: space.Image, Metadata: space.Metadata{"title": "Boats", "note": "harbour"}},
	)
	for _, c := range []struct {
		name   string
		boosts map[string]float64
		first  string
		last   string
	}{
		{"a key of the metadata", map[string]float64{"title": 5}, "title", "path"},
		{"another key", map[string]float64{"note": 5}, "note", "title"},
		{"the text", map[string]float64{"_text": 5}, "text", "title"},
		{"the path", map[string]float64{"_source": 5}, "path", "title"},
		{"less of the text", map[string]float64{"_text": 0.01}, "note", "text"},
	} {
		matches, err := x.Search(context.Background(), Ask{Words: "harbour", N: 10, Boosts: c.boosts})
		if err != nil || len(matches) != 4 {
			t.Fatalf("%s: %v, %v", c.name, matches, err)
		}
		if matches[0].ID != c.first || matches[3].ID != c.last {
			t.Errorf("%s: %+v; want %s first and %s last", c.name, matches, c.first, c.last)
		}
	}
	matches, err := x.Search(context.Background(), Ask{Words: "harbour", N: 1, Boosts: map[string]float64{"title": 5}})
	if err != nil || !slices.Contains(matches[0].Terms, "title:harbour") {
		t.Errorf("%+v, %v; want the title as reason", matches, err)
	}
}

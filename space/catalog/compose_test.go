package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// wardrobe holds dresses by colour and pattern, as texts, and two pictures.
func wardrobe(t *testing.T) *catalog.Catalog {
	t.Helper()
	c := open(t).collection(t, "wardrobe")
	ingest(t, c,
		text("red plain", "red dress plain"), text("red striped", "red dress striped"),
		text("blue plain", "blue dress plain"), text("blue striped", "blue dress striped"),
		text("red hat", "red hat plain"),
		catalog.Document{ID: "red picture", Image: picture(t, "red", 20)},
		catalog.Document{ID: "blue picture", Image: picture(t, "blue", 20)},
	)
	return c
}

func TestThisButNotThat(t *testing.T) {
	c := wardrobe(t)
	red := picture(t, "red", 30)
	for name, tc := range map[string]struct {
		ask  catalog.Ask
		want []string
	}{
		"a text and a picture, less a text": {catalog.Ask{Text: "dress", Image: red, Not: []catalog.Part{{Text: "striped"}}}, []string{"red plain"}},
		"less a picture":                    {catalog.Ask{Text: "dress striped", Not: []catalog.Part{{Image: red, Name: "red.png"}}}, []string{"blue striped"}},
		"like two items":                    {catalog.Ask{Like: []string{"red plain", "red striped"}}, []string{"red hat"}},
		"like one, unlike another":          {catalog.Ask{Like: []string{"red striped"}, Unlike: []string{"red hat"}}, []string{"blue striped"}},
		"the weight of a part decides":      {catalog.Ask{Text: "dress plain", Image: red, Weights: catalog.Weights{Image: -1}}, []string{"blue plain"}},
		"the weight of a negative part":     {catalog.Ask{Text: "red dress striped", Not: []catalog.Part{{Text: "red"}}, Weights: catalog.Weights{Not: 2}}, []string{"blue striped"}},
		"best of two, each by itself":       {catalog.Ask{Like: []string{"red picture", "blue striped"}, Strategy: space.BestScore, K: 2}, []string{"blue plain", "red striped"}},
	} {
		tc.ask.Kind, tc.ask.Mode = space.Text, space.VectorOnly
		if tc.ask.K == 0 {
			tc.ask.K = 1
		}
		got, _ := find(t, c, tc.ask)
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestBestScorePutsWhatIsUnwantedLast: all is answered, but what is nearer to a counterexample comes behind the rest.
func TestBestScorePutsWhatIsUnwantedLast(t *testing.T) {
	c := wardrobe(t)
	got, answer := find(t, c, catalog.Ask{
		Like: []string{"red plain", "blue plain"}, Not: []catalog.Part{{Text: "dress striped"}},
		Strategy: space.BestScore, Mode: space.VectorOnly, Kind: space.Text, Explain: true,
	})
	if len(got) != 3 || got[0] != "red hat" {
		t.Fatalf("%q: want the hat first, and all three that are no examples", got)
	}
	for _, hit := range answer.Hits[1:] {
		if !strings.Contains(hit.Explanation.Fusion, "nearer to a counterexample") {
			t.Errorf("%s is explained by %q", hit.Item.ID, hit.Explanation.Fusion)
		}
	}
	if best := answer.Hits[0]; *best.Cosine != best.Score || !strings.HasPrefix(best.Explanation.Fusion, "best of 2 examples") {
		t.Errorf("%+v %+v", best, best.Explanation)
	}
}

// TestCaptionsThatSayNotAreLeftOut: where words are searched, an item whose text says the unwanted word is no answer.
func TestCaptionsThatSayNotAreLeftOut(t *testing.T) {
	c := wardrobe(t)
	got, answer := find(t, c, catalog.Ask{Text: "red dress", Not: []catalog.Part{{Text: "striped"}}})
	for _, id := range got {
		if strings.Contains(id, "striped") {
			t.Errorf("%q is answered: %q", id, got)
		}
	}
	if got[0] != "red plain" || answer.Searched != 5 {
		t.Errorf("%q of %d", got, answer.Searched)
	}
}

func TestBestScoreInHybridModeRanksWordsToo(t *testing.T) {
	c := wardrobe(t)
	got, _ := find(t, c, catalog.Ask{Text: "hat", Like: []string{"blue striped"}, Strategy: space.BestScore, Kind: space.Text, Explain: true})
	if len(got) != 4 || got[0] != "red hat" {
		t.Errorf("%q", got)
	}
}

func TestCompositionsThatAreRefused(t *testing.T) {
	c := wardrobe(t)
	for name, tc := range map[string]struct {
		ask  catalog.Ask
		want error
		says string
	}{
		"only negative": {catalog.Ask{Not: []catalog.Part{{Text: "striped"}}}, space.ErrInvalidQuery, "also what to look for"},
		"only unlike":   {catalog.Ask{Unlike: []string{"red plain"}}, space.ErrInvalidQuery, "also what to look for"},
		"a strategy":    {catalog.Ask{Text: "a", Strategy: "worst"}, space.ErrInvalidQuery, "average or best"},
		"unlike nobody": {catalog.Ask{Text: "a", Unlike: []string{"nobody"}}, space.ErrNotFound, `unlike "nobody"`},
		"no picture":    {catalog.Ask{Text: "a", Not: []catalog.Part{{Image: []byte("words"), Name: "not 0"}}}, preprocess.ErrNotImage, "not 0"},
		"cancelled out": {catalog.Ask{Text: "a", Not: []catalog.Part{{Text: "a"}}, Weights: catalog.Weights{Not: 1}}, space.ErrInvalidQuery, "cancel"},
	} {
		tc.ask.K = 1
		if _, _, err := c.Find(t.Context(), tc.ask); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// By best score parts count each by itself, and do not cancel each other out.
	find(t, c, catalog.Ask{Text: "a", Not: []catalog.Part{{Text: "a"}}, Weights: catalog.Weights{Not: 1}, Strategy: space.BestScore})
}

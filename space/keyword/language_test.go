package keyword

import (
	"context"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestSearchFindsAllFormsOfAWord(t *testing.T) {
	x := openWith(t,
		text("de", "Ein rotes Kleid hängt an der Wand, daneben die Häuser der Stadt"),
		text("de short", "Blaue Kleider"),
		text("fr", "Les chevaux blancs courent dans la prairie de l'école"),
		text("es", "Una mujer con vestidos rojos y los niños en la playa"),
		text("it", "Due ragazze che mangiano un gelato sulla spiaggia dell'isola"),
		text("pt", "As crianças não estão nas praias"),
		text("nl", "De katten liggen op een stoel van het huis"),
		text("sv", "En flicka med två hästar på ängen"),
		text("ru", "Красные платья на стене"),
		text("hat", "Red hat"),
		text("en", "A car beside the houses"),
	)
	for _, c := range []struct {
		words string
		want  []string
	}{
		{"Kleider", []string{"de short", "de"}}, // written so in one; the other shows that it is German
		{"Kleid", []string{"de"}},
		{"Haus", []string{"de"}},
		{"haeuser", []string{"de"}},
		{"blau", []string{"de short"}}, // of a text that shows no language
		{"cheval", []string{"fr"}},
		{"blanc", []string{"fr"}},
		{"école", []string{"fr"}},
		{"ecole", []string{"fr"}},
		{"vestido", []string{"es"}},
		{"niño", []string{"es"}},
		{"ragazza", []string{"it"}},
		{"isola", []string{"it"}},
		{"criança", []string{"pt"}},
		{"kat", []string{"nl"}},
		{"häst", []string{"sv"}},
		{"платье", []string{"ru"}},
		{"house", []string{"en"}},
		{"hat", []string{"hat"}}, // a common German word
		{"red hats", []string{"hat"}},
		{"care", []string{}}, // whose Italian stem is "car"
		{"das Kleid an der Wand", []string{"de"}},
	} {
		if got := found(t, x, c.words); !slices.Equal(got, c.want) {
			t.Errorf("%q found %v; want %v", c.words, got, c.want)
		}
	}
}

func TestFilterMatchesAllFormsOfAWord(t *testing.T) {
	x := openWith(t,
		text("de", "Ein rotes Kleid an der Wand"),
		space.Item{ID: "meta", Kind: space.Image, Metadata: space.Metadata{"title": "Les chevaux blancs dans la prairie"}},
	)
	for _, c := range []struct {
		field, match string
		want         []string
	}{
		{"_text", "Kleider", []string{"de"}},
		{"_text", "rote Kleider", []string{"de"}},
		{"_text", "Hose", []string{}},
		{"title", "cheval blanc", []string{"meta"}},
	} {
		got, err := x.Filter(context.Background(), space.Filter{Field: c.field, Match: c.match})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s matches %q: %v, %v; want %v", c.field, c.match, got, err, c.want)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	for text, want := range map[string]string{
		"a red dress on the wall":         "en",
		"ein rotes Kleid an der Wand":     "de",
		"Straße":                          "de",
		"une robe rouge sur le mur":       "fr",
		"un vestido rojo en la pared":     unknown, // French has these three common words, too
		"el vestido rojo y los zapatos":   "es",
		"un vestito che è sulla parete":   "it",
		"um vestido com flores na parede": "pt",
		"een rode jurk aan de muur":       "nl",
		"en röd klänning på väggen":       "sv",
		"красное платье на стене и окно":  "ru",
		"red hat":   unknown, // "hat" is German for "has"
		"red dress": unknown,
		"IMG 4711":  unknown,
		"":          unknown,
	} {
		if got := languageOf(words(text)); got != want {
			t.Errorf("%q is %q; want %q", text, got, want)
		}
	}
}

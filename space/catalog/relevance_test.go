package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/relevance"
)

const clipDim = 256

// clipLike stands for a CLIP: texts and images lie in two narrow cones apart from each other (Liang et al., arXiv
// 2203.02053), and a text is a little nearer to the images of its concept than to others. Cosines of text and image are
// about .18 ± .04, of a matching pair .34 ± .04. Every tenth image is a hub, which lies towards the texts.
type clipLike struct{ calls int }

func (m *clipLike) Fingerprint() space.Fingerprint {
	return space.Fingerprint{Model: "clip-like", Digest: "c11b", Dim: clipDim}
}

// direction is a random one of length 1, always the same for a name.
func direction(name string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(name))
	random := rand.New(rand.NewPCG(h.Sum64(), 7))
	raw := make([]float32, clipDim)
	for i := range raw {
		raw[i] = float32(random.NormFloat64())
	}
	return unit(raw).Components()
}

func mix(parts map[string]float32) space.Vector {
	sum := make([]float32, clipDim)
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for i, x := range direction(name) {
			sum[i] += parts[name] * x
		}
	}
	return unit(sum)
}

func (m *clipLike) EncodeTexts(_ context.Context, texts []string) ([]space.Vector, error) {
	m.calls++
	vectors := make([]space.Vector, len(texts))
	for i, text := range texts {
		vectors[i] = mix(map[string]float32{"all": .45, "texts": .55, "concept " + text: .6, "wording " + text: .35})
	}
	return vectors, nil
}

func (m *clipLike) Pixels(*preprocess.Picture) ([]float32, error) {
	return nil, errors.New("it has no pictures")
}

func (m *clipLike) EncodePixels(context.Context, []float32) (space.Vector, error) {
	return space.Vector{}, errors.New("it has no pictures")
}

func (m *clipLike) EncodePictures(context.Context, []*preprocess.Picture) ([]space.Vector, error) {
	return nil, errors.New("not needed")
}

func (m *clipLike) DecodePicture(string, []byte, preprocess.Limits) (*preprocess.Picture, error) {
	return nil, errors.New("not needed")
}

func (m *clipLike) ReadPicture(string, []byte, preprocess.Limits, preprocess.Rows) (*preprocess.Picture, error) {
	return nil, errors.New("not needed")
}

func clipImage(i, concepts int) space.Entry {
	hub := float32(0)
	if i%10 == 0 {
		hub = .15
	}
	v := mix(map[string]float32{"all": .45, "images": .55, "texts": hub, fmt.Sprintf("concept thing %d", i%concepts): .35, fmt.Sprintf("picture %d", i): .6})
	return space.Entry{Item: space.Item{
		ID: fmt.Sprintf("%06d", i), Kind: space.Image, Vector: v, Picture: &space.Picture{Format: "jpeg", Width: 1, Height: 1},
	}}
}

// TestRelevanceHoldsItsPromise: of questions with nothing to find, at most one in twenty has a match, whether the
// collection has 20 items or 5,000, and those with something to find have one.
func TestRelevanceHoldsItsPromise(t *testing.T) {
	for _, size := range []struct{ items, concepts int }{{20, 10}, {1000, 100}, {5000, 250}} {
		library, err := catalog.Open(t.TempDir(), &clipLike{}, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { library.Close() })
		c, err := library.Create(t.Context(), "synthetic", catalog.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		var entries []space.Entry
		for i := range size.items {
			entries = append(entries, clipImage(i, size.concepts))
		}
		if _, err := c.Put(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		matches := func(words string) (int, space.Answer) {
			_, answer := find(t, c, catalog.Ask{Text: words, Mode: space.VectorOnly, Least: space.GoodRelevance, K: 1})
			return len(answer.Hits), answer
		}
		const questions = 300
		falseHits := 0
		for i := range questions {
			n, answer := matches(fmt.Sprintf("nonsense %d", i))
			falseHits += n
			if n == 0 && (len(answer.Nearest) != 3 || answer.More) {
				t.Fatalf("nothing is found, and the nearest are %d", len(answer.Nearest))
			}
		}
		found := 0
		for i := range min(size.concepts, 100) {
			n, answer := matches(fmt.Sprintf("thing %d", i))
			if n == 0 {
				continue
			}
			if number, err := strconv.Atoi(answer.Hits[0].Item.ID); err == nil && number%size.concepts == i {
				found++
			}
		}
		asked := min(size.concepts, 100)
		t.Logf("%d items: %d of %d questions with nothing to find have a match, %d of %d with something to find", size.items, falseHits, questions, found, asked)
		if float64(falseHits) > 0.05*questions*1.6 { // two standard deviations of a rate of .05
			t.Errorf("%d items: %d of %d false hits", size.items, falseHits, questions)
		}
		if 10*found < 8*asked {
			t.Errorf("%d items: %d of %d questions are answered", size.items, found, asked)
		}
	}
}

func TestRelevanceByWordsAndByItself(t *testing.T) {
	c := open(t).collection(t, "words")
	ingest(t, c, catalog.Document{ID: "code", Text: "a dress", Metadata: space.Metadata{"sku": "SKU-1234"}})
	for i := range 40 {
		ingest(t, c, text(fmt.Sprintf("%02d", i), fmt.Sprintf("number%d thing%d", i, i)))
	}
	ingest(t, c, text("07 again", "number7 thing7"))
	relevanceOf := func(ask catalog.Ask) *float64 {
		t.Helper()
		_, answer := find(t, c, ask)
		return answer.Hits[0].Relevance
	}
	for name, tc := range map[string]struct {
		ask  catalog.Ask
		want space.Match
	}{
		"all words":             {catalog.Ask{Text: "number7", Mode: space.KeywordOnly}, space.StrongMatch},
		"half of them":          {catalog.Ask{Text: "dress elephant", Mode: space.KeywordOnly}, space.WeakMatch},
		"a code among others":   {catalog.Ask{Text: "do you have SKU-1234 perhaps"}, space.StrongMatch},
		"an item and its like":  {catalog.Ask{Like: []string{"07"}, Kind: space.Text}, space.StrongMatch},
		"several, by best":      {catalog.Ask{Like: []string{"07", "code"}, Strategy: space.BestScore}, space.StrongMatch},
		"composed of two parts": {catalog.Ask{Text: "number7 thing7", Not: []catalog.Part{{Text: "dress"}}, Mode: space.VectorOnly}, space.StrongMatch},
	} {
		got := relevanceOf(tc.ask)
		if got == nil || space.MatchOf(*got) != tc.want {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
			if got != nil {
				t.Logf("%.3f", *got)
			}
		}
	}
	few := open(t).collection(t, "few")
	ingest(t, few, text("a", "one"), text("b", "two"))
	_, answer := find(t, few, catalog.Ask{Like: []string{"a"}})
	if answer.Hits[0].Relevance != nil {
		t.Errorf("of two items something is said: %v", *answer.Hits[0].Relevance)
	}
}

// TestTheBankIsEncodedOnce: its vectors are kept beside the collections; a file that is damaged is made anew.
func TestTheBankIsEncodedOnce(t *testing.T) {
	dir := t.TempDir()
	encoded := func() int {
		t.Helper()
		model := &bagOfWords{}
		library, err := catalog.Open(dir, model, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer library.Close()
		l := &lib{Library: library, dir: dir, model: model}
		c := l.collection(t, "banked")
		ingest(t, c, text("a", "red house"), text("b", "blue boat"))
		before := model.texts.Load()
		_, answer := find(t, c, catalog.Ask{Text: "red house"})
		if r := answer.Hits[0].Relevance; r == nil || *r < space.GoodRelevance {
			t.Errorf("relevance %v", r)
		}
		find(t, c, catalog.Ask{Text: "blue"})
		return int(model.texts.Load() - before)
	}
	bank := len(relevance.Bank)
	if n := encoded(); n != bank+2 {
		t.Errorf("the first time %d texts were encoded, want %d and two", n, bank)
	}
	if n := encoded(); n != 2 {
		t.Errorf("the second time %d texts were encoded, want two", n)
	}
	files, err := filepath.Glob(filepath.Join(dir, "relevance-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string]string{
		"cut":           string(whole[:len(whole)/2]),
		"another bank":  strings.Replace(string(whole), `"bank":"`, `"bank":"0`, 1),
		"another model": strings.Replace(string(whole), `"digest":"`, `"digest":"0`, 1),
		"a flipped bit": strings.Replace(string(whole), `"vectors":"A`, `"vectors":"B`, 1) + " ",
		"empty":         "",
	} {
		if err := os.WriteFile(files[0], []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		want := bank + 2
		if name == "a flipped bit" && !strings.Contains(string(whole), `"vectors":"A`) {
			continue
		}
		if n := encoded(); n != want {
			t.Errorf("%s: %d texts were encoded, want %d", name, n, want)
		}
	}
}

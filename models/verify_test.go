package models

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// results are a verification's, by check.
func results(t *testing.T, m *Model, sanity []Shown) map[string]Check {
	t.Helper()
	checks, err := m.Verify(context.Background(), sanity)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Check{}
	for _, c := range checks {
		if c.Detail == "" {
			t.Errorf("%s says nothing", c.Name)
		}
		found[c.Name] = c
	}
	return found
}

func sanitySet(t *testing.T) []Shown {
	t.Helper()
	return []Shown{
		{readPicture(t, "../demo/photos/cat.jpg"), "a cat"}, {readPicture(t, "../demo/photos/horse.jpg"), "a horse"}, {readPicture(t, "../demo/photos/rocket.jpg"), "a rocket"},
	}
}

func TestVerifyStarter(t *testing.T) {
	found := results(t, openStarter(t), sanitySet(t))
	for name, c := range found {
		if want := map[bool]Result{true: Skipped, false: Passed}[name == "golden"]; c.Result != want {
			t.Errorf("%s: %s, %s", name, c.Result, c.Detail)
		}
	}
	for _, name := range []string{"towers", "texts: batch = single", "pictures: determinism", "texts: unit length", "pictures: distinct", "sanity"} {
		if _, ok := found[name]; !ok {
			t.Errorf("%s was not checked", name)
		}
	}
}

// A model with random weights is sound, and knows nothing.
func TestVerifyFindsIgnorance(t *testing.T) {
	found := results(t, mustOpenFamily(t, familyFolder(t, "clip"), Options{}), sanitySet(t))
	if c := found["sanity"]; c.Result != Failed || !strings.Contains(c.Detail, ".jpg is taken for \"a photo of a") {
		t.Errorf("sanity: %s, %s", c.Result, c.Detail)
	}
	if c := found["pictures: batch = single"]; c.Result != Passed {
		t.Errorf("%s: %s", c.Name, c.Detail)
	}
}

// withGolden is a family's folder with its golden, and the golden's pictures, inside.
func withGolden(t *testing.T, name string, change func(*familyGolden)) Folder {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	extract(t, familyFolder(t, name).FS, dir)
	var g familyGolden
	readJSONFile(t, "testdata/families/"+name+".json", &g)
	for i, p := range g.Pictures {
		if !strings.Contains(p.File, "decode") { // large JPEGs are decoded smaller, which these towers see
			continue
		}
		data, err := os.ReadFile("../" + p.File)
		if err != nil {
			t.Fatal(err)
		}
		g.Pictures[i].File = "pictures/" + filepath.Base(p.File)
		writeFile(t, filepath.Join(dir, g.Pictures[i].File), data)
	}
	g.Pictures = slices.DeleteFunc(g.Pictures, func(p goldenPicture) bool { return !strings.HasPrefix(p.File, "pictures/") })
	if change != nil {
		change(&g)
	}
	var written golden
	for _, text := range g.Texts {
		written.Texts = append(written.Texts, struct {
			Text   string    `json:"text"`
			IDs    []int64   `json:"ids"`
			Vector []float32 `json:"vector"`
		}{text.Text, text.IDs, text.Vector})
	}
	for _, p := range g.Pictures {
		written.Pictures = append(written.Pictures, struct {
			File   string    `json:"file"`
			Vector []float32 `json:"vector"`
		}{p.File, p.Vector})
	}
	data, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, goldenFile), data)
	return DirFolder(dir)
}

func TestVerifyObeysTheModelsGolden(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*familyGolden)
		check  string
		want   string // in the detail of a failure; empty: it passes
	}{
		"as it is":      {nil, "golden pictures", ""},
		"other ids":     {func(g *familyGolden) { g.Texts[0].IDs[1]++ }, "golden texts", "the reference has"},
		"other vector":  {func(g *familyGolden) { g.Texts[2].Vector = g.Texts[3].Vector }, "golden texts", "cosine"},
		"other picture": {func(g *familyGolden) { g.Pictures[0].Vector[0] += 2 }, "golden pictures", "cosine"},
		"no picture":    {func(g *familyGolden) { g.Pictures[0].File = "pictures/none.png" }, "golden pictures", "none.png"},
		"fewer dims":    {func(g *familyGolden) { g.Texts[0].Vector = g.Texts[0].Vector[:3] }, "golden texts", "the reference has 3"},
	} {
		found := results(t, mustOpenFamily(t, withGolden(t, "clip", c.change), Options{}), nil)[c.check]
		if c.want == "" && found.Result != Passed || c.want != "" && (found.Result != Failed || !strings.Contains(found.Detail, c.want)) {
			t.Errorf("%s: %s, %s; want %q", name, found.Result, found.Detail, c.want)
		}
	}
}

func TestVerifyTextOnly(t *testing.T) {
	found := results(t, mustOpenFamily(t, familyFolder(t, "sentence"), Options{}), nil)
	if _, ok := found["pictures: unit length"]; ok || found["sanity"].Result == Skipped {
		t.Errorf("%+v", found)
	}
}

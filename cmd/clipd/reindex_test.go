package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
)

// otherModel is the starter with another mean colour: a model of another fingerprint.
func otherModel(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "otherwise")
	if err := os.CopyFS(dir, os.DirFS("../../models/starter/files")); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "preprocessor_config.json")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "0.498", "0.4", 1)
	if changed == string(text) {
		t.Fatalf("%s has no mean of 0.498: %s", config, text)
	}
	save(t, config, []byte(changed))
	return dir
}

func TestReindexByAnotherModel(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	dir, model := saveMany(t, 4), otherModel(t)
	c.must(t, exitDone, "index", dir)
	if got := c.must(t, exitUsage, "reindex"); !strings.Contains(got.err, "--model") {
		t.Errorf("got %q", got.err)
	}
	if got := c.must(t, exitFailed, "search", "x", "--model", model); !strings.Contains(got.err, "starter@") || !strings.Contains(got.err, "otherwise@") {
		t.Errorf("a collection of another model: %q; want both names", got.err)
	}
	startServer(t, c)
	gone := filepath.Join(dir, "0001.jpg")
	whole, err := os.ReadFile(gone)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if got := c.must(t, exitFailed, "reindex", "--model", model); !strings.Contains(got.out, gone+": its source file is gone") || !strings.Contains(got.err, "--from-thumbnails") {
		t.Errorf("got %s\n%s", got.out, got.err)
	}
	save(t, gone, whole)
	done := decode[api.ReindexReport](t, c.must(t, exitDone, "reindex", "--model", model, "--json"))
	if !done.Done || done.Items != 4 || done.Kept != 3 || done.Encoded != 1 || done.To.Model != "otherwise" {
		t.Errorf("got %+v", done)
	}
	// The server, which was started with the starter, answers by the new model.
	found := decode[api.SearchResponse](t, c.must(t, exitDone, "similar", gone, "--json", "-k", "1"))
	if len(found.Hits) != 1 || found.Hits[0].Item.Source != gone || *found.Hits[0].Cosine < 0.999 {
		t.Errorf("got %+v", found.Hits)
	}
	c.must(t, exitDone, "check")
	if got := c.must(t, exitFailed, "reindex", "--model", filepath.Join(dir, "nothing")); !strings.Contains(got.err, "nothing") {
		t.Errorf("no model: %q", got.err)
	}
}

func TestReindexWithoutAServer(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	dir, model := saveMany(t, 2), otherModel(t)
	c.must(t, exitDone, "index", dir)
	got := c.must(t, exitDone, "reindex", "--model", model)
	if !strings.Contains(got.out, "photos: 2 items, now of otherwise@") || !strings.Contains(got.out, "before: starter@") {
		t.Errorf("got %s", got.out)
	}
	if again := c.must(t, exitDone, "reindex", "--model", model); !strings.Contains(again.out, "already") {
		t.Errorf("got %s", again.out)
	}
	c.must(t, exitDone, "check", "--model", model)
	c.must(t, exitPartial, "check")
}

package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/clipd/clipd/models"
)

const hubCommit = "89abcdef0123456789abcdef0123456789abcdef"

// newHub serves one of the small models of package models' tests as the repository owner/NAME of a hub.
func newHub(t *testing.T, name string) *httptest.Server {
	t.Helper()
	zipped, err := zip.OpenReader("../../models/testdata/families/" + name + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	defer zipped.Close()
	files := fstest.MapFS{}
	for _, f := range zipped.File {
		data, err := fs.ReadFile(zipped, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = &fstest.MapFile{Data: data}
	}
	repo := "owner/" + name
	hub := http.NewServeMux()
	hub.HandleFunc("GET /api/models/"+repo+"/revision/v1", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"sha":%q}`, hubCommit)
	})
	hub.HandleFunc("GET /api/models/"+repo+"/tree/"+hubCommit, func(w http.ResponseWriter, _ *http.Request) {
		var tree []map[string]any
		for name, f := range files {
			oid := fmt.Sprintf("%x", sha256.Sum256(f.Data))
			tree = append(tree, map[string]any{"type": "file", "path": name, "size": len(f.Data), "lfs": map[string]any{"oid": oid, "size": len(f.Data)}})
		}
		json.NewEncoder(w).Encode(tree)
	})
	hub.Handle("GET /"+repo+"/resolve/"+hubCommit+"/", http.StripPrefix("/"+repo+"/resolve/"+hubCommit+"/", http.FileServerFS(files)))
	server := httptest.NewServer(hub)
	t.Cleanup(server.Close)
	return server
}

// TestModelsFromAHub brings a model, looks into it, verifies it and removes it.
func TestModelsFromAHub(t *testing.T) {
	c := newCLI(t)
	c.env["HF_ENDPOINT"] = newHub(t, "siglip2").URL
	pulled := decode[struct{ Name, Dir string }](t, c.must(t, exitDone, "models", "pull", "owner/siglip2@v1", "--json"))
	if pulled.Name != "owner/siglip2" || !strings.HasPrefix(pulled.Dir, c.data) {
		t.Errorf("pulled %+v", pulled)
	}
	if got := c.must(t, exitDone, "models", "list"); !strings.Contains(got.out, "owner/siglip2") {
		t.Errorf("the list: %s", got.out)
	}
	if got := c.must(t, exitDone, "models", "info", "owner/siglip2"); !strings.Contains(got.out, "context of 64 tokens, padding full with 0, pooling none") || !strings.Contains(got.out, "bilinear") {
		t.Errorf("info: %s", got.out)
	}
	// Its weights are random: it is sound, and knows nothing.
	got := c.must(t, exitFailed, "models", "verify", "owner/siglip2", "--json")
	if found := decode[verification](t, got); found.Passed || resultOf(found, "sanity") != models.Failed || resultOf(found, "texts: batch = single") != models.Passed {
		t.Errorf("verify: %+v", found)
	}
	c.must(t, exitDone, "models", "rm", "owner/siglip2", "--yes")
	c.must(t, exitFailed, "models", "info", "owner/siglip2")
	c.env["HF_HUB_OFFLINE"] = "TRUE"
	if got := c.must(t, exitUsage, "models", "pull", "owner/siglip2@v1"); !strings.Contains(got.err, "HF_HUB_OFFLINE=TRUE forbids") {
		t.Errorf("offline: %s", got.err)
	}
}

func resultOf(found verification, name string) models.Result {
	for _, c := range found.Checks {
		if c.Name == name {
			return c.Result
		}
	}
	return ""
}

func TestModelsVerify(t *testing.T) {
	c := newCLI(t)
	got := c.must(t, exitDone, "models", "verify")
	for _, want := range []string{"pass    towers", "5 photographs, each nearest to its own"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in %s", want, got.out)
		}
	}
	dir := filepath.Join(t.TempDir(), "spoilt")
	if err := os.CopyFS(dir, models.Starter().FS); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "clipd-golden.json"), []byte(`{"texts":[{"text":"a cat","ids":[1,2,3]}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := c.must(t, exitFailed, "models", "verify", dir); !strings.Contains(got.out, "FAIL    golden texts") || !strings.Contains(got.err, "FAILED") {
		t.Errorf("with a wrong golden: %s%s", got.out, got.err)
	}
}

// TestModelInUseIsNotRemoved: the server may have to load its towers again.
func TestModelInUseIsNotRemoved(t *testing.T) {
	c := newCLI(t)
	c.env["HF_ENDPOINT"] = newHub(t, "siglip2").URL
	c.must(t, exitDone, "models", "pull", "owner/siglip2@v1")
	t.Run("while a server runs", func(t *testing.T) {
		startServer(t, c, "--model", "owner/siglip2")
		if got := c.must(t, exitFailed, "models", "rm", "owner/siglip2", "--yes"); !strings.Contains(got.err, "uses model owner/siglip2; stop it first") {
			t.Errorf("got %s", got.err)
		}
		c.must(t, exitDone, "embed", "a cat", "--json")
	})
	c.must(t, exitDone, "models", "rm", "owner/siglip2", "--yes")
}

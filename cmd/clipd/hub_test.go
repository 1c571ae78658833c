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

// TestHubTokenFromTheEnvironment: HF_TOKEN is sent, and an error without it names it.
func TestHubTokenFromTheEnvironment(t *testing.T) {
	hub := newHub(t, "siglip2")
	gated := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hf_secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		hub.Config.Handler.ServeHTTP(w, r)
	}))
	defer gated.Close()
	c := newCLI(t)
	c.env["HF_ENDPOINT"] = gated.URL
	if got := c.must(t, exitFailed, "models", "pull", "owner/siglip2@v1"); !strings.Contains(got.err, "HF_TOKEN") {
		t.Errorf("without a token: %s", got.err)
	}
	c.env["HF_TOKEN"] = "hf_secret"
	c.must(t, exitDone, "models", "pull", "owner/siglip2@v1")
}

// TestInfoOfABrokenFolder: what is wrong with a folder is named by file and field, whichever file it is.
func TestInfoOfABrokenFolder(t *testing.T) {
	for want, spoil := range map[string]struct{ file, content string }{
		"no model in this folder":       {"onnx/text_model.onnx onnx/vision_model.onnx", ""},
		"tokenizer.json is needed":      {"tokenizer.json", ""},
		"onnx/vision_model.onnx":        {"onnx/vision_model.onnx", "no graph at all"},
		"onnx/text_model.onnx":          {"onnx/text_model.onnx", "no graph at all"},
		`field "image_mean" is missing`: {"preprocessor_config.json", `{"size":{"shortest_edge":260},"crop_size":260,"resample":3}`},
		"preprocessor_config.json: ":    {"preprocessor_config.json", `{"size":`},
		"1_Pooling/config.json":         {"1_Pooling/config.json", `{}`},
		"clipd.json":                    {"clipd.json", `[]`},
	} {
		dir := filepath.Join(t.TempDir(), "broken")
		if err := os.CopyFS(dir, models.Starter().FS); err != nil {
			t.Fatal(err)
		}
		for file := range strings.FieldsSeq(spoil.file) {
			path := filepath.Join(dir, file)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if spoil.content == "" {
				continue
			}
			if err := os.WriteFile(path, []byte(spoil.content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got := newCLI(t).must(t, exitFailed, "models", "info", dir)
		if !strings.Contains(got.err, want) || strings.Count(got.err, "\n") > 3 {
			t.Errorf("want %q, got %s", want, got.err)
		}
	}
}

package main

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipd/clipd/exchange"
	"github.com/clipd/clipd/exchange/npy"
)

func TestExportAndImport(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	dir := saveMany(t, 5)
	c.must(t, exitDone, "index", dir)
	out := filepath.Join(t.TempDir(), "out")
	wrote := decode[exported](t, c.must(t, exitDone, "export", out, "--json"))
	if wrote.Items != 5 || wrote.Thumbnails != 5 || wrote.Fingerprint.Model != starterName {
		t.Errorf("got %+v", wrote)
	}
	if got := c.must(t, exitFailed, "export", out); !strings.Contains(got.err, "not empty") {
		t.Errorf("exported over an export: %q", got.err)
	}
	other := newCLI(t)
	startServer(t, other)
	first := decode[importSummary](t, other.must(t, exitDone, "import", out, "--json"))
	if first.Created != 5 || first.Layout != "clipd" || first.Failed != 0 {
		t.Errorf("got %+v", first)
	}
	again := other.must(t, exitDone, "import", out)
	if !strings.Contains(again.out, "photos: 0 created, 0 updated, 5 unchanged, 0 failed from clipd files") {
		t.Errorf("imported again: %s", again.out)
	}
	query := []string{"similar", filepath.Join(dir, "0002.jpg"), "--json", "--explain"}
	if a, b := c.must(t, exitDone, query...), other.must(t, exitDone, query...); untimed(a.out) != untimed(b.out) {
		t.Errorf("the copy answers\n%s\nwant\n%s", b.out, a.out)
	}
	if unchanged := decode[summary](t, other.must(t, exitDone, "index", dir, "--json")); unchanged.Unchanged != 5 {
		t.Errorf("an index of what was imported: %+v", unchanged)
	}
	other.must(t, exitDone, "check")
}

// untimed is an answer without the times that it took.
func untimed(answer string) string {
	hits, _, _ := strings.Cut(answer, `"took"`)
	return hits
}

func TestImportAsksWhichModelMadeVectors(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "img_emb"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "img_emb", "img_emb_0.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := npy.NewWriter(f, 384)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, 384)
	for i := range 3 {
		row[i] = float32(i) // the first is a zero vector
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := c.must(t, exitUsage, "import", dir); !strings.Contains(got.err, "--trust-model") || !strings.Contains(got.err, "starter@") {
		t.Errorf("got %q", got.err)
	}
	got := decode[importSummary](t, c.must(t, exitPartial, "import", dir, "--trust-model", "--json", "-c", "laion"))
	if got.Created != 2 || got.Failed != 1 || !strings.HasPrefix(got.Failures[0].Item, "img_emb_0.npy, row 1") || got.Layout != "clip-retrieval" {
		t.Errorf("got %+v", got)
	}

	for _, to := range []string{"again", "once-more"} {
		from := map[string]string{"again": "laion", "once-more": "again"}[to]
		embeddings := filepath.Join(t.TempDir(), "embeddings")
		c.must(t, exitDone, "export", embeddings, "-c", from, "--layout", "clip-retrieval")
		got := decode[importSummary](t, c.must(t, exitDone, "import", embeddings, "--trust-model", "--json", "-c", to))
		if got.Created != 2 || got.Failed != 0 || got.Layout != "clip-retrieval" {
			t.Errorf("into %s: %+v", to, got)
		}
	}
	if got := c.must(t, exitUsage, "export", filepath.Join(t.TempDir(), "x"), "-c", "laion", "--layout", "faiss"); !strings.Contains(got.err, "want clipd or clip-retrieval") {
		t.Errorf("an unknown layout: %q", got.err)
	}

	foreign := filepath.Join(t.TempDir(), "out")
	c.must(t, exitDone, "export", foreign, "-c", "laion")
	m, err := exchange.ReadManifest(foreign)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(foreign, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(foreign, "manifest.json"), []byte(strings.ReplaceAll(string(text), m.Fingerprint.Digest, strings.Repeat("f", 64))))
	if got := c.must(t, exitFailed, "import", foreign, "-c", "laion", "--trust-model"); !strings.Contains(got.err, "starter@ffffffffffff") || !strings.Contains(got.err, m.Fingerprint.String()) {
		t.Errorf("vectors of another model: %q", got.err)
	}
}

func TestImportEncodesPicturesOfADataSet(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	shard := filepath.Join(t.TempDir(), "00000.tar")
	f, err := os.Create(shard)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tar.NewWriter(f)
	for _, file := range [][2]string{
		{"0.jpg", string(jpegBytes(t, picture(1, 64, 64), 90))}, {"0.txt", "waves of colour"}, {"0.json", `{"url":"https://example.org/0.jpg"}`},
		{"1.jpg", "no picture"}, {"2.jpg", string(jpegBytes(t, picture(2, 64, 64), 90))},
	} {
		if err := w.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := decode[importSummary](t, c.must(t, exitPartial, "import", shard, "--json"))
	if got.Created != 2 || got.Failed != 1 || got.Failures[0].Item != "00000.tar, 1" {
		t.Errorf("got %+v", got)
	}
	if found := c.must(t, exitDone, "search", "waves", "--json"); !strings.Contains(found.out, "https://example.org/0.jpg") {
		t.Errorf("its caption is not found: %s", found.out)
	}
}

package catalog_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// backedUp is a backup of a small collection, and the library that made it.
func backedUp(t testing.TB) (*lib, []byte) {
	t.Helper()
	l := open(t)
	c := l.collection(t, "live")
	ingest(t, c, text("a", "red house"), catalog.Document{ID: "p", Image: picture(t, "red", 20)})
	if err := c.ImportDecisions(t.Context(), []catalog.Decision{{Key: "k", Verdict: "v"}}); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := c.Backup(t.Context(), &archive, true); err != nil {
		t.Fatal(err)
	}
	return l, archive.Bytes()
}

func TestRestoreKeepsEverything(t *testing.T) {
	_, archive := backedUp(t)
	header, err := catalog.ReadBackup(bytes.NewReader(archive), nil)
	if err != nil || header.Collection != "live" || header.Items != 2 || header.Fingerprint.Model != "bag" {
		t.Errorf("%+v, %v", header, err)
	}
	other := open(t)
	c, err := other.Restore(t.Context(), "", bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	report, err := c.Check(t.Context(), nil)
	if err != nil || report.Err() != nil || report.Items != 2 || report.Thumbnails != 1 || report.Decisions != 1 || report.InWords != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	ingest(t, c, text("b", "later")) // it can be written to
	if got, _ := find(t, c, catalog.Ask{Text: "red house"}); got[0] != "a" {
		t.Errorf("found %q", got)
	}
}

func TestRestoreRefusesAnotherModel(t *testing.T) {
	_, archive := backedUp(t)
	other := &lib{dir: t.TempDir(), model: &bagOfWords{digest: "x"}}
	other.reopen(t)
	defer other.Close()
	_, err := other.Restore(t.Context(), "", bytes.NewReader(archive))
	if !errors.Is(err, space.ErrFingerprint) || !strings.Contains(err.Error(), "bag@d1,") || !strings.Contains(err.Error(), "bag@d1x") {
		t.Errorf("%v; want both names", err)
	}
	wantNothing(t, other)
}

// wantNothing fails where the library has a collection, or something is left of one.
func wantNothing(t *testing.T, l *lib) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(l.dir, "collections"))
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// rewritten is an archive whose entries went through change; nil drops one.
func rewritten(t *testing.T, archive []byte, change func(h *tar.Header, content []byte) (*tar.Header, []byte)) []byte {
	t.Helper()
	var out bytes.Buffer
	in, to := tar.NewReader(bytes.NewReader(archive)), tar.NewWriter(&out)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		content, readErr := io.ReadAll(in)
		if err := errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		if h, content = change(h, content); h == nil {
			continue
		}
		h.Size = int64(len(content))
		if err := to.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBackupsThatCannotBeRestored(t *testing.T) {
	_, archive := backedUp(t)
	type entry = func(h *tar.Header, content []byte) (*tar.Header, []byte)
	on := func(part string, change entry) []byte {
		return rewritten(t, archive, func(h *tar.Header, content []byte) (*tar.Header, []byte) {
			if strings.Contains(h.Name, part) {
				return change(h, content)
			}
			return h, content
		})
	}
	drop := func(*tar.Header, []byte) (*tar.Header, []byte) { return nil, nil }
	named := func(name string) entry {
		return func(h *tar.Header, content []byte) (*tar.Header, []byte) { h.Name = name; return h, content }
	}
	other := open(t)
	for what, bad := range map[string][]byte{
		"it is no tar archive": []byte("nonsense"),
		"begins with":          on("backup.json", drop),
		"ends without":         on("checksums.json", drop),
		"has SHA-256": on("store/MANIFEST-", func(h *tar.Header, content []byte) (*tar.Header, []byte) {
			content = slices.Clone(content)
			content[len(content)/2] ^= 1
			return h, content
		}),
		"files; want":           on("store/MANIFEST-", drop),
		"which is no file of a": on("store/MANIFEST-", named("store/../../../evil")),
		`holds "/etc/passwd"`:   on("store/MANIFEST-", named("/etc/passwd")),
		"of version 9": on("backup.json", func(h *tar.Header, content []byte) (*tar.Header, []byte) {
			return h, bytes.Replace(content, []byte(`"version": 1`), []byte(`"version": 9`), 1)
		}),
		"it is cut off": archive[:len(archive)/2],
	} {
		if _, err := other.Restore(t.Context(), "x", bytes.NewReader(bad)); !errors.Is(err, catalog.ErrBadBackup) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantNothing(t, other)
	if _, err := other.Restore(t.Context(), "../x", bytes.NewReader(archive)); !errors.Is(err, catalog.ErrInvalidName) {
		t.Errorf("a bad name: %v", err)
	}
	wantNothing(t, other)
}

// FuzzBackup: no bytes make the reader panic, or accept files outside the store.
func FuzzBackup(f *testing.F) {
	_, archive := backedUp(f)
	f.Add(archive[:min(len(archive), 4096)])
	f.Add([]byte("backup.json"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = catalog.ReadBackup(bytes.NewReader(data), func(name string, content io.Reader) error { // any error is right
			if !filepath.IsLocal(name) {
				t.Fatalf("a file at %q", name)
			}
			_, err := io.Copy(io.Discard, content)
			return err
		})
	})
}

package starter

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// manifest reads build/SHA256SUMS: the hash of each embedded file by its path in FS.
func manifest(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("build/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		sum, path, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			t.Fatalf("SHA256SUMS: malformed line %q", lines.Text())
		}
		if name, ours := strings.CutPrefix(path, "files/"); ours {
			sums[name] = sum
		}
	}
	return sums
}

func TestFilesEqualManifest(t *testing.T) {
	want := manifest(t)
	var total int64
	err := fs.WalkDir(FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(FS(), path)
		if err != nil {
			return err
		}
		total += int64(len(data))
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want[path] {
			t.Errorf("%s: SHA-256 is %s, the manifest says %q", path, got, want[path])
		}
		delete(want, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range want {
		t.Errorf("%s: in the manifest, not embedded", path)
	}
	if limit := int64(45e6); total > limit {
		t.Errorf("%d bytes embedded, at most %d wanted", total, limit)
	}
}

func TestConfigStatesDim(t *testing.T) {
	data, err := fs.ReadFile(FS(), "config.json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		ProjectionDim int `json:"projection_dim"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if config.ProjectionDim != Dim {
		t.Errorf("config.json: projection_dim is %d, Dim is %d", config.ProjectionDim, Dim)
	}
}

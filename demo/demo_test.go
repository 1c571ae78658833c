package demo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "image/jpeg"
	_ "image/png"
)

func TestPhotosAreTheListedOnes(t *testing.T) {
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := os.ReadFile("SOURCES.md")
	if err != nil {
		t.Fatal(err)
	}
	photos := Photos()
	if len(photos) < 10 {
		t.Fatalf("only %d photographs", len(photos))
	}
	size := 0
	for i, p := range photos {
		size += len(p.Bytes)
		sum := sha256.Sum256(p.Bytes)
		if got := hex.EncodeToString(sum[:]); got != all[i].SHA256 {
			t.Errorf("%s has SHA-256 %s; photos.json says %s", p.Name, got, all[i].SHA256)
		}
		for _, want := range []string{"| " + p.Name + " |", all[i].SHA256, p.Licence, p.Source} {
			if !bytes.Contains(sources, []byte(want)) {
				t.Errorf("SOURCES.md does not say %q of %s", want, p.Name)
			}
		}
		if p.Title == "" || p.Caption == "" || p.Licence == "" || p.Source == "" || p.Original != "" || p.Edit != "" {
			t.Errorf("incomplete: %+v", p)
		}
	}
	if size > 1_500_000 {
		t.Errorf("%d bytes in all; at most 1,500,000 are wanted", size)
	}
	if !slices.IsSortedFunc(photos, func(a, b Photo) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not in the order of names")
	}
	entries, err := os.ReadDir("photos")
	if err != nil || len(entries) != len(photos) {
		t.Errorf("%d files in photos, %d listed (%v)", len(entries), len(photos), err)
	}
}

func TestAltered(t *testing.T) {
	originals := map[string]Photo{}
	for _, p := range Photos() {
		originals[p.Name] = p
	}
	copies, err := Altered()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Altered()
	if err != nil {
		t.Fatal(err)
	}
	edits := map[string]bool{}
	for i, c := range copies {
		original, known := originals[c.Original]
		if !known || !strings.Contains(c.Name, "("+c.Edit+")") || c.Licence != original.Licence {
			t.Errorf("copy %q of %q by %q", c.Name, c.Original, c.Edit)
		}
		if !bytes.Equal(c.Bytes, again[i].Bytes) {
			t.Errorf("%s differs from one call to the next", c.Name)
		}
		if (c.Edit == "copy") != bytes.Equal(c.Bytes, original.Bytes) {
			t.Errorf("%s: same bytes as the original: %t", c.Name, c.Edit != "copy")
		}
		before, after := size(t, original.Bytes), size(t, c.Bytes)
		if smaller := after.X < before.X && after.Y < before.Y; smaller != (strings.HasPrefix(c.Edit, "resized") || c.Edit == "cropped") {
			t.Errorf("%s is of %v, its original of %v", c.Name, after, before)
		}
		edits[c.Edit] = true
	}
	for _, want := range []string{"resized", "re-encoded", "mirrored", "cropped", "copy", "resized, as PNG"} {
		if !edits[want] {
			t.Errorf("no copy is %s", want)
		}
	}
}

func size(t *testing.T, data []byte) image.Point {
	t.Helper()
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return image.Pt(config.Width, config.Height)
}

func TestWriteTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "gallery")
	if err := WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	before := map[string]os.FileInfo{}
	for _, p := range all {
		path := filepath.Join(dir, p.Name)
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(data, p.Bytes) {
			t.Fatalf("%s: %v", p.Name, err)
		}
		before[p.Name], _ = os.Stat(path)
	}
	damaged := filepath.Join(dir, "cat.jpg")
	if err := os.WriteFile(damaged, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(damaged); len(data) < 1000 {
		t.Error("a damaged file was left")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(all) {
		t.Errorf("%d files; want %d (%v)", len(entries), len(all), err)
	}
	for _, entry := range entries {
		if entry.Name() == "cat.jpg" {
			continue
		}
		now, err := entry.Info()
		if err != nil || !os.SameFile(now, before[entry.Name()]) || now.ModTime() != before[entry.Name()].ModTime() {
			t.Errorf("%s was written again", entry.Name())
		}
	}
}

func TestWriteToNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteTo(filepath.Join(file, "gallery")); err == nil || !strings.Contains(err.Error(), "gallery's folder") {
		t.Errorf("error %v", err)
	}
}

func TestCaptions(t *testing.T) {
	seen := map[string]bool{}
	dress := false
	for _, c := range Captions() {
		if c.ID == "" || c.Text == "" || c.Metadata["type"] == nil || seen[c.ID] {
			t.Errorf("text %+v", c)
		}
		seen[c.ID] = true
		for key, value := range c.Metadata {
			switch value.(type) {
			case string, float64:
			default:
				t.Errorf("%s: metadata %q is a %T", c.ID, key, value)
			}
		}
		dress = dress || c.Metadata["sku"] == "SKU-1234" && strings.Contains(c.Text, "red linen dress")
	}
	if !dress {
		t.Error("SKU-1234 is no red linen dress")
	}
	for _, p := range Photos() {
		if !seen["caption-"+strings.TrimSuffix(p.Name, ".jpg")] {
			t.Errorf("no caption of %s", p.Name)
		}
	}
}

func BenchmarkAltered(b *testing.B) {
	for b.Loop() {
		if _, err := Altered(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestShopIsLabelled(t *testing.T) {
	shop := Shop()
	ids := map[string]bool{}
	for _, text := range shop.Texts {
		if ids[text.ID] {
			t.Errorf("two articles are called %s", text.ID)
		}
		ids[text.ID] = true
	}
	for _, q := range shop.Queries {
		best := 0
		for id, grade := range q.Grades {
			best = max(best, grade)
			if !ids[id] {
				t.Errorf("%q grades %s, which is no article", q.Text, id)
			}
		}
		if best != 3 || !slices.Contains(QueryKinds, q.Kind) {
			t.Errorf("%s %q: its best grade is %d; want 3", q.Kind, q.Text, best)
		}
	}
	if len(shop.Texts) != 192 || len(shop.Queries) != 168 {
		t.Errorf("%d articles, %d queries", len(shop.Texts), len(shop.Queries))
	}
}

package exchange

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange/npy"
	"github.com/clipd/clipd/space"
)

// read gives all rows of what lies at path, and what could not be read.
func read(t *testing.T, path string) (source *Source, rows []Row, bad []string) {
	t.Helper()
	source, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = source.Each(t.Context(), Sink{
		Row: func(r Row) error { rows = append(rows, r); return nil },
		Bad: func(where string, err error) { bad = append(bad, where+": "+err.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return source, rows, bad
}

func save(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var fingerprint = space.Fingerprint{Model: "bag", Digest: "0123456789abcdef", Dim: 3}

func lines() []api.TransferLine {
	made := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var out []api.TransferLine
	for i := range 4 {
		item := &api.TransferItem{
			Item:   space.Item{ID: fmt.Sprint(i), Kind: space.Text, Text: "<täxt> " + fmt.Sprint(i), Created: made, Updated: made},
			Vector: api.Components{float32(i) / 3, 0, 1},
		}
		if i%2 == 1 {
			item.Kind, item.Thumbnail = space.Image, []byte{0xff, 0xd8, 0xff, byte(i)}
			item.File = &api.FileTimes{Bytes: 7, Modified: made}
			item.Picture = &space.Picture{Format: "jpeg", Width: 1, Height: 2, Hash: space.Hash256{1, 2, 3, 4}}
			item.Metadata = space.Metadata{"list": []any{"a", "b"}, "n": 1.5}
		}
		out = append(out, api.TransferLine{Item: item})
	}
	return append(out, api.TransferLine{Decision: &api.Decision{Key: "a|b", Verdict: "no copies", Made: made}})
}

func export(t *testing.T, dir string) {
	t.Helper()
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := append([]api.TransferLine{{Header: &api.TransferHeader{Version: 1, Collection: "c", Fingerprint: &fingerprint}}}, lines()...)
	for _, line := range append(all, api.TransferLine{End: &api.TransferEnd{Items: 4, Decisions: 1}}) {
		if err := w.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := w.Commit(); err != nil || m.Items != 4 || m.Thumbnails != 2 || m.Decisions != 1 || len(m.Files) != 4 {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestAFolderIsReadAsItWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	export(t, dir)
	source, rows, bad := read(t, dir)
	if source.Layout != "clipd" || *source.Fingerprint != fingerprint || source.Rows != 5 || len(bad) > 0 {
		t.Errorf("%+v, %q", source, bad)
	}
	var got []api.TransferLine
	for _, r := range rows {
		got = append(got, api.TransferLine{Item: r.Item, Decision: r.Decision})
	}
	if want := lines(); !reflect.DeepEqual(got, want) {
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
	if rows[2].Where != "items.jsonl, line 3" {
		t.Errorf("row 2 is at %q", rows[2].Where)
	}
	if _, err := Create(dir); err == nil {
		t.Error("a folder in use is overwritten")
	}
}

func TestDamagedAndUnfinishedFoldersAreRefused(t *testing.T) {
	for _, name := range append([]string{manifestName}, fileNames...) {
		dir := filepath.Join(t.TempDir(), "out")
		export(t, dir)
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		save(t, path, whole[:len(whole)/2])
		if _, err := Open(dir); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s cut in half: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}

// reseal writes a manifest that fits the files as they are now.
func reseal(t *testing.T, dir string) {
	t.Helper()
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range fileNames {
		if m.Files[name], err = fileState(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}
}

func TestALineThatCannotBeReadFailsAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	export(t, dir)
	path := filepath.Join(dir, itemsName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Split(text, []byte("\n"))
	all[1] = []byte("{broken")
	save(t, path, bytes.Join(all, []byte("\n")))
	reseal(t, dir)
	_, rows, bad := read(t, dir)
	if len(bad) != 1 || !strings.HasPrefix(bad[0], "items.jsonl, line 2: ") {
		t.Errorf("bad: %q", bad)
	}
	if len(rows) != 4 || rows[1].Item.ID != "2" || rows[1].Item.Vector[0] != float32(2)/3 || rows[2].Item.Thumbnail[3] != 3 {
		t.Errorf("the others are mixed up: %+v", rows)
	}
}

func vectors(t *testing.T, path string, rows [][]float32) {
	t.Helper()
	save(t, path, nil)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := npy.NewWriter(f, len(rows[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

type retrievalRow struct {
	Path    string  `parquet:"image_path"`
	Caption *string `parquet:"caption,optional"`
	URL     *string `parquet:"url,optional"`
	Width   int64   `parquet:"width"`
	Nsfw    float64 `parquet:"punsafe"`
}

func TestClipRetrieval(t *testing.T) {
	dir := t.TempDir()
	cat, url := "a cat", "https://example.org/1.jpg"
	vectors(t, filepath.Join(dir, "img_emb/img_emb_0.npy"), [][]float32{{1, 0}, {0, 1}})
	vectors(t, filepath.Join(dir, "text_emb/text_emb_0.npy"), [][]float32{{0, 1}, {1, 0}})
	vectors(t, filepath.Join(dir, "img_emb/img_emb_1.npy"), [][]float32{{-1, 0}})
	save(t, filepath.Join(dir, "metadata/metadata_0.parquet"), nil)
	if err := parquet.WriteFile(filepath.Join(dir, "metadata/metadata_0.parquet"), []retrievalRow{
		{Path: "/in/0.jpg", Caption: &cat, URL: &url, Width: 640, Nsfw: 0.5}, {Path: "/in/1.jpg", Width: 320},
	}); err != nil {
		t.Fatal(err)
	}
	source, rows, bad := read(t, dir)
	if source.Layout != "clip-retrieval" || source.Rows != 5 || !source.Vectors || len(bad) > 0 || len(rows) != 5 {
		t.Fatalf("%+v, %d rows, bad %q", source, len(rows), bad)
	}
	first := rows[0].Item
	if first.Kind != space.Image || first.Text != cat || first.Source != url || first.Vector[0] != 1 || first.ID == "" ||
		!reflect.DeepEqual(first.Metadata, space.Metadata{"image_path": "/in/0.jpg", "width": 640.0, "punsafe": 0.5}) {
		t.Errorf("first: %+v", first)
	}
	if text := rows[1].Item; text.Kind != space.Text || text.ID != first.ID+"/text" || text.Vector[1] != 1 {
		t.Errorf("its text: %+v", text)
	}
	if second := rows[2].Item; second.Source != "/in/1.jpg" || second.Metadata["width"] != 320.0 || second.Text != "" {
		t.Errorf("second: %+v", second)
	}
	if last := rows[4]; last.Item.ID != "img_emb_1.npy/0" || last.Where != "img_emb_1.npy, row 1" {
		t.Errorf("last: %+v", last)
	}
	vectors(t, filepath.Join(dir, "text_emb/text_emb_1.npy"), [][]float32{{0, 1}, {1, 0}})
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "do not belong together") {
		t.Errorf("files of different lengths: %v", err)
	}
}

func TestDataSetsOfFiles(t *testing.T) {
	dir := t.TempDir()
	save(t, filepath.Join(dir, "00000/000000000.jpg"), []byte("picture 0"))
	save(t, filepath.Join(dir, "00000/000000000.txt"), []byte("a cat\n"))
	save(t, filepath.Join(dir, "00000/000000000.json"), []byte(`{"url":"https://example.org/0.jpg","width":640,"status":"success","exif":null,"caption":"other"}`))
	save(t, filepath.Join(dir, "00000/000000001.json"), []byte(`{"status":"failed_to_download"}`))
	save(t, filepath.Join(dir, "00000/000000002.webp"), []byte("picture 2"))
	save(t, filepath.Join(dir, "00000/000000002.json"), []byte(`{broken`))
	save(t, filepath.Join(dir, "00001/000010000.png"), []byte("picture 3"))
	save(t, filepath.Join(dir, "00000_stats.json"), []byte(`{}`))
	source, rows, bad := read(t, dir)
	if source.Layout != "img2dataset files" || source.Vectors || len(rows) != 2 || len(bad) != 1 || !strings.HasPrefix(bad[0], "00000/000000002: ") {
		t.Fatalf("%+v, %+v, %q", source, rows, bad)
	}
	if r := rows[0]; string(r.Image) != "picture 0" || r.Item.Text != "a cat" || r.Item.Source != "https://example.org/0.jpg" ||
		!reflect.DeepEqual(r.Item.Metadata, space.Metadata{"width": 640.0, "status": "success"}) {
		t.Errorf("%+v", r.Item)
	}
}

func shard(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDataSetsOfShards(t *testing.T) {
	dir := t.TempDir()
	save(t, filepath.Join(dir, "00000.tar"), shard(t,
		"000000000.jpg", "picture 0", "000000000.txt", "a cat", "000000000.json", `{"key":"000000000"}`,
		"sub.dir/000000001.tar.jpg", "unknown", "000000002.json", "{}", "000000003.png", "picture 3"))
	whole := shard(t, "0.jpg", "picture 0", "1.jpg", strings.Repeat("x", 4000))
	save(t, filepath.Join(dir, "00001.tar"), whole[:2000])
	source, rows, bad := read(t, dir)
	if source.Layout != "img2dataset webdataset" || len(rows) != 3 {
		t.Fatalf("%+v, %+v, %q", source, rows, bad)
	}
	if r := rows[0]; r.Where != "00000.tar, 000000000" || string(r.Image) != "picture 0" || r.Item.Text != "a cat" || r.Item.Metadata["key"] != "000000000" {
		t.Errorf("%+v", r)
	}
	if len(bad) != 1 || !strings.HasPrefix(bad[0], `00001.tar: what follows "1" was not read`) {
		t.Errorf("a shard that is cut off: %q", bad)
	}
	if _, one, _ := read(t, filepath.Join(dir, "00000.tar")); len(one) != 2 {
		t.Errorf("one shard alone: %+v", one)
	}
}

func TestDataSetsOfTables(t *testing.T) {
	type row struct {
		JPG     []byte  `parquet:"jpg,optional"`
		Caption string  `parquet:"caption"`
		URL     string  `parquet:"url"`
		Score   float32 `parquet:"score"`
		Ok      bool    `parquet:"ok"`
	}
	dir := t.TempDir()
	all := []row{{JPG: []byte("picture"), Caption: "a cat", URL: "u", Score: 0.5, Ok: true}, {Caption: "gone", URL: "v"}}
	for range 600 {
		all = append(all, row{JPG: []byte("x"), URL: "w", Score: float32(math.NaN())})
	}
	if err := parquet.WriteFile(filepath.Join(dir, "00000.parquet"), all); err != nil {
		t.Fatal(err)
	}
	source, rows, bad := read(t, dir)
	if source.Layout != "img2dataset parquet" || source.Rows != 602 || len(rows) != 601 || len(bad) > 0 {
		t.Fatalf("%+v, %d rows, %q", source, len(rows), bad)
	}
	if r := rows[0]; string(r.Image) != "picture" || r.Item.Text != "a cat" || r.Item.Source != "u" || r.Item.Metadata["ok"] != true || r.Item.Metadata["score"] != 0.5 {
		t.Errorf("%+v", r.Item)
	}
	if score, kept := rows[1].Item.Metadata["score"]; kept {
		t.Errorf("a missing number became %v", score)
	}
	type other struct{ Name string }
	if err := parquet.WriteFile(filepath.Join(dir, "00000.parquet"), []other{{"x"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrUnknownLayout) || !strings.Contains(err.Error(), "no image column") {
		t.Errorf("a table without images: %v", err)
	}
}

func TestWhatCannotBeImported(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, ErrUnknownLayout) || !strings.Contains(err.Error(), "img_emb") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := Open(save(t, filepath.Join(dir, "notes.txt"), []byte("x"))); !errors.Is(err, ErrUnknownLayout) {
		t.Errorf("a text: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "gone")); err == nil {
		t.Error("no error of a path that is not there")
	}
	for content, says := range map[string]string{
		"PAR1 no table PAR1": "its footer claims", "PAR1\x00\x00\xff\xffPAR1": "its footer claims", "PAR1": "too short", "PAR1 something else": "does not end with",
	} {
		if _, err := Open(save(t, filepath.Join(dir, "x.parquet"), []byte(content))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %s", content, err, says)
		}
	}
}

func TestReadingStops(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	export(t, dir)
	source, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err = source.Each(ctx, Sink{Row: func(Row) error { seen++; cancel(); return nil }, Bad: func(string, error) {}})
	if !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("%d rows, %v", seen, err)
	}
}

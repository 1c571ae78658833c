package exchange

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// retrievalLines are two texts and two images, whose metadata are of every type, and of two under one name.
func retrievalLines() []api.TransferLine {
	item := func(id string, kind space.Kind, source, text string, x float32, about space.Metadata) api.TransferLine {
		it := &api.TransferItem{Vector: api.Components{x, 0, 1}, Thumbnail: []byte{0xff, 0xd8}}
		it.ID, it.Kind, it.Source, it.Text, it.Metadata = id, kind, source, text, about
		return api.TransferLine{Item: it}
	}
	return []api.TransferLine{
		{Header: &api.TransferHeader{Version: 1, Collection: "c", Fingerprint: &fingerprint}},
		item("t1", space.Text, "", "<täxt>", .1, space.Metadata{"n": 1.5, "mixed": "one"}),
		item("i1", space.Image, "/in/1.jpg", "a cat", .2, space.Metadata{"n": -2.0, "ok": true, "list": []any{"a", "b"}}),
		item("t2", space.Text, "notes.txt", "zwei", .3, space.Metadata{"mixed": 2.0}),
		item("i2", space.Image, "/in/2.jpg", "", .4, nil),
		{Decision: &api.Decision{Key: "a|b", Verdict: "no copies"}},
		{End: &api.TransferEnd{Items: 4, Decisions: 1}},
	}
}

func exportRetrieval(t *testing.T, dir string) Manifest {
	t.Helper()
	w, err := CreateRetrieval(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range retrievalLines() {
		if err := w.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnExportForClipRetrievalIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	m := exportRetrieval(t, dir)
	var names []string
	for name := range m.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"img_emb/img_emb_0.npy", "metadata/metadata_0.parquet", "metadata/metadata_1.parquet", "text_emb/text_emb_1.npy"}
	if m.Items != 4 || !slices.Equal(names, want) {
		t.Errorf("%d items, %q", m.Items, names)
	}
	left, err := filepath.Glob(filepath.Join(dir, "unfinished*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%q stay, %v", left, err)
	}
	source, rows, bad := read(t, dir)
	if source.Layout != "clip-retrieval" || source.Rows != 4 || len(bad) > 0 || len(rows) != 4 {
		t.Fatalf("%+v, %d rows, bad %q", source, len(rows), bad)
	}
	about := map[string]space.Metadata{
		"i1": {"n": -2.0, "ok": true, "list": `["a","b"]`}, "i2": nil, "t1": {"n": 1.5, "mixed": "one"}, "t2": {"mixed": "2"},
	}
	at := 0
	for _, kind := range []space.Kind{space.Image, space.Text} {
		for _, line := range retrievalLines() {
			if line.Item == nil || line.Item.Kind != kind {
				continue
			}
			got, want := rows[at].Item, line.Item
			at++
			if got.ID != want.ID || got.Kind != want.Kind || got.Source != want.Source || got.Text != want.Text || !slices.Equal(got.Vector, want.Vector) {
				t.Errorf("%s: %+v", want.ID, got)
			}
			if !reflect.DeepEqual(got.Metadata, about[want.ID]) {
				t.Errorf("%s: metadata %v", want.ID, got.Metadata)
			}
		}
	}
}

// TestTheTableIsPlainParquet: other readers see columns of the usual types, with nulls where an item has nothing.
func TestTheTableIsPlainParquet(t *testing.T) {
	dir := t.TempDir()
	exportRetrieval(t, dir)
	type row struct {
		ID      string   `parquet:"clipd_id,optional"`
		Path    string   `parquet:"image_path,optional"`
		Caption *string  `parquet:"caption,optional"`
		N       *float64 `parquet:"n,optional"`
		OK      *bool    `parquet:"ok,optional"`
	}
	rows, err := parquet.ReadFile[row](filepath.Join(dir, "metadata/metadata_0.parquet"))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if r := rows[0]; r.ID != "i1" || r.Path != "/in/1.jpg" || *r.Caption != "a cat" || *r.N != -2 || !*r.OK {
		t.Errorf("%+v", r)
	}
	if r := rows[1]; r.ID != "i2" || r.Caption != nil || r.N != nil || r.OK != nil {
		t.Errorf("%+v", r)
	}
}

func TestUnfinishedExportsForClipRetrieval(t *testing.T) {
	dir := t.TempDir()
	w, err := CreateRetrieval(dir)
	if err != nil {
		t.Fatal(err)
	}
	lines := retrievalLines()
	if err := w.Line(lines[1]); err == nil || !strings.Contains(err.Error(), "no header") {
		t.Errorf("without a header: %v", err)
	}
	if _, err := w.Commit(); err == nil {
		t.Error("without a header it is committed")
	}
	for _, line := range lines[:3] {
		if err := w.Line(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Line(lines[6]); err == nil || !strings.Contains(err.Error(), "the server sent 4") {
		t.Errorf("items are missing: %v", err)
	}
	w.Abort()
	if _, err := Open(dir); err == nil {
		t.Error("an unfinished export can be read")
	}
	if _, err := CreateRetrieval(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder that holds something: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

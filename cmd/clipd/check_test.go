package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
)

func TestCheckAndRebuild(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	if got := c.must(t, exitFailed, "check"); !strings.Contains(got.err, "there is no collection yet") {
		t.Errorf("of nothing: %q", got.err)
	}
	dir := saveMany(t, 3)
	c.must(t, exitDone, "index", dir)
	c.must(t, exitDone, "collections", "create", "empty")
	got := decode[checked](t, c.must(t, exitDone, "check", "--json"))
	if len(got.Collections) != 2 || got.Collections[1].Collection != photosCollection {
		t.Fatalf("got %+v", got)
	}
	if r := got.Collections[1]; r.Images != 3 || r.Thumbnails != 3 || r.Files != 3 || r.InVectors != 3 || r.InWords != 3 || r.Faulty != 0 {
		t.Errorf("got %+v", r)
	}
	before := c.must(t, exitDone, "similar", filepath.Join(dir, "0001.jpg"))
	startServer(t, c)
	if table := c.must(t, exitDone, "check", "-c", photosCollection); !strings.Contains(table.out, "sound") {
		t.Errorf("got\n%s", table.out)
	}
	rebuilt := decode[struct{ Collections []api.RebuildReport }](t, c.must(t, exitDone, "rebuild", "--json"))
	if len(rebuilt.Collections) != 2 || rebuilt.Collections[1].Items != 3 {
		t.Errorf("got %+v", rebuilt)
	}
	if after := c.must(t, exitDone, "similar", filepath.Join(dir, "0001.jpg")); after.out != before.out {
		t.Errorf("before:\n%s\nafter:\n%s", before.out, after.out)
	}
	c.must(t, exitFailed, "rebuild", "-c", "nowhere")
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackupAndRestore(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	dir := saveMany(t, 4)
	c.must(t, exitDone, "index", dir)
	startServer(t, c)
	to := filepath.Join(t.TempDir(), "backups")
	got := decode[struct{ Backups []backedUp }](t, c.must(t, exitDone, "backup", to, "--json"))
	if len(got.Backups) != 1 || got.Backups[0].Items != 4 || got.Backups[0].Bytes == 0 {
		t.Fatalf("got %+v", got)
	}
	if table := c.must(t, exitDone, "backup", to, "-c", photosCollection); !strings.Contains(table.out, "photos.tar") {
		t.Errorf("a second backup:\n%s", table.out)
	}
	if got := c.must(t, exitFailed, "restore", to); !strings.Contains(got.err, "exists already") {
		t.Errorf("restored over the original: %q", got.err)
	}
	c.must(t, exitDone, "restore", filepath.Join(to, "photos.tar"), "-c", "again")
	other := newCLI(t)
	if table := other.must(t, exitDone, "restore", to); !strings.Contains(table.out, "sound") {
		t.Errorf("got\n%s", table.out)
	}
	query := []string{"similar", filepath.Join(dir, "0002.jpg"), "--json"}
	if a, b := c.must(t, exitDone, query...), other.must(t, exitDone, query...); untimed(a.out) != untimed(b.out) {
		t.Errorf("the copy answers\n%s\nwant\n%s", b.out, a.out)
	}
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	whole, err := os.ReadFile(filepath.Join(to, "photos.tar"))
	if err != nil {
		t.Fatal(err)
	}
	half := save(t, filepath.Join(to, "half.tar"), whole[:len(whole)/2])
	if got := c.must(t, exitFailed, "restore", half, "-c", "half"); !strings.Contains(got.err, "cut off") || !strings.Contains(got.err, "half.tar") {
		t.Errorf("half an archive: %q", got.err)
	}
	if got := c.must(t, exitUsage, "restore", to, "-c", "x"); !strings.Contains(got.err, "2 archives") {
		t.Errorf("got %q", got.err)
	}
	if got := c.must(t, exitFailed, "restore", t.TempDir()); !strings.Contains(got.err, "no .tar archive") {
		t.Errorf("got %q", got.err)
	}
}

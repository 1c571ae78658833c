package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/setaside"
	"github.com/clipd/clipd/space"
)

// fileState is all that must come back of a file.
type fileState struct {
	content  string
	mode     fs.FileMode
	modified time.Time
}

func folderState(t *testing.T, dir string) map[string]fileState {
	t.Helper()
	found := map[string]fileState{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		found[path] = fileState{string(content), info.Mode(), info.ModTime()}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameFiles(t *testing.T, dir string, want map[string]fileState) {
	t.Helper()
	got := folderState(t, dir)
	if len(got) != len(want) {
		t.Errorf("%s holds %d files, want %d", dir, len(got), len(want))
	}
	for path, w := range want {
		if g := got[path]; g.content != w.content || g.mode != w.mode || !g.modified.Equal(w.modified) {
			t.Errorf("%s: %d bytes, %v, %v; want %d bytes, %v, %v", path, len(g.content), g.mode, g.modified, len(w.content), w.mode, w.modified)
		}
	}
}

// album makes n pictures, each with an equal copy and a smaller one.
func album(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		whole := jpegBytes(t, collage(i, 400, 300), 92)
		save(t, filepath.Join(dir, fmt.Sprintf("p%02d.jpg", i)), whole)
		equal := save(t, filepath.Join(dir, "phone", fmt.Sprintf("p%02d.jpg", i)), whole)
		small := save(t, filepath.Join(dir, "sent", fmt.Sprintf("p%02d.jpg", i)), jpegBytes(t, collage(i, 240, 180), 80))
		when := time.Date(2021, 5, 6, 7, 8, 9, 123456000, time.UTC).Add(time.Duration(i) * time.Hour)
		for _, path := range []string{equal, small} {
			if err := os.Chtimes(path, when, when); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(small, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func countItemsOf(t *testing.T, c *cli) int {
	t.Helper()
	found := sources(t, c, photosCollection)
	for _, source := range found {
		if _, err := os.Lstat(source); err != nil {
			t.Errorf("a ghost: %v", err)
		}
	}
	return len(found)
}

func TestDupesApplyAndUndo(t *testing.T) {
	needLibrary(t)
	const n = 4
	c, dir := newCLI(t), album(t, n)
	target := filepath.Join(t.TempDir(), "copies")
	c.must(t, exitDone, "index", dir)
	before := folderState(t, dir)

	dry := c.must(t, exitDone, "dupes", "apply", "--move-to", target)
	if !strings.Contains(dry.out, "8 files") || !strings.Contains(dry.err, "nothing was done") {
		t.Errorf("without a terminal: %s%s", dry.out, dry.err)
	}
	plan := decode[dupePlan](t, c.must(t, exitDone, "dupes", "apply", "--move-to", target, "--dry-run", "--json"))
	if plan.Files != 2*n || plan.Steps[0].Reason == "" || plan.Steps[0].To == "" {
		t.Errorf("plan %+v", plan)
	}
	sameFiles(t, dir, before)
	if inside := c.must(t, exitDone, "dupes", "apply", "--move-to", filepath.Join(dir, "copies"), "--dry-run"); !strings.Contains(inside.err, "find the copies there again") {
		t.Errorf("a target inside the indexed folder: %s", inside.err)
	}

	edited := filepath.Join(dir, "sent", "p00.jpg")
	whole := before[edited]
	save(t, edited, []byte("edited since"))
	done := decode[dupesResult](t, c.must(t, exitPartial, "dupes", "apply", "--move-to", target, "--yes", "--json"))
	if done.Done != 2*n-1 || len(done.Refused) != 1 || done.Refused[0].Item != edited {
		t.Errorf("applied: %+v", done)
	}
	save(t, edited, []byte(whole.content))
	if err := os.Chtimes(edited, whole.modified, whole.modified); err != nil {
		t.Fatal(err)
	}
	if got := countItemsOf(t, c); got != n+1 {
		t.Errorf("%d items are left, want %d", got, n+1)
	}
	if moved, err := os.ReadFile(filepath.Join(target, "sent", "p01.jpg")); err != nil || string(moved) != before[filepath.Join(dir, "sent", "p01.jpg")].content {
		t.Errorf("the moved file: %d bytes, %v", len(moved), err)
	}
	c.must(t, exitFailed, "dupes", "undo", filepath.Join(dir, "p00.jpg"))
	back := c.must(t, exitDone, "dupes", "undo", done.Manifest)
	if !strings.Contains(back.out, "7 files brought back") {
		t.Errorf("undo: %s", back.out)
	}
	sameFiles(t, dir, before)
	if got := countItemsOf(t, c); got != 3*n {
		t.Errorf("%d items after undo, want %d", got, 3*n)
	}
	again := decode[summary](t, c.must(t, exitDone, "index", dir, "--json"))
	if again.Unchanged != 3*n {
		t.Errorf("an index after undo: %+v", again.counts)
	}

	linked := decode[dupesResult](t, c.must(t, exitDone, "dupes", "apply", "--hardlink", "--yes", "--json"))
	a, _ := os.Stat(filepath.Join(dir, "p01.jpg"))
	if b, _ := os.Stat(filepath.Join(dir, "phone", "p01.jpg")); linked.Done != n || !os.SameFile(a, b) {
		t.Errorf("hard links: %+v", linked)
	}
	c.must(t, exitDone, "dupes", "undo", linked.Manifest)
	sameFiles(t, dir, before)

	for _, args := range [][]string{{"apply"}, {"apply", "--delete", "--hardlink"}, {"report"}, {"decide", "a"}, {"apply", "--move-to", "x", "--evidence", "love"}} {
		c.must(t, exitUsage, append([]string{"dupes"}, args...)...)
	}

	deleted := decode[dupesResult](t, c.must(t, exitDone, "dupes", "apply", "--delete", "--evidence", "bytes", "--yes", "--json"))
	if deleted.Done != n || countItemsOf(t, c) != 2*n {
		t.Errorf("deleted: %+v", deleted)
	}
	if undone := c.must(t, exitPartial, "dupes", "undo", deleted.Manifest); !strings.Contains(undone.out, "for good") {
		t.Errorf("undo of deleting: %s", undone.out)
	}
}

// A clipd that is killed while it moves loses nothing: resume ends the work, undo takes all back.
func TestKilledDupesApply(t *testing.T) {
	needLibrary(t)
	const n = 12
	c, dir := newCLI(t), album(t, n)
	target := t.TempDir()
	c.must(t, exitDone, "index", dir)
	before := folderState(t, dir)
	apply := startProcess(t, c, "dupes", "apply", "--move-to", target, "--yes")
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		if moved := folderState(t, target); len(moved) > 3 { // the manifest and some files
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was moved")
		}
	}
	_ = apply.Process.Kill() // it may have ended
	_ = apply.Wait()
	at := map[string]int{}
	for path := range folderState(t, dir) {
		inner, _ := filepath.Rel(dir, path)
		at[inner]++
	}
	manifest := ""
	for path := range folderState(t, target) {
		inner, _ := filepath.Rel(target, path)
		if strings.HasSuffix(inner, ".jsonl") {
			manifest = path
			continue
		}
		at[inner]++
	}
	if len(at) != 3*n {
		t.Errorf("%d files are somewhere, want %d", len(at), 3*n)
	}
	for inner, places := range at {
		if places != 1 {
			t.Errorf("%s is at %d places", inner, places)
		}
	}
	c.must(t, exitDone, "dupes", "resume", manifest)
	if got := countItemsOf(t, c); got != n {
		t.Errorf("%d items after the work has ended, want %d", got, n)
	}
	c.must(t, exitDone, "dupes", "undo", manifest)
	sameFiles(t, dir, before)
	if got := countItemsOf(t, c); got != 3*n {
		t.Errorf("%d items after undo, want %d", got, 3*n)
	}
}

func TestDupesReportAndDecisions(t *testing.T) {
	needLibrary(t)
	c, dir := newCLI(t), album(t, 2)
	page := filepath.Join(t.TempDir(), "copies.html")
	save(t, filepath.Join(dir, "odd <name> & co.jpg"), jpegBytes(t, collage(1, 240, 180), 78))
	policy := save(t, filepath.Join(t.TempDir(), "keep.yaml"), []byte("order: [folder, resolution, name]\nfolders: ["+filepath.Join(dir, "sent")+"]\n"))
	c.must(t, exitDone, "dupes", "report", dir, "--html", page, "--keep-policy", policy)
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	html := string(content)
	for _, want := range []string{"2 groups, 5 copies among 7 images", "same bytes", "data:image/jpeg;base64,", "odd &lt;name&gt; &amp; co.jpg", "240×180 → 400×300", "kept is the other: in " + filepath.Join(dir, "sent")} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if strings.Contains(html, "ZgotmplZ") || strings.Contains(html, "http://") || strings.Contains(html, "https://") || strings.Count(html, "<img") != 7 {
		t.Errorf("the page needs something from outside, or has %d pictures", strings.Count(html, "<img"))
	}
	folder := folderCollection(dir)
	in := func(args ...string) []string { return append(args, "-c", folder) }
	c.must(t, exitDone, in("dupes", "decide", "--as", "keep-both", filepath.Join(dir, "p00.jpg"), filepath.Join(dir, "phone", "p00.jpg"), filepath.Join(dir, "sent", "p00.jpg"))...)
	c.must(t, exitDone, in("dupes", "decide", "--as", "not-a-duplicate", filepath.Join(dir, "p01.jpg"), filepath.Join(dir, "sent", "p01.jpg"))...)
	left := decode[api.DuplicatesResponse](t, c.must(t, exitDone, in("dupes", "--json")...))
	for _, group := range left.Groups {
		names := []string{strings.TrimPrefix(group.Original.Item.Source, dir)}
		for _, copied := range group.Copies {
			names = append(names, strings.TrimPrefix(copied.Item.Source, dir))
		}
		if slices.Contains(names, "/p00.jpg") || slices.Contains(names, "/p01.jpg") && slices.Contains(names, "/sent/p01.jpg") {
			t.Errorf("after deciding there is a group of %q", names)
		}
	}
	if len(left.Groups) == 0 { // p01.jpg and its equal copy
		t.Error("after deciding there is no group")
	}
	list := decode[api.DecisionList](t, c.must(t, exitDone, in("dupes", "decisions", "--json")...))
	if len(list.Decisions) != 3 { // three files of two contents make two pairs to keep
		t.Errorf("decisions %+v", list)
	}
	c.must(t, exitFailed, in("dupes", "decide", "--as", "drop", "nowhere.jpg")...)
	table := c.must(t, exitDone, in("dupes", "decisions", "--revoke", list.Decisions[0].Key)...)
	if strings.Count(table.out, "\n") != 3 {
		t.Errorf("after taking one back:\n%s", table.out)
	}
	preview := decode[api.PreviewResponse](t, c.must(t, exitDone, in("dupes", "preview", "--json")...))
	plot := c.must(t, exitDone, in("dupes", "preview")...)
	if preview.Images != 7 || len(preview.Distances) < 3 || !strings.Contains(plot.out, "█") || !strings.Contains(plot.out, "7 images compared") {
		t.Errorf("preview %+v\n%s", preview, plot.out)
	}
	c.must(t, exitDone, "dupes", dir, "--temporary")
	if gone := c.run(in("dupes")...); gone.status != exitFailed {
		t.Errorf("the temporary collection is there still: %s", gone.out)
	}
	bad := save(t, filepath.Join(t.TempDir(), "bad.yaml"), []byte("ordre: [size]\n"))
	if got := c.must(t, exitUsage, "dupes", "--keep-policy", bad); !strings.Contains(got.err, "ordre") {
		t.Errorf("a misspelt policy: %s", got.err)
	}
	unknown := save(t, filepath.Join(t.TempDir(), "unknown.yaml"), []byte("order: [colour]\n"))
	for _, command := range []string{"dupes", "serve"} {
		if got := c.must(t, exitUsage, command, "--keep-policy", unknown); !strings.Contains(got.err, "colour") || !strings.Contains(got.err, unknown) {
			t.Errorf("%s with an unknown rule: %s", command, got.err)
		}
	}
	config := save(t, filepath.Join(t.TempDir(), "clipd.yaml"), []byte("keep-policy: "+unknown+"\n"))
	if got := c.must(t, exitUsage, "dupes", "--config", config); !strings.Contains(got.err, "colour") {
		t.Errorf("a policy of the configuration file: %s", got.err)
	}
}

func member(source, sha string, change func(*api.DuplicateMember)) api.DuplicateMember {
	m := api.DuplicateMember{Item: api.Item{Item: space.Item{ID: source, Kind: space.Image, Source: source, SHA256: sha, Picture: &space.Picture{Bytes: 10}}},
		Proof: &space.Pair{Evidence: space.Perceptual}}
	if change != nil {
		change(&m)
	}
	return m
}

func TestPlan(t *testing.T) {
	target := t.TempDir()
	save(t, filepath.Join(target, "b", "x.jpg"), []byte("here first"))
	group := func(level space.Level, original api.DuplicateMember, copies ...api.DuplicateMember) api.DuplicateGroup {
		return api.DuplicateGroup{Level: level, Medoid: original.Item.ID, Original: original, Copies: copies}
	}
	groups := []api.DuplicateGroup{
		group(space.Duplicate, member("/p/a/x.jpg", "1", nil),
			member("/p/a/y.jpg", "1", func(m *api.DuplicateMember) { m.Proof.Evidence = space.SameBytes }),
			member("/p/b/x.jpg", "2", nil),
			member("/p/b/kept.jpg", "3", func(m *api.DuplicateMember) { m.Kept, m.Reason = true, "you keep both" }),
			member("uploaded", "4", nil)),
		group(space.Similar, member("/p/s.jpg", "5", nil), member("/p/t.jpg", "6", nil)),
		group(space.Duplicate, member("no file", "7", nil), member("/p/u.jpg", "8", nil)),
	}
	sourcesOf := func(p *dupePlan) (steps, left []string) {
		for _, s := range p.Steps {
			inner, _ := filepath.Rel(target, s.To)
			steps = append(steps, s.From+" "+inner)
		}
		for _, l := range p.Left {
			left = append(left, l.Item)
		}
		return steps, left
	}
	for _, test := range []struct {
		action   setaside.Action
		evidence string
		want     []string
		left     []string
	}{
		{setaside.Move, evidenceAny, []string{"/p/a/y.jpg a/y.jpg", "/p/b/x.jpg b/x (2).jpg"}, []string{"/p/b/kept.jpg", "uploaded", "/p/u.jpg"}},
		{setaside.Move, evidenceBytes, []string{"/p/a/y.jpg y.jpg"}, []string{"/p/b/x.jpg", "/p/b/kept.jpg", "uploaded", "/p/u.jpg"}},
		{setaside.Hardlink, evidenceAny, []string{"/p/a/y.jpg "}, []string{"/p/b/x.jpg", "/p/b/kept.jpg", "uploaded", "/p/u.jpg"}},
	} {
		p, err := planFor("photos", test.action, target, test.evidence, groups)
		if err != nil {
			t.Fatal(err)
		}
		steps, left := sourcesOf(p)
		if test.action != setaside.Move {
			steps = []string{p.Steps[0].From + " " + p.Steps[0].To}
		}
		if !slices.Equal(steps, test.want) || !slices.Equal(left, test.left) {
			t.Errorf("%s, %s: steps %q, left %q; want %q, %q", test.action, test.evidence, steps, left, test.want, test.left)
		}
	}
	twin := group(space.Duplicate, member("/p/o.jpg", "1", nil), member("/p/m.jpg", "2", nil), member("/p/c.jpg", "2", func(m *api.DuplicateMember) { m.Proof.Evidence = space.SameBytes }))
	twin.Medoid = "/p/m.jpg" // c is the medoid's twin, but only a perceptual copy of the original
	p, err := planFor("photos", setaside.Delete, "", evidenceBytes, []api.DuplicateGroup{twin})
	if err != nil || len(p.Steps) != 0 {
		t.Errorf("by bytes alone %d files would be deleted, %v", len(p.Steps), err)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
}

// A person at the terminal who says no is obeyed.
func TestDupesApplyAsks(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "n\n": false, "": false} {
		a := &app{console: console{in: strings.NewReader(answer), err: os.Stderr, out: os.Stdout, inTerminal: true, lookupEnv: os.LookupEnv}}
		if err := a.confirm(false, a.question(&dupePlan{Action: setaside.Delete, Files: 2, Bytes: 20})); (err == nil) != want {
			t.Errorf("answer %q: %v", answer, err)
		}
	}
}

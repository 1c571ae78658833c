//go:build unix

package setaside_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/internal/setaside"
)

// place is what a test looks at of a file.
type place struct {
	content  string
	mode     fs.FileMode
	modified time.Time
}

// tree reads all files below a folder, but for manifests.
func tree(t *testing.T, root string) map[string]place {
	t.Helper()
	found := map[string]place{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".jsonl") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		found[path] = place{string(content), info.Mode(), info.ModTime()}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameTree(t *testing.T, root string, want map[string]place) {
	t.Helper()
	got := tree(t, root)
	for path, p := range want {
		if g, there := got[path]; !there || g.content != p.content || g.mode != p.mode || !g.modified.Equal(p.modified) {
			t.Errorf("%s is %.60v, want %.60v", path, g, p)
		}
	}
	for path := range got {
		if _, there := want[path]; !there {
			t.Errorf("%s is there, and was not before", path)
		}
	}
}

func sum(content string) string {
	digest := sha256.Sum256([]byte(content))
	return hex.EncodeToString(digest[:])
}

func write(t *testing.T, path, content string, mode fs.FileMode, age int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2020, 1, 2, 3, 4, 5, 123456789, time.UTC).Add(time.Duration(age) * time.Hour)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

// scene makes n kept files and n copies in folders; copies differ from what is kept unless same is true.
func scene(t *testing.T, root, target string, n int, same bool) []setaside.Step {
	t.Helper()
	var steps []setaside.Step
	for i := range n {
		kept, copied := fmt.Sprintf("picture %d", i), fmt.Sprintf("picture %d, smaller", i)
		if same {
			copied = kept
		}
		step := setaside.Step{
			From: filepath.Join(root, fmt.Sprintf("album %d", i%3), fmt.Sprintf("copy-%d.jpg", i)),
			To:   filepath.Join(target, fmt.Sprintf("album %d", i%3), fmt.Sprintf("copy-%d.jpg", i)),
			Kept: filepath.Join(root, fmt.Sprintf("kept-%d.jpg", i)), SHA256: sum(copied), KeptSHA256: sum(kept),
		}
		write(t, step.Kept, kept, 0o644, i)
		write(t, step.From, copied, []fs.FileMode{0o644, 0o600, 0o444}[i%3], 100+i)
		steps = append(steps, step)
	}
	return steps
}

func create(t *testing.T, dir string, action setaside.Action, steps []setaside.Step) *setaside.Manifest {
	t.Helper()
	m, err := setaside.Create(filepath.Join(dir, "manifest.jsonl"), action, map[string]string{"collection": "photos"}, steps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// outcome runs Apply or Undo and collects what was refused.
func outcome(t *testing.T, m *setaside.Manifest, undo bool) (done int, refused map[int]string) {
	t.Helper()
	refused = map[int]string{}
	each := func(n int, err error) {
		if err != nil {
			refused[n] = err.Error()
			return
		}
		done++
	}
	var err error
	if undo {
		err = m.Undo(t.Context(), each)
	} else {
		err = m.Apply(t.Context(), each)
	}
	if err != nil {
		t.Fatal(err)
	}
	return done, refused
}

func TestApplyAndUndo(t *testing.T) {
	for name, test := range map[string]struct {
		action setaside.Action
		across bool
	}{
		"move":                     {setaside.Move, false},
		"move across file systems": {setaside.Move, true},
		"hardlink":                 {setaside.Hardlink, false},
	} {
		t.Run(name, func(t *testing.T) {
			root, target := t.TempDir(), t.TempDir()
			steps := scene(t, root, target, 7, test.action != setaside.Move)
			before := tree(t, root)
			m := create(t, target, test.action, steps)
			if test.across {
				m.ActAcrossDevices()
			}
			if done, refused := outcome(t, m, false); done != 7 || len(refused) != 0 {
				t.Fatalf("%d done, refused %v", done, refused)
			}
			for _, step := range steps {
				_, err := os.Stat(step.From)
				if moved := errors.Is(err, fs.ErrNotExist); moved != (test.action == setaside.Move) {
					t.Errorf("%s: %v", step.From, err)
				}
			}
			if test.action == setaside.Move {
				moved := map[string]place{}
				for _, step := range steps {
					moved[step.To] = before[step.From]
				}
				sameTree(t, target, moved)
			} else if !oneFile(t, steps[0]) {
				t.Error("the copy is no link to the kept file")
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			again, err := setaside.Open(m.Path())
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if test.across {
				again.ActAcrossDevices()
			}
			if done, refused := outcome(t, again, true); done != 7 || len(refused) != 0 {
				t.Fatalf("undo: %d done, refused %v", done, refused)
			}
			sameTree(t, root, before)
			sameTree(t, target, nil)
			if entries, _ := os.ReadDir(target); len(entries) != 1 {
				t.Errorf("beside the manifest, %d things are left", len(entries)-1)
			}
			if done, refused := outcome(t, again, true); done != 0 || len(refused) != 0 {
				t.Errorf("a second undo did %d, refused %v", done, refused)
			}
		})
	}
}

func oneFile(t *testing.T, step setaside.Step) bool {
	t.Helper()
	a, errA := os.Stat(step.From)
	b, errB := os.Stat(step.Kept)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	return os.SameFile(a, b)
}

func TestHardlinkedFilesPartAgain(t *testing.T) {
	root := t.TempDir()
	steps := scene(t, root, root, 1, true)
	m := create(t, root, setaside.Hardlink, steps)
	outcome(t, m, false)
	outcome(t, m, true)
	if oneFile(t, steps[0]) {
		t.Error("they are one file still")
	}
}

func TestReflink(t *testing.T) {
	root := t.TempDir()
	steps := scene(t, root, root, 2, true)
	before := tree(t, root)
	m := create(t, root, setaside.Reflink, steps)
	done, refused := outcome(t, m, false)
	if done == 0 && !strings.Contains(refused[0], "share blocks") {
		t.Errorf("refused %v", refused)
	}
	sameTree(t, root, before) // shared or refused: bytes, names, times and modes are the same
	outcome(t, m, true)
	sameTree(t, root, before)
}

func TestWhatIsNotAsKnownIsRefused(t *testing.T) {
	root, target := t.TempDir(), t.TempDir()
	steps := scene(t, root, target, 8, false)
	write(t, steps[0].From, "edited since", 0o644, 1)
	write(t, steps[1].Kept, "edited since", 0o644, 1)
	for _, err := range []error{
		os.Remove(steps[2].From),
		os.Remove(steps[3].Kept),
		os.Remove(steps[4].From), os.Symlink(steps[4].Kept, steps[4].From),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(t, steps[5].To, "it was here first", 0o644, 1)
	// the copy of step 6 is what step 7 keeps, reached by another path
	if err := os.Symlink(root, filepath.Join(target, "link")); err != nil {
		t.Fatal(err)
	}
	steps[6].From = filepath.Join(target, "link", "kept-7.jpg")
	steps[6].SHA256 = steps[7].KeptSHA256
	before := tree(t, root)
	m := create(t, target, setaside.Move, steps)
	done, refused := outcome(t, m, false)
	want := map[int]string{0: "changed", 1: "changed", 2: "gone", 3: "gone", 4: "symbolic", 5: "lies at", 6: "kept"}
	if done != 1 || len(refused) != len(want) {
		t.Errorf("%d done, refused %v", done, refused)
	}
	for n, says := range want {
		if !strings.Contains(refused[n], says) {
			t.Errorf("step %d: %q, want it to say %q", n, refused[n], says)
		}
	}
	delete(before, steps[7].From)
	sameTree(t, root, before)
	outcome(t, m, true)
	if content, err := os.ReadFile(steps[5].To); err != nil || string(content) != "it was here first" {
		t.Errorf("the file that was there first: %q, %v", content, err)
	}
}

func TestOnlyEqualFilesAreLinked(t *testing.T) {
	root := t.TempDir()
	steps := scene(t, root, root, 1, false)
	before := tree(t, root)
	for _, action := range []setaside.Action{setaside.Hardlink, setaside.Reflink} {
		m := create(t, t.TempDir(), action, steps)
		if done, refused := outcome(t, m, false); done != 0 || !strings.Contains(refused[0], "bytes") {
			t.Errorf("%s: %d done, refused %v", action, done, refused)
		}
	}
	sameTree(t, root, before)
}

func TestDeleteIsForGood(t *testing.T) {
	root := t.TempDir()
	steps := scene(t, root, root, 2, false)
	before := tree(t, root)
	m := create(t, root, setaside.Delete, steps)
	if done, _ := outcome(t, m, false); done != 2 {
		t.Fatalf("%d done", done)
	}
	left := maps.Clone(before)
	delete(left, steps[0].From)
	delete(left, steps[1].From)
	sameTree(t, root, left)
	if done, refused := outcome(t, m, true); done != 0 || !strings.Contains(refused[0], "for good") {
		t.Errorf("undo: %d done, refused %v", done, refused)
	}
}

func TestUndoOverwritesNothing(t *testing.T) {
	root, target := t.TempDir(), t.TempDir()
	steps := scene(t, root, target, 3, false)
	m := create(t, target, setaside.Move, steps)
	outcome(t, m, false)
	write(t, steps[0].From, "a new picture of the old name", 0o644, 5)
	write(t, steps[1].To, "edited where it lies", 0o644, 5)
	done, refused := outcome(t, m, true)
	if done != 1 || !strings.Contains(refused[0], "something else") || !strings.Contains(refused[1], "changed") {
		t.Errorf("%d done, refused %v", done, refused)
	}
	if got := tree(t, root)[steps[0].From].content; got != "a new picture of the old name" {
		t.Errorf("the new file holds %q", got)
	}
	if err := os.Remove(steps[0].From); err != nil {
		t.Fatal(err)
	}
	if done, _ := outcome(t, m, true); done != 1 {
		t.Errorf("after the way was cleared %d were undone, want 1", done)
	}
}

func TestManifestsThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	m := create(t, dir, setaside.Move, scene(t, dir, dir+"/t", 1, false))
	if _, err := setaside.Open(m.Path()); !errors.Is(err, setaside.ErrInUse) {
		t.Errorf("a second process: %v", err)
	}
	if _, err := setaside.Create(m.Path(), setaside.Move, nil, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	for _, text := range []string{"\n", "{}\n", `{"format":"clipd manifest 2"}` + "\n", `{"format":"clipd manifest 1"}` + "\n" + `{"event":"done","n":5}` + "\n"} {
		path := filepath.Join(t.TempDir(), "other.jsonl")
		write(t, path, text, 0o644, 0)
		if opened, err := setaside.Open(path); !errors.Is(err, setaside.ErrNoManifest) {
			t.Errorf("%q: %v", text, err)
			if err == nil {
				opened.Close()
			}
		}
	}
}

// Wherever a manifest was cut off by a power failure, undo brings all back.
func TestTornManifest(t *testing.T) {
	root, target := t.TempDir(), t.TempDir()
	steps := scene(t, root, target, 3, false)
	before := tree(t, root)
	m := create(t, target, setaside.Move, steps)
	planned, err := os.ReadFile(m.Path())
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	for length := range len(planned) {
		if length == 0 || !strings.Contains(string(planned[:length]), "\n") {
			continue // of no line nothing can be read
		}
		write(t, m.Path(), string(planned[:length]), 0o644, 0)
		torn, err := setaside.Open(m.Path())
		if err != nil {
			t.Fatalf("cut at %d: %v", length, err)
		}
		if done, refused := outcome(t, torn, false); done != 0 || len(refused) != 0 {
			t.Fatalf("cut at %d: %d done of an incomplete plan", length, done)
		}
		torn.Close()
	}
	sameTree(t, root, before)
}

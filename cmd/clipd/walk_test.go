package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// plant makes files with some content below a new folder.
func plant(t *testing.T, names ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func (w *walk) found(root string) []string {
	var names []string
	for _, f := range w.files {
		name, err := filepath.Rel(root, f.path)
		if err != nil {
			panic(err)
		}
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

func (w *walk) why(path string) string {
	for _, out := range w.out {
		if out.Path == path {
			return out.Reason
		}
	}
	return ""
}

func TestWalkTakesPicturesAndSaysWhatItLeft(t *testing.T) {
	root := plant(t, "b.JPG", "a/x.png", "a/notes.txt", ".hidden.jpg", ".cache/y.jpg", "noext")
	var w walk
	if err := w.add(context.Background(), root); err != nil {
		t.Fatal(err)
	}
	if got, want := w.found(root), []string{"a/x.png", "b.JPG"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	for name, want := range map[string]string{
		"a/notes.txt": reasonExtension, "noext": reasonExtension, ".hidden.jpg": reasonHidden, ".cache": reasonHidden,
	} {
		if got := w.why(filepath.Join(root, name)); got != want {
			t.Errorf("%s was left out because %q, want %q", name, got, want)
		}
	}
}

func TestWalkAllTakesOtherNames(t *testing.T) {
	root := plant(t, "a.jpg", "scan", "notes.txt")
	w := walk{all: true}
	if err := w.add(context.Background(), root); err != nil {
		t.Fatal(err)
	}
	if got, want := w.found(root), []string{"a.jpg", "notes.txt", "scan"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func TestWalkTakesNamedFilesAsTheyAre(t *testing.T) {
	root := plant(t, ".hidden", "sub/a.jpg")
	var w walk
	for _, path := range []string{".hidden", "sub/a.jpg", "sub"} {
		if err := w.add(context.Background(), filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := w.found(root), []string{".hidden", "sub/a.jpg"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v: a named file is taken, and once", got, want)
	}
}

func TestWalkEndsAtLinkLoops(t *testing.T) {
	root := plant(t, "a/x.jpg", "b/y.jpg")
	link := func(to, from string) {
		t.Helper()
		if err := os.Symlink(filepath.Join(root, to), filepath.Join(root, from)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	link(".", "a/up")     // a loop
	link("b", "a/b")      // another way to b
	link("b/y.jpg", "y")  // not a picture's name
	link("gone", "z.jpg") // dangling
	link("b/y.jpg", "z.png")
	var w walk
	if err := w.add(context.Background(), root); err != nil {
		t.Fatal(err)
	}
	if got, want := w.found(root), []string{"a/b/y.jpg", "a/x.jpg", "z.png"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := w.why(filepath.Join(root, "a/up")); got != reasonSeen {
		t.Errorf("the loop was left out because %q, want %q", got, reasonSeen)
	}
	if got := w.why(filepath.Join(root, "z.jpg")); got == "" {
		t.Error("a dangling link was passed by silently")
	}
}

func TestWalkOfNothing(t *testing.T) {
	var w walk
	if err := w.add(context.Background(), filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a path that does not exist was accepted")
	}
}

func TestWalkStops(t *testing.T) {
	root := plant(t, "a/x.jpg")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var w walk
	if err := w.add(ctx, root); err == nil {
		t.Error("the walk went on after its context ended")
	}
}

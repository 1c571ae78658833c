package keyword

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestIndexIsThereAfterReopening(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "words")
	for round := range 3 {
		x, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Sequence(); got != uint64(10*round) {
			t.Errorf("round %d: sequence %d", round, got)
		}
		if n, err := x.Count(); err != nil || n != round {
			t.Errorf("round %d: %d items, %v", round, n, err)
		}
		batch := Batch{Puts: []space.Item{text(fmt.Sprint(round), "lamp"), text("gone", "lamp")}, Sequence: uint64(10*round + 9)}
		if err := x.Apply(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		if err := x.Apply(context.Background(), Batch{Deletes: []string{"gone", "never there"}, Sequence: uint64(10*round + 10)}); err != nil {
			t.Fatal(err)
		}
		if got := found(t, x, "lamp"); len(got) != round+1 || slices.Contains(got, "gone") {
			t.Errorf("round %d: found %v", round, got)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPutWinsOverDeleteAndLastPutWins(t *testing.T) {
	x := openWith(t, text("a", "first"))
	err := x.Apply(context.Background(), Batch{Deletes: []string{"a"}, Puts: []space.Item{text("a", "second"), text("a", "third")}})
	if err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]int{"first": 0, "second": 0, "third": 1} {
		if got := found(t, x, words); len(got) != want {
			t.Errorf("%s: found %v", words, got)
		}
	}
}

func TestDamageIsReportedOrUndone(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"garbage in the root": func(t *testing.T, dir string) { overwrite(t, filepath.Join(dir, "root.bolt")) },
		"root is gone": func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "root.bolt")); err != nil {
				t.Fatal(err)
			}
		},
		"garbage in the segments": func(t *testing.T, dir string) {
			for _, segment := range segments(t, dir) {
				overwrite(t, segment)
			}
		},
		"segments are gone": func(t *testing.T, dir string) {
			for _, segment := range segments(t, dir) {
				if err := os.Remove(segment); err != nil {
					t.Fatal(err)
				}
			}
		},
		"segments are cut": func(t *testing.T, dir string) {
			for _, segment := range segments(t, dir) {
				if err := os.Truncate(segment, 20); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := closedIndex(t)
			damage(t, dir)
			x, err := Open(dir, Options{})
			if err == nil { // an older state was there still
				if n, err := x.Count(); n != 0 || err != nil || x.Sequence() != 0 {
					t.Errorf("it opened with %d items at sequence %d, %v", n, x.Sequence(), err)
				}
				if err := x.Close(); err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			if err := Remove(dir); err != nil {
				t.Fatal(err)
			}
			if x, err = Open(dir, Options{}); err != nil || x.Sequence() != 0 {
				t.Fatal("after removal:", err)
			}
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// closedIndex is the directory of an index that holds something.
func closedIndex(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	x, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Apply(context.Background(), Batch{Puts: []space.Item{text("a", "lamp")}, Sequence: 3}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.zap"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

func overwrite(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	garbage := make([]byte, info.Size())
	for i := range garbage {
		garbage[i] = byte(i*7 + 3)
	}
	if err := os.WriteFile(file, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenReportsAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.scorch.SetInternal(versionKey, binary.BigEndian.AppendUint64(nil, layoutVersion+1)); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrVersion) {
		t.Errorf("got %v", err)
	}
}

func TestClosedIndexSaysSo(t *testing.T) {
	x := openWith(t)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	_, searchErr := x.Search(ctx, Ask{Words: "a", N: 1})
	_, filterErr := x.Filter(ctx, space.Filter{Field: "a", Match: "b"})
	_, countErr := x.Count()
	for name, err := range map[string]error{"Search": searchErr, "Filter": filterErr, "Count": countErr, "Apply": x.Apply(ctx, Batch{})} {
		if !errors.Is(err, space.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := x.Close(); err != nil {
		t.Error("second Close:", err)
	}
}

func TestCancelledCallsStop(t *testing.T) {
	x := openWith(t, text("a", "b"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.Search(ctx, Ask{Words: "b", N: 1}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := x.Apply(ctx, Batch{Sequence: 99}); !errors.Is(err, context.Canceled) || x.Sequence() == 99 {
		t.Error(err)
	}
}

func TestSearchWhileApplying(t *testing.T) {
	x := openWith(t, text("always", "lamp"))
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range 20 {
				if err := x.Apply(context.Background(), Batch{Puts: []space.Item{text(fmt.Sprint(w, i), "lamp shade")}, Sequence: uint64(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		if got := found(t, x, "lamp"); !slices.Contains(got, "always") && len(got) < 10 {
			t.Errorf("found %v", got)
		}
	}
	writers.Wait()
	if n, err := x.Count(); err != nil || n != 41 {
		t.Error(n, err)
	}
}

// TestSyncedBatchesSurviveClose: without Sync, an index that does not wait for the disk may open as it was before.
func TestSyncedBatchesSurviveClose(t *testing.T) {
	for round := range 10 {
		dir := t.TempDir()
		x, err := Open(dir, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		for n := range uint64(5) {
			if err := x.Apply(t.Context(), Batch{Puts: []space.Item{text(fmt.Sprint(n), "words")}, Sequence: n + 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(x.Sync(t.Context()), x.Close()); err != nil {
			t.Fatal(err)
		}
		if x, err = Open(dir, Options{NoSync: true}); err != nil {
			t.Fatal(err)
		}
		if n, err := x.Count(); err != nil || n != 5 || x.Sequence() != 5 {
			t.Errorf("round %d: %d items at batch %d, %v", round, n, x.Sequence(), err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	x := openWith(t)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Sync(t.Context()); !errors.Is(err, space.ErrClosed) {
		t.Errorf("of a closed index: %v", err)
	}
}

package catalog_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// childDir names the data directory to the process that TestKill kills.
const childDir = "CLIPD_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	switch dir, plan := os.Getenv(childDir), os.Getenv(childPlan); {
	case plan == "reindex":
		reindexForever(dir)
	case plan != "":
		workForever(dir, plan)
	case dir != "":
		ingestForever(dir)
	}
	os.Exit(m.Run())
}

// ingestForever prints the ids of each batch once it is acknowledged.
func ingestForever(dir string) {
	ctx := context.Background()
	library, err := catalog.Open(dir, &bagOfWords{}, catalog.Options{})
	if err != nil {
		panic(err)
	}
	c, err := library.Collection(ctx, "killed")
	if errors.Is(err, catalog.ErrNoCollection) {
		c, err = library.Create(ctx, "killed", catalog.Settings{})
	}
	if err != nil {
		panic(err)
	}
	d, err := c.Describe(ctx)
	if err != nil {
		panic(err)
	}
	for batch := d.Items; ; batch++ {
		var docs []catalog.Document
		for i := range 5 {
			docs = append(docs, text(fmt.Sprintf("%d-%d", batch, i), fmt.Sprintf("batch%d item%d", batch, i)))
		}
		for _, r := range c.Ingest(ctx, docs) {
			if r.Err != nil {
				panic(r.Err)
			}
			fmt.Println(r.ID)
		}
	}
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	l := &lib{dir: t.TempDir(), model: &bagOfWords{}}
	acknowledged := map[string]bool{}
	for range 4 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+l.dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		stopAt := 20 + rand.IntN(60)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == stopAt {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
	}
	l.reopen(t)
	defer l.Close()
	c := l.collection(t, "killed")
	if len(acknowledged) < 80 {
		t.Fatalf("only %d items were acknowledged", len(acknowledged))
	}
	checkAgrees(t, c, func(have map[string]space.Item) {
		for id := range acknowledged {
			if _, kept := have[id]; !kept {
				t.Errorf("%s was acknowledged and is lost", id)
			}
		}
	})
	if report, err := c.Check(t.Context(), nil); err != nil || report.Err() != nil {
		t.Errorf("check: %+v, %v", report, err)
	}
}

// checkAgrees holds both indexes against the store: each item is found by its words and by its vector, and no other.
func checkAgrees(t *testing.T, c *catalog.Catalog, also func(map[string]space.Item)) {
	t.Helper()
	items, err := c.List(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]space.Item{}
	var ids []string
	for _, it := range items {
		have[it.ID] = it
		ids = append(ids, it.ID)
	}
	also(have)
	if d, err := c.Describe(t.Context()); err != nil || d.Items != len(ids) {
		t.Errorf("%d items in the store, %d vectors (%v)", len(ids), d.Items, err)
	}
	byWords := allIDs(t, c, space.Query{Vector: unit(wordSum("x")), Filter: &space.Filter{Not: &space.Filter{Field: "_id", Equals: "nobody"}}})
	byVector := allIDs(t, c, space.Query{Vector: unit(wordSum("x"))})
	slices.Sort(ids)
	if !slices.Equal(byWords, ids) || !slices.Equal(byVector, ids) {
		t.Errorf("store %d, keyword index %d, vector index %d items, or they differ", len(ids), len(byWords), len(byVector))
	}
}

func allIDs(t *testing.T, c *catalog.Catalog, q space.Query) []string {
	t.Helper()
	var ids []string
	for q.K = 500; ; q.Offset += q.K {
		answer, err := c.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, idsOf(answer.Hits)...)
		if !answer.More {
			slices.Sort(ids)
			return ids
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestRebuildGivesTheSameAnswers(t *testing.T) {
	l := open(t)
	c := l.collection(t, "rebuilt")
	var docs []catalog.Document
	for i := range 200 {
		docs = append(docs, text(fmt.Sprintf("%03d", i), vocabulary[i%14]+" "+vocabulary[i/14%14]))
	}
	ingest(t, c, docs...)
	if _, err := c.Delete(t.Context(), []string{"004", "018", "100"}); err != nil {
		t.Fatal(err)
	}
	asks := []catalog.Ask{
		{Text: "red house", K: 50}, {Text: "linen", K: 50, Mode: space.KeywordOnly}, {Text: "sea dog", K: 50, Mode: space.VectorOnly},
	}
	var before [][]string
	for _, ask := range asks {
		ids, _ := find(t, c, ask)
		before = append(before, ids)
	}
	same := func(how string) {
		t.Helper()
		for i, ask := range asks {
			if ids, _ := find(t, c, ask); !slices.Equal(ids, before[i]) {
				t.Errorf("%s: %q finds\n%q, before\n%q", how, ask.Text, ids, before[i])
			}
		}
	}
	if err := c.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	same("rebuilt")
	keyword := filepath.Join(l.dir, "collections", "rebuilt", "keyword")
	for name, harm := range map[string]func(path string) error{
		"deleted": os.RemoveAll,
		"damaged": func(path string) error {
			return filepath.WalkDir(path, func(file string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				return os.WriteFile(file, []byte("not an index"), 0o644)
			})
		},
	} {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := harm(keyword); err != nil {
			t.Fatal(err)
		}
		l.Library = nil
		l.reopen(t)
		c = l.collection(t, "rebuilt")
		same("the keyword index was " + name)
	}
}

func TestABackupPutBackKnowsWhatItKnew(t *testing.T) {
	l := open(t)
	c := l.collection(t, "live")
	ingest(t, c, text("a", "kept"))
	var archive bytes.Buffer
	if err := c.Backup(t.Context(), &archive, true); err != nil {
		t.Fatal(err)
	}
	ingest(t, c, text("b", "later"))
	if _, err := l.Restore(t.Context(), "", bytes.NewReader(archive.Bytes())); !errors.Is(err, catalog.ErrExists) {
		t.Errorf("restored over the original: %v", err)
	}
	copied, err := l.Restore(t.Context(), "copy", bytes.NewReader(archive.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	checkAgrees(t, copied, func(have map[string]space.Item) {
		if len(have) != 1 || have["a"].Text != "kept" {
			t.Errorf("the copy has %v", have)
		}
	})
}

func TestSearchGoesOnWhileOthersWork(t *testing.T) {
	l := open(t)
	c := l.collection(t, "busy")
	ingest(t, c, text("always", "red house"))
	everywhere(6, func(worker int) {
		for i := range 25 {
			id := fmt.Sprintf("%d-%d", worker, i)
			switch {
			case worker == 0 && i%10 == 0:
				if err := c.Rebuild(t.Context(), nil); err != nil {
					t.Error(err)
				}
			case worker < 3:
				if r := c.Ingest(t.Context(), []catalog.Document{text(id, "blue boat "+id)}); r[0].Err != nil {
					t.Error(r[0].Err)
				}
				if _, err := c.Delete(t.Context(), []string{fmt.Sprintf("%d-%d", worker, i-1)}); err != nil {
					t.Error(err)
				}
			default:
				answer, _, err := c.Find(t.Context(), catalog.Ask{Text: "red house", K: 100})
				if err != nil || answer.Hits[0].Item.ID != "always" {
					t.Errorf("%v, %v", answer.Hits, err)
				}
			}
		}
	})
	checkAgrees(t, c, func(map[string]space.Item) {})
}

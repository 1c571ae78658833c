package catalog_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// other is the model that collections are encoded anew by: its vectors differ from bagOfWords' own.
func other() *bagOfWords { return &bagOfWords{digest: "new", gap: 0.5} }

// pictureFile is a picture on disk, as a document with its source.
func pictureFile(t testing.TB, dir, name, colour string, size int) catalog.Document {
	t.Helper()
	path := filepath.Join(dir, name)
	data := picture(t, colour, size)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return catalog.Document{Source: path, Image: data}
}

// gallery is a collection of texts and picture files.
func gallery(t testing.TB, l *lib, texts int) (*catalog.Catalog, string) {
	t.Helper()
	c, dir := l.collection(t, "old"), t.TempDir()
	docs := []catalog.Document{pictureFile(t, dir, "red.png", "red", 20), pictureFile(t, dir, "blue.png", "blue", 30)}
	for i := range texts {
		docs = append(docs, text(fmt.Sprintf("t%03d", i), "house number"+fmt.Sprint(i)))
	}
	ingest(t, c, docs...)
	if err := c.ImportDecisions(t.Context(), []catalog.Decision{{Key: "k", Verdict: "v"}}); err != nil {
		t.Fatal(err)
	}
	return c, dir
}

// wantModel checks that every vector is of the model, and the collection sound.
func wantModel(t *testing.T, c *catalog.Catalog, model *bagOfWords, items int) {
	t.Helper()
	list, err := c.List(t.Context(), "", 10_000)
	if err != nil || len(list) != items {
		t.Fatalf("%d items, %v; want %d", len(list), err, items)
	}
	for _, it := range list {
		if it.Kind != space.Text {
			continue
		}
		want, err := model.EncodeTexts(t.Context(), []string{it.Text})
		if err != nil || it.Vector.Cosine(want[0]) < 1-1e-6 {
			t.Fatalf("the vector of %s is of another model: cosine %g, %v", it.ID, it.Vector.Cosine(want[0]), err)
		}
	}
	// Words follow large writes in the background: a check before counts them as late, and finds no fault.
	settling, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.SettleWords(settling); err != nil {
		t.Fatalf("words are still missing: %v", err)
	}
	report, err := c.Check(t.Context(), nil)
	if err != nil || report.Err() != nil || report.Items != items || report.InWords != items || report.Decisions != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestReindexWhileOthersSearchAndWrite asks and writes all the time: no question fails, nothing is lost.
func TestReindexWhileOthersSearchAndWrite(t *testing.T) {
	l := open(t)
	c, _ := gallery(t, l, 400)
	want := other()
	stop, written, asked := make(chan struct{}), atomic.Int64{}, atomic.Int64{}
	working := make(chan struct{})
	go func() {
		defer close(working)
		everywhere(4, func(worker int) {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				present, err := l.Collection(t.Context(), "old")
				if err != nil {
					t.Error(err)
					return
				}
				if worker == 0 {
					r := present.Ingest(t.Context(), []catalog.Document{text(fmt.Sprintf("new%d", i), "fresh paint")})
					if r[0].Err != nil {
						t.Error(r[0].Err)
						return
					}
					written.Add(1)
					continue
				}
				answer, _, err := present.Find(t.Context(), catalog.Ask{Text: "house number7", K: 1})
				if err != nil || len(answer.Hits) != 1 || answer.Hits[0].Item.ID != "t007" {
					t.Errorf("%+v, %v", answer.Hits, err)
					return
				}
				asked.Add(1)
			}
		})
	}()
	report, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: want}, nil)
	for before := asked.Load(); asked.Load() < before+10 && !t.Failed(); {
		time.Sleep(time.Millisecond) // they go on in the new generation
	}
	close(stop)
	<-working
	if err != nil || report.From != l.model.Fingerprint() || report.To != want.Fingerprint() || report.Encoded < 402 || len(report.Failures) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	items := 402 + int(written.Load())
	wantModel(t, l.collection(t, "old"), want, items)
	if got, _ := find(t, c, catalog.Ask{Text: "house number9", K: 1}); got[0] != "t009" { // an old handle, too
		t.Errorf("found %q", got)
	}
	if pictures, _ := find(t, l.collection(t, "old"), catalog.Ask{Text: "blue", Kind: space.Image}); len(pictures) != 2 {
		t.Errorf("pictures %q", pictures)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(l.dir, "collections", "old"))
	if err != nil || len(entries) != 2 { // current and gen-2
		t.Errorf("left behind: %v, %v", entries, err)
	}
	l.Library = nil
	l.reopen(t)
	if _, err := l.Collection(t.Context(), "old"); !errors.Is(err, space.ErrFingerprint) || !strings.Contains(err.Error(), "bag@d1new") {
		t.Errorf("opened by the old model: %v", err)
	}
	l.model = want
	l.reopen(t)
	wantModel(t, l.collection(t, "old"), want, items)
	var archive strings.Builder
	if err := l.collection(t, "old").Backup(t.Context(), &archive, true); err != nil {
		t.Error(err)
	}
	if c, err := l.Restore(t.Context(), "again", strings.NewReader(archive.String())); err != nil {
		t.Error(err)
	} else {
		wantModel(t, c, want, items)
	}
}

func TestReindexOfAForeignCollection(t *testing.T) {
	l := open(t)
	gallery(t, l, 20)
	l.model = other()
	l.reopen(t)
	if _, err := l.Collection(t.Context(), "old"); !errors.Is(err, space.ErrFingerprint) {
		t.Fatalf("%v", err)
	}
	report, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: l.model}, nil)
	if err != nil || report.Items != 22 || report.Encoded != 22 {
		t.Fatalf("%+v, %v", report, err)
	}
	wantModel(t, l.collection(t, "old"), l.model, 22)
	again, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: l.model}, nil)
	if err != nil || again.Encoded != 0 || again.Items != 22 {
		t.Errorf("of the model already: %+v, %v", again, err)
	}
	third := &bagOfWords{digest: "third"}
	if report, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: third}, nil); err != nil || report.Encoded != 22 {
		t.Errorf("a third time: %+v, %v", report, err)
	}
	wantModel(t, l.collection(t, "old"), third, 22)
}

func TestReindexNamesPicturesWhoseFilesAreGone(t *testing.T) {
	l := open(t)
	c, dir := gallery(t, l, 5)
	ingest(t, c, catalog.Document{ID: "uploaded", Image: picture(t, "green", 40)})
	red, blue := filepath.Join(dir, "red.png"), filepath.Join(dir, "blue.png")
	if err := os.Remove(red); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blue, picture(t, "white", 30), 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: other()}, nil)
	if !errors.Is(err, catalog.ErrNotEncoded) || len(report.Failures) != 3 || report.Encoded != 5 {
		t.Fatalf("%+v, %v", report, err)
	}
	said := map[string]string{}
	for _, f := range report.Failures {
		said[f.Name] = f.Err.Error()
	}
	if said[red] != "its source file is gone" || said[blue] != "its source file is another one now" || said["uploaded"] != "it has no source file on this machine" {
		t.Errorf("failures: %v", said)
	}
	wantModel(t, l.collection(t, "old"), l.model, 8) // it is as it was
	thumbnails, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: other(), Thumbnails: true}, nil)
	if err != nil || thumbnails.Thumbnails != 3 || thumbnails.Kept != 5 || thumbnails.Items != 8 || thumbnails.Encoded != 3 {
		t.Fatalf("with thumbnails: %+v, %v", thumbnails, err)
	}
	dropped, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: &bagOfWords{digest: "third"}, Drop: true}, nil)
	if err != nil || dropped.Dropped != 3 || dropped.Items != 5 || len(dropped.Failures) != 3 {
		t.Fatalf("dropping: %+v, %v", dropped, err)
	}
	wantModel(t, l.collection(t, "old"), &bagOfWords{digest: "third"}, 5)
}

func TestReindexGoesOn(t *testing.T) {
	l := open(t)
	c, _ := gallery(t, l, 600)
	want := other()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := l.Reindex(ctx, "old", catalog.ReindexOptions{Encoder: want}, func(stage string, done, _ int) {
		if stage == "encode" && done >= 256 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	wantModel(t, l.collection(t, "old"), l.model, 602)
	// What changed meanwhile is encoded, what was deleted is not there.
	ingest(t, c, text("t001", "changed"), text("added", "added"))
	if _, err := c.Delete(t.Context(), []string{"t002"}); err != nil {
		t.Fatal(err)
	}
	l.reopen(t)
	report, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: want}, nil)
	if err != nil || report.Kept < 200 || report.Kept+report.Encoded != 602 {
		t.Fatalf("%+v, %v", report, err)
	}
	wantModel(t, l.collection(t, "old"), want, 602)
	if it, err := l.collection(t, "old").Get(t.Context(), "t001"); err != nil || it.Text != "changed" {
		t.Errorf("%+v, %v", it, err)
	}
	if _, err := l.Reindex(t.Context(), "nowhere", catalog.ReindexOptions{Encoder: want}, nil); !errors.Is(err, catalog.ErrNoCollection) {
		t.Errorf("of no collection: %v", err)
	}
}

// reindexForever is the child process of TestReindexGoesOnAfterAKill; its encoder takes its time.
func reindexForever(dir string) {
	library, err := catalog.Open(dir, &bagOfWords{}, catalog.Options{})
	if err != nil {
		panic(err)
	}
	_, err = library.Reindex(context.Background(), "old", catalog.ReindexOptions{Encoder: slow{other()}}, func(stage string, done, total int) {
		fmt.Println(stage, done, total)
	})
	panic(fmt.Sprint("it came to its end: ", err))
}

// slow is a model that needs a while for each batch.
type slow struct{ *bagOfWords }

func (s slow) EncodeTexts(ctx context.Context, texts []string) ([]space.Vector, error) {
	time.Sleep(50 * time.Millisecond)
	return s.bagOfWords.EncodeTexts(ctx, texts)
}

func TestReindexGoesOnAfterAKill(t *testing.T) {
	l := open(t)
	gallery(t, l, 1500)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, stopAt := range []int{128, 512} {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+l.dir, childPlan+"=reindex")
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		killed := false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var stage string
			var done, total int
			if _, err := fmt.Sscan(lines.Text(), &stage, &done, &total); err != nil {
				t.Fatal(err)
			}
			if done >= stopAt && !killed {
				killed = true
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
		if !killed {
			t.Fatal("the child ended by itself")
		}
		l.Library = nil
		l.reopen(t)
		wantModel(t, l.collection(t, "old"), l.model, 1502)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l.Library = nil
	l.reopen(t)
	report, err := l.Reindex(t.Context(), "old", catalog.ReindexOptions{Encoder: other()}, nil)
	if err != nil || report.Kept < 512 || report.Kept+report.Encoded != 1502 {
		t.Fatalf("%+v, %v", report, err)
	}
	wantModel(t, l.collection(t, "old"), other(), 1502)
}

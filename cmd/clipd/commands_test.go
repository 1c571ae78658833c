package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/space"
)

// startServer runs `clipd serve` in this process until the test ends, on a free port.
func startServer(t *testing.T, c *cli, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan result, 1)
	go func() { done <- c.runContext(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...) }()
	t.Cleanup(func() {
		cancel()
		if r := <-done; r.status != exitDone {
			t.Errorf("serve ended with status %d: %s", r.status, r.err)
		}
		if _, err := os.Stat(serverFilePath(c.data)); !os.IsNotExist(err) {
			t.Errorf("server.json stayed behind: %v", err)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := readServerFile(c.data); err == nil {
			return
		}
		select {
		case r := <-done:
			done <- r
			t.Fatalf("serve ended at once: %s", r.err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the server did not come up")
		}
	}
}

// needLibrary skips where the ONNX Runtime library was not fetched.
func needLibrary(t testing.TB) {
	t.Helper()
	if _, err := ort.Find(); err != nil {
		t.Skip(err)
	}
}

// TestCommandsBesideAServer runs the commands against one real server with the starter model.
func TestCommandsBesideAServer(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	startServer(t, c)

	dir := t.TempDir()
	original := save(t, filepath.Join(dir, "a", "one.png"), pngBytes(t, picture(1, 320, 240)))
	save(t, filepath.Join(dir, "a", "same.png"), pngBytes(t, picture(1, 320, 240)))
	save(t, filepath.Join(dir, "b", "small.jpg"), jpegBytes(t, picture(1, 160, 120), 70))
	save(t, filepath.Join(dir, "b", "two.jpg"), jpegBytes(t, picture(2, 320, 240), 90))
	save(t, filepath.Join(dir, "b", "three.jpg"), jpegBytes(t, picture(3, 320, 240), 90))
	whole := jpegBytes(t, picture(4, 320, 240), 90)
	bad := []string{
		save(t, filepath.Join(dir, "cut.jpg"), whole[:len(whole)/3]),
		save(t, filepath.Join(dir, "empty.jpg"), nil),
		save(t, filepath.Join(dir, "huge.png"), hugePNG(30_000, 30_000)),
		save(t, filepath.Join(dir, "text.jpg"), []byte("this is no picture\n")),
	}
	save(t, filepath.Join(dir, "notes.txt"), []byte("not a picture either"))

	t.Run("index", func(t *testing.T) {
		first := decode[summary](t, c.must(t, exitPartial, "index", dir, "--json"))
		if first.Created != 5 || first.Failed != len(bad) {
			t.Errorf("created %d, failed %d; want 5 and %d: %+v", first.Created, first.Failed, len(bad), first.Failures)
		}
		for _, path := range bad {
			if !slices.ContainsFunc(first.Failures, func(f itemFailure) bool { return f.Item == path && f.Error != "" }) {
				t.Errorf("%s is not among the failures %+v", path, first.Failures)
			}
		}
		if !slices.Contains(first.LeftOut, leftOut{filepath.Join(dir, "notes.txt"), reasonExtension}) {
			t.Errorf("left out: %+v", first.LeftOut)
		}
		second := c.must(t, exitPartial, "index", dir)
		if !strings.Contains(second.out, "0 created, 0 updated, 5 unchanged, 4 failed") {
			t.Errorf("the second run: %s", second.out)
		}
	})
	t.Run("max-bytes", func(t *testing.T) {
		got := decode[summary](t, c.must(t, exitPartial, "index", "-c", "limited", original, "--max-bytes", "100B", "--json"))
		if got.Failed != 1 || !strings.Contains(got.Failures[0].Error, "--max-bytes") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("search by image", func(t *testing.T) {
		got := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "--image", original, "--json", "-k", "3"))
		if len(got.Hits) != 3 || !strings.HasPrefix(got.Hits[0].Item.Source, filepath.Join(dir, "a")) || *got.Hits[0].Cosine < 0.99 {
			t.Errorf("got %+v", got.Hits)
		}
	})
	t.Run("search by words", func(t *testing.T) {
		got := c.must(t, exitDone, "search", "three", "--explain")
		if !strings.Contains(got.err, "collection photos: 5 images") {
			t.Errorf("it does not say which collection: %s", got.err)
		}
		lines := strings.Split(got.out, "\n")
		if !strings.HasPrefix(lines[0], "rank") || !strings.Contains(lines[1], "three.jpg") || !strings.Contains(lines[1], "#1") {
			t.Errorf("a file's name is not found by its word:\n%s", got.out)
		}
	})
	t.Run("search like an item, by page", func(t *testing.T) {
		all := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "--image", original, "--json"))
		like := all.Hits[0].Item.ID
		got := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "--like", like, "--json", "-k", "2", "--offset", "1"))
		if len(got.Hits) != 2 || got.Hits[0].Rank != 2 {
			t.Errorf("got %+v", got.Hits)
		}
		for _, hit := range got.Hits {
			if hit.Item.ID == like {
				t.Error("an item is like itself")
			}
		}
	})
	t.Run("filters", func(t *testing.T) {
		got := decode[api.SearchResponse](t, c.must(t, exitDone, "similar", original, "--filter", "_width<200", "--json"))
		if len(got.Hits) != 1 || filepath.Base(got.Hits[0].Item.Source) != "small.jpg" {
			t.Errorf("got %+v", got.Hits)
		}
	})
	t.Run("unknown collection", func(t *testing.T) {
		got := c.must(t, exitFailed, "search", "x", "-c", "nowhere")
		if !strings.Contains(got.err, `there is no collection "nowhere"; there is`) || !strings.Contains(got.err, "photos") {
			t.Errorf("got %q", got.err)
		}
	})
	t.Run("bad example images", func(t *testing.T) {
		for _, path := range append(bad, filepath.Join(dir, "gone.jpg")) {
			got := c.must(t, exitFailed, "similar", path)
			if !strings.Contains(got.err, filepath.Base(path)) || strings.Count(strings.TrimSpace(got.err), "\n") > 1 {
				t.Errorf("%s: %q: want a line that names the file", path, got.err)
			}
		}
	})
	t.Run("dupes", func(t *testing.T) {
		got := decode[api.DuplicatesResponse](t, c.must(t, exitDone, "dupes", "--json"))
		if len(got.Groups) != 1 || len(got.Groups[0].Copies) != 2 {
			t.Fatalf("got %+v; want one group with two copies", got.Groups)
		}
		evidence := map[string]space.Evidence{}
		for _, copied := range got.Groups[0].Copies {
			evidence[filepath.Base(copied.Item.Source)] = copied.Proof.Evidence
		}
		if evidence["small.jpg"] != space.Perceptual {
			t.Errorf("evidence is %v; want the perceptual hash for small.jpg", evidence)
		}
		table := c.must(t, exitDone, "dupes")
		if !strings.Contains(table.out, "same bytes") || !strings.Contains(table.out, "1 group, 2 copies among 5 images") {
			t.Errorf("got\n%s", table.out)
		}
	})
	t.Run("dupes of a folder", func(t *testing.T) {
		got := c.must(t, exitDone, "dupes", filepath.Join(dir, "a"))
		if !strings.Contains(got.err, "collection dupes-a-") || !strings.Contains(got.out, "1 group, 1 copy among 2 images") {
			t.Errorf("got %s\n%s", got.err, got.out)
		}
	})
	t.Run("texts", func(t *testing.T) {
		file := save(t, filepath.Join(dir, "shop.csv"), []byte("id,text,sku,price\n1,a red dress,SKU-1234,20\n2,a blue hat,SKU-1235,10\n3,,SKU-1,1\n"))
		got := decode[summary](t, c.must(t, exitPartial, "index", "--texts", file, "-c", "shop", "--json"))
		if got.Created != 2 || got.Failed != 1 || !strings.Contains(got.Failures[0].Item, "line 4") {
			t.Errorf("got %+v", got)
		}
		found := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "SKU-1234", "-c", "shop", "--json", "--explain"))
		if len(found.Hits) == 0 || found.Hits[0].Item.ID != "1" || found.Hits[0].Explanation.KeywordRank != 1 || found.Hits[0].Explanation.VectorRank == 0 {
			t.Errorf("got %+v", found.Hits)
		}
		cheap := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "dress", "-c", "shop", "--json", "--filter", "price<15"))
		if len(cheap.Hits) != 1 || cheap.Hits[0].Item.ID != "2" {
			t.Errorf("got %+v", cheap.Hits)
		}
	})
	t.Run("texts from standard input", func(t *testing.T) {
		lines := *c
		lines.in = "a cat\n\na dog\n"
		got := decode[summary](t, lines.must(t, exitDone, "index", "--texts", "-", "-c", "lines", "--json"))
		if got.Created != 2 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("embed", func(t *testing.T) {
		got := c.must(t, exitDone, "embed", "a cat", "--image", original)
		decoder := json.NewDecoder(strings.NewReader(got.out))
		for _, name := range []string{"a cat", original} {
			var line struct {
				Input     string
				Embedding []float64
			}
			if err := decoder.Decode(&line); err != nil || line.Input != name {
				t.Fatalf("%+v, %v: want %s", line, err, name)
			}
			var sum float64
			for _, x := range line.Embedding {
				sum += x * x
			}
			if math.Abs(sum-1) > 1e-4 {
				t.Errorf("the vector of %s has length %g", name, math.Sqrt(sum))
			}
		}
	})
	t.Run("embed standard input as base64", func(t *testing.T) {
		lines := *c
		lines.in = strings.Repeat("a cat\n", embedBatch+1)
		got := decode[api.EmbeddingsResponse](t, lines.must(t, exitDone, "embed", "-", "--format", "base64", "--json"))
		if len(got.Data) != embedBatch+1 || got.Data[embedBatch].Index != embedBatch {
			t.Fatalf("%d vectors", len(got.Data))
		}
		raw, err := base64.StdEncoding.DecodeString(got.Data[0].Embedding.(string))
		if err != nil || len(raw) != 4*384 || binary.LittleEndian.Uint32(raw) == 0 {
			t.Errorf("%d bytes, %v; want 384 float32", len(raw), err)
		}
	})
	t.Run("classify", func(t *testing.T) {
		got := c.must(t, exitPartial, "classify", original, bad[0], "--labels", "cat, dog,car", "--json")
		answer := decode[struct{ Files []classified }](t, got)
		if len(answer.Files) != 2 || len(answer.Files[0].Results) != 3 || answer.Files[1].Error == "" {
			t.Fatalf("got %+v", answer)
		}
		var sum float64
		for _, verdict := range answer.Files[0].Results {
			sum += verdict.Probability
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Errorf("the probabilities add up to %g", sum)
		}
	})
	t.Run("prune", func(t *testing.T) {
		gone := save(t, filepath.Join(t.TempDir(), "x", "gone.jpg"), jpegBytes(t, picture(9, 64, 64), 90))
		folder := filepath.Dir(gone)
		save(t, filepath.Join(folder, "stays.jpg"), jpegBytes(t, picture(10, 64, 64), 90))
		c.must(t, exitDone, "index", folder, "-c", "pruned")
		if err := os.Remove(gone); err != nil {
			t.Fatal(err)
		}
		got := decode[summary](t, c.must(t, exitDone, "index", "--prune", folder, "-c", "pruned", "--json"))
		if got.Pruned != 1 || got.Unchanged != 1 {
			t.Errorf("got %+v", got)
		}
		renamed := folder + "2"
		if err := os.Rename(folder, renamed); err != nil {
			t.Fatal(err)
		}
		got = decode[summary](t, c.must(t, exitDone, "index", "--prune", folder, renamed, "-c", "pruned", "--json"))
		if got.Pruned != 1 || got.Created != 1 {
			t.Errorf("a folder renamed: %+v", got)
		}
		if got := c.must(t, exitFailed, "index", "--prune", folder, renamed, "-c", "pruned"); !strings.Contains(got.err, "pruned has nothing from there") {
			t.Errorf("a folder that never was: %s", got.err)
		}
	})
	t.Run("collections", func(t *testing.T) {
		c.must(t, exitDone, "collections", "create", "spare")
		c.must(t, exitFailed, "collections", "create", "spare")
		if got := c.must(t, exitDone, "collections"); !strings.Contains(got.out, "spare") {
			t.Errorf("got\n%s", got.out)
		}
		if got := c.must(t, exitUsage, "collections", "delete", "spare"); !strings.Contains(got.err, "--yes") {
			t.Errorf("nobody was there to ask, yet: %s", got.err)
		}
		c.must(t, exitDone, "collections", "delete", "spare", "--yes")
		c.must(t, exitFailed, "collections", "delete", "spare", "--yes")
	})
	t.Run("doctor", func(t *testing.T) {
		got := decode[diagnosis](t, c.must(t, exitDone, "doctor", "--json"))
		if got.Status == nil || got.Status.Model.Fingerprint.Dim != 384 || got.Status.SIMD == "" {
			t.Errorf("got %+v", got)
		}
		if table := c.must(t, exitDone, "doctor"); !strings.Contains(table.out, "collection photos") || !strings.Contains(table.err, "models pull") {
			t.Errorf("got %s\n%s", table.out, table.err)
		}
	})
	t.Run("bench", func(t *testing.T) {
		got := decode[benchReport](t, c.must(t, exitDone, "bench", "search", "--seconds", "0.2", "--json"))
		if len(got.Results) != 4 || got.Results[0].Count == 0 || got.Results[0].P95 < got.Results[0].P50 {
			t.Errorf("got %+v", got)
		}
		args := []string{"bench", "encode", "--seconds", "0.2", "--rounds", "1", "--sizes", "64x48", "--texts", "40"}
		encode := decode[encodeReport](t, c.must(t, exitDone, append(args, "--json")...))
		if len(encode.Images) != 2 || encode.Images[0].Rate <= 0 || encode.Images[0].Raw.Rate <= 0 || encode.Images[0].Ratio <= 0 {
			t.Fatalf("got %+v", encode)
		}
		for _, s := range encode.Images[0].Stages {
			if s.Items < 1 || s.Each <= 0 {
				t.Errorf("stage %+v of %+v", s, encode.Images[0])
			}
		}
		if encode.Fairness == nil || encode.Fairness.Texts.Count == 0 || encode.Fairness.Batch <= 0 || encode.Memory.End == 0 || len(encode.Texts) != 2 {
			t.Errorf("got %+v", encode)
		}
		var soak soakReport // whether so few images leave it flat is not asked here
		if err := json.Unmarshal([]byte(c.run("bench", "soak", "--images", "100", "--json").out), &soak); err != nil || len(soak.RSS) != soakSamples || soak.Growth <= 0 {
			t.Errorf("got %+v, %v", soak, err)
		}
		if table := c.must(t, exitDone, args...); !strings.Contains(table.out, "JPEG 64×48") || !strings.Contains(table.err, "fairness") {
			t.Errorf("got %s\n%s", table.out, table.err)
		}
	})
	t.Run("models", func(t *testing.T) {
		if got := c.must(t, exitDone, "models"); !strings.Contains(got.out, "starter") || !strings.Contains(got.err, "models pull") {
			t.Errorf("got %s\n%s", got.out, got.err)
		}
		if got := c.must(t, exitDone, "models", "info"); !strings.Contains(got.out, "384") || len(got.out) > 4000 {
			t.Errorf("got %.1000s", got.out)
		}
		c.must(t, exitFailed, "models", "rm", "starter", "--yes")
	})
	t.Run("an address that is taken", func(t *testing.T) {
		file, err := readServerFile(c.data)
		if err != nil {
			t.Fatal(err)
		}
		got := newCLI(t).must(t, exitFailed, "serve", "--addr", strings.TrimPrefix(file.URL, "http://"))
		if !strings.Contains(got.err, "--addr") || !strings.Contains(got.err, "taken") {
			t.Errorf("got %q", got.err)
		}
	})
	t.Run("a second server on the same data", func(t *testing.T) {
		if got := c.must(t, exitFailed, "serve", "--addr", "127.0.0.1:0"); !strings.Contains(got.err, "in use") {
			t.Errorf("got %q", got.err)
		}
	})
}

func TestCommandsAlone(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	if got := c.must(t, exitFailed, "search", "x"); !strings.Contains(got.err, "there is no collection yet") {
		t.Errorf("an empty data directory: %q", got.err)
	}
	dir := saveMany(t, 3)
	// A killed server leaves such a file: nobody answers there.
	if err := writeServerFile(c.data, serverFile{URL: "http://127.0.0.1:1", PID: 1}); err != nil {
		t.Fatal(err)
	}
	c.must(t, exitDone, "index", dir)
	got := decode[api.SearchResponse](t, c.must(t, exitDone, "similar", filepath.Join(dir, "0001.jpg"), "--json"))
	if len(got.Hits) != 3 || filepath.Base(got.Hits[0].Item.Source) != "0001.jpg" {
		t.Errorf("got %+v", got.Hits)
	}
	if got := c.must(t, exitDone, "doctor"); !strings.Contains(got.out, "does not answer") {
		t.Errorf("doctor does not see the stale server.json:\n%s", got.out)
	}
}

func TestServerWithKey(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	startServer(t, c, "--api-key", "secret")
	c.must(t, exitDone, "collections", "create", "spare") // server.json holds the key
	file, err := readServerFile(c.data)
	if err != nil {
		t.Fatal(err)
	}
	stranger := newCLI(t)
	if got := stranger.must(t, exitFailed, "collections", "--server", file.URL); strings.Contains(got.err, "secret") {
		t.Errorf("the key is told: %q", got.err)
	}
	stranger.must(t, exitDone, "collections", "--server", file.URL, "--api-key", "secret")
}

func TestIndexStopsCleanly(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	startServer(t, c)
	dir := saveMany(t, 8*batchFiles)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // interrupts as soon as something is in
		for ctx.Err() == nil && countItems(c, photosCollection) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	got := c.runContext(ctx, "index", dir, "--json")
	if got.status != exitInterrupted {
		t.Fatalf("status %d, want %d: %s", got.status, exitInterrupted, got.err)
	}
	stopped := decode[summary](t, got)
	if !stopped.Interrupted || stopped.Created == 0 || stopped.Created == 8*batchFiles {
		t.Errorf("got %+v; want some created, not all", stopped)
	}
	again := decode[summary](t, c.must(t, exitDone, "index", dir, "--json"))
	if again.Unchanged != stopped.Created || again.Created != 8*batchFiles-stopped.Created {
		t.Errorf("first %+v, then %+v: acknowledged work was lost or done again", stopped.counts, again.counts)
	}
}

// countItems asks how many items a collection has; 0 where it cannot be asked.
func countItems(c *cli, collection string) int {
	r := c.run("collections", "--json")
	var list api.CollectionList
	if err := json.NewDecoder(bytes.NewBufferString(r.out)).Decode(&list); err != nil {
		return 0
	}
	for _, d := range list.Collections {
		if d.Name == collection {
			return d.Items
		}
	}
	return 0
}

package models

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeHub is a hub with one repository, and with faults that a test switches on.
type fakeHub struct {
	*httptest.Server
	mu       sync.Mutex
	files    map[string][]byte // large ones (.onnx) are kept as LFS
	pageSize int
	cut      map[string]int // of the next answer with this file, send so many bytes only; then forget it
	refuse   []int          // status codes of the next answers
	noRange  bool
	token    string
	lie      map[string]bool   // send other bytes than listed
	asked    []string          // method, path and range of every request
	announce map[string]string // headers of the redirect to onnx/text_model.onnx
	bare     bool              // list no hashes
	etags    bool              // announce them as ETag
	hang     string            // of the next answer with this file, send nothing; then forget it
}

const fakeCommit = "0123456789abcdef0123456789abcdef01234567"

func newFakeHub(t *testing.T) *fakeHub {
	h := &fakeHub{cut: map[string]int{}, lie: map[string]bool{}, pageSize: 3, files: map[string][]byte{
		"README.md":                      []byte("# not needed"),
		"config.json":                    []byte(`{"model_type":"clip","text_config":{"max_position_embeddings":77}}`),
		"preprocessor_config.json":       []byte(clipProcessor),
		"tokenizer.json":                 []byte(`{"model":{"vocab":{}}}`),
		"tokenizer_config.json":          []byte(`{"model_max_length":77}`),
		"onnx/text_model.onnx":           familyFile(t, "clip", "onnx/text_model.onnx"),
		"onnx/vision_model.onnx":         familyFile(t, "clip", "onnx/vision_model.onnx"),
		"onnx/vision_model.onnx_data":    bytes.Repeat([]byte("weights"), 9000),
		"onnx/text_model_quantized.onnx": []byte("not wanted"),
		"pytorch_model.bin":              bytes.Repeat([]byte("x"), 100000),
	}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// familyFile is a file of one of the small models.
func familyFile(t testing.TB, family, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(familyFolder(t, family).FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const clipProcessor = `{"size":{"shortest_edge":224},"crop_size":224,"resample":3,"image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5]}`

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	if len(h.refuse) > 0 {
		code := h.refuse[0]
		h.refuse = h.refuse[1:]
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		return
	}
	if h.token != "" && r.Header.Get("Authorization") != "Bearer "+h.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path, isFile := strings.CutPrefix(r.URL.Path, "/owner/clip/resolve/"+fakeCommit+"/")
	switch {
	case r.URL.Path == "/api/models/owner/clip/revision/main":
		fmt.Fprintf(w, `{"sha":%q}`, fakeCommit)
	case r.URL.Path == "/api/models/owner/clip/tree/"+fakeCommit:
		h.tree(w, r)
	case isFile && strings.HasSuffix(path, ".onnx") && r.URL.Query().Get("cdn") == "":
		for name, value := range h.announce {
			if path == "onnx/text_model.onnx" {
				w.Header().Set(name, value)
			}
		}
		h.etag(w, path)
		http.Redirect(w, r, r.URL.Path+"?cdn=1", http.StatusFound)
	case isFile && h.files[path] != nil:
		h.file(w, r, path)
	default:
		http.NotFound(w, r)
	}
}

func (h *fakeHub) etag(w http.ResponseWriter, name string) {
	if h.etags {
		w.Header().Set("X-Linked-Etag", fmt.Sprintf(`"%x"`, sha256.Sum256(h.files[name])))
	}
}

func (h *fakeHub) tree(w http.ResponseWriter, r *http.Request) {
	var names []string
	for name := range h.files {
		names = append(names, name)
	}
	slices.Sort(names)
	start := 0
	fmt.Sscan(r.URL.Query().Get("cursor"), &start)
	end := min(start+h.pageSize, len(names))
	page := []map[string]any{{"type": "directory", "path": "onnx", "size": 0, "oid": "x"}}
	for _, name := range names[start:end] {
		data := h.files[name]
		blob := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(data), data))
		entry := map[string]any{"type": "file", "path": name, "size": len(data), "oid": hex.EncodeToString(blob[:])}
		if strings.Contains(name, ".onnx") {
			sum := sha256.Sum256(data)
			entry["lfs"] = map[string]any{"oid": hex.EncodeToString(sum[:]), "size": len(data)}
			entry["oid"] = "of the pointer"
		}
		if h.bare {
			delete(entry, "oid")
			delete(entry, "lfs")
		}
		page = append(page, entry)
	}
	if end < len(names) {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?recursive=true&cursor=%d>; rel="next"`, h.URL, r.URL.Path, end))
	}
	json.NewEncoder(w).Encode(page)
}

func (h *fakeHub) file(w http.ResponseWriter, r *http.Request, name string) {
	data := h.files[name]
	if h.lie[name] {
		data = bytes.Repeat([]byte("!"), len(data))
	}
	start := 0
	status := http.StatusOK
	if n, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start); n == 1 && err == nil && !h.noRange {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(data)-1, len(data)))
		status = http.StatusPartialContent
	} else {
		start = 0
	}
	if h.hang == name {
		h.hang = ""
		h.mu.Unlock()
		<-r.Context().Done()
		h.mu.Lock()
		return
	}
	if r.URL.Query().Get("cdn") == "" {
		h.etag(w, name)
	}
	send := data[start:]
	w.Header().Set("Content-Length", fmt.Sprint(len(send)))
	w.WriteHeader(status)
	if cut, ok := h.cut[name]; ok {
		delete(h.cut, name)
		w.Write(send[:cut]) // the promised length isn't reached: the server breaks the connection
		return
	}
	w.Write(send)
}

// pullFrom pulls without waiting between tries, and returns how long it would have waited.
func pullFrom(h *fakeHub, dir string, opts PullOptions) (Folder, []time.Duration, error) {
	var waits []time.Duration
	var mu sync.Mutex
	opts.Endpoint = h.URL
	opts.wait = func(d time.Duration) { mu.Lock(); waits = append(waits, d); mu.Unlock() }
	folder, err := Pull(context.Background(), dir, "owner/clip", opts)
	return folder, waits, err
}

// wantFiles is what a pull of the fake repository brings.
var wantFiles = []string{
	"clipd-pull.json", "config.json", "onnx/text_model.onnx", "onnx/vision_model.onnx", "onnx/vision_model.onnx_data",
	"preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
}

func checkPulled(t *testing.T, h *fakeHub, folder Folder) {
	t.Helper()
	files, err := filesOf(folder.FS)
	if err != nil || !slices.Equal(files, wantFiles) {
		t.Fatalf("the folder holds %v (%v); want %v", files, err, wantFiles)
	}
	for _, name := range files {
		data, err := fs.ReadFile(folder.FS, name)
		if want, ok := h.files[name]; err != nil || ok && !bytes.Equal(data, want) {
			t.Errorf("%s: wrong content (%v)", name, err)
		}
	}
}

func TestPull(t *testing.T) {
	h, dir := newFakeHub(t), t.TempDir()
	var last PullProgress
	folder, _, err := pullFrom(h, dir, PullOptions{Progress: func(p PullProgress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if last.Total == 0 || last.Done != last.Total {
		t.Errorf("the last progress is %+v", last)
	}
	if found, err := Find(dir, "owner/clip"); err != nil || found.Dir != folder.Dir {
		t.Errorf("Find gives %v, %v", found, err)
	}
	installed, err := Installed(dir)
	if err != nil || len(installed) != 2 || installed[1].Name != "owner/clip" {
		t.Errorf("Installed gives %v, %v", installed, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".pull", "*")); len(left) != 0 {
		t.Errorf("the pull left %v", left)
	}

	h.asked = nil
	if _, _, err := pullFrom(h, dir, PullOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, asked := range h.asked {
		if strings.Contains(asked, "/resolve/") {
			t.Errorf("a second pull asked for %s", asked)
		}
	}
}

func TestPullVariant(t *testing.T) {
	h := newFakeHub(t)
	h.files["onnx/text_model_quantized.onnx"] = familyFile(t, "clip", "onnx/text_model.onnx")
	h.files["onnx/vision_model_quantized.onnx"] = familyFile(t, "clip", "onnx/vision_model.onnx")
	folder, _, err := pullFrom(h, t.TempDir(), PullOptions{Variant: "quantized"})
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filesOf(folder.FS)
	if !slices.Contains(files, "onnx/text_model_quantized.onnx") || slices.Contains(files, "onnx/text_model.onnx") {
		t.Errorf("it brought %v", files)
	}
}

func TestPullGoesOnAfterACut(t *testing.T) {
	h := newFakeHub(t)
	h.cut["onnx/vision_model.onnx_data"] = 1000
	folder, waits, err := pullFrom(h, t.TempDir(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if !slices.Contains(h.asked, "/owner/clip/resolve/"+fakeCommit+"/onnx/vision_model.onnx_data bytes=1000-") || len(waits) != 1 {
		t.Errorf("asked %v, waited %v", h.asked, waits)
	}
}

func TestPullWithoutRanges(t *testing.T) {
	h := newFakeHub(t)
	h.noRange = true
	h.cut["onnx/text_model.onnx"] = 777
	folder, _, err := pullFrom(h, t.TempDir(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
}

func TestPullTakesUpAnEarlierOne(t *testing.T) {
	h, dir := newFakeHub(t), t.TempDir()
	h.lie["onnx/text_model.onnx"] = true
	if _, _, err := pullFrom(h, dir, PullOptions{}); err == nil || !strings.Contains(err.Error(), "onnx/text_model.onnx: what came has hash") {
		t.Fatalf("a wrong hash gives %v", err)
	}
	if _, err := Find(dir, "owner/clip"); !errors.Is(err, ErrNoModel) {
		t.Fatalf("the broken model is installed: %v", err)
	}
	staging := filepath.Join(dir, ".pull", "owner--clip-"+fakeCommit)
	// What an interrupted process leaves: the beginning of a file, right or wrong.
	for name, content := range map[string][]byte{
		"onnx/vision_model.onnx": h.files["onnx/vision_model.onnx"][:100],
		"onnx/text_model.onnx":   []byte("wrong beginning"),
	} {
		path := filepath.Join(staging, name)
		os.Remove(path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".part", content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h.lie, h.asked = map[string]bool{}, nil
	folder, _, err := pullFrom(h, dir, PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if !slices.Contains(h.asked, "/owner/clip/resolve/"+fakeCommit+"/onnx/vision_model.onnx bytes=100-") {
		t.Errorf("it didn't go on at byte 100: %v", h.asked)
	}
}

func TestPullWaitsWhenAsked(t *testing.T) {
	h := newFakeHub(t)
	h.refuse = []int{429, 503}
	folder, waits, err := pullFrom(h, t.TempDir(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if !slices.Equal(waits, []time.Duration{7 * time.Second, 7 * time.Second}) {
		t.Errorf("waited %v; Retry-After says 7 s", waits)
	}
}

func TestPullGivesUp(t *testing.T) {
	h := newFakeHub(t)
	h.refuse = slices.Repeat([]int{500}, 100)
	if _, waits, err := pullFrom(h, t.TempDir(), PullOptions{}); err == nil || len(waits) != tries-1 || !strings.Contains(err.Error(), "500") {
		t.Errorf("%v after %d pauses", err, len(waits))
	}
}

func TestPullToken(t *testing.T) {
	h := newFakeHub(t)
	h.token = "secret"
	if _, _, err := pullFrom(h, t.TempDir(), PullOptions{}); !errors.Is(err, ErrNoModel) || !strings.Contains(err.Error(), "HF_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	folder, _, err := pullFrom(h, t.TempDir(), PullOptions{Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
}

func TestPullRefuses(t *testing.T) {
	for name, spoil := range map[string]func(h *fakeHub){
		"outside of the repository": func(h *fakeHub) { h.files["../evil.json"] = []byte("x") },
		"no model in this folder":   func(h *fakeHub) { h.files = map[string][]byte{"README.md": []byte("x")} },
		"tokenizer.json is needed":  func(h *fakeHub) { delete(h.files, "tokenizer.json") },
		`field "image_mean" is missing`: func(h *fakeHub) {
			h.files["preprocessor_config.json"] = []byte(`{"size":{"height":8,"width":8},"resample":2}`)
		},
	} {
		h, dir := newFakeHub(t), t.TempDir()
		spoil(h)
		if _, _, err := pullFrom(h, dir, PullOptions{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error with %q, have %v", name, err)
		}
		if entries, _ := os.ReadDir(filepath.Join(dir, "owner")); len(entries) != 0 {
			t.Errorf("%s: something was installed", name)
		}
	}
	for _, bad := range []string{"", "clip", "../x", "a/b/c", "owner/..", "own er/x"} {
		if _, err := Pull(context.Background(), t.TempDir(), bad, PullOptions{}); !errors.Is(err, ErrNoModel) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPullEndsWithItsContext(t *testing.T) {
	h := newFakeHub(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Pull(ctx, t.TempDir(), "owner/clip", PullOptions{Endpoint: h.URL}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestPullReadsWhatTheHubAnnounces(t *testing.T) {
	sum := func(name string, h *fakeHub) string {
		return fmt.Sprintf("%x", sha256.Sum256(h.files[name]))
	}
	const file = "onnx/text_model.onnx"
	for name, c := range map[string]struct {
		announce func(h *fakeHub)
		want     string // in the error; empty: it succeeds
	}{
		"all right": {func(h *fakeHub) {
			h.announce = map[string]string{"X-Repo-Commit": fakeCommit, "X-Linked-Etag": `"` + sum(file, h) + `"`}
		}, ""},
		"another kind":  {func(h *fakeHub) { h.announce = map[string]string{"ETag": `W/"abc-1"`} }, ""},
		"other commit":  {func(h *fakeHub) { h.announce = map[string]string{"X-Repo-Commit": "feed"} }, "the hub sends commit feed"},
		"other content": {func(h *fakeHub) { h.announce = map[string]string{"X-Linked-Etag": `"` + strings.Repeat("0", 64) + `"`} }, "the hub announces content of hash 000"},
		"other size":    {func(h *fakeHub) { h.announce = map[string]string{"X-Linked-Size": "7"} }, "announces 7 bytes"},
	} {
		h := newFakeHub(t)
		c.announce(h)
		_, waits, err := pullFrom(h, t.TempDir(), PullOptions{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(waits) > 0) {
			t.Errorf("%s: %v after %d pauses; want %q at once", name, err, len(waits), c.want)
		}
	}
}

// A mirror that lists no hashes is believed what it announces, and nothing else.
func TestPullFromAMirrorWithoutHashes(t *testing.T) {
	h := newFakeHub(t)
	h.bare = true
	if _, _, err := pullFrom(h, t.TempDir(), PullOptions{}); err == nil || !strings.Contains(err.Error(), "neither lists nor announces a hash") {
		t.Errorf("without any hash: %v", err)
	}
	h.etags = true
	folder, _, err := pullFrom(h, t.TempDir(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	h.lie["onnx/text_model.onnx"] = true
	if _, _, err := pullFrom(h, t.TempDir(), PullOptions{}); err == nil || !strings.Contains(err.Error(), "what came has hash") {
		t.Errorf("with wrong content: %v", err)
	}
}

func TestPullLeavesASilentConnection(t *testing.T) {
	h := newFakeHub(t)
	h.hang = "onnx/text_model.onnx"
	folder, waits, err := pullFrom(h, t.TempDir(), PullOptions{stall: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if len(waits) == 0 {
		t.Error("it never gave the silent connection up")
	}
}

func TestPullOnlyOnceAtATime(t *testing.T) {
	h, dir := newFakeHub(t), t.TempDir()
	unlock, err := lockFolder(filepath.Join(dir, ".pull", "owner--clip-"+fakeCommit+".lock"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := pullFrom(h, dir, PullOptions{}); err == nil || !strings.Contains(err.Error(), "another pull") {
		t.Errorf("beside another pull: %v", err)
	}
	unlock()
	folder, _, err := pullFrom(h, dir, PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if left, _ := filepath.Glob(filepath.Join(dir, ".pull", "*")); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestPullThroughAProxy(t *testing.T) {
	h := newFakeHub(t)
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "hub.invalid" {
			http.Error(w, r.URL.String(), http.StatusBadGateway)
			return
		}
		asked.Add(1)
		r.URL.Host, r.RequestURI = "", ""
		h.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.pageSize = 100 // the pages' links name the server itself
	folder, err := Pull(context.Background(), t.TempDir(), "owner/clip", PullOptions{
		Endpoint: "http://hub.invalid", Client: &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if asked.Load() == 0 {
		t.Error("the proxy wasn't asked")
	}
}

// external is a graph whose one weight lies in a file beside it, in the protocol buffers encoding of onnx.proto3.
func external(location string) []byte {
	field := func(number int, body string) string {
		return string(binary.AppendUvarint([]byte{byte(number<<3 | 2)}, uint64(len(body)))) + body
	}
	entry := field(1, "location") + field(2, location)
	tensor := "\x08\x01\x10\x01" + field(8, "w") + field(13, entry) + "\x70\x01"
	node := field(1, "w") + field(2, "y") + field(4, "Identity")
	graph := field(1, node) + field(2, "g") + field(5, tensor) + field(12, field(1, "y"))
	return []byte("\x08\x08" + field(7, graph) + field(8, "\x10\x11"))
}

// Exporters of large models keep weights in files of any name; the graph says which.
func TestPullBringsExternalWeights(t *testing.T) {
	h := newFakeHub(t)
	h.files["onnx/vision_model.onnx"] = external("onnx__MatMul_42")
	h.files["onnx/onnx__MatMul_42"] = []byte("weights")
	h.files["onnx/onnx__MatMul_43"] = []byte("of another graph")
	folder, _, err := pullFrom(h, t.TempDir(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filesOf(folder.FS)
	if !slices.Contains(files, "onnx/onnx__MatMul_42") || slices.Contains(files, "onnx/onnx__MatMul_43") {
		t.Errorf("it brought %v", files)
	}
	l, err := findLayout(fileIn(folder.FS), "")
	if err != nil {
		t.Fatal(err)
	}
	before, err := digest(folder, l, "")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder.Dir, "onnx/onnx__MatMul_42"), []byte("others"))
	if after, err := digest(folder, l, ""); err != nil || after == before {
		t.Errorf("other weights have the same fingerprint (%v)", err)
	}

	for location, want := range map[string]string{"gone": "names onnx/gone, which the repository lacks", "../../etc/passwd": "outside of the model's folder"} {
		h := newFakeHub(t)
		h.files["onnx/vision_model.onnx"] = external(location)
		if _, _, err := pullFrom(h, t.TempDir(), PullOptions{}); !errors.Is(err, ErrLayout) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q in it", location, err, want)
		}
	}
}

func TestPullBringsTheModelsGolden(t *testing.T) {
	h := newFakeHub(t)
	h.files[goldenFile] = []byte(`{"pictures":[{"file":"pictures/a.png","vector":[1]}]}`)
	h.files["pictures/a.png"] = []byte("a picture")
	h.files["pictures/b.png"] = []byte("another one")
	folder, _, err := pullFrom(h, t.TempDir(), PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filesOf(folder.FS)
	if !slices.Contains(files, goldenFile) || !slices.Contains(files, "pictures/a.png") || slices.Contains(files, "pictures/b.png") {
		t.Errorf("it brought %v", files)
	}
}

// The token is for the hub: the store that it sends a download to is another's.
func TestPullKeepsTheTokenFromOtherHosts(t *testing.T) {
	h := newFakeHub(t)
	var mu sync.Mutex
	asked, leaked := 0, 0
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		if r.Header.Get("Authorization") != "" {
			leaked++
		}
		mu.Unlock()
		h.mu.Lock()
		defer h.mu.Unlock()
		h.file(w, r, strings.TrimPrefix(r.URL.Path, "/"))
	}))
	defer store.Close()
	elsewhere := strings.Replace(store.URL, "127.0.0.1", "localhost", 1)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isFile := strings.CutPrefix(r.URL.Path, "/owner/clip/resolve/"+fakeCommit+"/")
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusForbidden)
		case isFile && strings.Contains(path, ".onnx"):
			http.Redirect(w, r, elsewhere+"/"+path+"?cdn=1", http.StatusFound)
		default:
			h.ServeHTTP(w, r)
		}
	}))
	defer front.Close()
	h.pageSize = 100 // the pages' links name the other server
	folder, err := Pull(t.Context(), t.TempDir(), "owner/clip", PullOptions{Endpoint: front.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	checkPulled(t, h, folder)
	if asked == 0 || leaked > 0 {
		t.Errorf("the store was asked %d times, %d times with the hub's token", asked, leaked)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": 0, "-1": 0, "soon": 0, "": 0, "9999": maxRetryAfter, "9223372036854775807": maxRetryAfter,
		"Wed, 25 Nov 2026 12:00:30 GMT": 30 * time.Second, "Wed, 25 Nov 2026 11:00:00 GMT": 0, "Thu, 26 Nov 2026 12:00:30 GMT": maxRetryAfter,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v; want %v", text, got, want)
		}
	}
}

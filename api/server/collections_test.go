package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/space"
)

func TestCollectionsComeAndGo(t *testing.T) {
	s := start(t)
	list, err := s.client.Collections(t.Context())
	if err != nil || list.Collections == nil || len(list.Collections) != 0 {
		t.Fatalf("at first: %+v, %v; want an empty list, not null", list, err)
	}
	s.create(t, "demo")
	s.create(t, "other")
	made, err := s.client.Collection(t.Context(), "demo")
	if err != nil || made.Name != "demo" || made.Items != 0 || made.Fingerprint.Model != "fake" {
		t.Errorf("%+v, %v", made, err)
	}
	_, err = s.client.CreateCollection(t.Context(), api.CreateCollection{Name: "demo"})
	wantError(t, refused(t, err), 409, api.CodeConflict, "name", "demo")
	_, err = s.client.CreateCollection(t.Context(), api.CreateCollection{Name: "../../etc"})
	wantError(t, refused(t, err), 400, api.CodeInvalidRequest, "name")
	_, err = s.client.Collection(t.Context(), "dmeo")
	wantError(t, refused(t, err), 404, api.CodeNotFound, "collection", "demo", "other")

	if err := s.client.DeleteCollection(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	wantError(t, refused(t, s.client.DeleteCollection(t.Context(), "demo")), 404, api.CodeNotFound, "collection", "other")
	list, err = s.client.Collections(t.Context())
	if err != nil || len(list.Collections) != 1 || list.Collections[0].Name != "other" {
		t.Errorf("at last: %+v, %v", list, err)
	}
}

func TestEveryRouteOfACollectionNamesAnUnknownOne(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	for _, route := range []struct{ method, path, body string }{
		{"GET", "", ""}, {"DELETE", "", ""}, {"GET", "/items", ""}, {"POST", "/items", `{"items":[{"text":"a"}]}`},
		{"GET", "/items/a", ""}, {"DELETE", "/items/a", ""}, {"GET", "/items/a/thumbnail", ""}, {"GET", "/items/a/original", ""},
		{"POST", "/items/delete", `{"ids":["a"]}`}, {"POST", "/known", `{"files":[]}`}, {"POST", "/search", `{"text":"a"}`},
		{"POST", "/duplicates", `{}`}, {"GET", "/duplicates/decisions", ""}, {"POST", "/duplicates/decisions", `{"choice":"drop","ids":["a"]}`},
		{"POST", "/duplicates/preview", `{}`}, {"POST", "/duplicates/check", `{}`},
	} {
		got := s.refusal(t, route.method, "/v1/collections/none"+route.path, route.body)
		wantError(t, got, 404, api.CodeNotFound, "collection", "none", "demo")
	}
}

func TestItemsWithAnyID(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	ids := []string{"plain", "a/b/c", "with space", "ünï", "100%", "%2F", "a?b#c", "delete", "..", "x+y"}
	for _, id := range ids {
		s.add(t, "demo", api.NewItem{ID: id, Text: "red " + id, Metadata: space.Metadata{"n": 1.5, "ok": true, "tags": []string{"x"}}})
	}
	for _, id := range ids {
		item, err := s.client.Item(t.Context(), "demo", id, true)
		if err != nil || item.ID != id || item.Text != "red "+id || len(item.Vector) != fakeDim {
			t.Errorf("%q: %+v, %v", id, item, err)
		}
	}
	plain, err := s.client.Item(t.Context(), "demo", "a/b/c", false)
	if err != nil || plain.Vector != nil || plain.ThumbnailURL != "" || plain.Metadata["n"] != 1.5 {
		t.Errorf("%+v, %v", plain, err)
	}
	for i, id := range ids {
		if err := s.client.DeleteItem(t.Context(), "demo", id); err != nil {
			t.Errorf("delete %q: %v", id, err)
		}
		wantError(t, refused(t, s.client.DeleteItem(t.Context(), "demo", id)), 404, api.CodeNotFound, "id", id)
		described, err := s.client.Collection(t.Context(), "demo")
		if err != nil || described.Items != len(ids)-i-1 {
			t.Errorf("after %d deletes there are %d items, %v", i+1, described.Items, err)
		}
	}
	_, err = s.client.Item(t.Context(), "demo", "gone", false)
	wantError(t, refused(t, err), 404, api.CodeNotFound, "id", "gone")
}

func TestItemsPageByPage(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	var items []api.NewItem
	for i := range 25 {
		items = append(items, api.NewItem{ID: fmt.Sprintf("%02d", i), Text: fmt.Sprintf("word%d", i)})
	}
	s.add(t, "demo", items...)
	var seen []string
	after := ""
	for page := 0; ; page++ {
		list, err := s.client.Items(t.Context(), "demo", after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			seen = append(seen, item.ID)
		}
		if after = list.Next; after == "" {
			break
		}
	}
	if len(seen) != 25 || seen[0] != "00" || seen[24] != "24" {
		t.Errorf("seen %v", seen)
	}
	for query, param := range map[string]string{"limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "vector=maybe": "vector"} {
		got := s.refusal(t, "GET", "/v1/collections/demo/items?"+query, "")
		wantError(t, got, 400, api.CodeInvalidRequest, param)
	}
	deleted, err := s.client.DeleteItems(t.Context(), "demo", []string{"00", "01", "none"})
	if err != nil || deleted.Deleted != 2 {
		t.Errorf("%+v, %v", deleted, err)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/items/delete", `{}`), 400, api.CodeInvalidRequest, "ids", "empty")
}

func TestOneBadItemOfABatchFailsAlone(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	good := base64.StdEncoding.EncodeToString(pngFile(t, red, 1))
	resp, err := s.client.AddItems(t.Context(), "demo", api.AddItems{Items: []api.NewItem{
		{ID: "image", Image: good, Text: "a red picture"},
		{ID: "no-image", Image: base64.StdEncoding.EncodeToString([]byte("this is a text"))},
		{ID: "not-base64", Image: "%%%"},
		{ID: "text", Text: "green"},
		{ID: "nothing"},
		{ID: "metadata", Text: "x", Metadata: space.Metadata{"_id": "forged"}},
		{ID: "vector", Text: "x", Vector: []float32{1, 2, 3}},
		{ID: "own vector", Text: "x", Vector: append(make([]float32, fakeDim-1), 3)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"created", "failed", "failed", "created", "failed", "failed", "failed", "created"}
	for i, status := range want {
		got := resp.Results[i]
		if got.Status != status || (status == "failed") != (got.Error != nil) {
			t.Errorf("item %d is %+v %+v; want %s", i, got, got.Error, status)
		}
		if got.Error != nil && (got.Error.Item == "" || got.Error.Code == api.CodeInternal) {
			t.Errorf("item %d has error %+v", i, got.Error)
		}
	}
	if resp.Created != 3 || resp.Failed != 5 {
		t.Errorf("%d created, %d failed", resp.Created, resp.Failed)
	}
	again := s.add(t, "demo", api.NewItem{ID: "text", Text: "green"}, api.NewItem{ID: "image", Image: good, Text: "another caption"})
	if again.Unchanged != 1 || again.Updated != 1 {
		t.Errorf("again: %+v", again)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/items", `{"items":[]}`), 400, api.CodeInvalidRequest, "items", "empty")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/items", `{"items":[{"txt":"a"}]}`), 400, api.CodeInvalidRequest, "txt", "items")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/items", `{"items":[{"modified":"today","text":"a"}]}`), 400, api.CodeInvalidRequest, "items")
	status, _, data := s.send(t, "POST", "/v1/collections/demo/items", "image/png", "x")
	wantError(t, parseRefusal(t, status, data), 415, api.CodeMediaType, "", "multipart/form-data")
}

// form is a multipart body of parts: name, file name (empty: a value), content.
func form(t *testing.T, parts ...[3]string) (contentType, body string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, p := range parts {
		create := func() (io.Writer, error) { return w.CreateFormField(p[0]) }
		if p[1] != "" {
			create = func() (io.Writer, error) { return w.CreateFormFile(p[0], p[1]) }
		}
		part, err := create()
		if err == nil {
			_, err = io.WriteString(part, p[2])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), out.String()
}

func (s *service) upload(t *testing.T, parts ...[3]string) (int, []byte) {
	t.Helper()
	kind, body := form(t, parts...)
	status, _, data := s.send(t, "POST", "/v1/collections/demo/items", kind, body)
	return status, data
}

func TestFilesOfAForm(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.Limits.MaxBytes = 20_000 })
	s.create(t, "demo")
	whole := string(jpegFile(t, blue, 3, 90))
	status, data := s.upload(t,
		[3]string{"file", "red.png", string(pngFile(t, red, 1))},
		[3]string{"file", "empty.png", ""},
		[3]string{"file", "text.jpg", "this is a text"},
		[3]string{"file", "cut.jpg", whole[:len(whole)/2]},
		[3]string{"file", "huge.png", strings.Repeat("x", 30_000)},
		[3]string{"file", "green.png", string(pngFile(t, green, 2))},
	)
	var resp api.AddResponse
	if err := json.Unmarshal(data, &resp); err != nil || status != 200 || len(resp.Results) != 6 {
		t.Fatalf("HTTP %d, %v: %s", status, err, data)
	}
	for i, want := range []struct{ name, status, code string }{
		{"red.png", "created", ""}, {"empty.png", "failed", api.CodeInvalidImage}, {"text.jpg", "failed", api.CodeInvalidImage},
		{"cut.jpg", "failed", api.CodeInvalidImage}, {"huge.png", "failed", api.CodeTooLarge}, {"green.png", "created", ""},
	} {
		got := resp.Results[i]
		code := ""
		if got.Error != nil {
			code = got.Error.Code
			if got.Error.Item != want.name || !strings.Contains(got.Error.Message, want.name) {
				t.Errorf("the error does not name %s: %+v", want.name, got.Error)
			}
		}
		if got.Name != want.name || got.Status != want.status || code != want.code {
			t.Errorf("result %d is %+v, code %q; want %+v", i, got, code, want)
		}
	}
	item, err := s.client.Item(t.Context(), "demo", resp.Results[0].ID, false)
	if err != nil || item.Kind != space.Image || item.Metadata["filename"] != "red.png" || item.Picture.Width != 96 {
		t.Errorf("%+v, %v", item, err)
	}
	thumbnail, err := s.client.Thumbnail(t.Context(), "demo", item.ID)
	if err != nil || !bytes.HasPrefix(thumbnail, []byte{0xff, 0xd8}) || item.ThumbnailURL == "" {
		t.Errorf("thumbnail of %d bytes at %q, %v", len(thumbnail), item.ThumbnailURL, err)
	}
	_, header, _ := s.send(t, "GET", item.ThumbnailURL, "", "")
	status, _, _ = s.send(t, "GET", item.ThumbnailURL, "", "", "If-None-Match", header.Get("ETag"))
	if status != http.StatusNotModified {
		t.Errorf("a thumbnail that the client has is HTTP %d", status)
	}
}

func TestEntriesDescribeTheFiles(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	entries := `{"items":[{"id":"first","text":"a caption","source":"/photos/a.png","metadata":{"sku":"SKU-1"}},{"id":"second","image":"AAAA"},{"id":"lonely"}]}`
	status, data := s.upload(t, [3]string{"items", "", entries},
		[3]string{"file", "a.png", string(pngFile(t, red, 1))}, [3]string{"file", "b.png", string(pngFile(t, red, 2))})
	var resp api.AddResponse
	if err := json.Unmarshal(data, &resp); err != nil || status != 200 || len(resp.Results) != 3 {
		t.Fatalf("HTTP %d, %v: %s", status, err, data)
	}
	if resp.Results[0].Status != "created" || resp.Results[1].Status != "failed" || resp.Results[2].Status != "failed" {
		t.Errorf("%+v", resp.Results)
	}
	item, err := s.client.Item(t.Context(), "demo", "first", false)
	if err != nil || item.Text != "a caption" || item.Metadata["sku"] != "SKU-1" || item.Metadata["filename"] != nil {
		t.Errorf("%+v, %v", item, err)
	}
	status, data = s.upload(t, [3]string{"items", "", `{"items":[]}`}, [3]string{"file", "a.png", string(pngFile(t, red, 1))})
	if err := json.Unmarshal(data, &resp); err != nil || status != 200 || resp.Results[0].Status != "failed" {
		t.Errorf("a file without an entry: HTTP %d, %v: %s", status, err, data)
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.MaxUpload = 50_000 })
	s.create(t, "demo")
	picture := string(pngFile(t, red, 1))
	for name, tc := range map[string]struct {
		parts  [][3]string
		status int
		code   string
		param  string
		says   string
	}{
		"no file":      {[][3]string{{"items", "", `{"items":[]}`}}, 400, api.CodeInvalidRequest, "file", `"file"`},
		"unknown part": {[][3]string{{"photo", "a.png", picture}}, 400, api.CodeInvalidRequest, "photo", `"photo"`},
		"bad items":    {[][3]string{{"items", "", `{"itms":[]}`}}, 400, api.CodeInvalidRequest, "itms", `"itms"`},
		"items too late": {[][3]string{{"file", "a.png", picture}, {"items", "", `{"items":[]}`}}, 400, api.CodeInvalidRequest, "items",
			"before the files; 1 files"},
		"too large": {[][3]string{{"file", "a.png", picture}, {"file", "b.png", strings.Repeat("x", 60_000)}}, 413, api.CodeTooLarge, "", "--max-upload"},
	} {
		t.Run(name, func(t *testing.T) {
			status, data := s.upload(t, tc.parts...)
			got := parseRefusal(t, status, data)
			if got.Status != tc.status || got.Detail.Code != tc.code || !strings.Contains(strings.ReplaceAll(got.Detail.Message, ": they are taken in as they arrive", ""), tc.says) {
				t.Errorf("got %v; want %s saying %q", &got, tc.code, tc.says)
			}
		})
	}
	status, _, data := s.send(t, "POST", "/v1/collections/demo/items", "multipart/form-data", "x")
	wantError(t, parseRefusal(t, status, data), 400, api.CodeInvalidRequest, "", "multipart")
}

func TestLongUploadsAreTakenInWhileTheyArrive(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	listening := httptest.NewServer(s.server.Handler())
	defer listening.Close()
	client, err := api.NewClient(listening.URL, api.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const files = 70
	seenAtLast := 0
	uploads := make([]api.Upload, files)
	for i := range uploads {
		uploads[i] = api.Upload{Name: fmt.Sprintf("%d.png", i), Item: api.NewItem{ID: fmt.Sprintf("%03d", i)}, Open: func() (io.ReadCloser, error) {
			if i == files-1 {
				// The last file waits until a whole batch before it is durable.
				for deadline := time.Now().Add(30 * time.Second); seenAtLast < 32 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
					d, err := s.client.Collection(t.Context(), "demo")
					if err != nil {
						return nil, err
					}
					seenAtLast = d.Items
				}
			}
			return io.NopCloser(bytes.NewReader(pngFile(t, red, i))), nil
		}}
	}
	resp, err := client.Upload(t.Context(), "demo", uploads)
	if err != nil || resp.Created != files {
		t.Fatalf("%d created, %v", resp.Created, err)
	}
	if seenAtLast < 32 {
		t.Errorf("%d items were there before the last file was sent; want a batch of 32 at least", seenAtLast)
	}
	for i, result := range resp.Results {
		if result.ID != fmt.Sprintf("%03d", i) {
			t.Errorf("result %d is of %s", i, result.ID)
		}
	}
}

func TestKnownFilesNeedNoWork(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	modified := time.Date(2026, 5, 1, 10, 0, 0, 123456789, time.UTC)
	picture := pngFile(t, red, 1)
	s.add(t, "demo", api.NewItem{Source: "/photos/a.png", Modified: modified, Image: base64.StdEncoding.EncodeToString(picture)})
	size := int64(len(picture))
	resp, err := s.client.Known(t.Context(), "demo", api.KnownRequest{Files: []api.FileState{
		{Source: "/photos/a.png", Bytes: size, Modified: modified},
		{Source: "/photos/a.png", Bytes: size + 1, Modified: modified},
		{Source: "/photos/a.png", Bytes: size, Modified: modified.Add(time.Second)},
		{Source: "/photos/b.png", Bytes: size, Modified: modified},
	}})
	if err != nil || fmt.Sprint(resp.Known) != "[true false false false]" {
		t.Errorf("%v, %v", resp.Known, err)
	}
	resp, err = s.client.Known(t.Context(), "demo", api.KnownRequest{Files: []api.FileState{}})
	if err != nil || resp.Known == nil {
		t.Errorf("of no files: %v, %v; want an empty list", resp.Known, err)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/known", `{"files":[{"bytes":1}]}`), 400, api.CodeInvalidRequest, "files", "file 0")
}

func TestOriginalsAreSentOnlyWhenTheyAreTheItems(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	picture := pngFile(t, red, 1)
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secret.txt")
	if err := os.WriteFile(secret, bytes.Repeat([]byte("s"), len(picture)), 0o600); err != nil {
		t.Fatal(err)
	}
	image := base64.StdEncoding.EncodeToString(picture)
	s.add(t, "demo",
		api.NewItem{ID: "good", Source: path, Image: image},
		api.NewItem{ID: "other file", Source: secret, Image: image}, // same size, another content
		api.NewItem{ID: "folder", Source: dir, Image: image},
		api.NewItem{ID: "relative", Source: "originals.go", Image: image},
		api.NewItem{ID: "device", Source: "/dev/zero", Image: image},
		api.NewItem{ID: "url", Source: "https://example.org/a.png", Image: image},
		api.NewItem{ID: "text", Source: secret, Text: strings.Repeat("s", len(picture))}, // its SHA-256 is the file's
	)
	for range 2 { // the second time from memory
		stream, kind, err := s.client.Original(t.Context(), "demo", "good")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(stream)
		if err != nil || !bytes.Equal(got, picture) || kind != "image/png" {
			t.Errorf("%d bytes of %s, %v", len(got), kind, err)
		}
		stream.Close()
	}
	for _, id := range []string{"other file", "folder", "relative", "device", "url", "text"} {
		_, _, err := s.client.Original(t.Context(), "demo", id)
		got := refused(t, err)
		if got.Status != 404 || strings.Contains(got.Detail.Message, dir) {
			t.Errorf("%s: %v", id, err)
		}
	}
	item, err := s.client.Item(t.Context(), "demo", "good", false)
	if err != nil || item.OriginalURL == "" {
		t.Errorf("no original_url: %+v, %v", item, err)
	}
	status, _, data := s.send(t, "GET", item.OriginalURL, "", "", "Range", "bytes=1-3")
	if status != http.StatusPartialContent || string(data) != "PNG" {
		t.Errorf("range: HTTP %d, %q", status, data)
	}
	changed := bytes.Clone(picture)
	changed[len(changed)-1] ^= 1 // same size, and below the same time
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path, changed, 0o600), os.Chtimes(path, time.Time{}, info.ModTime().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if _, _, err = s.client.Original(t.Context(), "demo", "good"); refused(t, err).Status != 404 {
		t.Errorf("after a change: %v", err)
	}
}

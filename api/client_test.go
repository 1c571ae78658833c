package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
)

// both runs a test over a socket and in the process: a client behaves alike.
func both(t *testing.T, handler http.Handler, opts api.ClientOptions, test func(*testing.T, *api.Client)) {
	t.Run("over a socket", func(t *testing.T) {
		listening := httptest.NewServer(handler)
		defer listening.Close()
		client, err := api.NewClient(listening.URL+"/", opts)
		if err != nil {
			t.Fatal(err)
		}
		test(t, client)
	})
	t.Run("in process", func(t *testing.T) { test(t, api.NewInProcess(handler, opts)) })
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, base := range []string{"", "localhost:7474", "ftp://host", "http://", "http://[::1"} {
		if _, err := api.NewClient(base, api.ClientOptions{}); err == nil {
			t.Errorf("%q was accepted", base)
		}
	}
}

func TestErrorsArriveWhole(t *testing.T) {
	param := "k"
	sent := api.ErrorDetail{Message: "k is 0", Type: api.TypeInvalidRequest, Code: api.CodeInvalidRequest, Param: &param, Item: "x"}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(api.ErrorResponse{Error: sent})
	})
	both(t, handler, api.ClientOptions{}, func(t *testing.T, c *api.Client) {
		_, err := c.Search(t.Context(), "demo", api.SearchRequest{})
		var got *api.Error
		if !errors.As(err, &got) || got.Status != 400 || got.Detail.Message != sent.Message || *got.Detail.Param != "k" || got.Detail.Item != "x" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnswersThatNoClipdWrote(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
	})
	both(t, handler, api.ClientOptions{}, func(t *testing.T, c *api.Client) {
		_, err := c.Status(t.Context())
		var got *api.Error
		if !errors.As(err, &got) || got.Status != 502 || !strings.Contains(got.Detail.Message, "bad gateway") {
			t.Errorf("got %v", err)
		}
	})
}

func TestBusyServersAreAskedAgain(t *testing.T) {
	var calls atomic.Int32
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), "again") {
			t.Errorf("attempt %d has body %q, %v", calls.Load(), body, err)
		}
		if calls.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_ = json.NewEncoder(w).Encode(api.SearchResponse{Collection: "demo"})
	})
	both(t, handler, api.ClientOptions{}, func(t *testing.T, c *api.Client) {
		calls.Store(0)
		resp, err := c.Search(t.Context(), "demo", api.SearchRequest{Text: "again"})
		if err != nil || resp.Collection != "demo" || calls.Load() != 3 {
			t.Errorf("%+v, %v after %d calls", resp, err, calls.Load())
		}
	})
}

func TestRetriesAreBounded(t *testing.T) {
	var calls atomic.Int32
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "3600") // MaxWait bounds it
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	both(t, handler, api.ClientOptions{Retries: 2, MaxWait: time.Millisecond}, func(t *testing.T, c *api.Client) {
		calls.Store(0)
		var got *api.Error
		if _, err := c.Status(t.Context()); !errors.As(err, &got) || got.Status != 503 || calls.Load() != 3 {
			t.Errorf("%v after %d calls; want 503 after 3", err, calls.Load())
		}
		calls.Store(0)
		if err := c.Ready(t.Context()); !errors.As(err, &got) || calls.Load() != 1 {
			t.Errorf("Ready: %v after %d calls; want 503 after 1", err, calls.Load())
		}
	})
}

func TestACancelledWaitEnds(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	client := api.NewInProcess(handler, api.ClientOptions{Retries: 1000, MaxWait: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestIDsKeepTheirSlashes(t *testing.T) {
	var path string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath() })
	both(t, handler, api.ClientOptions{}, func(t *testing.T, c *api.Client) {
		if err := c.DeleteItem(t.Context(), "demo", "a/b c?d#e%2F"); err != nil {
			t.Fatal(err)
		}
		if want := "/v1/collections/demo/items/a%2Fb%20c%3Fd%23e%252F"; path != want {
			t.Errorf("path is %s; want %s", path, want)
		}
	})
}

// receive answers POST …/items like a server that keeps nothing: the i-th result names the i-th file and its size.
func receive(t *testing.T, r *http.Request) (api.AddItems, api.AddResponse) {
	t.Helper()
	var items api.AddItems
	var resp api.AddResponse
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t.Error(err)
		return items, resp
	}
	for parts := multipart.NewReader(r.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return items, resp
		}
		if err != nil {
			t.Error(err)
			return items, resp
		}
		data, err := io.ReadAll(part)
		if err != nil {
			t.Error(err)
		}
		if part.FormName() == "items" {
			if err := json.Unmarshal(data, &items); err != nil {
				t.Error(err)
			}
			continue
		}
		result := api.AddResult{ID: fmt.Sprint(len(data)), Name: part.FileName(), Status: "created"}
		if len(data) == 0 {
			result.Status, result.Error = "failed", &api.ErrorDetail{Code: api.CodeInvalidImage, Message: "empty"}
		}
		resp.Results = append(resp.Results, result)
	}
}

func content(data string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil }
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestUploadSendsFilesAndReportsThoseItCannotRead(t *testing.T) {
	var attempts atomic.Int32
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		items, resp := receive(t, r)
		if attempts.Add(1) == 1 { // the first time busy: everything is sent again
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if len(items.Items) != 5 || items.Items[4].Text != "a caption" {
			t.Errorf("items are %+v", items)
		}
		_ = json.NewEncoder(w).Encode(resp)
	})
	files := []api.Upload{
		{Name: "a.jpg", Open: content("12345")},
		{Name: "gone.jpg", Open: func() (io.ReadCloser, error) { return nil, errors.New("no such file") }},
		{Name: "broken.jpg", Open: func() (io.ReadCloser, error) { return io.NopCloser(brokenReader{}), nil }},
		{Name: "huge.jpg", Open: content(strings.Repeat("x", 101))},
		{Name: `quote".jpg`, Item: api.NewItem{Text: "a caption"}, Open: content(strings.Repeat("x", 100))},
	}
	both(t, handler, api.ClientOptions{MaxFile: 100}, func(t *testing.T, c *api.Client) {
		attempts.Store(0)
		resp, err := c.Upload(t.Context(), "demo", files)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct{ id, status, says string }{
			{"5", "created", ""}, {"0", "failed", "no such file"}, {"0", "failed", "the disk is gone"},
			{"0", "failed", "more than 100 bytes"}, {"100", "created", ""},
		} {
			got := resp.Results[i]
			if got.ID != want.id || got.Status != want.status || got.Name != files[i].Name {
				t.Errorf("result %d is %+v; want %+v", i, got, want)
			}
			if want.says != "" && (got.Error == nil || got.Error.Code != api.CodeUnreadable || !strings.Contains(got.Error.Message, want.says)) {
				t.Errorf("result %d has error %+v; want %q", i, got.Error, want.says)
			}
		}
	})
}

func TestUploadsThatAreRefusedEarlyEnd(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge) // without reading a byte
	})
	large := strings.Repeat("x", 1<<20)
	both(t, handler, api.ClientOptions{}, func(t *testing.T, c *api.Client) {
		_, err := c.Upload(t.Context(), "demo", []api.Upload{{Name: "a", Open: content(large)}, {Name: "b", Open: content(large)}})
		if err == nil {
			t.Error("no error")
		}
	})
}

func TestInProcessStreamsBothWays(t *testing.T) {
	step := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write([]byte("first"))
		<-step // nothing more until the client has read the first part
		_, _ = w.Write([]byte("second"))
	})
	stream, kind, err := api.NewInProcess(handler, api.ClientOptions{}).Original(t.Context(), "demo", "a")
	if err != nil || kind != "image/jpeg" {
		t.Fatal(kind, err)
	}
	defer stream.Close()
	part := make([]byte, 5)
	if _, err := io.ReadFull(stream, part); err != nil || string(part) != "first" {
		t.Fatalf("%q, %v", part, err)
	}
	close(step)
	rest, err := io.ReadAll(stream)
	if err != nil || string(rest) != "second" {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestInProcessTellsTheHandlerWhenTheCallerLeaves(t *testing.T) {
	left := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		<-r.Context().Done()
		left <- r.Context().Err()
	})
	stream, _, err := api.NewInProcess(handler, api.ClientOptions{}).Original(t.Context(), "demo", "a")
	if err != nil {
		t.Fatal(err)
	}
	stream.Close()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestInProcessSurvivesAPanic(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("oh") })
	if _, err := api.NewInProcess(handler, api.ClientOptions{}).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("got %v", err)
	}
}

func TestFloatsTravelBothWays(t *testing.T) {
	want := []float32{1, -0.5, 1e-30}
	for name, e := range map[string]api.Embedding{
		"as made":   {Embedding: want},
		"base64":    {Embedding: api.EncodeFloats(want)},
		"from JSON": fromJSON(t, `{"embedding":[1,-0.5,1e-30]}`),
	} {
		got, err := e.Floats()
		if err != nil || len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, e := range map[string]api.Embedding{
		"none": {}, "text in a list": {Embedding: []any{"a"}}, "not base64": {Embedding: "%"}, "3 bytes": {Embedding: "AAAA"},
	} {
		if _, err := e.Floats(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func fromJSON(t *testing.T, text string) api.Embedding {
	t.Helper()
	var e api.Embedding
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func FuzzEmbeddingsInput(f *testing.F) {
	for _, seed := range []string{`"a"`, `["a",{"text":"b"},{"image":"c"}]`, `null`, `[]`, `[1]`, `[[1]]`, `{"x":1}`, `[null]`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var in api.EmbeddingsInput
		if err := json.Unmarshal(data, &in); err != nil {
			return
		}
		again, err := json.Marshal(in)
		if err != nil {
			t.Fatalf("%s was read and cannot be written: %v", data, err)
		}
		var back api.EmbeddingsInput
		if err := json.Unmarshal(again, &back); err != nil || len(back) != len(in) {
			t.Fatalf("%s became %s: %v", data, bytes.TrimSpace(again), err)
		}
	})
}

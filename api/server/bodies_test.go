package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
)

// post sends a body; of is its length as the request tells it, -1 for none.
func post(t *testing.T, url string, body io.Reader, of int64) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/embeddings", body)
	if err != nil {
		t.Error(err)
		return &http.Response{Body: http.NoBody}
	}
	req.ContentLength = of
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return &http.Response{Body: http.NoBody}
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// longRequest is a request of about size bytes for the vector of a text.
func longRequest(t *testing.T, size int) []byte {
	t.Helper()
	data, err := json.Marshal(api.EmbeddingsRequest{Input: api.EmbeddingsInput{{Text: "red"}}, User: strings.Repeat("u", size)})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBodiesTogetherAreBounded(t *testing.T) {
	const room = 5 << 20 // bodies beyond what net/http reads of an answered request
	s := start(t, func(_ *server.Deps, o *server.Options) {
		o.MaxBody, o.MaxBodies, o.BodyWait = room, room, 50*time.Millisecond
	})
	s.model.hold, s.model.reached = make(chan struct{}), make(chan struct{})
	url := s.listen(t)
	first, little := longRequest(t, 3<<20), longRequest(t, 10)
	done := make(chan int, 1)
	go func() { done <- post(t, url, bytes.NewReader(first), int64(len(first))).StatusCode }()
	<-s.model.reached // it holds its room while it waits for the tower

	refused := post(t, url, bytes.NewReader(first), int64(len(first)))
	answer, err := io.ReadAll(refused.Body)
	if err != nil || refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") == "" || !strings.Contains(string(answer), "--max-bodies") {
		t.Errorf("a second large one: %s, %q, %v; want 429 with Retry-After, for --max-bodies", refused.Status, answer, err)
	}
	if unknown := post(t, url, bytes.NewReader(little), -1); unknown.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one of unknown length may be as large as --max-body, and is answered %s; want 429", unknown.Status)
	}
	small := make(chan int, 1)
	go func() { small <- post(t, url, bytes.NewReader(little), int64(len(little))).StatusCode }()
	<-s.model.reached // small ones need no room
	close(s.model.hold)
	for name, status := range map[string]int{"the first": <-done, "the small one": <-small} {
		if status != http.StatusOK {
			t.Errorf("%s is answered %d", name, status)
		}
	}
}

func TestABodyWaitsForRoom(t *testing.T) {
	const room = 300 << 10
	s := start(t, func(_ *server.Deps, o *server.Options) {
		o.MaxBody, o.MaxBodies, o.BodyWait = room, room, time.Minute
	})
	s.model.hold, s.model.reached = make(chan struct{}), make(chan struct{}, 8)
	url := s.listen(t)
	large := longRequest(t, 200<<10)
	statuses := make(chan int, 4)
	for range cap(statuses) {
		go func() { statuses <- post(t, url, bytes.NewReader(large), int64(len(large))).StatusCode }()
	}
	<-s.model.reached
	select {
	case <-s.model.reached:
		t.Error("two large bodies are held where there is room for one")
	case <-time.After(50 * time.Millisecond):
	}
	close(s.model.hold)
	for range cap(statuses) {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("a request that waited is answered %d", status)
		}
	}
}

func TestRoomOfOneThatLeftIsGivenBack(t *testing.T) {
	const room = 300 << 10
	s := start(t, func(_ *server.Deps, o *server.Options) {
		o.MaxBody, o.MaxBodies, o.BodyWait = room, room, time.Minute
	})
	s.model.hold, s.model.reached = make(chan struct{}), make(chan struct{})
	url := s.listen(t)
	large := longRequest(t, 200<<10)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/embeddings", bytes.NewReader(large))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
			_, err = http.DefaultClient.Do(req)
		}
		left <- err
	}()
	<-s.model.reached
	leave()
	if err := <-left; err == nil {
		t.Error("the first was answered")
	}
	status := make(chan int, 1)
	go func() { status <- post(t, url, bytes.NewReader(large), int64(len(large))).StatusCode }()
	<-s.model.reached
	close(s.model.hold)
	if got := <-status; got != http.StatusOK {
		t.Errorf("the next is answered %d", got)
	}
}

func TestATooLargeBodyIsRefusedUnread(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.MaxBody = 1000 })
	large := longRequest(t, 2000)
	resp := post(t, s.listen(t), bytes.NewReader(large), int64(len(large)))
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %s; want 413", resp.Status)
	}
}

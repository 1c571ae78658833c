package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/space"
)

// serve runs the server on a port of its own and returns its client, the way to stop it and what Serve returned.
func serve(t *testing.T, s *service) (client *api.Client, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(ctx, listener) }()
	client, err = api.NewClient("http://"+listener.Addr().String(), api.ClientOptions{Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return client, stop, done
}

func TestShutdownLetsRequestsInFlightFinish(t *testing.T) {
	s := start(t)
	s.model.hold, s.model.reached = make(chan struct{}), make(chan struct{})
	client, stop, ended := serve(t, s)
	answered := make(chan error, 1)
	go func() {
		_, err := client.Embeddings(context.Background(), api.EmbeddingsRequest{Input: api.EmbeddingsInput{{Text: "red"}}})
		answered <- err
	}()
	<-s.model.reached
	if err := client.Ready(t.Context()); err != nil {
		t.Errorf("before the stop: %v", err)
	}
	stop()
	// The listener is closed, so readiness is asked of the handler.
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := s.client.Ready(t.Context()); err != nil {
			wantError(t, refused(t, err), 503, api.CodeUnavailable, "", "stopping")
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server never said that it stops")
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("Serve returned %v with a request in flight", err)
	default:
	}
	close(s.model.hold)
	if err := <-answered; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestShutdownCutsWhatLastsTooLong(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.ShutdownWait = 10 * time.Millisecond })
	s.model.hold, s.model.reached = make(chan struct{}), make(chan struct{})
	client, stop, ended := serve(t, s)
	answered := make(chan error, 1)
	go func() {
		_, err := client.Embeddings(context.Background(), api.EmbeddingsRequest{Input: api.EmbeddingsInput{{Text: "red"}}})
		answered <- err
	}()
	<-s.model.reached
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("Serve: %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request that was cut off succeeded")
	}
}

func TestAListenerThatFailsEndsServe(t *testing.T) {
	s := start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := s.server.Serve(t.Context(), listener); err == nil {
		t.Error("no error")
	}
}

func TestStatusAndMetrics(t *testing.T) {
	s := gallery(t)
	s.find(t, api.SearchRequest{Text: "red"})
	status, err := s.client.Status(t.Context())
	if err != nil || status.Version != "1.2.3" || status.RSS <= 0 || len(status.Collections) != 1 || status.Collections[0].Images != 4 {
		t.Errorf("%+v, %v", status, err)
	}
	if err := s.client.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	s.refusal(t, "GET", "/v1/unknown/a", "")
	s.refusal(t, "GET", "/v1/unknown/b", "")
	code, _, data := s.send(t, http.MethodGet, "/metrics", "", "")
	if code != 200 {
		t.Fatalf("HTTP %d", code)
	}
	text := string(data)
	for _, line := range []string{
		`clipd_requests_total{method="POST",route="/v1/collections/:collection/search",status="200"} 1`,
		`clipd_items{collection="demo",kind="image"} 4`,
		`clipd_items{collection="demo",kind="text"} 2`,
		`clipd_stage_duration_seconds_count{stage="search"} 1`,
		`clipd_batch_size_sum{stage="ingest"} 6`,
		`clipd_requests_in_flight 1`,
		`clipd_queue_waiting{tower="text"} 3`,
		`clipd_tower_batches_total{tower="text"} 5`,
		`clipd_tower_inputs_total{tower="image"} 0`,
		`clipd_tower_loaded{tower="text"} 1`,
		`clipd_tower_loaded{tower="image"} 0`,
		`clipd_resize_seconds_total{tower="image"} 6`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
	if strings.Contains(text, "unknown/a") {
		t.Error("paths of unknown routes become labels")
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	client, stop, ended := serve(t, s)
	var clients sync.WaitGroup
	const workers, rounds = 8, 5
	for worker := range workers {
		clients.Go(func() {
			for round := range rounds {
				id := fmt.Sprintf("%d/%d", worker, round)
				if err := oneRound(t.Context(), client, id, pngFile(t, red, worker*rounds+round)); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
	clients.Wait()
	described, err := client.Collection(t.Context(), "demo")
	if err != nil || described.Items != workers*rounds {
		t.Errorf("%d items, %v; want %d", described.Items, err, workers*rounds)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// oneRound adds a text and an image, finds the text, and removes the image.
func oneRound(ctx context.Context, client *api.Client, id string, picture []byte) error {
	text := "word" + strings.ReplaceAll(id, "/", "x")
	added, err := client.AddItems(ctx, "demo", api.AddItems{Items: []api.NewItem{{ID: id, Text: text}}})
	if err != nil || added.Created != 1 {
		return fmt.Errorf("add: %+v, %w", added, err)
	}
	uploaded, err := client.Upload(ctx, "demo", []api.Upload{{Name: id, Item: api.NewItem{ID: id + "/image"}, Open: opened(picture)}})
	if err != nil || uploaded.Created != 1 {
		return fmt.Errorf("upload: %+v, %w", uploaded, err)
	}
	found, err := client.Search(ctx, "demo", api.SearchRequest{Text: text, Mode: space.KeywordOnly})
	if err != nil || len(found.Hits) != 1 || found.Hits[0].Item.ID != id {
		return fmt.Errorf("search: %+v, %w", found.Hits, err)
	}
	return client.DeleteItem(ctx, "demo", id+"/image")
}

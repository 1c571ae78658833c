package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/space/catalog"
)

// BenchmarkHTTP is what HTTP, JSON, the catalog and its indexes take of a request; the model is one that takes no time.
func BenchmarkHTTP(b *testing.B) {
	const items = 2000
	url := serveItems(b, items)
	b.Run(fmt.Sprintf("search/%d", items), func(b *testing.B) {
		postOften(b, url+"/v1/collections/bench/search", api.SearchRequest{Text: "a red word-7 thing"})
	})
	b.Run("embeddings", func(b *testing.B) {
		postOften(b, url+"/v1/embeddings", api.EmbeddingsRequest{Input: api.EmbeddingsInput{{Text: "a photo of a cat"}}})
	})
}

func serveItems(b *testing.B, count int) (url string) {
	b.Helper()
	model := &fakeModel{}
	library, err := catalog.Open(b.TempDir(), model, catalog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s, err := server.New(server.Deps{Model: model, Library: library}, server.Options{})
	if err != nil {
		b.Fatal(err)
	}
	listening := httptest.NewServer(s.Handler())
	b.Cleanup(func() {
		listening.Close()
		if err := library.Close(); err != nil {
			b.Error(err)
		}
	})
	client := api.NewInProcess(s.Handler(), api.ClientOptions{})
	if _, err := client.CreateCollection(b.Context(), api.CreateCollection{Name: "bench"}); err != nil {
		b.Fatal(err)
	}
	list := make([]api.NewItem, count)
	for i := range list {
		list[i].Text = fmt.Sprintf("a %s word-%d thing number %d", colours[i%len(colours)], i%100, i)
	}
	if answer, err := client.AddItems(b.Context(), "bench", api.AddItems{Items: list}); err != nil || answer.Failed > 0 {
		b.Fatalf("%d failed, %v", answer.Failed, err)
	}
	return listening.URL
}

func postOften(b *testing.B, url string, request any) {
	body, err := json.Marshal(request)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		resp, err := http.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatalf("%s: %.300s, %v", resp.Status, answer, err)
		}
		resp.Body.Close()
	}
}

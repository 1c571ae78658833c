package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/space/catalog"
)

func TestReindexAnswersByTheNewModel(t *testing.T) {
	s := start(t, func(d *server.Deps, _ *server.Options) {
		d.OpenModel = func(_ context.Context, name string) (server.OtherModel, error) {
			if name != "other" {
				return server.OtherModel{}, fmt.Errorf("there is no model %q", name)
			}
			return server.OtherModel{
				Encoder: &fakeModel{name: "other", digest: "cd"}, Traits: catalog.Traits{MatchCosine: -.5, LogitScale: 1},
			}, nil
		}
	})
	s.create(t, "demo")
	s.add(t, "demo", api.NewItem{ID: "a", Text: "red"}, api.NewItem{ID: "b", Text: "green"})
	kinds := func() (probability float64, model string) {
		t.Helper()
		got, err := s.client.ClassifyItems(t.Context(), "demo", api.ClassifyItemsRequest{Labels: []string{"red", "blue"}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Items[0].Probability, got.Model
	}
	before, _ := kinds()
	like := func() api.SearchHit {
		t.Helper()
		got, err := s.client.Search(t.Context(), "demo", api.SearchRequest{Like: []string{"a"}})
		if err != nil || got.Hits[0].Relevance != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		return got.Hits[0]
	}
	if hit := like(); hit.Match {
		t.Fatalf("green matches red by the first model: %+v", hit)
	}
	report, err := s.client.Reindex(t.Context(), "demo", api.ReindexRequest{Model: "other"}, func(api.Progress) {})
	if err != nil || !report.Done || report.Items != 2 || report.Encoded != 2 || report.To.Digest == report.From.Digest {
		t.Fatalf("%+v, %v", report, err)
	}
	described, err := s.client.Collection(t.Context(), "demo")
	if err != nil || described.Fingerprint != report.To {
		t.Errorf("%+v, %v", described, err)
	}
	found, err := s.client.Search(t.Context(), "demo", api.SearchRequest{Text: "green"})
	if err != nil || len(found.Hits) == 0 || found.Hits[0].Item.ID != "b" {
		t.Errorf("%+v, %v", found, err)
	}
	if found.Model != "other" {
		t.Errorf("a search says that it is of %q", found.Model)
	}
	if after, model := kinds(); model != "other" || after >= before {
		t.Errorf("a label has %.3f by %q, before it had %.3f: the scale of the logits is the old model's", after, model, before)
	}
	if hit := like(); !hit.Match {
		t.Errorf("the threshold is the old model's: %+v", hit)
	}
	s.add(t, "demo", api.NewItem{ID: "pic", Image: base64.StdEncoding.EncodeToString(pngFile(t, red, 1))})
	report, err = s.client.Reindex(t.Context(), "demo", api.ReindexRequest{Model: "other"}, nil)
	if err != nil || !report.Done || report.Encoded != 0 {
		t.Errorf("of the model already: %+v, %v", report, err)
	}
	_, err = s.client.Reindex(t.Context(), "demo", api.ReindexRequest{Model: "none"}, nil)
	wantError(t, refused(t, err), http.StatusBadRequest, api.CodeInvalidRequest, "model", `no model "none"`)
	_, err = s.client.Reindex(t.Context(), "demo", api.ReindexRequest{}, nil)
	wantError(t, refused(t, err), http.StatusBadRequest, api.CodeInvalidRequest, "model", "missing")
	_, err = s.client.Reindex(t.Context(), "nowhere", api.ReindexRequest{Model: "other"}, nil)
	wantError(t, refused(t, err), http.StatusNotFound, api.CodeNotFound, "collection", "nowhere")
}

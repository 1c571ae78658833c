package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
)

func TestReindexAnswersByTheNewModel(t *testing.T) {
	s := start(t, func(d *server.Deps, _ *server.Options) {
		d.OpenModel = func(_ context.Context, name string) (server.OtherModel, error) {
			if name != "other" {
				return server.OtherModel{}, fmt.Errorf("there is no model %q", name)
			}
			return server.OtherModel{Encoder: &fakeModel{digest: "cd"}}, nil
		}
	})
	s.create(t, "demo")
	s.add(t, "demo", api.NewItem{ID: "a", Text: "red"}, api.NewItem{ID: "b", Text: "green"})
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

package server_test

import (
	"fmt"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func TestClassifyItemsCountsAndWrites(t *testing.T) {
	s := gallery(t)
	got, err := s.client.ClassifyItems(t.Context(), "demo", api.ClassifyItemsRequest{
		Labels: []string{"red", "green"}, Template: "{}", Kind: space.Image, Other: "neither", Write: "colour",
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.Labels[0].Count, got.Labels[1].Count, got.Labels[2].Count, got.Total, got.Wrote) != "2 1 1 4 4" || got.Labels[2].Label != "neither" {
		t.Errorf("%+v", got)
	}
	for _, item := range got.Items {
		if item.ID == "green" && (item.Label != "green" || item.Probability < 0.9) {
			t.Errorf("%+v", item)
		}
	}
	found := s.find(t, api.SearchRequest{Text: "something", Filter: &space.Filter{Field: "colour", Equals: "red"}})
	if found.Searched != 2 || found.Hits[0].Item.Metadata["colour"] != "red" {
		t.Errorf("%+v", found)
	}
	zero := 0
	if some, err := s.client.ClassifyItems(t.Context(), "demo", api.ClassifyItemsRequest{Labels: []string{"red", "green"}, Limit: &zero}); err != nil || len(some.Items) != 0 || some.Total != 6 || some.Wrote != 0 {
		t.Errorf("%+v, %v", some, err)
	}
	for body, param := range map[string]string{
		`{"labels":[]}`: "labels", `{"labels":["a","a"]}`: "labels", `{"labels":["a",""]}`: "labels", `{"labels":["a"],"other":"a"}`: "labels",
		`{"labels":["a"],"template":"x"}`: "template", `{"labels":["a"],"kind":"video"}`: "kind", `{"labels":["a"],"write":"_id"}`: "write",
		`{"labels":["a"],"limit":-1}`: "limit",
	} {
		wantError(t, s.refusal(t, "POST", "/v1/collections/demo/classify", body), 400, api.CodeInvalidRequest, param)
	}
}

func TestClusters(t *testing.T) {
	s := gallery(t)
	got, err := s.client.Clusters(t.Context(), "demo", api.ClustersRequest{Method: "kmeans", K: 3, Kind: space.Image})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Clusters) != 3 || got.Total != 4 || len(got.Members) != 4 || got.Clusters[0].Size != 2 || got.Clusters[0].Examples[0].ThumbnailURL == "" {
		t.Errorf("%+v", got)
	}
	of := map[string]int{}
	for _, m := range got.Members {
		of[m.ID] = m.Cluster
	}
	if of["red"] != of["red-copy"] || of["red"] == of["green"] || of["green"] == of["blue"] {
		t.Errorf("%v", of)
	}
	if status := plainPost(t, s.server.Handler(), "/v1/collections/demo/clusters", ""); status != 200 {
		t.Errorf("without a body: HTTP %d", status)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/clusters", `{"method":"magic"}`), 400, api.CodeInvalidRequest, "", "kmeans or density")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/clusters", `{"limit":100001}`), 400, api.CodeInvalidRequest, "limit")
	wantError(t, s.refusal(t, "POST", "/v1/collections/nowhere/clusters", `{}`), 404, api.CodeNotFound, "collection")
}

func TestMap(t *testing.T) {
	s := gallery(t)
	got, err := s.client.Map(t.Context(), "demo", api.MapRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != 6 || len(got.Points) != 6 {
		t.Fatalf("%+v", got)
	}
	for _, p := range got.Points {
		if p.X < -1 || p.X > 1 || p.Y < -1 || p.Y > 1 || p.Title == "" || p.Kind == space.Image && p.Thumbnail == "" || p.Cluster >= len(got.Clusters) {
			t.Errorf("%+v", p)
		}
	}
	if got.Points[1].Title != "blue" && got.Points[2].Title != "blue" {
		t.Errorf("a text has no title of its own: %+v", got.Points)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/map", `{"items":30000}`), 400, api.CodeInvalidRequest, "", "1 to 20000")
}

package server_test

import (
	"encoding/base64"
	"image/color"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func TestDecisions(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	picture := pngFile(t, color.RGBA{200, 30, 30, 255}, 3)
	image := func(id string) api.NewItem {
		return api.NewItem{ID: id, Source: "/photos/" + id + ".png", Image: base64.StdEncoding.EncodeToString(picture)}
	}
	s.add(t, "demo", image("a"), image("b"))
	duplicates := func(req api.DuplicatesRequest) api.DuplicatesResponse {
		t.Helper()
		answer, err := s.client.Duplicates(t.Context(), "demo", req)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	found := duplicates(api.DuplicatesRequest{})
	if len(found.Groups) != 1 || found.Copies != 1 || found.Groups[0].Original.Item.ID != "a" || found.Groups[0].Copies[0].Reason != "the first by its path" {
		t.Fatalf("at first: %+v", found)
	}
	preferred := duplicates(api.DuplicatesRequest{Keep: &space.KeepPolicy{Folders: []string{"/photos/b.png", "/photos"}, Order: []space.KeepRule{space.KeepFolder, space.KeepOldest}}})
	if preferred.Groups[0].Original.Item.ID != "a" {
		t.Errorf("a folder that is no parent is preferred: %+v", preferred.Groups[0].Original.Item.ID)
	}
	made, err := s.client.Decide(t.Context(), "demo", api.DecideRequest{Choice: space.KeepBoth, IDs: []string{"a", "b"}})
	if err != nil || len(made.Decisions) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	if found := duplicates(api.DuplicatesRequest{}); len(found.Groups) != 0 || found.Copies != 0 {
		t.Errorf("after keeping both: %+v", found)
	}
	if found := duplicates(api.DuplicatesRequest{Decided: true}); len(found.Groups) != 1 || !found.Groups[0].Copies[0].Kept || found.Copies != 0 || found.Bytes != 0 {
		t.Errorf("after keeping both, with what is decided: %+v", found)
	}
	list, err := s.client.Decisions(t.Context(), "demo")
	if err != nil || len(list.Decisions) != 1 || list.Decisions[0].Choice != space.KeepBoth || len(list.Decisions[0].IDs) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := s.client.Decide(t.Context(), "demo", api.DecideRequest{Choice: space.Undecided, Keys: []string{list.Decisions[0].Key}}); err != nil {
		t.Fatal(err)
	}
	if found := duplicates(api.DuplicatesRequest{}); len(found.Groups) != 1 {
		t.Errorf("after taking it back: %+v", found)
	}

	const path = "/v1/collections/demo/duplicates"
	for body, says := range map[string][2]string{
		`{"choice":"perhaps","ids":["a","b"]}`:         {"", "perhaps"},
		`{"choice":"not a duplicate","ids":["a","b"]}`: {"", "keep both"},
		`{"choice":"drop","keys":["x"]}`:               {"keys", "undecided"},
	} {
		wantError(t, s.refusal(t, "POST", path+"/decisions", body), 400, api.CodeInvalidRequest, says[0], says[1])
	}
	wantError(t, s.refusal(t, "POST", path+"/decisions", `{"choice":"drop","ids":["gone"]}`), 404, api.CodeNotFound, "", "gone")
	wantError(t, s.refusal(t, "POST", path, `{"keep":{"order":["beauty"]}}`), 400, api.CodeInvalidRequest, "", "beauty")
}

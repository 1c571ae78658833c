package server_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func TestCheckSaysWhatAPictureIsACopyOf(t *testing.T) {
	s := gallery(t)
	copied := base64.StdEncoding.EncodeToString(jpegFile(t, red, 1, 80))
	resp, err := s.client.CheckDuplicate(t.Context(), "demo", api.CheckRequest{Image: copied})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Level != space.Duplicate || resp.Collection != "demo" || len(resp.Matches) < 2 || resp.Took.TotalMS <= 0 {
		t.Fatalf("%+v", resp)
	}
	for _, match := range resp.Matches[:2] {
		if id := match.Item.ID; id != "red" && id != "red-copy" || match.Proof == nil || match.Proof.Level != space.Duplicate || match.Item.ThumbnailURL == "" {
			t.Errorf("%+v", match)
		}
	}
	other := base64.StdEncoding.EncodeToString(pngFile(t, green, 4))
	two := 2.0
	if resp, err = s.client.CheckDuplicate(t.Context(), "demo", api.CheckRequest{Image: other, MinCosine: &two}); err != nil || resp.Level != "" || resp.Matches == nil {
		t.Errorf("another picture: %+v, %v", resp, err)
	}
	path := "/v1/collections/demo/duplicates/check"
	wantError(t, s.refusal(t, "POST", path, `{}`), 400, api.CodeInvalidRequest, "image")
	wantError(t, s.refusal(t, "POST", path, `{"image":"bm8gcGljdHVyZQ=="}`), 400, api.CodeInvalidImage, "image")
	wantError(t, s.refusal(t, "POST", path, `{"image":"`+copied+`","max_distance":999}`), 400, api.CodeInvalidRequest, "max_distance")
}

func TestCheckTakesAFile(t *testing.T) {
	s := gallery(t)
	kind, body := form(t, [3]string{"image", "upload.jpg", string(jpegFile(t, red, 1, 80))})
	status, _, data := s.send(t, "POST", "/v1/collections/demo/duplicates/check", kind, body)
	var resp api.CheckResponse
	if err := json.Unmarshal(data, &resp); err != nil || status != 200 || resp.Level != space.Duplicate {
		t.Errorf("HTTP %d: %s", status, data)
	}
}

func TestPreviewCountsBeforeAnythingIsDone(t *testing.T) {
	s := gallery(t)
	resp, err := s.client.PreviewDuplicates(t.Context(), "demo", api.DuplicatesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	last := resp.Distances[len(resp.Distances)-1]
	if resp.Images != 4 || last.Groups != 1 || last.Pairs != 1 || last.Images != 2 || len(resp.Cosines) == 0 {
		t.Errorf("%+v", resp)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/duplicates/preview", `{"max_distance":0}`), 400, api.CodeInvalidRequest, "max_distance")
}

package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
)

// upload is a file in memory on its way to the server.
func inMemory(name string, data []byte) api.Upload {
	return api.Upload{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func TestImagesAsTheyAreGiveTheVectorsOfBase64(t *testing.T) {
	s := start(t)
	redPNG, blueJPEG := pngFile(t, red, 1), jpegFile(t, blue, 2, 90)
	want, err := s.client.Embeddings(t.Context(), api.EmbeddingsRequest{EncodingFormat: "base64", Input: api.EmbeddingsInput{
		{Text: "a green car"}, {Image: base64.StdEncoding.EncodeToString(redPNG)}, {Image: base64.StdEncoding.EncodeToString(blueJPEG)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	query := api.EmbeddingsRequest{EncodingFormat: "base64", Input: api.EmbeddingsInput{{Text: "a green car"}}}
	got, err := s.client.EmbedImages(t.Context(), query, inMemory("red.png", redPNG), inMemory("blue.jpg", blueJPEG))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("as a form: %+v, %v; want %+v", got, err, want)
	}
	url := s.listen(t)
	for kind, body := range map[string][]byte{"image/png": redPNG, "application/octet-stream": redPNG} {
		resp, err := http.Post(url+"/v1/embeddings?encoding_format=base64&model=fake", kind, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var alone api.EmbeddingsResponse
		err = json.NewDecoder(resp.Body).Decode(&alone)
		resp.Body.Close()
		if err != nil || len(alone.Data) != 1 || alone.Data[0].Embedding != want.Data[1].Embedding {
			t.Errorf("as %s: %+v, %v; want the vector of the red one", kind, alone, err)
		}
	}
}

func TestFaultsOfImagesAsTheyAre(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.MaxInputs, o.Limits.MaxBytes = 2, 10_000 })
	good := inMemory("red.png", pngFile(t, red, 1))
	var none api.EmbeddingsRequest
	_, err := s.client.EmbedImages(t.Context(), none, good, inMemory("notes.txt", []byte("no picture")))
	wantError(t, refused(t, err), 400, api.CodeInvalidImage, "image", "notes.txt")
	_, err = s.client.EmbedImages(t.Context(), none, inMemory("empty.png", nil))
	wantError(t, refused(t, err), 400, api.CodeInvalidImage, "image", "empty")
	_, err = s.client.EmbedImages(t.Context(), none, inMemory("large.png", make([]byte, 10_001)))
	wantError(t, refused(t, err), 413, api.CodeTooLarge, "image", "large.png")
	_, err = s.client.EmbedImages(t.Context(), none)
	wantError(t, refused(t, err), 400, api.CodeInvalidRequest, "image", `no part "image"`)
	_, err = s.client.EmbedImages(t.Context(), none, good, good, good)
	wantError(t, refused(t, err), 400, api.CodeInvalidRequest, "image", "--max-inputs")
	_, err = s.client.EmbedImages(t.Context(), api.EmbeddingsRequest{Model: "another"}, good)
	wantError(t, refused(t, err), 400, api.CodeInvalidRequest, "model", "not served")
	missing := api.Upload{Name: "gone.png", Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(t.TempDir(), "gone.png")) }}
	if _, err = s.client.EmbedImages(t.Context(), none, missing); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	resp, err := http.Post(s.listen(t)+"/v1/embeddings", "text/plain", bytes.NewReader([]byte("a cat")))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain is answered %s", resp.Status)
	}
}

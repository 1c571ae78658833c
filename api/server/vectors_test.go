package server_test

import (
	"encoding/base64"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
)

func TestEmbeddingsFloatAndBase64AreTheSame(t *testing.T) {
	s := start(t)
	input := api.EmbeddingsInput{
		{Text: "a red car"}, {Image: base64.StdEncoding.EncodeToString(pngFile(t, red, 1))},
		{Text: strings.Repeat("word ", 20)},
	}
	plain, err := s.client.Embeddings(t.Context(), api.EmbeddingsRequest{Input: input, Model: "fake", Dimensions: fakeDim})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := s.client.Embeddings(t.Context(), api.EmbeddingsRequest{Input: input, EncodingFormat: "base64"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range input {
		a, errA := plain.Data[i].Floats()
		b, errB := packed.Data[i].Floats()
		if errA != nil || errB != nil || len(a) != fakeDim || len(b) != fakeDim {
			t.Fatalf("input %d: %d and %d components, %v, %v", i, len(a), len(b), errA, errB)
		}
		var norm float64
		for j := range a {
			if a[j] != b[j] {
				t.Errorf("input %d, component %d: %v as float, %v as base64", i, j, a[j], b[j])
			}
			norm += float64(a[j]) * float64(a[j])
		}
		if math.Abs(norm-1) > 1e-5 {
			t.Errorf("input %d has squared length %v", i, norm)
		}
	}
	if plain.Usage.PromptTokens != 3+8 || plain.Usage.TotalTokens != 3+8 {
		t.Errorf("usage is %+v; want 3 and 8 tokens", plain.Usage)
	}
	if len(plain.Truncated) != 1 || plain.Truncated[0] != 2 {
		t.Errorf("truncated is %v; want [2]", plain.Truncated)
	}
}

func TestEmbeddingsTakeEveryWayToWriteAnInput(t *testing.T) {
	s := start(t)
	picture := pngFile(t, blue, 1)
	for name, input := range map[string]string{
		"string":           `"red"`,
		"list":             `["red"]`,
		"object":           `{"text":"red"}`,
		"list of object":   `[{"text":"red"}]`,
		"base64":           `{"image":"` + base64.StdEncoding.EncodeToString(picture) + `"}`,
		"base64, unpadded": `{"image":"` + base64.RawStdEncoding.EncodeToString(picture) + `"}`,
		"base64, URL":      `{"image":"` + base64.URLEncoding.EncodeToString(picture) + `"}`,
		"data URL":         `{"image":"data:image/png;base64,` + base64.StdEncoding.EncodeToString(picture) + `"}`,
	} {
		status, _, data := s.send(t, "POST", "/v1/embeddings", "application/json; charset=utf-8", `{"input":`+input+`}`)
		if status != http.StatusOK || strings.Count(string(data), `"index"`) != 1 {
			t.Errorf("%s: HTTP %d: %s", name, status, data)
		}
	}
}

func TestEmbeddingsIgnoreFieldsOfOpenAIClients(t *testing.T) {
	s := start(t)
	status, _, data := s.send(t, "POST", "/v1/embeddings", "application/json", `{"input":"red","user":"u","model":""}`)
	if status != http.StatusOK {
		t.Errorf("HTTP %d: %s", status, data)
	}
	// Not in the document, so it goes past the check: a field that OpenAI may add tomorrow.
	status = plainPost(t, s.server.Handler(), "/v1/embeddings", `{"input":"red","from_tomorrow":1}`)
	if status != http.StatusOK {
		t.Errorf("an unknown field is HTTP %d", status)
	}
}

func TestEmbeddingsThatAreRefused(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.MaxInputs = 3; o.Limits.MaxPixels = 10_000 })
	truncated := pngFile(t, red, 1)
	truncated = truncated[:len(truncated)/2]
	for name, tc := range map[string]struct {
		body, code, param, item string
		status                  int
		says                    []string
	}{
		"empty body":         {"", api.CodeInvalidRequest, "", "", 400, []string{"empty"}},
		"not JSON":           {"{\"input\":\n  oops}", api.CodeInvalidRequest, "", "", 400, []string{"line 2, column 3"}},
		"JSON cut off":       {`{"input": "a`, api.CodeInvalidRequest, "", "", 400, []string{"wrong JSON"}},
		"two values":         {`{"input":"a"} {}`, api.CodeInvalidRequest, "", "", 400, []string{"follows"}},
		"not an object":      {`["a"]`, api.CodeInvalidRequest, "", "", 400, []string{"object", "array"}},
		"no input":           {`{}`, api.CodeInvalidRequest, "input", "", 400, []string{"input is missing"}},
		"null":               {`{"input":null}`, api.CodeInvalidRequest, "input", "", 400, []string{"input is missing"}},
		"empty list":         {`{"input":[]}`, api.CodeInvalidRequest, "input", "", 400, []string{"empty"}},
		"empty text":         {`{"input":["a",""]}`, api.CodeInvalidRequest, "input", "1", 400, []string{"input 1", "empty"}},
		"token ids":          {`{"input":[1,2,3]}`, api.CodeInvalidRequest, "input", "0", 400, []string{"token ids", "text itself"}},
		"lists of token ids": {`{"input":[[1,2],[3]]}`, api.CodeInvalidRequest, "input", "0", 400, []string{"token ids"}},
		"a boolean":          {`{"input":["a",true]}`, api.CodeInvalidRequest, "input", "1", 400, []string{"input 1", "want a string"}},
		"a typing mistake":   {`{"input":{"txt":"a"}}`, api.CodeInvalidRequest, "txt", "", 400, []string{`"txt"`, `"input"`}},
		"text and image":     {`{"input":{"text":"a","image":"b"}}`, api.CodeInvalidRequest, "input", "0", 400, []string{"two inputs"}},
		"too many":           {`{"input":["a","b","c","d"]}`, api.CodeInvalidRequest, "input", "", 400, []string{"at most 3", "--max-inputs"}},
		"another model":      {`{"input":"a","model":"text-embedding-3-small"}`, api.CodeInvalidRequest, "model", "", 400, []string{"text-embedding-3-small", "fake"}},
		"dimensions":         {`{"input":"a","dimensions":7}`, api.CodeInvalidRequest, "dimensions", "", 400, []string{"7", "16"}},
		"a wrong type":       {`{"input":"a","dimensions":"7"}`, api.CodeInvalidRequest, "dimensions", "", 400, []string{"whole number", "string"}},
		"encoding":           {`{"input":"a","encoding_format":"hex"}`, api.CodeInvalidRequest, "encoding_format", "", 400, []string{"hex", "base64"}},
		"not base64":         {`{"input":{"image":"%%%"}}`, api.CodeInvalidImage, "input", "0", 400, []string{"not base64"}},
		"an address":         {`{"input":{"image":"https://example.org/cat.jpg"}}`, api.CodeInvalidImage, "input", "0", 400, []string{"not fetched"}},
		"a data URL of text": {`{"input":{"image":"data:text/plain,hello"}}`, api.CodeInvalidImage, "input", "0", 400, []string{"data:"}},
		"no image":           {`{"input":["a",{"image":"aGVsbG8gd29ybGQ="}]}`, api.CodeInvalidImage, "input", "1", 400, []string{"input 1", "not an image"}},
		"a cut image": {`{"input":{"image":"` + base64.StdEncoding.EncodeToString(truncated) + `"}}`,
			api.CodeInvalidImage, "input", "0", 400, []string{"input 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.refusal(t, "POST", "/v1/embeddings", tc.body)
			wantError(t, got, tc.status, tc.code, tc.param, tc.says...)
			if got.Detail.Item != tc.item {
				t.Errorf("item is %q; want %q", got.Detail.Item, tc.item)
			}
			if got.Detail.Type != api.TypeInvalidRequest {
				t.Errorf("type is %q", got.Detail.Type)
			}
		})
	}
	t.Run("too many pixels", func(t *testing.T) {
		s := start(t, func(_ *server.Deps, o *server.Options) { o.Limits.MaxPixels = 1000 })
		got := s.refusal(t, "POST", "/v1/embeddings",
			`{"input":{"image":"`+base64.StdEncoding.EncodeToString(pngFile(t, red, 1))+`"}}`)
		wantError(t, got, 413, api.CodeTooLarge, "input", "--max-pixels", "96 x 64")
	})
}

func TestModels(t *testing.T) {
	s := start(t)
	list, err := s.client.Models(t.Context())
	if err != nil || len(list.Data) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	one, err := s.client.Model(t.Context(), "fake")
	if err != nil || one != list.Data[0] || one.ContextLength != 8 || one.Note == "" || one.Fingerprint.Dim != fakeDim {
		t.Errorf("%+v, %v", one, err)
	}
	_, err = s.client.Model(t.Context(), "openai/clip vit")
	wantError(t, refused(t, err), 404, api.CodeNotFound, "model", "openai/clip vit", "fake")
}

func TestSimilarity(t *testing.T) {
	s := start(t)
	resp, err := s.client.Similarity(t.Context(), api.SimilarityRequest{
		A: api.EmbeddingsInput{{Text: "red"}, {Text: "green"}},
		B: api.EmbeddingsInput{{Text: "red"}, {Image: base64.StdEncoding.EncodeToString(pngFile(t, green, 0))}, {Text: "blue"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Cosine) != 2 || len(resp.Cosine[0]) != 3 || resp.Threshold != 0.5 {
		t.Fatalf("%+v", resp)
	}
	for i, row := range [][]bool{{true, false, false}, {false, true, false}} {
		for j, want := range row {
			cosine, distance := resp.Cosine[i][j], resp.Euclidean[i][j]
			if resp.Match[i][j] != want {
				t.Errorf("match[%d][%d] is %v at cosine %v", i, j, resp.Match[i][j], cosine)
			}
			if math.Abs(distance*distance-(2-2*cosine)) > 1e-5 {
				t.Errorf("distance %v does not go with cosine %v", distance, cosine)
			}
		}
	}
	never := 1.0
	resp, err = s.client.Similarity(t.Context(), api.SimilarityRequest{
		A: api.EmbeddingsInput{{Text: "red"}}, B: api.EmbeddingsInput{{Text: "red car"}}, Threshold: &never,
	})
	if err != nil || resp.Match[0][0] || resp.Threshold != 1 {
		t.Errorf("with threshold 1: %+v, %v", resp, err)
	}
	wantError(t, s.refusal(t, "POST", "/v1/similarity", `{"a":"red"}`), 400, api.CodeInvalidRequest, "b", "b is missing")
	wantError(t, s.refusal(t, "POST", "/v1/similarity", `{"a":"red","b":[7]}`), 400, api.CodeInvalidRequest, "b", "b: input 0")
	wantError(t, s.refusal(t, "POST", "/v1/similarity", `{"a":"x","b":"y","threshold":1.5}`), 400, api.CodeInvalidRequest, "threshold", "1.5")
	wantError(t, s.refusal(t, "POST", "/v1/similarity", `{"a":"x","b":"y","treshold":0.5}`), 400, api.CodeInvalidRequest, "treshold", "a, b, threshold")
}

func TestClassify(t *testing.T) {
	s := start(t)
	resp, err := s.client.Classify(t.Context(), api.ClassifyRequest{
		Inputs: api.EmbeddingsInput{{Image: base64.StdEncoding.EncodeToString(pngFile(t, blue, 0))}, {Text: "red"}},
		Labels: []string{"red", "green", "blue"}, Template: "{}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Results) != 2 || resp.Results[0][0].Label != "blue" || resp.Results[1][0].Label != "red" || resp.LogitScale != 10 {
		t.Errorf("%+v", resp)
	}
	for _, verdicts := range resp.Results {
		var sum float64
		for _, v := range verdicts {
			sum += v.Probability
		}
		if math.Abs(sum-1) > 1e-9 || len(verdicts) != 3 {
			t.Errorf("probabilities sum to %v: %+v", sum, verdicts)
		}
	}
	for name, tc := range map[string]struct{ body, param, says string }{
		"no labels":    {`{"inputs":"red","labels":[]}`, "labels", "labels is missing"},
		"empty label":  {`{"inputs":"red","labels":["a"," "]}`, "labels", "label 1"},
		"bad template": {`{"inputs":"red","labels":["a"],"template":"a photo"}`, "template", "{}"},
		"no inputs":    {`{"labels":["a"]}`, "inputs", "inputs is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, s.refusal(t, "POST", "/v1/classify", tc.body), 400, api.CodeInvalidRequest, tc.param, tc.says)
		})
	}
}

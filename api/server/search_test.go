package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// gallery is a collection "demo" of three pictures, a copy of one of them, and two texts.
func gallery(t *testing.T) *service {
	t.Helper()
	s := start(t)
	s.create(t, "demo")
	image := func(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
	s.add(t, "demo",
		api.NewItem{ID: "red", Image: image(pngFile(t, red, 1)), Metadata: space.Metadata{"sku": "SKU-1234", "price": 10.0}},
		api.NewItem{ID: "red-copy", Image: image(jpegFile(t, red, 1, 92)), Metadata: space.Metadata{"price": 20.0}},
		api.NewItem{ID: "green", Image: image(pngFile(t, green, 2)), Metadata: space.Metadata{"price": 30.0}},
		api.NewItem{ID: "blue", Image: image(pngFile(t, blue, 3)), Metadata: space.Metadata{"price": 40.0}},
		api.NewItem{ID: "caption-green", Text: "green"},
		api.NewItem{ID: "caption-blue", Text: "blue"},
	)
	return s
}

func (s *service) find(t *testing.T, req api.SearchRequest) api.SearchResponse {
	t.Helper()
	resp, err := s.client.Search(t.Context(), "demo", req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func hitIDs(resp api.SearchResponse) string {
	var ids []string
	for _, hit := range resp.Hits {
		ids = append(ids, hit.Item.ID)
	}
	return strings.Join(ids, " ")
}

func TestSearchByWordsFindsPictures(t *testing.T) {
	s := gallery(t)
	resp := s.find(t, api.SearchRequest{Text: "blue", Kind: space.Image, Mode: space.VectorOnly})
	if resp.Hits[0].Item.ID != "blue" || resp.Hits[0].Rank != 1 || !resp.Hits[0].Match || resp.Mode != space.VectorOnly {
		t.Errorf("%+v", resp)
	}
	if resp.Hits[0].Cosine == nil || resp.Hits[0].Explanation != nil || resp.Hits[0].Item.ThumbnailURL == "" {
		t.Errorf("%+v", resp.Hits[0])
	}
	if resp.Searched != 4 || resp.Model != "fake" || resp.Collection != "demo" || resp.Took.TotalMS <= 0 {
		t.Errorf("%+v", resp)
	}
	last := resp.Hits[len(resp.Hits)-1]
	if last.Match {
		t.Errorf("a picture of another colour matches: %+v", last)
	}
}

func TestSearchIsHybridAndExplained(t *testing.T) {
	s := gallery(t)
	resp := s.find(t, api.SearchRequest{Text: "SKU-1234", Explain: true})
	first := resp.Hits[0]
	if first.Item.ID != "red" || resp.Mode != space.Hybrid || !first.Match {
		t.Fatalf("%s, mode %s", hitIDs(resp), resp.Mode)
	}
	e := first.Explanation
	if e == nil || e.KeywordRank != 1 || e.VectorRank == 0 || len(e.Terms) == 0 || e.Fusion == "" {
		t.Errorf("explanation %+v", e)
	}
	words := s.find(t, api.SearchRequest{Text: "SKU-1234", Mode: space.KeywordOnly})
	if hitIDs(words) != "red" || words.Hits[0].Cosine != nil || !words.Hits[0].Match {
		t.Errorf("by keyword: %+v", words)
	}
}

func TestSearchByImageFindsTextsAndPictures(t *testing.T) {
	s := gallery(t)
	picture := pngFile(t, green, 9)
	texts := s.find(t, api.SearchRequest{Image: base64.StdEncoding.EncodeToString(picture), Kind: space.Text})
	if texts.Hits[0].Item.ID != "caption-green" || texts.Mode != space.VectorOnly {
		t.Errorf("texts: %s", hitIDs(texts))
	}
	query, err := json.Marshal(map[string]any{"kind": "image", "k": 1})
	if err != nil {
		t.Fatal(err)
	}
	kind, body := form(t, [3]string{"query", "", string(query)}, [3]string{"image", "query.png", string(picture)})
	status, _, data := s.send(t, "POST", "/v1/collections/demo/search", kind, body)
	var resp api.SearchResponse
	if err := json.Unmarshal(data, &resp); err != nil || status != 200 || hitIDs(resp) != "green" || !resp.More {
		t.Errorf("by form: HTTP %d, %v: %s", status, err, data)
	}
}

func TestSearchLikeAnItem(t *testing.T) {
	s := gallery(t)
	k := 1
	resp := s.find(t, api.SearchRequest{Like: api.IDs{"red"}, K: &k, Kind: space.Image})
	if hitIDs(resp) != "red-copy" {
		t.Errorf("like red: %s", hitIDs(resp))
	}
	less := s.find(t, api.SearchRequest{Text: "green blue", Like: api.IDs{"green"}, Kind: space.Image, Mode: space.VectorOnly,
		Weights: &api.SearchWeights{Like: -0.6}})
	if less.Hits[0].Item.ID != "blue" {
		t.Errorf("green or blue, but less of green: %s", hitIDs(less))
	}
	_, err := s.client.Search(t.Context(), "demo", api.SearchRequest{Like: api.IDs{"gone"}})
	if got := refused(t, err); got.Status != 404 || !strings.Contains(got.Detail.Message, "gone") {
		t.Errorf("like gone: %v", err)
	}
}

func TestSearchComposed(t *testing.T) {
	s := gallery(t)
	image := base64.StdEncoding.EncodeToString(pngFile(t, red, 9))
	but := s.find(t, api.SearchRequest{Text: "green blue red", Image: image, Not: api.EmbeddingsInput{{Text: "green"}, {Image: image}},
		Weights: &api.SearchWeights{Image: 0.1, Not: 1.5}, Kind: space.Image, Mode: space.VectorOnly})
	if but.Hits[0].Item.ID != "blue" {
		t.Errorf("green, blue or red, but neither green nor red: %s", hitIDs(but))
	}
	best := s.find(t, api.SearchRequest{Like: api.IDs{"caption-green", "caption-blue"}, Unlike: api.IDs{"red"}, Strategy: space.BestScore, Kind: space.Image})
	if ids := hitIDs(best); !strings.HasPrefix(ids, "green blue") && !strings.HasPrefix(ids, "blue green") || strings.Contains(ids+" ", "red ") {
		t.Errorf("like green or blue, unlike red: %s", ids)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", `{"unlike":["red"]}`), 400, api.CodeInvalidRequest, "", "also what to look for")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", `{"text":"red","not":[{"image":"AAAA"}]}`), 400, api.CodeInvalidImage, "", "not 0")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", `{"text":"red","not":[5]}`), 400, api.CodeInvalidRequest, "not", "token ids")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", `{"like":7}`), 400, api.CodeInvalidRequest, "like", "list of ids")
	many := `{"like":["red"` + strings.Repeat(`,"red"`, 100) + `]}`
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", many), 400, api.CodeInvalidRequest, "like", "at most 100")
}

func TestSearchSaysHowMuchAScoreIsWorth(t *testing.T) {
	s := gallery(t)
	found := s.find(t, api.SearchRequest{Text: "blue", Kind: space.Image, Mode: space.VectorOnly, MinRelevance: 0.5})
	if hitIDs(found) != "blue" || found.Hits[0].Grade != space.StrongMatch || *found.Hits[0].Relevance < 0.9 || len(found.Nearest) != 0 {
		t.Errorf("%+v", found)
	}
	nothing := s.find(t, api.SearchRequest{Text: "quantum chromodynamics", MinRelevance: 0.9})
	if len(nothing.Hits) != 0 || len(nothing.Nearest) != 3 || nothing.Nearest[0].Match || nothing.Nearest[0].Rank != 1 {
		t.Errorf("%+v", nothing)
	}
	for body, param := range map[string]string{`{"text":"red","min_relevance":2}`: "relevance is 2", `{"text":"red","mmr":-1}`: "mmr is -1"} {
		wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", body), 400, api.CodeInvalidRequest, "", param)
	}
}

func TestSearchByCursor(t *testing.T) {
	s := gallery(t)
	k := 2
	page := s.find(t, api.SearchRequest{Text: "red", K: &k, Stable: true, Explain: true})
	ids := hitIDs(page)
	for rank := 3; page.More; rank += 2 {
		page = s.find(t, api.SearchRequest{Cursor: page.Cursor, K: &k, Explain: true})
		if page.Hits[0].Rank != rank || page.Hits[0].Explanation == nil || page.Mode != space.Hybrid {
			t.Fatalf("%+v", page)
		}
		ids += " " + hitIDs(page)
	}
	if all := hitIDs(s.find(t, api.SearchRequest{Text: "red"})); ids != all || page.Cursor != "" {
		t.Errorf("pages have %s, the whole %s", ids, all)
	}
	first := s.find(t, api.SearchRequest{Text: "red", K: &k, Stable: true})
	with := func(cursor, more string) string { return fmt.Sprintf(`{"cursor":%q%s}`, cursor, more) }
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", with(first.Cursor, `,"text":"red"`)), 400, api.CodeInvalidRequest, "cursor", "only k and explain")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", with("nonsense", "")), 400, api.CodeInvalidRequest, "cursor", "cut off on the way")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", with(first.Cursor[:40], "")), 400, api.CodeInvalidRequest, "cursor", "cut off on the way")
}

func TestSearchPagesAndFilters(t *testing.T) {
	s := gallery(t)
	k := 2
	first := s.find(t, api.SearchRequest{Text: "red", K: &k, Mode: space.VectorOnly})
	second := s.find(t, api.SearchRequest{Text: "red", K: &k, Offset: 2, Mode: space.VectorOnly})
	all := s.find(t, api.SearchRequest{Text: "red", Mode: space.VectorOnly, Exact: true})
	if !first.More || second.Hits[0].Rank != 3 || !strings.HasPrefix(hitIDs(all), hitIDs(first)+" "+hitIDs(second)) {
		t.Errorf("%s, then %s; all are %s", hitIDs(first), hitIDs(second), hitIDs(all))
	}
	dear := s.find(t, api.SearchRequest{Text: "red", Filter: &space.Filter{Field: "price", GTE: 30.0}})
	if dear.Searched != 2 || strings.Contains(hitIDs(dear), "red") {
		t.Errorf("filtered: %s of %d", hitIDs(dear), dear.Searched)
	}
	least := 0.9
	strict := s.find(t, api.SearchRequest{Text: "green", Mode: space.VectorOnly, MinScore: &least})
	for _, hit := range strict.Hits {
		if *hit.Cosine < least {
			t.Errorf("%s at cosine %v", hit.Item.ID, *hit.Cosine)
		}
	}
}

func TestSearchesThatAreRefused(t *testing.T) {
	s := gallery(t)
	for name, tc := range map[string]struct{ body, code, param, says string }{
		"k of zero":      {`{"text":"red","k":0}`, api.CodeInvalidRequest, "k", "k is 0"},
		"k too large":    {`{"text":"red","k":1001}`, api.CodeInvalidRequest, "k", "1000"},
		"k of text":      {`{"text":"red","k":"ten"}`, api.CodeInvalidRequest, "k", "whole number"},
		"offset":         {`{"text":"red","offset":-1}`, api.CodeInvalidRequest, "offset", "offset is -1"},
		"nothing":        {`{}`, api.CodeInvalidRequest, "", "empty"},
		"kind":           {`{"text":"red","kind":"video"}`, api.CodeInvalidRequest, "kind", "video"},
		"mode":           {`{"text":"red","mode":"magic"}`, api.CodeInvalidRequest, "", "magic"},
		"fusion":         {`{"text":"red","fusion":"magic"}`, api.CodeInvalidRequest, "", "magic"},
		"alpha":          {`{"text":"red","fusion":"convex","alpha":2}`, api.CodeInvalidRequest, "", "alpha"},
		"typing mistake": {`{"text":"red","limit":5}`, api.CodeInvalidRequest, "limit", "min_score"},
		"empty filter":   {`{"text":"red","filter":{}}`, api.CodeInvalidRequest, "", "filter is empty"},
		"filter mistake": {`{"text":"red","filter":{"feild":"a","equals":1}}`, api.CodeInvalidRequest, "feild", `"filter"`},
		"nested filter":  {`{"text":"red","filter":{"and":[{"field":"a"}]}}`, api.CodeInvalidRequest, "", "filter.and[0]"},
		"no image":       {`{"image":"aGVsbG8gd29ybGQ="}`, api.CodeInvalidImage, "", "not an image"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, s.refusal(t, "POST", "/v1/collections/demo/search", tc.body), 400, tc.code, tc.param, tc.says)
		})
	}
	for name, parts := range map[string][][3]string{
		"an empty file":   {{"image", "a.png", ""}},
		"a text as image": {{"image", "a.png", "text"}},
		"an unknown part": {{"picture", "a.png", "x"}},
		"two images":      {{"query", "", `{"image":"AAAA"}`}, {"image", "a.png", string(pngFile(t, red, 1))}},
	} {
		t.Run(name, func(t *testing.T) {
			kind, body := form(t, parts...)
			status, _, data := s.send(t, "POST", "/v1/collections/demo/search", kind, body)
			if got := parseRefusal(t, status, data); got.Status != 400 {
				t.Errorf("%v", &got)
			}
		})
	}
	s.model.busy.Store(true)
	status, header, data := s.send(t, "POST", "/v1/collections/demo/search", "application/json", `{"text":"red"}`)
	wantError(t, parseRefusal(t, status, data), 429, api.CodeBusy, "")
	if header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestDuplicatesSayByWhichEvidence(t *testing.T) {
	s := gallery(t)
	resp, err := s.client.Duplicates(t.Context(), "demo", api.DuplicatesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Images != 4 || len(resp.Groups) != 1 || resp.Copies != 1 || resp.Bytes <= 0 {
		t.Fatalf("%+v", resp)
	}
	group := resp.Groups[0]
	pair := group.Original.Item.ID + " " + group.Copies[0].Item.ID
	if pair != "red red-copy" && pair != "red-copy red" {
		t.Errorf("the copies are %s", pair)
	}
	if proof := group.Copies[0].Proof; proof == nil || proof.Evidence == "" || group.Original.Proof != nil {
		t.Errorf("proof %+v", proof)
	}
	if status := plainPost(t, s.server.Handler(), "/v1/collections/demo/duplicates", ""); status != 200 {
		t.Errorf("without a body: HTTP %d", status)
	}
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/duplicates", `{"max_distance":0}`), 400, api.CodeInvalidRequest, "max_distance")
	wantError(t, s.refusal(t, "POST", "/v1/collections/demo/duplicates", `{"min_cosine":-1}`), 400, api.CodeInvalidRequest, "min_cosine")
}

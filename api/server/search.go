package server

import (
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// Defaults of a search.
const (
	defaultK     = 10
	defaultAlpha = 0.5
)

// search answers POST …/search, with JSON or with a form that holds an image beside it.
func (s *Server) search(c echo.Context) error {
	begun := time.Now()
	in, name, err := s.find(c)
	if err != nil {
		return err
	}
	req, ask, err := s.readSearch(c)
	if err != nil {
		return err
	}
	if req.Cursor != "" {
		return s.nextPage(c, in, name, req, begun)
	}
	answer, timing, err := in.Find(c.Request().Context(), ask)
	if err != nil {
		return err
	}
	s.metrics.stageTook(stageEncodeQuery, timing.Encode)
	s.metrics.stageTook(stageSearch, timing.Search)
	resp := api.SearchResponse{
		Collection: name,
		Model:      answer.Model,
		Mode:       resolvedMode(ask),
		Hits:       s.wireHits(name, req, answer, answer.Hits, ask.Offset),
		Nearest:    s.wireHits(name, req, answer, answer.Nearest, 0),
		Searched:   answer.Searched,
		More:       answer.More,
		Cursor:     answer.Cursor,
	}
	resp.Took = api.Took{
		EncodeMS: milliseconds(timing.Encode), SearchMS: milliseconds(timing.Search), TotalMS: milliseconds(time.Since(begun)),
	}
	return c.JSON(http.StatusOK, resp)
}

// nextPage answers a request with a cursor.
func (s *Server) nextPage(c echo.Context, in *catalog.Catalog, name string, req api.SearchRequest, begun time.Time) error {
	k := defaultK
	if req.K != nil {
		k = *req.K
	}
	alone := api.SearchRequest{Cursor: req.Cursor, K: req.K, Explain: req.Explain}
	if !reflect.DeepEqual(req, alone) {
		return invalid("cursor", "the cursor stands for its question; beside it only k and explain may be given")
	}
	page, err := in.Next(c.Request().Context(), req.Cursor, k)
	if err != nil {
		return about("cursor", "", err)
	}
	took := milliseconds(time.Since(begun))
	return c.JSON(http.StatusOK, api.SearchResponse{
		Collection: name, Model: page.Model, Mode: page.Query.Mode, Hits: s.wireHits(name, req, page.Answer, page.Hits, page.Offset),
		Searched: page.Searched, More: page.More, Cursor: page.Cursor, Remade: page.Remade, Took: api.Took{SearchMS: took, TotalMS: took},
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (s *Server) readSearch(c echo.Context) (api.SearchRequest, catalog.Ask, error) {
	var (
		req   api.SearchRequest
		image []byte
		name  = "image"
		err   error
	)
	switch kind := mediaType(c); kind {
	case echo.MIMEApplicationJSON:
		req, err = readJSON[api.SearchRequest](s, c, refuseUnknown)
	case echo.MIMEMultipartForm:
		image, name, err = s.readForm(c, "query", &req, "image")
	default:
		err = mediaTypeError(kind, "application/json, or multipart/form-data with an image")
	}
	if err != nil {
		return req, catalog.Ask{}, err
	}
	if req.Image != "" && image != nil {
		return req, catalog.Ask{}, invalid("image", "the form and its query both have an image; send one of them")
	}
	if req.Image != "" {
		if image, err = imageBytes(req.Image); err != nil {
			return req, catalog.Ask{}, about("image", name, err)
		}
	}
	if req.Cursor != "" {
		return req, catalog.Ask{}, nil
	}
	ask, err := question(req)
	if err != nil {
		return req, ask, err
	}
	ask.Image, ask.Name = image, name
	ask.Not, err = s.parts("not", req.Not)
	return req, ask, err
}

// parts are inputs as the catalog takes them.
func (s *Server) parts(field string, inputs api.EmbeddingsInput) ([]catalog.Part, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	if err := s.checkInputs(field, inputs); err != nil {
		return nil, err
	}
	parts := make([]catalog.Part, len(inputs))
	for i, in := range inputs {
		parts[i] = catalog.Part{Text: in.Text, Name: fmt.Sprintf("%s %d", field, i)}
		if in.Image == "" {
			continue
		}
		var err error
		if parts[i].Image, err = imageBytes(in.Image); err != nil {
			return nil, about(field, fmt.Sprint(i), fmt.Errorf("%s: %w", parts[i].Name, err))
		}
	}
	return parts, nil
}

// maxExamples is how many ids of items one request may name: each is read, and with strategy best searched.
const maxExamples = 100

// question is the request as the catalog takes it, with the defaults filled in.
func question(req api.SearchRequest) (catalog.Ask, error) {
	if req.Kind != "" && req.Kind != space.Text && req.Kind != space.Image {
		return catalog.Ask{}, invalid("kind", "kind %q; want text or image", req.Kind)
	}
	ask := catalog.Ask{
		Text: req.Text, Like: req.Like, Unlike: req.Unlike, Strategy: req.Strategy, Kind: req.Kind, Mode: req.Mode, Fusion: req.Fusion, Alpha: defaultAlpha, Boosts: req.Boosts,
		Filter: req.Filter, K: defaultK, Offset: req.Offset, MinScore: req.MinScore, Exact: req.Exact,
		Least: req.MinRelevance, MMR: req.MMR, Stable: req.Stable,
		Explain: true, // says which hits had words in common; the client sees it on request
	}
	if req.K != nil {
		ask.K = *req.K
	}
	if ask.K < 1 || ask.K > space.MaxK {
		return ask, invalid("k", "k is %d; want 1 to %d", ask.K, space.MaxK)
	}
	if req.Offset < 0 || req.Offset > space.MaxOffset {
		return ask, invalid("offset", "offset is %d; want 0 to %d", req.Offset, space.MaxOffset)
	}
	if n := len(req.Like) + len(req.Unlike) + len(req.Not); n > maxExamples {
		return ask, invalid("like", "like, unlike and not have %d entries; at most %d together", n, maxExamples)
	}
	if req.Alpha != nil {
		ask.Alpha = *req.Alpha
	}
	if req.Weights != nil {
		ask.Weights = catalog.Weights(*req.Weights)
	}
	return ask, nil
}

// resolvedMode is the mode that an empty one stands for.
func resolvedMode(ask catalog.Ask) space.Mode {
	switch {
	case ask.Mode != "":
		return ask.Mode
	case ask.Text != "":
		return space.Hybrid
	}
	return space.VectorOnly
}

func (s *Server) wireHits(collection string, req api.SearchRequest, answer space.Answer, hits []space.Hit, offset int) []api.SearchHit {
	out := make([]api.SearchHit, len(hits))
	near := orDefault(answer.MatchCosine, s.deps.Facts.MatchCosine)
	for i, hit := range hits {
		out[i] = api.SearchHit{
			Rank:      offset + i + 1,
			Item:      wireItem(collection, hit.Item, false),
			Score:     hit.Score,
			Cosine:    hit.Cosine,
			Relevance: hit.Relevance,
			Match:     matches(hit, near),
		}
		if hit.Relevance != nil {
			out[i].Grade = space.MatchOf(*hit.Relevance)
		}
		if req.Explain {
			out[i].Explanation = hit.Explanation
		}
	}
	return out
}

// matches goes by the relevance; where the collection is too small to say one, by its model's threshold.
func matches(hit space.Hit, threshold float64) bool {
	if hit.Relevance != nil {
		return *hit.Relevance >= space.GoodRelevance
	}
	near := hit.Cosine != nil && *hit.Cosine >= threshold
	return near || (hit.Explanation != nil && hit.Explanation.KeywordRank > 0)
}

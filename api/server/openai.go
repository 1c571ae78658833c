package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// Encodings of a vector in JSON.
const (
	encodingFloat  = "float"
	encodingBase64 = "base64"
)

// embeddings answers POST /v1/embeddings in OpenAI's shape, or with image files as they are.
func (s *Server) embeddings(c echo.Context) error {
	if kind := mediaType(c); kind != "" && kind != echo.MIMEApplicationJSON {
		return s.embedFiles(c, kind)
	}
	req, err := readJSON[api.EmbeddingsRequest](s, c, ignoreUnknown)
	if err != nil {
		return err
	}
	if err := s.checkEmbeddings(req); err != nil {
		return err
	}
	vectors, err := s.encode(c.Request().Context(), "input", req.Input)
	if err != nil {
		return err
	}
	return s.answerEmbeddings(c, req, vectors)
}

func (s *Server) answerEmbeddings(c echo.Context, req api.EmbeddingsRequest, vectors []space.Vector) error {
	resp := api.EmbeddingsResponse{Object: "list", Model: s.deps.Model.Name(), Data: embeddingList(vectors, req.EncodingFormat)}
	resp.Usage, resp.Truncated = s.usage(req.Input)
	return c.JSON(http.StatusOK, resp)
}

func (s *Server) checkEmbeddings(req api.EmbeddingsRequest) error {
	dim := s.deps.Model.Fingerprint().Dim
	switch {
	case req.Model != "" && req.Model != s.deps.Model.Name():
		return fail(http.StatusBadRequest, api.CodeInvalidRequest, "model",
			"model %q is not served here; leave model empty or say %q", req.Model, s.deps.Model.Name())
	case req.Dimensions != 0 && req.Dimensions != dim:
		return invalid("dimensions", "dimensions is %d; vectors of %s have %d, and are not shortened", req.Dimensions, s.deps.Model.Name(), dim)
	case req.EncodingFormat != "" && req.EncodingFormat != encodingFloat && req.EncodingFormat != encodingBase64:
		return invalid("encoding_format", "encoding_format %q; want %s or %s", req.EncodingFormat, encodingFloat, encodingBase64)
	}
	return nil
}

func embeddingList(vectors []space.Vector, encoding string) []api.Embedding {
	list := make([]api.Embedding, len(vectors))
	for i, vector := range vectors {
		list[i] = api.Embedding{Object: "embedding", Index: i, Embedding: vector.Components()}
		if encoding == encodingBase64 {
			list[i].Embedding = api.EncodeFloats(vector.Components())
		}
	}
	return list
}

// usage counts the tokens of the texts and says which of them the context cut.
func (s *Server) usage(inputs []api.Input) (api.Usage, []int) {
	var tokens int
	var truncated []int
	for i, in := range inputs {
		if in.Text == "" {
			continue
		}
		n, cut := s.deps.Model.CountTokens(in.Text)
		tokens += n
		if cut {
			truncated = append(truncated, i)
		}
	}
	return api.Usage{PromptTokens: tokens, TotalTokens: tokens}, truncated
}

// models answers GET /v1/models: the one that is served.
func (s *Server) models(c echo.Context) error {
	return c.JSON(http.StatusOK, api.ModelList{Object: "list", Data: []api.Model{s.servedModel()}})
}

// model answers GET /v1/models/{id}.
func (s *Server) model(c echo.Context) error {
	id, err := param(c, "id")
	if err != nil {
		return err
	}
	if id != s.deps.Model.Name() {
		return fail(http.StatusNotFound, api.CodeNotFound, "model", "model %q is not served here; %q is", id, s.deps.Model.Name())
	}
	return c.JSON(http.StatusOK, s.servedModel())
}

func (s *Server) servedModel() api.Model {
	return api.Model{
		ID:            s.deps.Model.Name(),
		Object:        "model",
		OwnedBy:       "clipd",
		Created:       s.started.Unix(),
		Fingerprint:   s.deps.Model.Fingerprint(),
		ContextLength: s.deps.Model.ContextLength(),
		Note:          s.deps.Facts.ModelNote,
	}
}

package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// similarity answers POST /v1/similarity: every a against every b.
func (s *Server) similarity(c echo.Context) error {
	req, err := readJSON[api.SimilarityRequest](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	threshold := s.deps.Facts.MatchCosine
	if req.Threshold != nil {
		threshold = *req.Threshold
	}
	if threshold < -1 || threshold > 1 {
		return invalid("threshold", "threshold is %g; a cosine is -1 to 1", threshold)
	}
	ctx := c.Request().Context()
	a, err := s.encode(ctx, "a", req.A)
	if err != nil {
		return err
	}
	b, err := s.encode(ctx, "b", req.B)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, compare(s.deps.Model.Name(), a, b, threshold))
}

func compare(model string, a, b []space.Vector, threshold float64) api.SimilarityResponse {
	resp := api.SimilarityResponse{Model: model, Threshold: threshold}
	for _, left := range a {
		cosine, euclidean, match := make([]float64, len(b)), make([]float64, len(b)), make([]bool, len(b))
		for j, right := range b {
			cosine[j] = left.Cosine(right)
			euclidean[j] = left.Euclidean(right)
			match[j] = cosine[j] >= threshold
		}
		resp.Cosine = append(resp.Cosine, cosine)
		resp.Euclidean = append(resp.Euclidean, euclidean)
		resp.Match = append(resp.Match, match)
	}
	return resp
}

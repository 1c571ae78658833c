package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// defaultTemplate wraps a label, for captions of photographs are what text towers were trained on
// (Radford et al., arXiv 2103.00020, section 3.1.4).
const defaultTemplate = "a photo of a {}"

// classify answers POST /v1/classify: zero-shot classification.
func (s *Server) classify(c echo.Context) error {
	req, err := readJSON[api.ClassifyRequest](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	prompts, err := labelPrompts(req.Labels, orDefault(req.Template, defaultTemplate))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	labels, err := s.encode(ctx, "labels", prompts)
	if err != nil {
		return err
	}
	inputs, err := s.encode(ctx, "inputs", req.Inputs)
	if err != nil {
		return err
	}
	scale := s.deps.Model.LogitScale()
	resp := api.ClassifyResponse{Model: s.deps.Model.Name(), LogitScale: scale, Results: make([][]space.Verdict, len(inputs))}
	for i, vector := range inputs {
		resp.Results[i] = space.Classify(vector, req.Labels, labels, scale)
	}
	return c.JSON(http.StatusOK, resp)
}

func labelPrompts(labels []string, template string) (api.EmbeddingsInput, error) {
	if !strings.Contains(template, "{}") {
		return nil, invalid("template", "template %q has no {}, where the label goes", template)
	}
	prompts := make(api.EmbeddingsInput, len(labels))
	for i, label := range labels {
		if strings.TrimSpace(label) == "" {
			return nil, invalid("labels", "label %d is empty", i)
		}
		prompts[i].Text = strings.ReplaceAll(template, "{}", label)
	}
	return prompts, nil
}

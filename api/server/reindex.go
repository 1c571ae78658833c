package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space/catalog"
)

// OtherModel is a model that a collection is encoded anew by.
type OtherModel struct {
	Encoder         catalog.Encoder
	DuplicateCosine float64 // cosine at which pictures count as copies; 0: the library's
	Traits          catalog.Traits
}

// reindex answers POST …/reindex: all items anew by another model, beside the collection, which is replaced at the end.
func (s *Server) reindex(c echo.Context) error {
	begun := time.Now()
	name, err := param(c, "collection")
	if err != nil {
		return err
	}
	req, err := readJSON[api.ReindexRequest](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	switch {
	case req.Model == "":
		return invalid("model", "model is missing")
	case s.deps.OpenModel == nil:
		return fail(http.StatusNotImplemented, api.CodeInvalidRequest, "model", "this server opens no other models")
	}
	model, err := s.deps.OpenModel(c.Request().Context(), req.Model)
	if err != nil {
		s.opts.Log.Warn("a model cannot be opened", "model", req.Model, "error", err)
		return invalid("model", "%s", err)
	}
	return stream(s, c, func(ctx context.Context, progress catalog.Progress) (api.ReindexReport, error) {
		report, err := s.deps.Library.Reindex(ctx, name, catalog.ReindexOptions{
			Encoder: model.Encoder, DuplicateCosine: model.DuplicateCosine, Traits: model.Traits, Thumbnails: req.Thumbnails, Drop: req.Drop,
		}, progress)
		if err != nil && !errors.Is(err, catalog.ErrNotEncoded) {
			return api.ReindexReport{}, about("collection", name, err)
		}
		out := wireReindex(report)
		out.Collection, out.Done, out.Seconds = name, err == nil, time.Since(begun).Seconds()
		return out, nil
	})
}

func wireReindex(r catalog.ReindexReport) api.ReindexReport {
	out := api.ReindexReport{
		From: r.From, To: r.To, Items: r.Items, Encoded: r.Encoded, Kept: r.Kept, Thumbnails: r.Thumbnails, Dropped: r.Dropped,
		Failed: len(r.Failures), Failures: []api.ReindexFailure{},
	}
	for _, f := range r.Failures[:min(len(r.Failures), api.MaxReindexFailures)] {
		failure := api.ReindexFailure{ID: f.ID, Message: f.Err.Error()}
		if f.Name != f.ID {
			failure.Source = f.Name
		}
		out.Failures = append(out.Failures, failure)
	}
	return out
}

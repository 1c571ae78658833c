package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// statusFailed is the status of an item that was not taken in; the others are space.Change.
const statusFailed = "failed"

// intake collects documents and gives them to the catalog in batches, so that a long request needs little memory.
type intake struct {
	server  *Server
	into    *catalog.Catalog
	docs    []catalog.Document
	places  []int // of docs in the response's results
	bytes   int64
	resp    api.AddResponse
	busyErr error
}

// Bounds of a batch: enough for the encoder to work in full batches, little enough for many requests at once.
const (
	intakeDocs  = 32
	intakeBytes = 64 << 20
)

func newIntake(s *Server, into *catalog.Catalog) *intake {
	return &intake{server: s, into: into, resp: api.AddResponse{Results: []api.AddResult{}}}
}

// add takes the next document of the request, or the reason why it is none.
func (in *intake) add(ctx context.Context, doc catalog.Document, err error) {
	place := len(in.resp.Results)
	in.resp.Results = append(in.resp.Results, api.AddResult{ID: doc.ID, Name: doc.Name})
	if err != nil {
		in.settle(place, catalog.Result{ID: doc.ID, Name: doc.Name, Err: err})
		return
	}
	in.docs, in.places = append(in.docs, doc), append(in.places, place)
	in.bytes += int64(len(doc.Image) + len(doc.Text))
	if len(in.docs) >= intakeDocs || in.bytes >= intakeBytes {
		in.flush(ctx)
	}
}

func (in *intake) flush(ctx context.Context) {
	if len(in.docs) == 0 {
		return
	}
	defer in.server.metrics.stage(stageIngest, time.Now(), len(in.docs))
	for i, result := range in.into.Ingest(ctx, in.docs) {
		in.settle(in.places[i], result)
	}
	in.docs, in.places, in.bytes = nil, nil, 0
}

func (in *intake) settle(place int, result catalog.Result) {
	out := &in.resp.Results[place]
	out.ID = orDefault(result.ID, out.ID)
	if result.Err != nil {
		out.Status = statusFailed
		out.Error = detail(out.Name, result.Err)
		in.resp.Failed++
		if errors.Is(result.Err, space.ErrBusy) {
			in.busyErr = result.Err
		}
		return
	}
	out.Status = string(result.Change)
	switch result.Change {
	case space.Created:
		in.resp.Created++
	case space.Updated:
		in.resp.Updated++
	case space.Unchanged:
		in.resp.Unchanged++
	}
}

// answer takes in what is left and reports. Where nothing was taken in because the server is busy, or the client left,
// the whole request fails, so that clients try again.
func (in *intake) answer(c echo.Context) error {
	ctx := c.Request().Context()
	in.flush(ctx)
	if in.busyErr != nil && in.resp.Failed == len(in.resp.Results) {
		return in.busyErr
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, in.resp)
}

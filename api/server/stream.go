package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space/catalog"
)

// mimeNDJSON is JSON, one value a line.
const mimeNDJSON = "application/x-ndjson"

// progressEvery is the time between two lines of progress.
const progressEvery = 200 * time.Millisecond

// stream answers with lines: progress while work runs, then its result or error. The status is 200 from the first
// line on, so what can be refused is to be refused before.
func stream[Result any](s *Server, c echo.Context, work func(context.Context, catalog.Progress) (Result, error)) error {
	w := &streamWriter{context: c, told: time.Now()}
	result, err := work(c.Request().Context(), w.progress)
	if err != nil {
		if !c.Response().Committed {
			return err
		}
		e := wireError(err)
		if e.Status >= http.StatusInternalServerError {
			s.opts.Log.Error("streamed request failed", "id", requestID(c), "path", c.Request().URL.Path, "error", err)
		}
		return w.write(api.StreamLine[Result]{Error: &e.Detail})
	}
	return w.write(api.StreamLine[Result]{Result: &result})
}

// streamWriter writes the lines of a stream.
type streamWriter struct {
	context echo.Context
	mu      sync.Mutex // one line at a time
	told    time.Time  // when progress was written last
	stage   string
}

// progress writes a line when the stage changes, and otherwise from time to time.
func (w *streamWriter) progress(stage string, done, total int) {
	now := time.Now()
	if stage == w.stage && now.Sub(w.told) < progressEvery {
		return
	}
	w.stage, w.told = stage, now
	_ = w.write(api.StreamLine[struct{}]{Progress: &api.Progress{Stage: stage, Done: done, Total: total}}) // a client that left ends the work by its context
}

func (w *streamWriter) write(line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	response := w.context.Response()
	if !response.Committed {
		response.Header().Set(echo.HeaderContentType, mimeNDJSON)
		response.WriteHeader(http.StatusOK)
	}
	if _, err := response.Write(append(data, '\n')); err != nil {
		return err
	}
	return http.NewResponseController(response.Writer).Flush()
}

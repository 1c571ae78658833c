package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/keep"
	"github.com/clipd/clipd/space/store"
)

// statusClientGone is the log's status for a client that left before the answer (nginx's 499).
const statusClientGone = 499

// retryAfter is what a busy server asks clients to wait, in seconds: a batch of a full queue takes about as long.
const retryAfter = "1"

// invalid is a 400 about one field of the request.
func invalid(param, format string, args ...any) *api.Error {
	return fail(http.StatusBadRequest, api.CodeInvalidRequest, param, format, args...)
}

func fail(status int, code, param, format string, args ...any) *api.Error {
	e := &api.Error{Status: status, Detail: api.ErrorDetail{
		Message: fmt.Sprintf(format, args...), Type: api.TypeInvalidRequest, Code: code,
	}}
	if status >= 500 || status == http.StatusTooManyRequests {
		e.Detail.Type = api.TypeServer
	}
	if param != "" {
		e.Detail.Param = &param
	}
	return e
}

// about names the field and the item at fault in whatever err becomes on the wire.
func about(param, item string, err error) error {
	if err == nil {
		return nil
	}
	e := *wireError(err)
	if param != "" {
		e.Detail.Param = &param
	}
	e.Detail.Item = item
	return &caused{wire: &e, cause: err}
}

// caused is a wire error that remembers what it was made of, for the log.
type caused struct {
	wire  *api.Error
	cause error
}

func (e *caused) Error() string   { return e.cause.Error() }
func (e *caused) Unwrap() []error { return []error{e.wire, e.cause} }

// kinds says what the sentinels of the rooms below are on the wire; the first that matches counts.
var kinds = []struct {
	sentinel error
	status   int
	code     string
}{
	{space.ErrModelOutput, http.StatusInternalServerError, api.CodeInternal}, // before what is wrong with it: no client is to blame
	{preprocess.ErrTooLarge, http.StatusRequestEntityTooLarge, api.CodeTooLarge},
	{errImageText, http.StatusBadRequest, api.CodeInvalidImage},
	{preprocess.ErrEmpty, http.StatusBadRequest, api.CodeInvalidImage},
	{preprocess.ErrNotImage, http.StatusBadRequest, api.CodeInvalidImage},
	{preprocess.ErrUnsupported, http.StatusBadRequest, api.CodeInvalidImage},
	{preprocess.ErrTruncated, http.StatusBadRequest, api.CodeInvalidImage},
	{preprocess.ErrCorrupt, http.StatusBadRequest, api.CodeInvalidImage},
	{space.ErrFingerprint, http.StatusConflict, api.CodeFingerprint},
	{catalog.ErrReindexing, http.StatusConflict, api.CodeConflict},
	{catalog.ErrExists, http.StatusConflict, api.CodeConflict},
	{catalog.ErrNoCollection, http.StatusNotFound, api.CodeNotFound},
	{space.ErrNotFound, http.StatusNotFound, api.CodeNotFound},
	{space.ErrCursor, http.StatusGone, api.CodeExpired},
	{space.ErrInvalidQuery, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrInvalidFilter, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrInvalidItem, http.StatusBadRequest, api.CodeInvalidRequest},
	{catalog.ErrInvalidDocument, http.StatusBadRequest, api.CodeInvalidRequest},
	{catalog.ErrInvalidDecision, http.StatusBadRequest, api.CodeInvalidRequest},
	{keep.ErrInvalidPolicy, http.StatusBadRequest, api.CodeInvalidRequest},
	{catalog.ErrInvalidName, http.StatusBadRequest, api.CodeInvalidRequest},
	{catalog.ErrBadBackup, http.StatusBadRequest, api.CodeInvalidRequest},
	{store.ErrDamaged, http.StatusInternalServerError, api.CodeDamaged},
	{store.ErrNewer, http.StatusConflict, api.CodeConflict},
	{space.ErrModality, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrDimension, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrZeroVector, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrNotFinite, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrNotUnit, http.StatusBadRequest, api.CodeInvalidRequest},
	{space.ErrBusy, http.StatusTooManyRequests, api.CodeBusy},
	{space.ErrClosed, http.StatusServiceUnavailable, api.CodeUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, api.CodeUnavailable},
	{context.Canceled, statusClientGone, api.CodeUnavailable},
}

// wireError is what err is on the wire. What is not known is clipd's own fault and shows no inner detail.
func wireError(err error) *api.Error {
	var known *api.Error
	if errors.As(err, &known) {
		return known
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fail(http.StatusRequestEntityTooLarge, api.CodeTooLarge, "",
			"the request is larger than %d bytes; send it in parts, or raise the server's --max-body or --max-upload", tooLarge.Limit)
	}
	for _, kind := range kinds {
		if errors.Is(err, kind.sentinel) {
			return fail(kind.status, kind.code, "", "%s", err)
		}
	}
	var http *echo.HTTPError
	if errors.As(err, &http) {
		return routeError(http)
	}
	return internalError()
}

func internalError() *api.Error {
	return fail(http.StatusInternalServerError, api.CodeInternal, "",
		"the server failed at this request; its log has the cause under the request id")
}

// routeError translates what echo itself says: no such route, or no such method.
func routeError(err *echo.HTTPError) *api.Error {
	switch err.Code {
	case http.StatusNotFound:
		return fail(err.Code, api.CodeNotFound, "", "no such route; GET /openapi.json lists them, GET /docs explains them")
	case http.StatusMethodNotAllowed:
		return fail(err.Code, api.CodeMethod, "", "the route does not have this method; the Allow header lists those it has")
	}
	if err.Code >= http.StatusInternalServerError {
		return internalError()
	}
	return fail(err.Code, api.CodeInvalidRequest, "", "%v", err.Message)
}

// detail is err as one item's share in an answer that is a success on the whole.
func detail(item string, err error) *api.ErrorDetail {
	d := wireError(err).Detail
	d.Item = item
	return &d
}

// writeError is echo's error handler: every answer that is no success has the shape of api.ErrorResponse.
func (s *Server) writeError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	e := wireError(err)
	if e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", retryAfter)
	}
	if message, ok := strings.CutSuffix(e.Detail.Message, " id"); ok && e.Detail.Code == api.CodeInternal {
		named := *e
		named.Detail.Message = message + " id " + requestID(c)
		e = &named
	}
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(e.Status)
		return
	}
	_ = c.JSON(e.Status, api.ErrorResponse{Error: e.Detail}) // a client that is gone gets no error either
}

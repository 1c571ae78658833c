package server

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
)

// mimeTar is a tar archive.
const mimeTar = "application/x-tar"

// backup answers GET …/backup with a tar archive. What fails after the first byte cuts the connection: an archive without
// its end is refused by whoever reads it.
func (s *Server) backup(c echo.Context) error {
	of, name, err := s.find(c)
	if err != nil {
		return err
	}
	check, err := queryBool(c, "check")
	if err != nil {
		return err
	}
	w := &archiveWriter{context: c}
	if err := of.Backup(c.Request().Context(), w, check); err != nil {
		if !c.Response().Committed {
			return about("collection", name, err)
		}
		s.opts.Log.Error("backup was cut off", "id", requestID(c), "collection", name, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// archiveWriter sends the header with the first byte, so that what fails before is an error of the usual shape.
type archiveWriter struct{ context echo.Context }

func (w *archiveWriter) Write(data []byte) (int, error) {
	response := w.context.Response()
	if !response.Committed {
		response.Header().Set(echo.HeaderContentType, mimeTar)
		response.WriteHeader(http.StatusOK)
	}
	return response.Write(data)
}

// restoreHeld is what a restore holds at once, at most: the lists of a backup. Its files go to disk as they arrive.
const restoreHeld = 64 << 20

// restore answers POST /v1/restore?name=: a collection out of a backup.
func (s *Server) restore(c echo.Context) error {
	begun := time.Now()
	if kind := mediaType(c); kind != mimeTar {
		return mediaTypeError(kind, mimeTar)
	}
	name := c.QueryParam("name")
	ctx := c.Request().Context()
	if err := s.reserve(c, restoreHeld); err != nil {
		return err
	}
	defer s.keepSending(c)()
	body := http.MaxBytesReader(c.Response(), c.Request().Body, s.opts.MaxUpload)
	made, err := s.deps.Library.Restore(ctx, name, body)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return bodyError(err, "")
	}
	if err != nil {
		return about("name", name, err)
	}
	s.shrink(c, 0)
	description, err := made.Describe(ctx)
	if err != nil {
		return err
	}
	report, err := made.Check(ctx, nil)
	if err != nil {
		return err
	}
	out := wireCheck(report)
	out.Collection, out.Fingerprint, out.Seconds = description.Name, description.Fingerprint, time.Since(begun).Seconds()
	return c.JSON(http.StatusOK, out)
}

package server

import (
	"net/http"
	"runtime"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/machine"
)

// healthz answers GET /healthz: the process lives.
func (s *Server) healthz(c echo.Context) error {
	return c.JSON(http.StatusOK, api.Health{Status: "ok", Version: s.deps.Facts.Version})
}

// readyz answers GET /readyz: requests are welcome. While the server stops, they are not.
func (s *Server) readyz(c echo.Context) error {
	if s.stopping.Load() {
		return fail(http.StatusServiceUnavailable, api.CodeUnavailable, "", "the server is stopping")
	}
	if _, err := s.deps.Library.List(c.Request().Context()); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, api.Health{Status: "ready", Version: s.deps.Facts.Version})
}

// status answers GET /v1/status.
func (s *Server) status(c echo.Context) error {
	list, err := s.listCollections(c.Request().Context())
	if err != nil {
		return err
	}
	facts := s.deps.Facts
	return c.JSON(http.StatusOK, api.Status{
		Version:     facts.Version,
		GoVersion:   runtime.Version(),
		ONNXRuntime: facts.ONNXRuntime,
		Library:     facts.LibraryPath,
		Model:       s.servedModel(),
		SIMD:        facts.SIMD,
		Threads:     facts.Threads,
		DataDir:     facts.DataDir,
		Uptime:      time.Since(s.started).Seconds(),
		RSS:         machine.Resident(),
		Collections: list.Collections,
		Broken:      list.Broken,
	})
}

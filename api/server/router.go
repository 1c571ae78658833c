package server

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// router declares every route; openapi.yaml describes the same ones, which a test holds.
func (s *Server) router() (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.writeError
	e.Logger.SetOutput(discard{})
	foreign, err := s.refuseForeignPages()
	if err != nil {
		return nil, err
	}
	e.Use(identify, s.observe, survive, harden, s.checkHost)
	if len(s.opts.CORSOrigins) > 0 {
		e.Use(s.sharing())
	}
	e.Use(foreign, s.authorize(), s.makeRoom)
	document, err := s.document()
	if err != nil {
		return nil, err
	}

	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	e.GET("/metrics", echo.WrapHandler(s.metrics.handler()))
	e.GET("/openapi.json", document.json)
	e.GET("/docs", document.page)

	v1 := e.Group("/v1")
	v1.GET("/status", s.status)
	v1.GET("/models", s.models)
	v1.GET("/models/:id", s.model)
	v1.POST("/embeddings", s.embeddings)
	v1.POST("/similarity", s.similarity)
	v1.POST("/classify", s.classify)
	v1.GET("/collections", s.collections)
	v1.POST("/collections", s.createCollection)
	v1.GET("/collections/:collection", s.collection)
	v1.DELETE("/collections/:collection", s.deleteCollection)
	v1.POST("/restore", s.restore)

	items := v1.Group("/collections/:collection")
	items.POST("/items", s.addItems)
	items.GET("/items", s.items)
	items.GET("/items/:id", s.item)
	items.DELETE("/items/:id", s.deleteItem)
	items.GET("/items/:id/thumbnail", s.thumbnail)
	items.GET("/items/:id/original", s.original)
	items.POST("/items/delete", s.deleteItems)
	items.POST("/known", s.known)
	items.POST("/search", s.search)
	items.POST("/classify", s.classifyItems)
	items.POST("/clusters", s.clusters)
	items.POST("/map", s.atlas)
	items.POST("/duplicates", s.duplicates)
	items.GET("/duplicates/decisions", s.decisions)
	items.POST("/duplicates/decisions", s.decide)
	items.POST("/duplicates/preview", s.previewDuplicates)
	items.POST("/duplicates/check", s.checkDuplicate)
	items.POST("/check", s.check)
	items.POST("/rebuild", s.rebuild)
	items.POST("/reindex", s.reindex)
	items.GET("/export", s.export)
	items.GET("/backup", s.backup)
	items.POST("/import", s.importItems)

	if s.deps.Page != nil {
		e.GET("/", s.page)
		e.GET("/*", s.page)
	}
	return e, nil
}

// discard is where echo's own logger writes: the server logs by slog.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// param is a path parameter as the client meant it: an id may hold escaped slashes.
func param(c echo.Context, name string) (string, error) {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value, nil // echo matched the path that net/url has unescaped
	}
	plain, err := url.PathUnescape(value)
	if err != nil {
		return "", invalid(name, "%s in the path: %v", name, err)
	}
	return plain, nil
}

// page serves the web page's files; what it doesn't have gets the API's own 404.
func (s *Server) page(c echo.Context) error {
	w := &pageWriter{ResponseWriter: c.Response()}
	s.deps.Page.ServeHTTP(w, c.Request())
	if w.missing {
		c.Response().Header().Del(echo.HeaderContentType)
		return echo.ErrNotFound
	}
	return nil
}

// pageWriter holds back a 404.
type pageWriter struct {
	http.ResponseWriter
	missing bool
}

func (w *pageWriter) WriteHeader(status int) {
	if status == http.StatusNotFound {
		w.missing = true
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *pageWriter) Write(data []byte) (int, error) {
	if w.missing {
		return len(data), nil
	}
	return w.ResponseWriter.Write(data)
}

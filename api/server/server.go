package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// Model is what the server needs of an embedding model; *models.Model is one. It is safe for concurrent use.
type Model interface {
	Name() string
	Fingerprint() space.Fingerprint
	ContextLength() int  // tokens
	LogitScale() float64 // factor of cosines before the softmax of a classification
	// CountTokens says how many tokens a text has, and whether the context cuts it.
	CountTokens(text string) (n int, truncated bool)
	// The i-th vector is the i-th input's. A full queue is space.ErrBusy.
	EncodeTexts(ctx context.Context, texts []string) ([]space.Vector, error)
	// DecodePicture decodes an image file for Pixels, with as few pixels as that needs.
	DecodePicture(name string, data []byte, limits preprocess.Limits) (*preprocess.Picture, error)
	// Pixels are a decoded picture's values for EncodePixels.
	Pixels(picture *preprocess.Picture) ([]float32, error)
	EncodePixels(ctx context.Context, pixels []float32) (space.Vector, error)
}

// Deps are the parts that a server is made of. Model and Library are required.
type Deps struct {
	Model   Model
	Library *catalog.Library
	// Decoding bounds the pictures that are decoded at once: each takes 1. The library should have the same one;
	// nil: GOMAXPROCS at once.
	Decoding *semaphore.Weighted
	Page     http.Handler // ui.Handler(), at /; nil: no page
	Facts    Facts        // what GET /v1/status says
	// OpenModel opens another model by its name or folder, for collections that are encoded anew; it stays open as long as the
	// library. Nil: there are none.
	OpenModel func(ctx context.Context, name string) (OtherModel, error)
	Metrics   []prometheus.Collector // further ones for GET /metrics, of the batchers for example
}

// Facts are what the process knows about itself.
type Facts struct {
	Version     string
	ONNXRuntime string  // version
	LibraryPath string  // of the ONNX Runtime library
	SIMD        string  // kernels in use
	Threads     int     // of each encoder session
	DataDir     string  // of the library
	ModelNote   string  // what a user should know of the model, in one line
	MatchCosine float64 // cosine from which text and image belong together: models.Thresholds.Match
}

// Options of a Server. The zero value works.
type Options struct {
	MaxBody      int64             // bytes of a JSON or search request; 0: DefaultMaxBody (--max-body)
	MaxUpload    int64             // bytes of a multipart upload, which is streamed; 0: DefaultMaxUpload (--max-upload)
	MaxBodies    int64             // bytes of the bodies of all requests together; 0: DefaultMaxBodies (--max-bodies)
	BodyWait     time.Duration     // for room among these, before a request is refused; 0: DefaultBodyWait
	BodyStall    time.Duration     // for a client that sends an upload, an import or a backup, before it is cut off; 0: DefaultBodyStall
	MaxInputs    int               // texts and images of one request for vectors; 0: DefaultMaxInputs (--max-inputs)
	Limits       preprocess.Limits // of each picture
	APIKeys      []string          // any of these as bearer token; none: open to all (--api-key)
	CORSOrigins  []string          // web origins that may call, "https://example.org"; "*": all (--cors-origin)
	Hosts        []string          // further host names that the server answers to on a loopback address (--host-name)
	ShutdownWait time.Duration     // for requests in flight; 0: DefaultShutdownWait
	Log          *slog.Logger      // nil: silent
}

// Defaults of Options.
const (
	DefaultMaxBody      = 128 << 20
	DefaultMaxUpload    = 16 << 30
	DefaultMaxBodies    = 512 << 20
	DefaultBodyWait     = 10 * time.Second
	DefaultBodyStall    = time.Minute
	DefaultMaxInputs    = 2048 // as OpenAI's
	DefaultShutdownWait = 15 * time.Second
)

// Server answers HTTP requests. Make one with New.
type Server struct {
	deps      Deps
	opts      Options
	echo      *echo.Echo
	metrics   *metrics
	originals *originals
	bodies    *semaphore.Weighted // bytes
	started   time.Time
	stopping  atomic.Bool
}

// New makes a Server. It fails where a part is missing or an option makes no sense; the error names its flag.
func New(deps Deps, opts Options) (*Server, error) {
	if deps.Model == nil || deps.Library == nil {
		return nil, errors.New("server: a model and a library are required")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if deps.Decoding == nil {
		deps.Decoding = semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))
	}
	s := &Server{deps: deps, opts: opts, originals: newOriginals(), bodies: semaphore.NewWeighted(opts.MaxBodies), started: time.Now()}
	if s.metrics, err = newMetrics(deps); err != nil {
		return nil, err
	}
	if s.echo, err = s.router(); err != nil {
		return nil, err
	}
	return s, nil
}

func (o Options) withDefaults() (Options, error) {
	switch {
	case o.MaxBody < 0:
		return o, fmt.Errorf("--max-body %d: want a positive number of bytes", o.MaxBody)
	case o.MaxUpload < 0:
		return o, fmt.Errorf("--max-upload %d: want a positive number of bytes", o.MaxUpload)
	case o.MaxBodies < 0:
		return o, fmt.Errorf("--max-bodies %d: want a positive number of bytes", o.MaxBodies)
	case o.BodyWait < 0:
		return o, fmt.Errorf("body wait %v: want a positive time", o.BodyWait)
	case o.BodyStall < 0:
		return o, fmt.Errorf("body stall %v: want a positive time", o.BodyStall)
	case o.MaxInputs < 0:
		return o, fmt.Errorf("--max-inputs %d: want a positive number", o.MaxInputs)
	}
	for _, key := range o.APIKeys {
		if key == "" {
			return o, errors.New("--api-key: a key must not be empty")
		}
	}
	o.MaxBody = orDefault(o.MaxBody, DefaultMaxBody)
	o.MaxUpload = orDefault(o.MaxUpload, DefaultMaxUpload)
	o.MaxBodies = orDefault(o.MaxBodies, DefaultMaxBodies)
	o.BodyWait = orDefault(o.BodyWait, DefaultBodyWait)
	o.BodyStall = orDefault(o.BodyStall, DefaultBodyStall)
	o.MaxInputs = orDefault(o.MaxInputs, DefaultMaxInputs)
	o.ShutdownWait = orDefault(o.ShutdownWait, DefaultShutdownWait)
	o.Limits.MaxBytes = orDefault(o.Limits.MaxBytes, preprocess.DefaultMaxBytes)
	o.Limits.MaxPixels = orDefault(o.Limits.MaxPixels, preprocess.DefaultMaxPixels)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Handler is the whole server as an http.Handler, for tests and for api.NewInProcess.
func (s *Server) Handler() http.Handler { return s.echo }

// Routes lists what is served, as "GET /v1/models/:id"; parameters begin with a colon.
func (s *Server) Routes() []string {
	var list []string
	for _, route := range s.echo.Routes() {
		if route.Method != echo.RouteNotFound {
			list = append(list, route.Method+" "+route.Path)
		}
	}
	slices.Sort(list)
	return list
}

// Serve answers on listener until ctx ends, then waits up to Options.ShutdownWait for requests in flight and returns
// nil; those that last longer are cut off, and an error says so. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	err := s.shutdown(ctx, server)
	<-failed
	return err
}

func (s *Server) shutdown(ctx context.Context, server *http.Server) error {
	s.stopping.Store(true)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.ShutdownWait)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		server.Close()
		return fmt.Errorf("requests were cut off after %s: %w", s.opts.ShutdownWait, err)
	}
	return nil
}

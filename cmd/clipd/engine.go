package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/api/ui"
	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/models"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/knn"
)

// engine is everything that a server consists of, in this process.
type engine struct {
	runtime *ort.Runtime
	model   *models.Model
	library *catalog.Library
	server  *server.Server

	mu     sync.Mutex
	others map[string]*models.Model // opened for collections that were encoded anew, by name
}

// openEngine opens library, model and collections. Close it at the end. The options' picture limits are filled in.
func (a *app) openEngine(ctx context.Context, options server.Options) (*engine, error) {
	e := &engine{}
	if err := e.open(ctx, a, options); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *engine) open(ctx context.Context, a *app, options server.Options) error {
	var err error
	if e.runtime, err = ort.Open(ort.Options{Library: a.settings.ortLib}); err != nil {
		return err
	}
	if e.model, err = a.openModel(ctx, e.runtime, a.settings.model); err != nil {
		return err
	}
	options.Limits = a.settings.limits()
	decoding := semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))
	e.library, err = catalog.Open(a.libraryDir(), e.model, catalog.Options{
		Limits: options.Limits, Decoding: decoding, DuplicateCosine: e.model.Thresholds().Duplicate, Traits: traits(e.model),
		Keep: a.settings.keep, Logger: options.Log,
	})
	if err != nil {
		return err
	}
	e.server, err = server.New(server.Deps{
		Model: e.model, Library: e.library, Decoding: decoding, Page: ui.Handler(), Facts: a.facts(e),
		OpenModel: func(ctx context.Context, name string) (server.OtherModel, error) { return e.otherModel(ctx, a, name) },
	}, options)
	return err
}

// otherModel opens a model beside the engine's own, once; it is closed with the engine.
func (e *engine) otherModel(ctx context.Context, a *app, name string) (server.OtherModel, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	model := e.others[name]
	switch {
	case name == a.settings.model:
		model = e.model
	case model == nil:
		var err error
		if model, err = a.openModel(ctx, e.runtime, name); err != nil {
			return server.OtherModel{}, err
		}
		if e.others == nil {
			e.others = map[string]*models.Model{}
		}
		e.others[name] = model
	}
	return server.OtherModel{Encoder: model, DuplicateCosine: model.Thresholds().Duplicate, Traits: traits(model)}, nil
}

func traits(m *models.Model) catalog.Traits {
	return catalog.Traits{MatchCosine: m.Thresholds().Match, LogitScale: m.LogitScale()}
}

// openModel finds a model by name or path and loads it.
func (a *app) openModel(ctx context.Context, runtime *ort.Runtime, name string) (*models.Model, error) {
	folder, err := models.Find(a.modelsDir(), name)
	if err != nil {
		return nil, fmt.Errorf("--model: %w", err)
	}
	return models.Open(ctx, folder, runtime, a.settings.towers.options(models.Options{
		Threads: a.settings.threads, Provider: a.settings.provider, Variant: a.settings.variant,
		CacheDir: filepath.Join(a.modelsDir(), ".cache"),
	}))
}

func (a *app) facts(e *engine) server.Facts {
	return server.Facts{
		Version: version, ONNXRuntime: e.runtime.Version(), LibraryPath: e.runtime.Path(), SIMD: knn.SIMD(),
		Threads: a.settings.threadCount(), DataDir: a.settings.data,
		ModelNote: e.model.Note(), MatchCosine: e.model.Thresholds().Match,
	}
}

// close ends all parts that were opened, in the reverse order.
func (e *engine) close() error {
	var err error
	if e.library != nil {
		err = errors.Join(err, e.library.Close())
	}
	for _, other := range e.others {
		err = errors.Join(err, other.Close())
	}
	if e.model != nil {
		err = errors.Join(err, e.model.Close())
	}
	return err
}

// client calls the engine's server without a socket.
func (e *engine) client(a *app, options server.Options) *api.Client {
	return api.NewInProcess(e.server.Handler(), api.ClientOptions{
		MaxFile: int64(a.settings.maxBytes), APIKey: firstOf(options.APIKeys),
	})
}

// open makes a connection to an engine in this process.
func (a *app) open(ctx context.Context) (*connection, error) {
	options := server.Options{Log: a.logger(slog.LevelWarn)}
	e, err := a.openEngine(ctx, options)
	if err != nil {
		return nil, err
	}
	return &connection{Client: e.client(a, options), place: "this process", local: true, close: e.close}, nil
}

// logger writes to stderr, from the level of --log-level, else from the usual one.
func (a *app) logger(usual slog.Level) *slog.Logger {
	level := usual
	if a.settings.logLevel != "" {
		// The flag takes only names that this method knows.
		_ = level.UnmarshalText([]byte(a.settings.logLevel))
	}
	options := &slog.HandlerOptions{Level: level}
	if a.settings.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(a.err, options))
	}
	return slog.New(slog.NewTextHandler(a.err, options))
}

// libraryDir is where collections lie in the data directory.
func (a *app) libraryDir() string { return a.settings.data }

// modelsDir is where pulled models lie.
func (a *app) modelsDir() string {
	if a.settings.models != "" {
		return a.settings.models
	}
	return filepath.Join(a.settings.data, "models")
}

func (s settings) limits() preprocess.Limits {
	return preprocess.Limits{MaxBytes: int64(s.maxBytes), MaxPixels: s.maxPixels}
}

// threadCount is the number of threads that 0 stands for.
func (s settings) threadCount() int {
	if s.threads > 0 {
		return s.threads
	}
	return runtime.GOMAXPROCS(0)
}

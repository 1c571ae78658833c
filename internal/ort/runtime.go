package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// Options say which library to open. The zero value takes the one that Find finds.
type Options struct {
	Library string // path of the shared library, or of the folder that holds it
}

// Runtime is the loaded ONNX Runtime library. It is safe for concurrent use and never unloaded.
type Runtime struct {
	path    string
	version string
}

// loaded is the process's one library: it cannot be loaded twice, nor unloaded while sessions live.
var (
	loadMu sync.Mutex
	loaded *Runtime
)

// Open loads the library. Opening again gives the same Runtime; another path is ErrOpened.
// It fails with ErrNotFound or ErrLibrary, whose texts name the remedies.
func Open(opts Options) (*Runtime, error) {
	loadMu.Lock()
	defer loadMu.Unlock()
	if loaded != nil && opts.Library == "" {
		return loaded, nil
	}
	path, err := locate(opts.Library)
	if err != nil {
		return nil, err
	}
	switch {
	case loaded == nil:
		loaded, err = load(path)
		return loaded, err
	case loaded.path != path:
		return nil, fmt.Errorf("%w: %s; it cannot be exchanged for %s in a running process", ErrOpened, loaded.path, path)
	}
	return loaded, nil
}

// locate makes the library's path absolute and free of symbolic links, so that one file has one path.
func locate(path string) (string, error) {
	if path == "" {
		found, err := Find()
		if err != nil {
			return "", err
		}
		path = found
	} else if info, err := os.Stat(path); err == nil && info.IsDir() {
		named, ok := libraryInNamed(path)
		if !ok {
			return "", fmt.Errorf("%w: %s is a folder without %s; %s", ErrNotFound, path, libraryNames()[0], remedies)
		}
		path = named
	}
	real, err := filepath.Abs(path)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w; %s", ErrNotFound, err, remedies)
	}
	return real, nil
}

func load(path string) (*Runtime, error) {
	version, err := probe(path)
	if err != nil {
		return nil, err
	}
	onnx.SetSharedLibraryPath(path)
	// Errors come back to the caller; a copy on stderr would only tear up a progress bar.
	if err := onnx.InitializeEnvironment(onnx.WithLogLevelFatal()); err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrLibrary, path, err)
	}
	// Only Windows builds have telemetry; nothing is to be sent from anywhere.
	if err := onnx.DisableTelemetry(); err != nil {
		return nil, fmt.Errorf("%w %s: disable telemetry: %w", ErrLibrary, path, err)
	}
	return &Runtime{path: path, version: version}, nil
}

// Version is the library's own version, as "1.27.0".
func (r *Runtime) Version() string { return r.version }

// Path is the file that was loaded, absolute and without symbolic links.
func (r *Runtime) Path() string { return r.path }

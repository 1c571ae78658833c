package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
		named, ok := libraryIn(path)
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

// The execution providers that SessionOptions.Provider may name.
const (
	CPU      = "cpu"
	CUDA     = "cuda"
	CoreML   = "coreml"
	OpenVINO = "openvino"
	XNNPACK  = "xnnpack"
)

// Providers lists the execution providers that this library can use on this machine, "cpu" first. It asks each in
// turn, which loads the provider's own libraries: some hundred milliseconds where there is a GPU.
func (r *Runtime) Providers() []string {
	usable := []string{CPU}
	for _, name := range []string{CUDA, CoreML, OpenVINO, XNNPACK} {
		opts, err := onnx.NewSessionOptions()
		if err != nil {
			continue
		}
		if appendProvider(opts, name, 1) == nil {
			usable = append(usable, name)
		}
		opts.Destroy()
	}
	return usable
}

// CheckProvider says before a graph is loaded whether the library can run it there: ErrProvider, with what to do, where it
// can't. Empty is the CPU.
func (r *Runtime) CheckProvider(name string) error {
	opts, err := onnx.NewSessionOptions()
	if err != nil {
		return err
	}
	defer opts.Destroy()
	if err := appendProvider(opts, name, 1); err != nil {
		return fmt.Errorf("%w%s (this library, %s, has %s)", err, r.providerHint(name), r.Version(), strings.Join(r.Providers(), ", "))
	}
	return nil
}

// providerHint says what keeps a provider that has a library of its own beside the runtime's from being loaded.
func (r *Runtime) providerHint(name string) string {
	own := filepath.Join(filepath.Dir(r.path), "libonnxruntime_providers_"+strings.ToLower(name)+".so")
	if _, err := os.Stat(own); err != nil {
		return ""
	}
	return "; ldd " + own + " lists what it needs and doesn't find"
}

// appendProvider makes a session run on the provider, as far as it knows the graph's operators; the rest stays on
// the CPU.
func appendProvider(opts *onnx.SessionOptions, name string, threads int) error {
	var err error
	switch strings.ToLower(name) {
	case "", CPU:
		return nil
	case CUDA:
		err = appendCUDA(opts)
	case CoreML:
		err = opts.AppendExecutionProviderCoreMLV2(nil)
	case OpenVINO:
		err = opts.AppendExecutionProviderOpenVINO(nil)
	case XNNPACK:
		err = opts.AppendExecutionProvider("XNNPACK", map[string]string{"intra_op_num_threads": fmt.Sprint(threads)})
	default:
		return fmt.Errorf("%w: %q; want %s, %s, %s, %s or %s", ErrProvider, name, CPU, CUDA, CoreML, OpenVINO, XNNPACK)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w; use cpu, or set %s to a library built with it", ErrProvider, name, err, LibraryEnv)
	}
	return nil
}

func appendCUDA(opts *onnx.SessionOptions) error {
	cuda, err := onnx.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	return opts.AppendExecutionProviderCUDA(cuda)
}

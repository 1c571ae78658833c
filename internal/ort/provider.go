package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	onnx "github.com/yalue/onnxruntime_go"
)

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
		if r.tryProvider(name) == nil {
			usable = append(usable, name)
		}
	}
	return usable
}

func (r *Runtime) tryProvider(name string) error {
	opts, err := onnx.NewSessionOptions()
	if err != nil {
		return err
	}
	defer opts.Destroy()
	return r.appendProvider(opts, SessionOptions{Provider: name, Threads: 1})
}

// CheckProvider says before a graph is loaded whether the library can run it there: ErrProvider, with what is missing and
// what to do, where it can't. Empty is the CPU.
func (r *Runtime) CheckProvider(name string) error {
	if err := r.tryProvider(name); err != nil {
		return fmt.Errorf("%w (this library, %s, has %s)", err, r.Version(), strings.Join(r.Providers(), ", "))
	}
	return nil
}

// appendProvider makes a session run on the provider, as far as it knows the graph's operators; the rest stays on
// the CPU.
func (r *Runtime) appendProvider(settings *onnx.SessionOptions, opts SessionOptions) error {
	name := strings.ToLower(opts.Provider)
	var add func() error
	switch name {
	case "", CPU:
		return nil
	case CUDA:
		add = func() error { return appendCUDA(settings) }
	case CoreML:
		add = func() error { return settings.AppendExecutionProviderCoreMLV2(nil) }
	case OpenVINO:
		add = func() error {
			return settings.AppendExecutionProviderOpenVINO(map[string]string{"num_of_threads": fmt.Sprint(opts.Threads)})
		}
	case XNNPACK:
		add = func() error {
			return settings.AppendExecutionProvider("XNNPACK", map[string]string{"intra_op_num_threads": fmt.Sprint(opts.Threads)})
		}
	default:
		return fmt.Errorf("%w: %q; want %s, %s, %s, %s or %s", ErrProvider, opts.Provider, CPU, CUDA, CoreML, OpenVINO, XNNPACK)
	}
	if err := opts.keepSignalStack(add); err != nil {
		return fmt.Errorf("%w: %s: %s", ErrProvider, name, whyUnavailable(r.path, name, err))
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

// packages are where libraries with a provider come from, for those who miss it.
var packages = map[string]string{
	CUDA:     "the Python package onnxruntime-gpu has one",
	OpenVINO: "the Python package onnxruntime-openvino has one",
	CoreML:   "those for macOS have it",
	XNNPACK:  "it has to be built so",
}

// whyUnavailable says what keeps a library from using a provider, and what to do. CUDA and OpenVINO are libraries of
// their own beside ONNX Runtime's, of which it says no more than that they can't be loaded.
func whyUnavailable(library, name string, err error) string {
	another := fmt.Sprintf("set %s to a library built with it (%s), or use cpu", LibraryEnv, packages[name])
	if name != CUDA && name != OpenVINO {
		return fmt.Sprintf("%v; %s", err, another)
	}
	beside := filepath.Join(filepath.Dir(library), "libonnxruntime_providers_"+name+suffix())
	if _, missing := os.Stat(beside); missing != nil {
		return fmt.Sprintf("%s has no %s beside it; %s", library, filepath.Base(beside), another)
	}
	if why := unloadable(beside); why != "" {
		return fmt.Sprintf("%s cannot be loaded: %s; install what is missing or put its folder into LD_LIBRARY_PATH, or use cpu", beside, why)
	}
	return fmt.Sprintf("%v; is its device there, and its driver? Otherwise use cpu", err)
}

func suffix() string {
	if runtime.GOOS == "darwin" {
		return ".dylib"
	}
	return ".so"
}

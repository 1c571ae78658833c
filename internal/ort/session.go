package ort

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// SessionOptions are how a graph is run. The zero value runs it on the CPU with all cores.
type SessionOptions struct {
	Threads  int      // threads of one Run; 0: GOMAXPROCS
	Provider string   // execution provider: "cpu" (default), "cuda", "coreml", "openvino", "xnnpack"
	Inputs   []string // the inputs that Run will be given; outputs that need others are left out. Empty: all
	Outputs  []string // the outputs that Run will be asked for; empty: every one that is readable
	// Pooled is the one output that will be asked for, where that is one vector an item: the last block of a transformer
	// is then computed for the token alone that the vector is made of, if the graph is understood (Rewrites.Trimmed).
	// Other outputs are gone then.
	Pooled string
	// FewTokens: items come alone, a few tokens long. A product with float weights takes as long for one row as for
	// several then, for the weights must be read, and is no reason to compute the pooled token's alone.
	FewTokens bool
	Plain     bool // leave the graph's operators as they are
	AsIs      bool // Plain, and its weights are read with it, as the library does it alone
}

// Session is one graph, loaded and optimised. It is safe for concurrent use: its threads are shared by all Runs.
type Session struct {
	name     string
	inputs   []TensorInfo
	outputs  []TensorInfo // those chosen by SessionOptions.Outputs, in that order
	rewrites Rewrites
	opts     SessionOptions

	mu      sync.RWMutex // Run holds it for reading, Close for writing
	session *onnx.DynamicAdvancedSession
}

// NewSession loads a graph. It fails with ErrGraph, ErrProvider or ErrOutput.
func (r *Runtime) NewSession(graph Graph, opts SessionOptions) (*Session, error) {
	s, err := r.newSession(graph, opts)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", graph.name(), err)
	}
	return s, nil
}

func (r *Runtime) newSession(graph Graph, opts SessionOptions) (*Session, error) {
	name := graph.name()
	if opts.slims() {
		slimmed, err := slim(graph)
		if err != nil {
			return nil, err
		}
		graph = slimmed
	}
	if len(opts.Inputs) > 0 {
		restricted, err := restrict(graph, opts.Inputs)
		if err != nil {
			return nil, err
		}
		graph.Bytes = restricted
	}
	graph, rewrites, err := rewrite(graph, opts)
	if err != nil {
		return nil, err
	}
	sig, err := inspect(graph)
	if err != nil {
		return nil, err
	}
	outputs, err := chooseOutputs(sig.Outputs, opts.Outputs)
	if err != nil {
		return nil, err
	}
	settings, err := r.settingsOf(opts)
	if err != nil {
		return nil, err
	}
	defer settings.Destroy()
	s := &Session{name: name, inputs: sig.Inputs, outputs: outputs, rewrites: rewrites, opts: opts}
	graph, fetched, err := widenHalves(graph, outputs)
	if err != nil {
		return nil, err
	}
	if err := findWeights(graph, settings); err != nil {
		return nil, err
	}
	err = opts.keepSignalStack(func() (err error) {
		if len(graph.Bytes) > 0 {
			s.session, err = onnx.NewDynamicAdvancedSessionWithONNXData(graph.Bytes, names(s.inputs), fetched, settings)
		} else {
			s.session, err = onnx.NewDynamicAdvancedSession(graph.Path, names(s.inputs), fetched, settings)
		}
		return err
	})
	if err != nil {
		return nil, opts.explain(fmt.Errorf("%w: %w", ErrGraph, err))
	}
	return s, nil
}

// slims says whether the graph may be changed on its way to the library: other execution providers have their own
// way with files.
func (o SessionOptions) slims() bool {
	return !o.AsIs && o.onCPU()
}

func (o SessionOptions) onCPU() bool { return o.Provider == "" || strings.EqualFold(o.Provider, CPU) }

// explain adds to what went wrong that it did so on another provider than the usual one.
func (o SessionOptions) explain(err error) error {
	if err == nil || o.onCPU() {
		return err
	}
	return fmt.Errorf("%w (on execution provider %s; does it run on %s?)", err, o.Provider, CPU)
}

// externalFolder is the session's entry for where a graph given as bytes finds its weights (onnxruntime's
// onnxruntime_session_options_config_keys.h).
const externalFolder = "session.model_external_initializers_file_folder_path"

// findWeights tells a session where the weights beside a file lie of which the graph was made in memory.
func findWeights(graph Graph, settings *onnx.SessionOptions) error {
	if len(graph.Bytes) == 0 || graph.Path == "" {
		return nil
	}
	folder, err := filepath.Abs(filepath.Dir(graph.Path))
	if err != nil {
		return err
	}
	if err := settings.AddSessionConfigEntry(externalFolder, folder); err != nil {
		return fmt.Errorf("set %s: %w", externalFolder, err)
	}
	return nil
}

// chooseOutputs resolves the wanted names; none means all that Run can read. Scalars are not readable: the binding
// cannot make a tensor without dims.
func chooseOutputs(all []TensorInfo, wanted []string) ([]TensorInfo, error) {
	readable := func(i TensorInfo) bool { return i.DType.readable() && (i.Dims == nil || len(i.Dims) > 0) }
	var chosen []TensorInfo
	for _, name := range wanted {
		at := slices.IndexFunc(all, func(i TensorInfo) bool { return i.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("%w %q: the graph gives %s", ErrOutput, name, strings.Join(names(all), ", "))
		}
		if !readable(all[at]) {
			return nil, fmt.Errorf("%w: %v cannot be read", ErrOutput, all[at])
		}
		chosen = append(chosen, all[at])
	}
	for _, info := range all {
		if len(wanted) == 0 && readable(info) {
			chosen = append(chosen, info)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: none of %v can be read", ErrOutput, all)
	}
	return chosen, nil
}

func names(infos []TensorInfo) []string {
	list := make([]string, len(infos))
	for i, info := range infos {
		list[i] = info.Name
	}
	return list
}

// settingsOf turns options into the binding's; the caller destroys them.
func (r *Runtime) settingsOf(opts SessionOptions) (*onnx.SessionOptions, error) {
	threads := opts.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	settings, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		settings.SetIntraOpNumThreads(threads),
		settings.SetInterOpNumThreads(1),
		settings.SetGraphOptimizationLevel(onnx.GraphOptimizationLevelEnableAll),
		settings.SetLogSeverityLevel(onnx.LoggingLevelFatal),
		// Idle threads that spin win some microseconds a Run and cost a core on a shared machine.
		settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		settings.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
		// The arena keeps the largest batch's memory for good, the pattern keeps one plan for every shape seen.
		settings.SetCpuMemArena(false),
		settings.SetMemPattern(false),
	)
	if err == nil {
		opts.Threads = threads
		err = r.appendProvider(settings, opts)
	}
	if err != nil {
		settings.Destroy()
		return nil, err
	}
	return settings, nil
}

// Inputs are the graph's inputs, in its order. The slice is shared: callers must not change it.
func (s *Session) Inputs() []TensorInfo { return s.inputs }

// Outputs are the outputs that Run gives, in its order. The slice is shared: callers must not change it.
func (s *Session) Outputs() []TensorInfo { return s.outputs }

// Rewrites are what was changed in the graph so that it is computed faster.
func (s *Session) Rewrites() *Rewrites { return &s.rewrites }

// Run computes the named outputs (all, where none is named) from the inputs, each of which must be given exactly
// once, in any order. The inputs' slices must not change until Run returns; the outputs are the caller's.
//
// When ctx ends, the computation is stopped between two operators and Run fails with ctx's error. It fails with
// ErrInput or ErrOutput, naming the tensor, before anything is computed; with ErrClosed after Close.
func (s *Session) Run(ctx context.Context, in []Tensor, outputs ...string) ([]Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("run %s: %w", s.name, err)
	}
	wanted, err := s.wanted(outputs)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", s.name, err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.session == nil {
		return nil, fmt.Errorf("run %s: %w", s.name, ErrClosed)
	}
	values, err := s.inputValues(in)
	defer destroy(values)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", s.name, err)
	}
	results, err := s.compute(ctx, values, in)
	defer destroy(results)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", s.name, err)
	}
	given := make([]Tensor, len(wanted))
	for i, at := range wanted {
		if given[i], err = fromValue(s.outputs[at].Name, results[at]); err != nil {
			return nil, fmt.Errorf("run %s: %w", s.name, err)
		}
	}
	return given, nil
}

// wanted gives the positions of the named outputs.
func (s *Session) wanted(outputs []string) ([]int, error) {
	var at []int
	if len(outputs) == 0 {
		for i := range s.outputs {
			at = append(at, i)
		}
	}
	for _, name := range outputs {
		i := slices.IndexFunc(s.outputs, func(i TensorInfo) bool { return i.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w %q: the session gives %s", ErrOutput, name, strings.Join(names(s.outputs), ", "))
		}
		at = append(at, i)
	}
	return at, nil
}

// inputValues makes a value per input of the graph, in the graph's order. What it made is returned on failure too.
func (s *Session) inputValues(in []Tensor) ([]onnx.Value, error) {
	values := make([]onnx.Value, len(s.inputs))
	for _, t := range in {
		at := slices.IndexFunc(s.inputs, func(i TensorInfo) bool { return i.Name == t.Name })
		if at < 0 {
			return values, fmt.Errorf("%w %q: the graph takes %s", ErrInput, t.Name, strings.Join(names(s.inputs), ", "))
		}
		if values[at] != nil {
			return values, fmt.Errorf("%w %q: it is given twice", ErrInput, t.Name)
		}
		value, err := toValue(t, s.inputs[at])
		if err != nil {
			return values, fmt.Errorf("input %q: %w", t.Name, err)
		}
		values[at] = value
	}
	for i, value := range values {
		if value == nil {
			return values, fmt.Errorf("%w: %v is missing", ErrInput, s.inputs[i])
		}
	}
	return values, nil
}

// compute runs the graph; the results, in the order of s.outputs, are the caller's to destroy, on failure too.
func (s *Session) compute(ctx context.Context, values []onnx.Value, in []Tensor) ([]onnx.Value, error) {
	// The values point into the slices of in, where the garbage collector does not look.
	defer runtime.KeepAlive(in)
	results := make([]onnx.Value, len(s.outputs))
	stop, err := newStop(ctx)
	if err != nil {
		return results, err
	}
	err = s.opts.keepSignalStack(func() error { return s.session.RunWithOptions(values, results, stop.options) })
	stop.release()
	if err != nil && ctx.Err() != nil {
		return results, ctx.Err()
	}
	return results, err
}

// stop ends a computation when its context does. The zero stop never does.
type stop struct {
	options *onnx.RunOptions
	cancel  func() bool
	ended   chan struct{}
}

func newStop(ctx context.Context) (stop, error) {
	if ctx.Done() == nil {
		return stop{}, nil
	}
	options, err := onnx.NewRunOptions()
	if err != nil {
		return stop{}, err
	}
	ended := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = options.Terminate() // fails only where options are destroyed, which release prevents
	})
	return stop{options, cancel, ended}, nil
}

// release frees the options, after the function that would terminate by them.
func (s stop) release() {
	if s.options == nil {
		return
	}
	if !s.cancel() {
		<-s.ended
	}
	s.options.Destroy()
}

func destroy(values []onnx.Value) {
	for _, v := range values {
		if v != nil {
			v.Destroy()
		}
	}
}

// Close waits for running computations and frees the graph. Closing again does nothing.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil
	}
	err := s.opts.keepSignalStack(s.session.Destroy)
	s.session = nil
	return err
}

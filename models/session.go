package models

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/clipd/clipd/imageenc"
	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/textenc"
)

// half is one tower's part of a graph.
type half struct {
	graph   string
	threads int                                   // of one run
	short   bool                                  // an item is a few tokens, mostly
	belongs func(ort.TensorInfo) bool             // its inputs, of a graph that holds both towers
	pooled  func(outputs []ort.TensorInfo) string // the output that its encoder will take; empty: not one vector an item
}

func (m *Model) textHalf() half {
	return half{
		graph: m.layout.text, threads: m.threads(), belongs: ofTexts,
		short:  m.textSpec.Padding != textenc.PaddingFull,
		pooled: func(outputs []ort.TensorInfo) string { return textenc.PooledOutput(m.textSpec, outputs) },
	}
}

func (m *Model) imageHalf(threads int) half {
	return half{graph: m.layout.vision, threads: threads, belongs: ofPictures, pooled: imageenc.PooledOutput}
}

// load gives a tower's session to a function that makes an encoder of it. What goes wrong with a rewritten graph is tried
// once more with the graph as it was.
func (m *Model) load(h half, use func(*ort.Session) error) error {
	if !m.opts.NoRewrite {
		session, err := m.session(h, true)
		if err == nil {
			if err = use(session); err == nil {
				return nil
			}
			err = errors.Join(fmt.Errorf("%s: %w", h.graph, err), session.Close())
			if !session.Rewrites().Any() {
				return err
			}
		}
	}
	session, err := m.session(h, false)
	if err != nil {
		return err
	}
	if err = use(session); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", h.graph, err), session.Close())
	}
	return nil
}

// session loads a tower's graph: by its path where there is one, so that weights in files beside it are found. Of a
// graph that holds both towers it loads the part that the tower needs.
func (m *Model) session(h half, rewrite bool) (*ort.Session, error) {
	source, opts, err := m.sessionOptions(h)
	if err != nil {
		return nil, err
	}
	opts.Plain = !rewrite
	if rewrite {
		signature, err := ort.Inspect(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.graph, err)
		}
		opts.Pooled = h.pooled(signature.Outputs)
	}
	session, err := m.runtime.NewSession(source, opts)
	if err != nil {
		return nil, m.explain(h.graph, err)
	}
	return session, nil
}

// bareSession is the session of a tower's file, all rewriting left to the library.
func (m *Model) bareSession(h half) (*ort.Session, error) {
	source, opts, err := m.sessionOptions(h)
	if err != nil {
		return nil, err
	}
	opts.AsIs = true
	return m.runtime.NewSession(source, opts)
}

func (m *Model) sessionOptions(h half) (ort.Graph, ort.SessionOptions, error) {
	opts := ort.SessionOptions{Threads: h.threads, Provider: m.opts.Provider, FewTokens: h.short}
	source, err := m.source(h.graph)
	if err == nil && m.layout.combined() {
		if opts.Inputs, err = inputsOf(source, h.belongs); err != nil {
			err = fmt.Errorf("%s: %w", h.graph, err)
		}
	}
	return source, opts, err
}

// threads is how many there are for encoders.
func (m *Model) threads() int {
	if m.opts.Threads > 0 {
		return m.opts.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// imageThreads are those of one run of the image tower: its runs share the threads out, and don't meet. Threads of one
// run wait for each other after each operator, for the slowest of them, which on a server is the one whose core decodes
// a picture. A lone picture pays for that with the other runs' threads; a text's run has all of them.
func (m *Model) imageThreads() int { return (m.threads() + towerRuns - 1) / towerRuns }

func (m *Model) source(graph string) (ort.Graph, error) {
	if m.folder.Dir != "" {
		return ort.Graph{Path: filepath.Join(m.folder.Dir, filepath.FromSlash(graph))}, nil
	}
	data, err := fs.ReadFile(m.folder.FS, graph)
	return ort.Graph{Bytes: data}, err
}

// ofPictures and ofTexts say which tower of a combined graph an input belongs to: pictures have four dimensions.
func ofPictures(in ort.TensorInfo) bool {
	return len(in.Dims) == 4 || in.Dims == nil && strings.HasPrefix(in.Name, "pixel")
}

func ofTexts(in ort.TensorInfo) bool { return !ofPictures(in) }

// errOneTower: a graph taken for both towers, because the files of both lie beside it, holds one.
var errOneTower = errors.New("the files beside the graph describe a text and an image tower, the graph has inputs of one only")

func inputsOf(graph ort.Graph, belongs func(ort.TensorInfo) bool) ([]string, error) {
	sig, err := ort.Inspect(graph)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, in := range sig.Inputs {
		if belongs(in) {
			names = append(names, in.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: %w: it takes %v", ErrMismatch, errOneTower, sig.Inputs)
	}
	return names, nil
}

// explain adds what to do to an error of the library that says it only to those who know: dynamic quantisation to
// signed integers makes ConvInteger nodes, which libraries up to 1.23.2 at least (1.27.0 no more), and other providers,
// have for unsigned weights alone.
func (m *Model) explain(graph string, err error) error {
	if !strings.Contains(err.Error(), "ConvInteger") {
		return err
	}
	others := m.siblings(graph)
	hint := "take another variant; this folder has none"
	switch at := slices.IndexFunc(others, func(v string) bool { return v == "uint8" || v == "quantized" }); {
	case at >= 0:
		hint = fmt.Sprintf("take the unsigned one, %s: --variant %s", sibling(graph, others[at]), others[at])
	case len(others) > 0:
		hint = fmt.Sprintf("take another variant: %s", listVariants(others))
	}
	return fmt.Errorf("%w (ONNX Runtime has no ConvInteger of signed weights on this provider; %s)", err, hint)
}

// siblings are the other variants of a graph that the folder has, the most exact last so that a small one comes first.
func (m *Model) siblings(graph string) []string {
	has := fileIn(m.folder.FS)
	var found []string
	for _, v := range []string{"uint8", "quantized", "q4", "bnb4", "q4f16", "fp16", ""} {
		if name := sibling(graph, v); name != graph && has(name) {
			found = append(found, v)
		}
	}
	return found
}

// sibling is the name of a graph's other variant.
func sibling(graph, variant string) string {
	base := strings.TrimSuffix(graph, ".onnx")
	for _, v := range variants[1:] {
		if stem, ok := strings.CutSuffix(base, "_"+v); ok {
			base = stem
			break
		}
	}
	if variant != "" {
		base += "_" + variant
	}
	return base + ".onnx"
}

package textenc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/space"
)

// Errors of this package, wrapped with detail.
var (
	// ErrGraph: the graph is no text tower that clipd knows how to feed or read.
	ErrGraph = errors.New("unusable text tower")
	// ErrNoTokens: a text of which the tokenizer leaves nothing.
	ErrNoTokens = errors.New("the text has no tokens")
)

// Session is a loaded text tower. *ort.Session is one.
type Session interface {
	Inputs() []ort.TensorInfo
	Outputs() []ort.TensorInfo
	Run(ctx context.Context, in []ort.Tensor, outputs ...string) ([]ort.Tensor, error)
}

// Options of an Encoder. The zero value works.
type Options struct {
	MaxBatch  int       // most texts of one Run; 0: 16
	Tokenizer Tokenizer // in place of the Spec's tokenizer.json; nil: that one
}

// defaultMaxBatch bounds a Run's memory; larger batches gain nothing on a CPU.
const defaultMaxBatch = 16

// Encoder turns texts into unit vectors. It is safe for concurrent use.
type Encoder struct {
	spec      Spec
	session   Session
	tokenizer Tokenizer
	frame     frame
	inputs    []string // the graph's inputs, all known to tensors
	hasMask   bool
	output    ort.TensorInfo
	fixedRows int // batch size that the graph fixes; 0: any
	maxBatch  int
	dim       int
}

// Tokens are a text's ids: special tokens included, cut to the context length, not padded.
type Tokens struct {
	IDs       []int64
	Truncated bool // whether the text had more tokens than the model reads
}

// New makes an Encoder of a Spec and the text tower that belongs to it. The tokenizer's memory is freed by Close; the
// session stays the caller's. It runs the tower once or thrice, to learn the dimension and whether padding matters.
// It fails with ErrGraph or ErrSpec.
func New(ctx context.Context, spec Spec, session Session, opts Options) (*Encoder, error) {
	if err := spec.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	e := &Encoder{spec: spec, session: session, tokenizer: opts.Tokenizer, maxBatch: opts.MaxBatch}
	if e.maxBatch <= 0 {
		e.maxBatch = defaultMaxBatch
	}
	if err := e.readGraph(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	if e.tokenizer == nil {
		tokenizer, err := newHFTokenizer(spec.Tokenizer)
		if err != nil {
			return nil, fmt.Errorf("%w: tokenizer.json: %w", ErrSpec, err)
		}
		e.tokenizer = tokenizer
	}
	if err := e.prepare(ctx); err != nil {
		return nil, errors.Join(err, e.tokenizer.Close())
	}
	return e, nil
}

// prepare learns what the files don't say: the tokenizer's frame, the dimension, whether padding matters.
func (e *Encoder) prepare(ctx context.Context) error {
	var err error
	if e.frame, err = frameOf(e.tokenizer); err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	if framed := e.frame.before + len(e.frame.after); framed >= e.spec.ContextLength {
		return fmt.Errorf("%w: context length %d leaves no room for a text between %d special tokens", ErrSpec, e.spec.ContextLength, framed)
	}
	if e.spec.Padding == PaddingAuto {
		if e.spec.Padding, err = e.tryPadding(ctx); err != nil {
			return err
		}
	}
	probe, err := e.Encode(ctx, []string{"a"})
	if err != nil {
		return fmt.Errorf("%w: trial run: %w", ErrGraph, err)
	}
	e.dim = probe[0].Dim()
	return nil
}

// tryPadding decides how a tower without an attention mask wants its texts. A causal one gives the same vector
// whether padded or not, and is quicker without; another one was trained on padded texts and needs them.
func (e *Encoder) tryPadding(ctx context.Context) (Padding, error) {
	if e.hasMask && !e.spec.PadSeen {
		return PaddingLongest, nil
	}
	full, err := e.tryOne(ctx, PaddingFull)
	if err != nil {
		return "", fmt.Errorf("%w: trial run with padding %q: %w", ErrGraph, PaddingFull, err)
	}
	none, err := e.tryOne(ctx, PaddingNone)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return PaddingFull, nil // exported with one length in it, whatever its input says
	case none.Cosine(full) > samePadded:
		return PaddingNone, nil
	}
	return PaddingFull, nil
}

// tryOne encodes a text that is short, so that the context length leaves room for padding.
func (e *Encoder) tryOne(ctx context.Context, padding Padding) (space.Vector, error) {
	e.spec.Padding = padding
	vectors, err := e.Encode(ctx, []string{"a"})
	if err != nil {
		return space.Vector{}, err
	}
	return vectors[0], nil
}

// samePadded is the cosine above which a padded text's vector counts as the unpadded one's: a causal tower differs by
// rounding only (quantised activations included), a non-causal one gave 0.7 in a trial.
const samePadded = 0.99

// knownInputs are the inputs that tensors can fill.
var knownInputs = []string{"input_ids", "attention_mask", "token_type_ids", "position_ids"}

// inputAliases are other exporters' names of input_ids.
var inputAliases = []string{"text", "tokens", "input", "input.1"}

func (e *Encoder) readGraph() error {
	for _, in := range e.session.Inputs() {
		name := in.Name
		if slices.Contains(inputAliases, name) && len(e.session.Inputs()) == 1 {
			name = "input_ids"
		}
		if !slices.Contains(knownInputs, name) {
			return fmt.Errorf("input %v is not known; want %s", in, strings.Join(knownInputs, ", "))
		}
		e.inputs = append(e.inputs, in.Name)
		e.hasMask = e.hasMask || name == "attention_mask"
		if err := e.obeyDims(in); err != nil {
			return err
		}
	}
	if len(e.inputs) == 0 {
		return errors.New("it has no inputs")
	}
	return e.chooseOutput()
}

// obeyDims takes over fixed dimensions: a fixed batch size, and a fixed sequence length, which is then always filled.
func (e *Encoder) obeyDims(in ort.TensorInfo) error {
	if in.Dims == nil {
		return nil
	}
	if len(in.Dims) != 2 {
		return fmt.Errorf("input %v: want [batch sequence]", in)
	}
	if rows := in.Dims[0]; rows > 0 {
		e.fixedRows = int(rows)
	}
	if length := in.Dims[1]; length > 0 {
		if int(length) > maxContext {
			return fmt.Errorf("input %v: want a sequence of at most %d", in, maxContext)
		}
		e.spec.ContextLength = int(length)
		e.spec.Padding = PaddingFull
	}
	return nil
}

// pooledOutputs are exporters' names for one vector a text, the projected one first.
var pooledOutputs = []string{
	"text_embeds", "text_features", "text_embedding", "text_embeddings", "l2norm_text_embeddings", "sentence_embedding", "embeddings", "embedding",
}

// tokenOutputs are names for one vector a token.
var tokenOutputs = []string{"last_hidden_state", "token_embeddings"}

// chooseOutput finds the output, and how it is pooled.
func (e *Encoder) chooseOutput() (err error) {
	e.output, e.spec.Pooling, err = chooseOutput(e.spec, e.session.Outputs())
	return err
}

// PooledOutput is the output that an Encoder of this Spec would take of a graph, if it has one vector a text; empty: it
// hasn't, or there is none.
func PooledOutput(spec Spec, outputs []ort.TensorInfo) string {
	output, pooling, err := chooseOutput(spec, outputs)
	if err != nil || pooling != PoolingNone && pooling != "" {
		return ""
	}
	return output.Name
}

// chooseOutput finds the output: the Spec's, else one by a usual name, else token vectors where a pooling is known,
// else the only output with one vector a text.
func chooseOutput(spec Spec, outputs []ort.TensorInfo) (output ort.TensorInfo, pooling Pooling, err error) {
	find := func(names ...string) bool {
		for _, name := range names {
			at := slices.IndexFunc(outputs, func(o ort.TensorInfo) bool { return o.Name == name })
			if at >= 0 {
				output = outputs[at]
				return true
			}
		}
		return false
	}
	switch {
	case spec.Output != "":
		if !find(spec.Output) {
			return output, "", fmt.Errorf("it has no output %q; it gives %v", spec.Output, outputs)
		}
		if len(output.Dims) == 2 {
			return output, PoolingNone, nil
		}
		return output, spec.Pooling, nil
	case find(pooledOutputs...):
		return output, PoolingNone, nil
	case spec.Pooling != PoolingNone && spec.Pooling != "" && find(tokenOutputs...):
		return output, spec.Pooling, nil
	case strings.HasPrefix(spec.ModelType, "siglip") && find("pooler_output"):
		return output, PoolingNone, nil
	}
	output, err = onlyVectorOutput(outputs)
	return output, PoolingNone, err
}

func onlyVectorOutput(outputs []ort.TensorInfo) (ort.TensorInfo, error) {
	var vectors []ort.TensorInfo
	for _, out := range outputs {
		if len(out.Dims) == 2 && out.Name != "pooler_output" {
			vectors = append(vectors, out)
		}
	}
	if len(vectors) != 1 {
		return ort.TensorInfo{}, fmt.Errorf("which output holds the text's vector is not known: it gives %v; want text_embeds, or 1_Pooling/config.json beside the model for last_hidden_state", outputs)
	}
	return vectors[0], nil
}

// Spec is how the encoder reads text, with padding, pooling and output resolved.
func (e *Encoder) Spec() Spec {
	spec := e.spec
	spec.Output = e.output.Name
	return spec
}

// Dim is the dimension of the vectors.
func (e *Encoder) Dim() int { return e.dim }

// Close frees the tokenizer.
func (e *Encoder) Close() error { return e.tokenizer.Close() }

// Tokenize gives a text's ids as the tower will read them. A text without any token is ErrNoTokens; an empty text is
// its special tokens where the model has them. Invalid UTF-8 is read as U+FFFD, NUL is dropped.
func (e *Encoder) Tokenize(text string) (Tokens, error) {
	ids, err := e.tokenizer.Encode(e.spec.clean(text))
	if err != nil {
		return Tokens{}, fmt.Errorf("tokenize: %w", err)
	}
	if len(ids) == 0 {
		return Tokens{}, ErrNoTokens
	}
	cut := e.frame.truncate(ids, e.spec.ContextLength)
	return Tokens{IDs: cut, Truncated: len(cut) < len(ids)}, nil
}

// Encode turns texts into unit vectors, in their order. An error names the first text that failed by its index.
func (e *Encoder) Encode(ctx context.Context, texts []string) ([]space.Vector, error) {
	tokens := make([]Tokens, len(texts))
	for i, text := range texts {
		var err error
		if tokens[i], err = e.Tokenize(text); err != nil {
			return nil, fmt.Errorf("text %d: %w", i, err)
		}
	}
	return e.EncodeTokens(ctx, tokens)
}

// EncodeTokens turns tokenized texts into unit vectors, in their order. Texts of one Bucket share a run of the tower.
func (e *Encoder) EncodeTokens(ctx context.Context, tokens []Tokens) ([]space.Vector, error) {
	vectors := make([]space.Vector, len(tokens))
	for _, batch := range e.plan(tokens) {
		if err := e.run(ctx, tokens, batch, vectors); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

// Inputs are the graph's inputs.
func (e *Encoder) Inputs() []ort.TensorInfo { return e.session.Inputs() }

// Outputs are those that the session gives.
func (e *Encoder) Outputs() []ort.TensorInfo { return e.session.Outputs() }

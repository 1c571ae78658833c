package imageenc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// ErrGraph: the graph is no image tower that clipd knows how to feed or read, or its preprocessing doesn't fit it.
var ErrGraph = errors.New("unusable image tower")

// Session is a loaded image tower. *ort.Session is one.
type Session interface {
	Inputs() []ort.TensorInfo
	Outputs() []ort.TensorInfo
	Run(ctx context.Context, in []ort.Tensor, outputs ...string) ([]ort.Tensor, error)
}

// Options of an Encoder. The zero value works.
type Options struct {
	MaxBatch int    // most pictures of one Run; 0: 8
	Output   string // the graph's output to use; empty: chosen from the graph
}

// defaultMaxBatch bounds a Run's memory; on a CPU larger batches gain at most 7 % (fp32).
const defaultMaxBatch = 8

// Encoder turns pictures into unit vectors. It is safe for concurrent use.
type Encoder struct {
	spec      preprocess.Spec
	session   Session
	input     ort.TensorInfo
	output    ort.TensorInfo
	fixedRows int // batch size that the graph fixes; 0: any
	maxBatch  int
	dim       int
	buffers   sync.Pool // of *[]float32, for batches
}

// New makes an Encoder of a preprocessing Spec and the image tower that belongs to it; the session stays the
// caller's. It runs the tower once, to learn the dimension. It fails with ErrGraph.
func New(ctx context.Context, spec preprocess.Spec, session Session, opts Options) (*Encoder, error) {
	e := &Encoder{spec: spec, session: session, maxBatch: opts.MaxBatch}
	if e.maxBatch <= 0 {
		e.maxBatch = defaultMaxBatch
	}
	if err := spec.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	if err := e.readInput(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	var err error
	if e.output, err = chooseOutput(e.session.Outputs(), opts.Output); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	probe, err := e.EncodePixels(ctx, [][]float32{e.testCard()})
	if err != nil {
		return nil, fmt.Errorf("%w: trial run: %w", ErrGraph, err)
	}
	e.dim = probe[0].Dim()
	return e, nil
}

// testCard is a pattern for the trial run; a blank picture may give the zero vector.
func (e *Encoder) testCard() []float32 {
	pixels := make([]float32, e.spec.Len())
	for i := range pixels {
		pixels[i] = float32(i%17)/16 - 0.5
	}
	return pixels
}

// readInput finds the one input and holds its fixed dimensions against the Spec.
func (e *Encoder) readInput() error {
	inputs := e.session.Inputs()
	if len(inputs) != 1 {
		return fmt.Errorf("it takes %v; want pixel_values alone", inputs)
	}
	e.input = inputs[0]
	dims := e.input.Dims
	if dims == nil {
		return nil
	}
	if len(dims) != 4 {
		return fmt.Errorf("input %v: want [batch 3 height width]", e.input)
	}
	if dims[0] > 0 {
		e.fixedRows = int(dims[0])
	}
	for i, want := range []int{3, e.spec.Height, e.spec.Width} {
		if have := dims[i+1]; have > 0 && have != int64(want) {
			return fmt.Errorf("input %v doesn't fit %s, which makes 3 x %d x %d", e.input, e.spec.Source, e.spec.Height, e.spec.Width)
		}
	}
	return nil
}

// pooledOutputs are exporters' names for one vector a picture, the projected one first.
var pooledOutputs = []string{
	"image_embeds", "image_features", "image_embedding", "image_embeddings", "l2norm_image_embeddings", "embeddings", "embedding", "pooler_output",
}

// WrittenDim is the dimension of the vectors as a graph with these outputs tells it; 0: it doesn't.
func WrittenDim(outputs []ort.TensorInfo) int {
	output, err := chooseOutput(outputs, "")
	if err != nil || len(output.Dims) != 2 {
		return 0
	}
	return int(max(output.Dims[1], 0))
}

// PooledOutput is the output that an Encoder would take of a graph with these; empty: none.
func PooledOutput(outputs []ort.TensorInfo) string {
	output, err := chooseOutput(outputs, "")
	if err != nil {
		return ""
	}
	return output.Name
}

// chooseOutput finds the output: the one asked for, else one by a usual name, else the only one with one vector a
// picture.
func chooseOutput(outputs []ort.TensorInfo, asked string) (ort.TensorInfo, error) {
	wanted := pooledOutputs
	if asked != "" {
		wanted = []string{asked}
	}
	for _, name := range wanted {
		if at := slices.IndexFunc(outputs, func(o ort.TensorInfo) bool { return o.Name == name }); at >= 0 {
			return outputs[at], nil
		}
	}
	if asked != "" {
		return ort.TensorInfo{}, fmt.Errorf("it has no output %q; it gives %v", asked, outputs)
	}
	var chosen ort.TensorInfo
	for _, out := range outputs {
		if len(out.Dims) == 2 {
			if chosen.Name != "" {
				return chosen, fmt.Errorf("which output holds the picture's vector is not known: it gives %v; want image_embeds", outputs)
			}
			chosen = out
		}
	}
	if chosen.Name == "" {
		return chosen, fmt.Errorf("no output has one vector a picture: it gives %v; want image_embeds", outputs)
	}
	return chosen, nil
}

// Spec is the preprocessing.
func (e *Encoder) Spec() preprocess.Spec { return e.spec }

// Output is the name of the output in use.
func (e *Encoder) Output() string { return e.output.Name }

// Dim is the dimension of the vectors.
func (e *Encoder) Dim() int { return e.dim }

// Pixels makes a picture's pixel values, 3 x height x width float32. It needs no session: any goroutine may do it
// while another picture is in the tower.
func (e *Encoder) Pixels(p *preprocess.Picture) []float32 {
	pixels := make([]float32, e.spec.Len())
	e.spec.Pixels(p, pixels)
	return pixels
}

// Encode turns pictures into unit vectors, in their order.
func (e *Encoder) Encode(ctx context.Context, pictures []*preprocess.Picture) ([]space.Vector, error) {
	vectors := make([]space.Vector, 0, len(pictures))
	for batch := range slices.Chunk(pictures, e.rows()) {
		pixels := make([][]float32, len(batch))
		for i, p := range batch {
			pixels[i] = e.Pixels(p)
		}
		encoded, err := e.EncodePixels(ctx, pixels)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, encoded...)
	}
	return vectors, nil
}

// EncodePixels turns pixel values, as of Pixels, into unit vectors, in their order.
func (e *Encoder) EncodePixels(ctx context.Context, pixels [][]float32) ([]space.Vector, error) {
	vectors := make([]space.Vector, 0, len(pixels))
	for batch := range slices.Chunk(pixels, e.rows()) {
		encoded, err := e.run(ctx, batch)
		if err != nil {
			return nil, fmt.Errorf("image tower: %w", err)
		}
		vectors = append(vectors, encoded...)
	}
	return vectors, nil
}

// rows is the size of a full batch.
func (e *Encoder) rows() int {
	if e.fixedRows > 0 {
		return e.fixedRows
	}
	return e.maxBatch
}

// buffer is memory for the values of a batch; put it back into buffers.
func (e *Encoder) buffer(length int) *[]float32 {
	if buffer, ok := e.buffers.Get().(*[]float32); ok && cap(*buffer) >= length {
		*buffer = (*buffer)[:length]
		return buffer
	}
	fresh := make([]float32, length, max(length, e.rows()*e.spec.Len()))
	return &fresh
}

// run encodes one batch. What a fixed batch size leaves over holds any values and is not read.
func (e *Encoder) run(ctx context.Context, batch [][]float32) ([]space.Vector, error) {
	rows, size := max(len(batch), e.fixedRows), e.spec.Len()
	values := batch[0]
	if rows > 1 {
		buffer := e.buffer(rows * size)
		defer e.buffers.Put(buffer) // the session is through with it when run returns
		values = *buffer
		for i, pixels := range batch {
			copy(values[i*size:(i+1)*size], pixels)
		}
	}
	out, err := e.session.Run(ctx, []ort.Tensor{{
		Name: e.input.Name,
		Dims: []int64{int64(rows), 3, int64(e.spec.Height), int64(e.spec.Width)},
		F32:  values,
	}}, e.output.Name)
	if err != nil {
		return nil, err
	}
	if dims := out[0].Dims; len(dims) != 2 || dims[0] != int64(rows) || len(out[0].F32) == 0 {
		return nil, fmt.Errorf("%w: output %q has dims %v; want [%d dim] of floats", ErrGraph, e.output.Name, dims, rows)
	}
	dim := len(out[0].F32) / rows
	vectors := make([]space.Vector, len(batch))
	for i := range vectors {
		if vectors[i], err = space.Normalize(out[0].F32[i*dim : (i+1)*dim]); err != nil {
			return nil, fmt.Errorf("%w: output %q: %w", space.ErrModelOutput, e.output.Name, err)
		}
	}
	return vectors, nil
}

// Inputs are the graph's inputs.
func (e *Encoder) Inputs() []ort.TensorInfo { return e.session.Inputs() }

// Outputs are those that the session gives.
func (e *Encoder) Outputs() []ort.TensorInfo { return e.session.Outputs() }

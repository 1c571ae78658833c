package textenc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
)

// Dense is a layer behind the pooling: sentence-transformers' module of that name.
type Dense struct {
	In         int       `json:"in"`
	Out        int       `json:"out"`
	Activation string    `json:"activation"` // "identity" or "tanh"
	Weight     []float32 `json:"-"`          // [Out In], row by row
	Bias       []float32 `json:"-"`          // [Out]; nil: none
}

// Activations of a Dense.
const (
	activationIdentity = "identity"
	activationTanh     = "tanh"
)

// activations are PyTorch's names for them.
var activations = map[string]string{
	"torch.nn.modules.linear.Identity": activationIdentity,
	"torch.nn.modules.activation.Tanh": activationTanh,
}

// apply gives the layer's output for one vector.
func (d Dense) apply(in []float32) ([]float32, error) {
	if len(in) != d.In {
		return nil, fmt.Errorf("%w: the Dense module takes %d dimensions; the pooled vector has %d", ErrGraph, d.In, len(in))
	}
	out := make([]float32, d.Out)
	for o := range out {
		var sum float64
		for i, w := range d.Weight[o*d.In : (o+1)*d.In] {
			sum += float64(w) * float64(in[i])
		}
		if d.Bias != nil {
			sum += float64(d.Bias[o])
		}
		if d.Activation == activationTanh {
			sum = math.Tanh(sum)
		}
		out[o] = float32(sum)
	}
	return out, nil
}

// readDense reads a Dense module's folder: config.json and model.safetensors.
func readDense(fsys fs.FS, dir string) (Dense, error) {
	var config struct {
		In         int    `json:"in_features"`
		Out        int    `json:"out_features"`
		Bias       *bool  `json:"bias"`
		Activation string `json:"activation_function"`
	}
	name := path.Join(dir, "config.json")
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Dense{}, err
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return Dense{}, fmt.Errorf("%s: %w", name, err)
	}
	d := Dense{In: config.In, Out: config.Out, Activation: activations[config.Activation]}
	switch {
	case d.In < 1 || d.Out < 1 || d.In > maxDense || d.Out > maxDense:
		return Dense{}, fmt.Errorf(`%s: fields "in_features" and "out_features" are %d and %d; want 1 to %d`, name, d.In, d.Out, maxDense)
	case config.Bias == nil:
		return Dense{}, fmt.Errorf(`%s: field "bias" is missing`, name)
	case d.Activation == "":
		return Dense{}, fmt.Errorf(`%s: field "activation_function": %q is not supported; want Identity or Tanh`, name, config.Activation)
	}
	name = path.Join(dir, "model.safetensors")
	weights, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Dense{}, fmt.Errorf("%s is needed (pytorch_model.bin can't be read): %w", name, err)
	}
	if err != nil {
		return Dense{}, err
	}
	if d.Weight, err = safetensor(weights, "linear.weight", d.Out, d.In); err != nil {
		return Dense{}, fmt.Errorf("%s: %w", name, err)
	}
	if *config.Bias {
		if d.Bias, err = safetensor(weights, "linear.bias", d.Out); err != nil {
			return Dense{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return d, nil
}

// maxDense bounds a layer's width.
const maxDense = 1 << 14

// safetensor reads a float32 tensor of the given shape out of a file in the safetensors format: the header's length in
// 8 bytes, a header in JSON, the data.
func safetensor(file []byte, name string, shape ...int) ([]float32, error) {
	if len(file) < 8 {
		return nil, errors.New("it is no safetensors file: too short")
	}
	size, body := binary.LittleEndian.Uint64(file), file[8:]
	if size > uint64(len(body)) {
		return nil, fmt.Errorf("it is no safetensors file, or cut off: a header of %d bytes in a file of %d", size, len(file))
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(body[:size], &header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var entry struct {
		DType   string    `json:"dtype"`
		Shape   []int     `json:"shape"`
		Offsets [2]uint64 `json:"data_offsets"`
	}
	if header[name] == nil {
		return nil, fmt.Errorf("it has no tensor %q", name)
	}
	if err := json.Unmarshal(header[name], &entry); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", name, err)
	}
	count := 1
	for _, n := range shape {
		count *= n
	}
	if entry.DType != "F32" || fmt.Sprint(entry.Shape) != fmt.Sprint(shape) {
		return nil, fmt.Errorf("tensor %q is %s %v; want F32 %v", name, entry.DType, entry.Shape, shape)
	}
	body = body[size:]
	if entry.Offsets[1] > uint64(len(body)) || entry.Offsets[0] > entry.Offsets[1] || entry.Offsets[1]-entry.Offsets[0] != uint64(4*count) {
		return nil, fmt.Errorf("tensor %q lies at bytes %v of %d; want %d bytes", name, entry.Offsets, len(body), 4*count)
	}
	values := make([]float32, count)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[entry.Offsets[0]+uint64(4*i):]))
	}
	return values, nil
}

package textenc

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tensors is a safetensors file of a 2 x 3 weight and a bias.
func tensors(header string, values ...float32) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	for _, x := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return data
}

const (
	denseConfig = `{"in_features":3,"out_features":2,"bias":true,"activation_function":"torch.nn.modules.linear.Identity"}`
	denseHeader = `{"__metadata__":{"format":"pt"},"linear.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"linear.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}`
)

func denseFolder(config string, weights []byte) fstest.MapFS {
	return fstest.MapFS{"2_Dense/config.json": {Data: []byte(config)}, "2_Dense/model.safetensors": {Data: weights}}
}

func TestDense(t *testing.T) {
	weights := tensors(denseHeader, 1, 2, 3, 0, -1, 0, 10, 0.5)
	d, err := readDense(denseFolder(denseConfig, weights), "2_Dense")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.apply([]float32{1, 1, 2}); err != nil || !slices.Equal(got, []float32{19, -0.5}) {
		t.Errorf("%v, %v", got, err)
	}
	d, err = readDense(denseFolder(strings.Replace(denseConfig, "linear.Identity", "activation.Tanh", 1), weights), "2_Dense")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.apply([]float32{1, 1, 2}); err != nil || got[1] != float32(math.Tanh(-0.5)) {
		t.Errorf("tanh: %v, %v", got, err)
	}
	if _, err := d.apply([]float32{1}); err == nil || !strings.Contains(err.Error(), "takes 3 dimensions; the pooled vector has 1") {
		t.Errorf("of one dimension: %v", err)
	}
}

func TestReadDenseNamesWhatIsWrong(t *testing.T) {
	good := tensors(denseHeader, 1, 2, 3, 0, -1, 0, 10, 0.5)
	for want, folder := range map[string]fstest.MapFS{
		`"in_features" and "out_features" are 0`: denseFolder(`{"bias":true}`, good),
		`field "bias" is missing`:                denseFolder(`{"in_features":3,"out_features":2}`, good),
		`is F32 [2 3]; want F32 [2 4]`:           denseFolder(strings.Replace(denseConfig, ":3", ":4", 1), good),
		"too short":                              denseFolder(denseConfig, good[:5]),
		"a header of":                            denseFolder(denseConfig, good[:40]),
		"lies at bytes [24 32] of 28":            denseFolder(denseConfig, good[:len(good)-4]),
		`no tensor "linear.bias"`:                denseFolder(denseConfig, tensors(strings.Replace(denseHeader, "linear.bias", "other", 1), 1, 2, 3, 4, 5, 6, 7, 8)),
	} {
		if _, err := readDense(folder, "2_Dense"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
}

func FuzzSafetensor(f *testing.F) {
	f.Add(tensors(denseHeader, 1, 2, 3, 0, -1, 0, 10, 0.5))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"))
	f.Add(tensors(`{"linear.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[18446744073709551600,8]}}`, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if values, err := safetensor(data, "linear.weight", 2, 3); err == nil && len(values) != 6 {
			t.Errorf("%d values", len(values))
		}
	})
}

package textenc

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// module is an entry of sentence-transformers' modules.json.
type module struct {
	Path string `json:"path"`
	Type string `json:"type"` // as "sentence_transformers.models.Pooling"
}

// kind is the module's class.
func (m module) kind() string { return m.Type[strings.LastIndex(m.Type, ".")+1:] }

// readModules reads what sentence-transformers does with the tower's output: pooling, then Dense layers, then
// normalisation, which every vector of clipd gets. Without modules.json there may be a pooling alone. What can't be
// obeyed is an error.
func readModules(fsys fs.FS, modules []module) (Pooling, []Dense, error) {
	if len(modules) == 0 {
		modules = []module{{Path: "1_Pooling", Type: "Pooling"}}
		if _, err := fs.Stat(fsys, "1_Pooling/config.json"); errors.Is(err, fs.ErrNotExist) {
			return PoolingNone, nil, nil
		}
	}
	pooling, normalised := PoolingNone, false
	var layers []Dense
	for _, m := range modules {
		kind := m.kind()
		if (kind == "Pooling" || kind == "Dense") && m.Path == "" {
			return "", nil, fmt.Errorf(`modules.json: field "path" of %q is missing`, m.Type)
		}
		switch kind {
		case "Transformer", "CLIPModel", "Dropout":
		case "Normalize":
			normalised = true
		case "Pooling":
			var err error
			if pooling, err = readPooling(fsys, path.Join(m.Path, "config.json")); err != nil {
				return "", nil, err
			}
		case "Dense":
			if normalised {
				return "", nil, errors.New("modules.json: a Dense module after Normalize is not supported")
			}
			layer, err := readDense(fsys, m.Path)
			if err != nil {
				return "", nil, err
			}
			layers = append(layers, layer)
		default:
			return "", nil, fmt.Errorf("modules.json: %q is not supported; want Transformer, Pooling, Dense and Normalize only", m.Type)
		}
	}
	return pooling, layers, nil
}

// poolingConfig is sentence-transformers' 1_Pooling/config.json.
type poolingConfig struct {
	CLS           bool   `json:"pooling_mode_cls_token"`
	Mean          bool   `json:"pooling_mode_mean_tokens"`
	Max           bool   `json:"pooling_mode_max_tokens"`
	Last          bool   `json:"pooling_mode_lasttoken"`
	MeanSqrt      bool   `json:"pooling_mode_mean_sqrt_len_tokens"`
	Weighted      bool   `json:"pooling_mode_weightedmean_tokens"`
	Mode          string `json:"pooling_mode"` // newer files
	IncludePrompt *bool  `json:"include_prompt"`
}

func readPooling(fsys fs.FS, name string) (Pooling, error) {
	var config *poolingConfig
	if err := readOptional(fsys, name, &config); err != nil {
		return "", err
	}
	if config == nil {
		return "", fmt.Errorf("%s is needed, which modules.json names", name)
	}
	mode, err := config.mode()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return mode, nil
}

func (c poolingConfig) mode() (Pooling, error) {
	if c.IncludePrompt != nil && !*c.IncludePrompt {
		return "", errors.New(`field "include_prompt": false (a prompt that is left out of the pooling) is not supported`)
	}
	var modes []Pooling
	for _, option := range []struct {
		on   bool
		name string
		mode Pooling
	}{
		{c.CLS, "cls", PoolingCLS}, {c.Mean, "mean", PoolingMean}, {c.Max, "max", PoolingMax}, {c.Last, "lasttoken", PoolingLast},
		{c.MeanSqrt, "mean_sqrt_len_tokens", PoolingMeanSqrt}, {c.Weighted, "weightedmean", PoolingWeighted},
	} {
		if option.on || c.Mode == option.name {
			modes = append(modes, option.mode)
		}
	}
	if len(modes) != 1 {
		return "", errors.New("want exactly one of cls, mean, max, lasttoken, mean_sqrt_len and weightedmean")
	}
	return modes[0], nil
}

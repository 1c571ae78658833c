package textenc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// ErrSpec: a model's text files lack something or contradict themselves; the text names file and field.
var ErrSpec = errors.New("text side of the model")

// SpecFiles are the files that ReadSpec looks at.
func SpecFiles() []string { return slices.Clone(specFiles) }

var specFiles = []string{
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json", "sentence_bert_config.json",
	"modules.json", "1_Pooling/config.json", "open_clip_config.json",
}

// ReadSpec reads how a model takes text. tokenizer.json must be there; the context length comes from
// sentence_bert_config.json, else from the smaller of tokenizer_config.json and config.json, else from
// open_clip_config.json or tokenizer.json. What is missing is an ErrSpec that names file and field.
func ReadSpec(fsys fs.FS) (Spec, error) {
	var f files
	if err := f.read(fsys); err != nil {
		return Spec{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	spec, err := f.spec()
	if err == nil {
		err = spec.Validate()
	}
	if err != nil {
		return Spec{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return spec, nil
}

// files are the fields of a model's files that matter here.
type files struct {
	rawTokenizer []byte
	tokenizer    struct {
		Truncation *struct {
			MaxLength int `json:"max_length"`
		} `json:"truncation"`
		Padding *struct {
			PadID int64 `json:"pad_id"`
		} `json:"padding"`
		AddedTokens []struct {
			ID      int64  `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Model struct {
			Vocab vocabulary `json:"vocab"`
		} `json:"model"`
	}
	tokenizerConfig struct {
		MaxLength float64 `json:"model_max_length"`
		PadToken  token   `json:"pad_token"`
	}
	specialTokens struct {
		PadToken token `json:"pad_token"`
	}
	config struct {
		textConfig
		Text *textConfig `json:"text_config"`
	}
	sentenceBERT struct {
		MaxLength int `json:"max_seq_length"`
	}
	modules []struct {
		Type string `json:"type"`
	}
	pooling  *poolingConfig
	openCLIP struct {
		Model struct {
			Text struct {
				ContextLength int `json:"context_length"`
				Tokenizer     struct {
					Clean string `json:"clean"`
				} `json:"tokenizer_kwargs"`
			} `json:"text_cfg"`
		} `json:"model_cfg"`
	}
}

type textConfig struct {
	ModelType    string `json:"model_type"`
	MaxPositions int    `json:"max_position_embeddings"`
	PadID        *int64 `json:"pad_token_id"`
}

// poolingConfig is sentence-transformers' 1_Pooling/config.json.
type poolingConfig struct {
	CLS          bool   `json:"pooling_mode_cls_token"`
	Mean         bool   `json:"pooling_mode_mean_tokens"`
	Max          bool   `json:"pooling_mode_max_tokens"`
	Last         bool   `json:"pooling_mode_lasttoken"`
	MeanSqrt     bool   `json:"pooling_mode_mean_sqrt_len_tokens"`
	WeightedMean bool   `json:"pooling_mode_weightedmean_tokens"`
	Mode         string `json:"pooling_mode"` // newer files
}

// token is a special token: a string, or an object with its content.
type token string

// UnmarshalJSON reads both shapes; null is no token.
func (t *token) UnmarshalJSON(data []byte) error {
	var object struct {
		Content string `json:"content"`
	}
	if json.Unmarshal(data, &object) == nil && object.Content != "" {
		*t = token(object.Content)
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// vocabulary are a model's tokens: a map from token to id, or (Unigram) a list of tokens with their scores.
type vocabulary map[string]int64

// UnmarshalJSON reads both shapes.
func (v *vocabulary) UnmarshalJSON(data []byte) error {
	var ids map[string]int64
	if json.Unmarshal(data, &ids) == nil {
		*v = ids
		return nil
	}
	var scored [][]any
	if err := json.Unmarshal(data, &scored); err != nil {
		return err
	}
	*v = make(vocabulary, len(scored))
	for id, entry := range scored {
		if len(entry) > 0 {
			if text, ok := entry[0].(string); ok {
				(*v)[text] = int64(id)
			}
		}
	}
	return nil
}

func (f *files) read(fsys fs.FS) error {
	raw, err := fs.ReadFile(fsys, "tokenizer.json")
	if err != nil {
		return fmt.Errorf("tokenizer.json is needed: %w", err)
	}
	f.rawTokenizer = raw
	if err := json.Unmarshal(raw, &f.tokenizer); err != nil {
		return fmt.Errorf("tokenizer.json: %w", err)
	}
	for _, optional := range []struct {
		name string
		into any
	}{
		{"tokenizer_config.json", &f.tokenizerConfig},
		{"special_tokens_map.json", &f.specialTokens},
		{"config.json", &f.config},
		{"sentence_bert_config.json", &f.sentenceBERT},
		{"modules.json", &f.modules},
		{"1_Pooling/config.json", &f.pooling},
		{"open_clip_config.json", &f.openCLIP},
	} {
		data, err := fs.ReadFile(fsys, optional.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, optional.into); err != nil {
			return fmt.Errorf("%s: %w", optional.name, err)
		}
	}
	return nil
}

func (f *files) spec() (Spec, error) {
	spec := Spec{Tokenizer: f.rawTokenizer, ModelType: f.config.ModelType, Clean: f.openCLIP.Model.Text.Tokenizer.Clean}
	if strings.HasPrefix(spec.ModelType, "siglip") {
		spec.Padding = PaddingFull // its processor's default: trained on padded texts without a mask
	}
	var err error
	if spec.ContextLength, err = f.contextLength(); err != nil {
		return Spec{}, err
	}
	if spec.PadID, err = f.padID(); err != nil {
		return Spec{}, err
	}
	if spec.Pooling, err = f.poolingMode(); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

// believable bounds model_max_length, which some tokenizers set to 1e30 for "no bound".
const believable = 1 << 17

func (f *files) contextLength() (int, error) {
	if n := f.sentenceBERT.MaxLength; n > 0 {
		return n, nil
	}
	var known []int
	if n := f.tokenizerConfig.MaxLength; n >= 1 && n <= believable {
		known = append(known, int(n))
	}
	if n := f.textConfig().MaxPositions; n > 0 {
		known = append(known, n)
	}
	if n := f.openCLIP.Model.Text.ContextLength; n > 0 {
		known = append(known, n)
	}
	if len(known) > 0 {
		return slices.Min(known), nil
	}
	if t := f.tokenizer.Truncation; t != nil && t.MaxLength > 0 {
		return t.MaxLength, nil
	}
	return 0, errors.New(`the context length is not known: want "model_max_length" in tokenizer_config.json or "text_config.max_position_embeddings" in config.json`)
}

// textConfig is the description of the text tower: config.json's text_config, or the file itself for a model that has
// text only.
func (f *files) textConfig() textConfig {
	if f.config.Text != nil {
		return *f.config.Text
	}
	return f.config.textConfig
}

// padID looks the padding token up. A model without one (no file names any) is padded with 0, as open_clip pads.
func (f *files) padID() (int64, error) {
	name := f.tokenizerConfig.PadToken
	if name == "" {
		name = f.specialTokens.PadToken
	}
	if name == "" {
		switch {
		case f.tokenizer.Padding != nil:
			return f.tokenizer.Padding.PadID, nil
		case f.textConfig().PadID != nil:
			return *f.textConfig().PadID, nil
		}
		return 0, nil
	}
	for _, added := range f.tokenizer.AddedTokens {
		if added.Content == string(name) {
			return added.ID, nil
		}
	}
	if id, ok := f.tokenizer.Model.Vocab[string(name)]; ok {
		return id, nil
	}
	return 0, fmt.Errorf("pad_token %q of tokenizer_config.json is not in tokenizer.json", name)
}

func (f *files) poolingMode() (Pooling, error) {
	for _, module := range f.modules {
		kind := module.Type[strings.LastIndex(module.Type, ".")+1:]
		if kind != "Transformer" && kind != "Pooling" && kind != "Normalize" && kind != "CLIPModel" {
			return "", fmt.Errorf("modules.json: %q is not supported; want Transformer, Pooling and Normalize only", module.Type)
		}
	}
	if f.pooling == nil {
		return PoolingNone, nil
	}
	return f.pooling.mode()
}

func (c poolingConfig) mode() (Pooling, error) {
	var modes []Pooling
	for _, option := range []struct {
		on   bool
		mode Pooling
	}{
		{c.CLS || c.Mode == "cls", PoolingCLS}, {c.Mean || c.Mode == "mean", PoolingMean},
		{c.Max || c.Mode == "max", PoolingMax}, {c.Last || c.Mode == "lasttoken", PoolingLast},
	} {
		if option.on {
			modes = append(modes, option.mode)
		}
	}
	if len(modes) != 1 || c.MeanSqrt || c.WeightedMean {
		return "", errors.New("1_Pooling/config.json: want exactly one of cls, mean, max and lasttoken")
	}
	return modes[0], nil
}

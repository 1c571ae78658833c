package textenc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// ErrSpec: a model's text files lack something or contradict themselves; the text names file and field.
var ErrSpec = errors.New("text side of the model")

// IsSpecFile says whether ReadSpec looks at a file of a model that has all these files.
func IsSpecFile(name string, all []string) bool {
	if name == "merges.txt" {
		name = "vocab.json"
	}
	if at := slices.Index(tokenizerFiles, name); at >= 0 {
		return !slices.ContainsFunc(tokenizerFiles[:at], func(better string) bool { return slices.Contains(all, better) })
	}
	return slices.Contains(specFiles, name) || moduleFile.MatchString(name)
}

var specFiles = []string{
	"tokenizer_config.json", "special_tokens_map.json", "config.json", "sentence_bert_config.json", "modules.json",
	"config_sentence_transformers.json", "open_clip_config.json",
}

// moduleFile is a file of one of sentence-transformers' modules: "1_Pooling/config.json".
var moduleFile = regexp.MustCompile(`^\d+_[A-Za-z]+/(config\.json|model\.safetensors)$`)

// ReadSpec reads how a model takes text. One of TokenizerFiles must be there. The context length comes from
// sentence_bert_config.json, else from the smallest of tokenizer_config.json, config.json and open_clip_config.json, else
// from tokenizer.json. A model with transformers' config.json (it has a model_type) is read as transformers reads it;
// one with open_clip's description alone as open_clip does; one with modules.json as sentence-transformers does.
// What is missing is an ErrSpec that names file and field.
func ReadSpec(fsys fs.FS) (Spec, error) {
	var f files
	if err := f.read(fsys); err != nil {
		return Spec{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	spec, err := f.spec(fsys)
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
	tokenizerConfig tokenizerConfig
	specialTokens   struct {
		PadToken token `json:"pad_token"`
	}
	config struct {
		textConfig
		Text    *textConfig   `json:"text_config"`
		TextCfg *openCLIPText `json:"text_cfg"` // immich's exports keep open_clip's description under this name
	}
	sentenceBERT struct {
		MaxLength int  `json:"max_seq_length"`
		Lower     bool `json:"do_lower_case"`
	}
	sentence struct {
		Prompts map[string]string `json:"prompts"`
		Default *string           `json:"default_prompt_name"`
	}
	modules  []module
	openCLIP struct {
		Model struct {
			Text *openCLIPText `json:"text_cfg"`
		} `json:"model_cfg"`
	}
}

type tokenizerConfig struct {
	Class        string   `json:"tokenizer_class"`
	MaxLength    float64  `json:"model_max_length"`
	PadToken     token    `json:"pad_token"`
	BOS          token    `json:"bos_token"`
	EOS          token    `json:"eos_token"`
	InputNames   []string `json:"model_input_names"`
	Lower        *bool    `json:"do_lower_case"`
	Chinese      *bool    `json:"tokenize_chinese_chars"`
	StripAccents *bool    `json:"strip_accents"`
}

type textConfig struct {
	ModelType    string `json:"model_type"`
	MaxPositions int    `json:"max_position_embeddings"`
	PadID        *int64 `json:"pad_token_id"`
}

// openCLIPText is open_clip's description of a text tower.
type openCLIPText struct {
	ContextLength int    `json:"context_length"`
	Tokenizer     string `json:"hf_tokenizer_name"` // empty: open_clip's own
	Options       struct {
		Clean     Clean  `json:"clean"`
		StripSep  bool   `json:"strip_sep_token"`
		Language  string `json:"language"`
		Mode      string `json:"tokenizer_mode"`
		Reduction string `json:"reduction_mask"`
	} `json:"tokenizer_kwargs"`
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
	for _, optional := range []struct {
		name string
		into any
	}{
		{"tokenizer_config.json", &f.tokenizerConfig},
		{"special_tokens_map.json", &f.specialTokens},
		{"config.json", &f.config},
		{"sentence_bert_config.json", &f.sentenceBERT},
		{"config_sentence_transformers.json", &f.sentence},
		{"modules.json", &f.modules},
		{"open_clip_config.json", &f.openCLIP},
	} {
		if err := readOptional(fsys, optional.name, optional.into); err != nil {
			return err
		}
	}
	var err error
	if f.rawTokenizer, err = readTokenizer(fsys, f.tokenizerConfig); err != nil {
		return err
	}
	if err := json.Unmarshal(f.rawTokenizer, &f.tokenizer); err != nil {
		return fmt.Errorf("tokenizer.json: %w", err)
	}
	return nil
}

// readOptional reads a JSON file, if it is there.
func readOptional(fsys fs.FS, name string, into any) error {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// openCLIPText is open_clip's description of the text tower; nil where transformers' counts.
func (f *files) openCLIPText() *openCLIPText {
	if f.config.ModelType != "" {
		return nil
	}
	if f.config.TextCfg != nil {
		return f.config.TextCfg
	}
	return f.openCLIP.Model.Text
}

func (f *files) spec(fsys fs.FS) (Spec, error) {
	spec := Spec{Tokenizer: f.rawTokenizer, ModelType: f.config.ModelType}
	if strings.HasPrefix(spec.ModelType, "siglip") {
		spec.Padding = PaddingFull // its processor's default: trained on padded texts without a mask
	}
	if names := f.tokenizerConfig.InputNames; len(names) > 0 && !slices.Contains(names, "attention_mask") {
		spec.PadSeen = true
	}
	var err error
	if spec.ContextLength, err = f.contextLength(); err != nil {
		return Spec{}, err
	}
	if spec.PadID, err = f.padID(); err != nil {
		return Spec{}, err
	}
	if spec.Pooling, spec.Dense, err = readModules(fsys, f.modules); err != nil {
		return Spec{}, err
	}
	if err := f.cleaning(&spec); err != nil {
		return Spec{}, err
	}
	return spec, nil
}

// cleaning decides what happens to a text before the tokenizer.
func (f *files) cleaning(spec *Spec) error {
	switch cfg := f.openCLIPText(); {
	case cfg != nil:
		return cfg.cleaning(spec)
	case len(f.modules) > 0 && f.modules[0].kind() == "Transformer":
		return f.sentenceCleaning(spec)
	}
	return nil
}

// cleaning is open_clip's; an option of its tokenizers that clipd doesn't know would make other ids.
func (c *openCLIPText) cleaning(spec *Spec) error {
	for _, option := range []struct {
		name string
		set  bool
	}{
		{"strip_sep_token", c.Options.StripSep}, {"language", c.Options.Language != ""},
		{"tokenizer_mode", c.Options.Mode != ""}, {"reduction_mask", c.Options.Reduction != ""},
	} {
		if option.set {
			return fmt.Errorf("text_cfg.tokenizer_kwargs.%s of open_clip_config.json is not supported", option.name)
		}
	}
	switch {
	case c.Options.Clean != "":
		spec.Clean = c.Options.Clean
	case c.Tokenizer == "":
		spec.Clean = CleanLower
	default:
		spec.Clean = CleanWhitespace
	}
	return nil
}

func (f *files) sentenceCleaning(spec *Spec) error {
	spec.Clean = CleanStrip
	if f.sentenceBERT.Lower {
		spec.Clean = CleanStripLower
	}
	if f.sentence.Default != nil {
		prompt, ok := f.sentence.Prompts[*f.sentence.Default]
		if !ok {
			return fmt.Errorf("config_sentence_transformers.json: default_prompt_name %q is not among its prompts", *f.sentence.Default)
		}
		spec.Prompt = prompt
	}
	return nil
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
	if n := f.positions(); n > 0 {
		known = append(known, n)
	}
	for _, cfg := range []*openCLIPText{f.openCLIPText(), f.openCLIP.Model.Text} {
		if cfg != nil && cfg.ContextLength > 0 {
			known = append(known, cfg.ContextLength)
		}
	}
	if len(known) > 0 {
		return slices.Min(known), nil
	}
	if t := f.tokenizer.Truncation; t != nil && t.MaxLength > 0 {
		return t.MaxLength, nil
	}
	if n := defaultPositions[f.config.ModelType]; n > 0 {
		return n, nil
	}
	if f.openCLIPText() != nil {
		return defaultPositions["clip"], nil // open_clip's DEFAULT_CONTEXT_LENGTH
	}
	return 0, errors.New(`the context length is not known: want "model_max_length" in tokenizer_config.json or "text_config.max_position_embeddings" in config.json`)
}

// defaultPositions are transformers' defaults of text_config.max_position_embeddings, by model_type. A config.json
// leaves out what equals the default (PretrainedConfig.to_diff_dict).
var defaultPositions = map[string]int{"clip": 77, "siglip": 64, "siglip2": 64, "chinese_clip": 512}

// positions is how many tokens the tower has positions for; 0: not said. RoBERTa's count from the padding id on.
func (f *files) positions() int {
	text := f.textConfig()
	switch text.ModelType {
	case "roberta", "xlm-roberta", "camembert":
		pad := int64(1) // transformers' default
		if text.PadID != nil {
			pad = *text.PadID
		}
		return max(0, text.MaxPositions-int(pad)-1)
	}
	return text.MaxPositions
}

// textConfig is the description of the text tower: config.json's text_config, or the file itself for a model that has
// text only.
func (f *files) textConfig() textConfig {
	if f.config.Text != nil {
		return *f.config.Text
	}
	return f.config.textConfig
}

// padID looks the padding token up. open_clip's own tokenizer pads with 0, whatever a converted one calls its padding;
// so is a model padded of which no file names a padding token.
func (f *files) padID() (int64, error) {
	if cfg := f.openCLIPText(); cfg != nil && cfg.Tokenizer == "" {
		return 0, nil
	}
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

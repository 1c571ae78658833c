package textenc

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// TokenizerFiles are the files of which one is enough to make a tokenizer, the best first: tokenizer.json as it is;
// the byte pairs of open_clip's own tokenizer; vocab.json (with merges.txt) of transformers' CLIPTokenizer; vocab.txt
// of its BertTokenizer.
func TokenizerFiles() []string { return slices.Clone(tokenizerFiles) }

var tokenizerFiles = []string{"tokenizer.json", openCLIPBytePairs, "vocab.json", "vocab.txt"}

// openCLIPBytePairs is the vocabulary that the package open_clip_torch ships.
const openCLIPBytePairs = "bpe_simple_vocab_16e6.txt.gz"

// sentencePieces are vocabularies in a format that only the sentencepiece library reads.
var sentencePieces = []string{"spiece.model", "tokenizer.model", "sentencepiece.bpe.model"}

// readTokenizer reads tokenizer.json, or makes one of the vocabulary files that are there instead.
func readTokenizer(fsys fs.FS, config tokenizerConfig) ([]byte, error) {
	data, err := fs.ReadFile(fsys, "tokenizer.json")
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	class := strings.TrimSuffix(config.Class, "Fast")
	for _, source := range []struct {
		name, class string
		make        func(fs.FS, tokenizerConfig) (any, error)
	}{
		{openCLIPBytePairs, "", openCLIPTokenizer}, {"vocab.json", "CLIPTokenizer", clipTokenizer}, {"vocab.txt", "BertTokenizer", bertTokenizer},
	} {
		if _, err := fs.Stat(fsys, source.name); err != nil || source.class != "" && source.class != class {
			continue
		}
		made, err := source.make(fsys, config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source.name, err)
		}
		return json.Marshal(made)
	}
	for _, name := range sentencePieces {
		if _, err := fs.Stat(fsys, name); err == nil {
			return nil, fmt.Errorf("tokenizer.json is needed; %s alone can't be read: save the tokenizer again with transformers' AutoTokenizer(use_fast=True).save_pretrained", name)
		}
	}
	return nil, fmt.Errorf("tokenizer.json is needed (or %s, or vocab.json and merges.txt with the tokenizer_class CLIPTokenizer in tokenizer_config.json, or vocab.txt with BertTokenizer): %w",
		openCLIPBytePairs, fs.ErrNotExist)
}

// object is a piece of a tokenizer.json.
type object = map[string]any

// clipPattern splits text into words, single digits and runs of other characters (Radford et al., CLIP's
// simple_tokenizer.py).
const clipPattern = `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`

// bytePairs is a tokenizer.json of byte pairs with CLIP's splitting, beginning and end.
func bytePairs(vocab map[string]int, merges [][2]string, begin, end, pattern string, normalizer any) (any, error) {
	for _, special := range []string{begin, end} {
		if _, ok := vocab[special]; !ok {
			return nil, fmt.Errorf("it lacks the special token %q", special)
		}
	}
	return object{
		"version": "1.0", "truncation": nil, "padding": nil, "decoder": nil,
		"added_tokens": []any{special(begin, vocab[begin]), special(end, vocab[end])},
		"normalizer":   normalizer,
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{
			object{"type": "Split", "pattern": object{"Regex": pattern}, "behavior": "Removed", "invert": true},
			object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}},
		"post_processor": around(begin, vocab[begin], end, vocab[end]),
		"model": object{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
			"fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": merges,
		},
	}, nil
}

// special is an entry of added_tokens.
func special(content string, id int) object {
	return object{"id": id, "content": content, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}
}

// around is a post_processor that puts a token in front of a text and one behind it.
func around(begin string, beginID int, end string, endID int) object {
	token := func(name string) object { return object{"SpecialToken": object{"id": name, "type_id": 0}} }
	text := func(name string) object { return object{"Sequence": object{"id": name, "type_id": 0}} }
	entry := func(name string, id int) object {
		return object{"id": name, "ids": []int{id}, "tokens": []string{name}}
	}
	return object{
		"type":           "TemplateProcessing",
		"single":         []any{token(begin), text("A"), token(end)},
		"pair":           []any{token(begin), text("A"), token(end), text("B"), token(end)},
		"special_tokens": object{begin: entry(begin, beginID), end: entry(end, endID)},
	}
}

// openCLIPMerges is how many of the file's byte pairs open_clip reads.
const openCLIPMerges = 49152 - 256 - 2

// openCLIPTokenizer is open_clip's SimpleTokenizer. Its cleaning is Clean's.
func openCLIPTokenizer(fsys fs.FS, _ tokenizerConfig) (any, error) {
	packed, err := fs.ReadFile(fsys, openCLIPBytePairs)
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(unpacked, maxVocabulary))
	if err != nil {
		return nil, err
	}
	merges := readMerges(string(text), openCLIPMerges)
	vocab, next := map[string]int{}, 0
	add := func(token string) {
		vocab[token] = next
		next++
	}
	letters := byteLetters()
	for _, suffix := range []string{"", "</w>"} {
		for _, letter := range letters {
			add(string(letter) + suffix)
		}
	}
	for _, merge := range merges {
		add(merge[0] + merge[1])
	}
	const begin, end = "<start_of_text>", "<end_of_text>"
	add(begin)
	add(end)
	return bytePairs(vocab, merges, begin, end, "(?i)"+clipPattern, nil)
}

// maxVocabulary bounds an unpacked vocabulary.
const maxVocabulary = 64 << 20

// readMerges reads lines of two tokens each, after a line that says what they are.
func readMerges(text string, most int) [][2]string {
	var merges [][2]string
	for i, line := range strings.Split(text, "\n") {
		pair := strings.Fields(line)
		if i > 0 && len(pair) == 2 && len(merges) < most {
			merges = append(merges, [2]string{pair[0], pair[1]})
		}
	}
	return merges
}

// byteLetters are the 256 printable characters that stand for bytes, in the order of their ids: first those bytes
// that are printable themselves, then the others, moved up (GPT-2's bytes_to_unicode).
func byteLetters() []rune {
	var letters, moved []rune
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			letters = append(letters, b)
		} else {
			moved = append(moved, rune(256+len(moved)))
		}
	}
	return append(letters, moved...)
}

// clipTokenizer is transformers' CLIPTokenizerFast.
func clipTokenizer(fsys fs.FS, config tokenizerConfig) (any, error) {
	var vocab map[string]int
	data, err := fs.ReadFile(fsys, "vocab.json")
	if err == nil {
		err = json.Unmarshal(data, &vocab)
	}
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(fsys, "merges.txt")
	if err != nil {
		return nil, fmt.Errorf("merges.txt is needed beside it: %w", err)
	}
	for _, field := range []struct {
		name  string
		value token
	}{{"bos_token", config.BOS}, {"eos_token", config.EOS}} {
		if field.value == "" {
			return nil, fmt.Errorf("tokenizer_config.json lacks field %q", field.name)
		}
	}
	normalizer := object{"type": "Sequence", "normalizers": []any{
		object{"type": "NFC"}, object{"type": "Replace", "pattern": object{"Regex": `\s+`}, "content": " "}, object{"type": "Lowercase"},
	}}
	merges := readMerges(string(text), len(vocab))
	return bytePairs(vocab, merges, string(config.BOS), string(config.EOS), clipPattern, normalizer)
}

// bertTokenizer is transformers' BertTokenizerFast.
func bertTokenizer(fsys fs.FS, config tokenizerConfig) (any, error) {
	data, err := fs.ReadFile(fsys, "vocab.txt")
	if err != nil {
		return nil, err
	}
	if config.Lower == nil {
		return nil, errors.New(`tokenizer_config.json lacks field "do_lower_case"`)
	}
	vocab := map[string]int{}
	for id, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		vocab[strings.TrimRight(line, "\r")] = id
	}
	var added []any
	for _, name := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		id, ok := vocab[name]
		if !ok {
			return nil, fmt.Errorf("it lacks the special token %s", name)
		}
		added = append(added, special(name, id))
	}
	return object{
		"version": "1.0", "truncation": nil, "padding": nil, "decoder": nil, "added_tokens": added,
		"normalizer": object{
			"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": config.Chinese == nil || *config.Chinese,
			"strip_accents": config.StripAccents, "lowercase": *config.Lower,
		},
		"pre_tokenizer":  object{"type": "BertPreTokenizer"},
		"post_processor": around("[CLS]", vocab["[CLS]"], "[SEP]", vocab["[SEP]"]),
		"model": object{
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab,
		},
	}, nil
}

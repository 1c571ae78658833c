package textenc

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func tokenizerOf(t *testing.T, folder map[string]string) Tokenizer {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, data := range folder {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	var f files
	if err := f.read(fsys); err != nil {
		t.Fatal(err)
	}
	tokenizer, err := newHFTokenizer(f.rawTokenizer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tokenizer.Close() })
	return tokenizer
}

func TestVocabulariesBecomeTokenizers(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write([]byte("#version\nc a\nca t</w>\n"))
	w.Close()
	// The 256 letters of bytes, the same at a word's end, the merges, beginning and end: open_clip's order.
	const open, shut, cat, a = 514, 515, 513, 256 + 'a' - '!'
	letter := func(c byte) int64 { return int64(c - '!') }
	for name, c := range map[string]struct {
		files map[string]string
		text  string
		want  []int64
	}{
		"open_clip": {map[string]string{openCLIPBytePairs: packed.String()}, "a cat, cab", []int64{open, a, cat, 256 + letter(','), 512, 256 + letter('b'), shut}},
		"open_clip's end is text": {map[string]string{openCLIPBytePairs: packed.String()}, "<end_of_text>", []int64{
			open, 256 + letter('<'), letter('e'), letter('n'), 256 + letter('d'), 256 + letter('_'), letter('o'), 256 + letter('f'), 256 + letter('_'),
			letter('t'), letter('e'), letter('x'), 256 + letter('t'), 256 + letter('>'), shut,
		}},
		"CLIP": {map[string]string{
			"vocab.json": `{"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"<B>":5,"<E>":6}`, "merges.txt": "#version\na b</w>\n",
			"tokenizer_config.json": `{"tokenizer_class":"CLIPTokenizerFast","bos_token":"<B>","eos_token":{"content":"<E>"}}`,
		}, "AB  a\tb", []int64{5, 4, 2, 3, 6}},
		"BERT": {map[string]string{
			"vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n##s\n猫\ne\n", "tokenizer_config.json": `{"tokenizer_class":"BertTokenizer","do_lower_case":true}`,
		}, "Cats猫猫 é [SEP] dog", []int64{2, 5, 6, 7, 7, 8, 1, 1, 1, 1, 3}},
	} {
		if got, err := tokenizerOf(t, c.files).Encode(c.text); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q is %v, %v; want %v", name, c.text, got, err, c.want)
		}
	}
}

func TestSpecFilesOfATokenizer(t *testing.T) {
	all := []string{"vocab.json", "merges.txt", "vocab.txt", "spiece.model"}
	var have []string
	for _, with := range [][]string{all, append(all, "tokenizer.json")} {
		var names []string
		for _, name := range with {
			if IsSpecFile(name, with) {
				names = append(names, name)
			}
		}
		have = append(have, strings.Join(names, " "))
	}
	if want := []string{"vocab.json merges.txt", "tokenizer.json"}; !slices.Equal(have, want) {
		t.Errorf("%q; want %q", have, want)
	}
	for name, want := range map[string]bool{"1_Pooling/config.json": true, "2_Dense/model.safetensors": true, "2_Dense/pytorch_model.bin": false, "onnx/config.json": false} {
		if IsSpecFile(name, []string{name}) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

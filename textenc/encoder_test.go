package textenc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/space"
)

// fakeTower is a tower whose vectors can be foretold: a token's state is (1, id, position+1), a text's vector is the
// sum of what the mask keeps. It holds what it was fed.
type fakeTower struct {
	inputs, outputs []ort.TensorInfo
	causal          bool // the vector doesn't depend on what stands behind the first token 2 (the closing one)
	fed             [][]ort.Tensor
	spoil           float32 // the first component of every vector, where it isn't 0
}

func (f *fakeTower) Inputs() []ort.TensorInfo  { return f.inputs }
func (f *fakeTower) Outputs() []ort.TensorInfo { return f.outputs }

func (f *fakeTower) Run(ctx context.Context, in []ort.Tensor, outputs ...string) ([]ort.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.fed = append(f.fed, in)
	ids, mask := named(in, "input_ids"), named(in, "attention_mask")
	rows, length := int(in[0].Dims[0]), int(in[0].Dims[1])
	var states, sums []float32
	for r := range rows {
		sum, open := [3]float32{}, true
		for j := range length {
			id := ids[r*length+j]
			state := [3]float32{1, float32(id), float32(j + 1)}
			states = append(states, state[:]...)
			if open && (mask == nil || mask[r*length+j] == 1) {
				for i, x := range state {
					sum[i] += x
				}
			}
			open = open && !(f.causal && id == 2)
		}
		if f.spoil != 0 {
			sum[0] = f.spoil
		}
		sums = append(sums, sum[:]...)
	}
	if outputs[0] == "last_hidden_state" {
		return []ort.Tensor{{Name: outputs[0], Dims: []int64{int64(rows), int64(length), 3}, F32: states}}, nil
	}
	return []ort.Tensor{{Name: outputs[0], Dims: []int64{int64(rows), 3}, F32: sums}}, nil
}

func named(in []ort.Tensor, name string) []int64 {
	for _, t := range in {
		if t.Name == name {
			return t.I64
		}
	}
	return nil
}

func info(name string, dims ...int64) ort.TensorInfo {
	return ort.TensorInfo{Name: name, DType: ort.Int64, Dims: dims, Symbols: make([]string, len(dims))}
}

// letters is a tokenizer.json with a token a letter, 1 and 2 around a text, and <pad> as 0.
func letters(t testing.TB) []byte {
	t.Helper()
	vocab := map[string]int{"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "<": 30, ">": 31, "/": 32}
	for c := 'a'; c <= 'z'; c++ {
		vocab[string(c)] = int(c-'a') + 4
	}
	special := func(id int, content string) map[string]any {
		return map[string]any{"id": id, "content": content, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}
	}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "truncation": map[string]any{"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
		"padding": nil, "added_tokens": []any{special(0, "<pad>"), special(1, "<s>"), special(2, "</s>")}, "normalizer": map[string]any{"type": "Lowercase"},
		"pre_tokenizer": map[string]any{"type": "Split", "pattern": map[string]any{"Regex": "\\S"}, "behavior": "Isolated", "invert": false},
		"post_processor": map[string]any{"type": "TemplateProcessing",
			"single":         []any{map[string]any{"SpecialToken": map[string]any{"id": "<s>", "type_id": 0}}, map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}}, map[string]any{"SpecialToken": map[string]any{"id": "</s>", "type_id": 0}}},
			"pair":           []any{map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}}, map[string]any{"Sequence": map[string]any{"id": "B", "type_id": 1}}},
			"special_tokens": map[string]any{"<s>": map[string]any{"id": "<s>", "ids": []int{1}, "tokens": []string{"<s>"}}, "</s>": map[string]any{"id": "</s>", "ids": []int{2}, "tokens": []string{"</s>"}}}},
		"decoder": nil, "model": map[string]any{"type": "WordLevel", "vocab": vocab, "unk_token": "<unk>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func maskedTower() *fakeTower {
	return &fakeTower{
		inputs:  []ort.TensorInfo{info("input_ids", -1, -1), info("attention_mask", -1, -1), info("token_type_ids", -1, -1)},
		outputs: []ort.TensorInfo{info("last_hidden_state", -1, -1, 3), info("text_embeds", -1, 3)},
	}
}

func plainTower() *fakeTower {
	return &fakeTower{inputs: []ort.TensorInfo{info("input_ids", -1, -1)}, outputs: []ort.TensorInfo{info("text_embeds", -1, 3)}}
}

func newEncoder(t testing.TB, tower *fakeTower, change func(*Spec)) *Encoder {
	t.Helper()
	spec := Spec{ContextLength: 8, Tokenizer: letters(t)}
	if change != nil {
		change(&spec)
	}
	e, err := New(context.Background(), spec, tower, Options{MaxBatch: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestTokenize(t *testing.T) {
	e := newEncoder(t, maskedTower(), nil)
	for _, c := range []struct {
		text string
		ids  []int64
		cut  bool
	}{
		{"ab", []int64{1, 4, 5, 2}, false},
		{"", []int64{1, 2}, false},
		{"abcdef", []int64{1, 4, 5, 6, 7, 8, 9, 2}, false},
		{"abcdefg", []int64{1, 4, 5, 6, 7, 8, 9, 2}, true}, // the closing token stays
		{"</s>", []int64{1, 30, 32, 22, 31, 2}, false},     // written out, it is text
		{"a\x00b", []int64{1, 4, 5, 2}, false},
		{"a\xffb", []int64{1, 4, 3, 5, 2}, false}, // U+FFFD is unknown to this vocabulary
	} {
		got, err := e.Tokenize(c.text)
		if err != nil || !slices.Equal(got.IDs, c.ids) || got.Truncated != c.cut {
			t.Errorf("%q: %v, %v; want %v, cut %v", c.text, got, err, c.ids, c.cut)
		}
	}
}

func TestPaddingIsChosenByTrial(t *testing.T) {
	causal, other := plainTower(), plainTower()
	causal.causal = true
	if p := newEncoder(t, causal, nil).Spec().Padding; p != PaddingNone {
		t.Errorf("a causal tower gets padding %q", p)
	}
	full := newEncoder(t, other, func(s *Spec) { s.PadID = 7 })
	if p := full.Spec().Padding; p != PaddingFull {
		t.Errorf("a tower that sees its padding gets %q", p)
	}
	if _, err := full.Encode(context.Background(), []string{"ab"}); err != nil {
		t.Fatal(err)
	}
	if last := other.fed[len(other.fed)-1]; !slices.Equal(named(last, "input_ids"), []int64{1, 4, 5, 2, 7, 7, 7, 7}) {
		t.Errorf("it was fed %v", named(last, "input_ids"))
	}
	if p := newEncoder(t, maskedTower(), nil).Spec().Padding; p != PaddingLongest {
		t.Errorf("a tower with a mask gets %q", p)
	}
}

func TestFixedDimsAreObeyed(t *testing.T) {
	tower := plainTower()
	tower.inputs = []ort.TensorInfo{info("input_ids", 2, 6)}
	e := newEncoder(t, tower, nil)
	if s := e.Spec(); s.ContextLength != 6 || s.Padding != PaddingFull {
		t.Errorf("%+v", s)
	}
	vectors, err := e.Encode(context.Background(), []string{"a", "abcdefghij", "b"})
	if err != nil || len(vectors) != 3 {
		t.Fatal(err)
	}
	for _, in := range tower.fed {
		if !slices.Equal(in[0].Dims, []int64{2, 6}) {
			t.Errorf("it was fed %v", in[0].Dims)
		}
	}
}

func TestBatchEqualsSinglesAndKeepsOrder(t *testing.T) {
	texts := []string{"abcdef", "a", "zz", "", "abc", "qrstuv", "abcdefghijkl", "b", "cd", "x"}
	causal := plainTower()
	causal.causal = true
	for name, e := range map[string]*Encoder{
		"masked": newEncoder(t, maskedTower(), nil), "causal": newEncoder(t, causal, nil), "full": newEncoder(t, plainTower(), nil),
		"mean": newEncoder(t, maskedTower(), func(s *Spec) { s.Pooling, s.Output = PoolingMean, "last_hidden_state" }),
	} {
		together, err := e.Encode(context.Background(), texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			alone, err := e.Encode(context.Background(), []string{text})
			if err != nil || alone[0].Cosine(together[i]) < 1-1e-6 {
				t.Errorf("%s: %q alone and in a batch differ (%v)", name, text, err)
			}
		}
	}
}

func TestPlanBoundsBatchesAndPadding(t *testing.T) {
	e := newEncoder(t, maskedTower(), func(s *Spec) { s.ContextLength = 64 })
	var tokens []Tokens
	for i := range 40 {
		tokens = append(tokens, Tokens{IDs: make([]int64, 1+(i*7)%60)})
	}
	seen := map[int]bool{}
	for _, batch := range e.plan(tokens) {
		shortest, longest := 99, 0
		for _, i := range batch {
			seen[i] = true
			shortest, longest = min(shortest, len(tokens[i].IDs)), max(longest, len(tokens[i].IDs))
		}
		if len(batch) > 3 || longest-shortest >= bucketWidth {
			t.Errorf("a batch of %d texts, %d to %d tokens", len(batch), shortest, longest)
		}
	}
	if len(seen) != len(tokens) {
		t.Errorf("%d of %d texts are in a batch", len(seen), len(tokens))
	}
}

func TestPoolings(t *testing.T) {
	states, mask := [][]float32{{1, 5}, {2, 0}, {3, -2}, {100, 100}}, []int64{1, 1, 1, 0}
	for how, want := range map[Pooling][]float32{PoolingCLS: {1, 5}, PoolingMean: {2, 1}, PoolingLast: {3, -2}, PoolingMax: {3, 5},
		PoolingMeanSqrt: {6 / float32(math.Sqrt(3)), 3 / float32(math.Sqrt(3))}, PoolingWeighted: {14. / 6, -1. / 6}} {
		got := poolRow(how, states, mask)
		if slices.ContainsFunc([]int{0, 1}, func(i int) bool { return math.Abs(float64(got[i]-want[i])) > 1e-6 }) {
			t.Errorf("%s: %v; want %v", how, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for want, change := range map[string]func(*Spec, *fakeTower){
		"pixel_values":            func(_ *Spec, f *fakeTower) { f.inputs = append(f.inputs, info("pixel_values", -1, 3, 8, 8)) },
		"1_Pooling/config.json":   func(_ *Spec, f *fakeTower) { f.outputs = f.outputs[:1] },
		`no output "nothing"`:     func(s *Spec, _ *fakeTower) { s.Output = "nothing" },
		"leaves no room":          func(s *Spec, _ *fakeTower) { s.ContextLength = 2 },
		"context length 0":        func(s *Spec, _ *fakeTower) { s.ContextLength = 0 },
		"tokenizer.json":          func(s *Spec, _ *fakeTower) { s.Tokenizer = []byte(`{"model":{}}`) },
		"it has no inputs":        func(_ *Spec, f *fakeTower) { f.inputs = nil },
		"want [batch sequence]":   func(_ *Spec, f *fakeTower) { f.inputs = []ort.TensorInfo{info("input_ids", -1)} },
		`text cleaning "by hand"`: func(s *Spec, _ *fakeTower) { s.Clean = "by hand" },
	} {
		spec, tower := Spec{ContextLength: 8, Tokenizer: letters(t)}, maskedTower()
		change(&spec, tower)
		if _, err := New(context.Background(), spec, tower, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	e := newEncoder(t, maskedTower(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Encode(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if vectors, err := e.Encode(context.Background(), nil); err != nil || len(vectors) != 0 {
		t.Errorf("no texts: %v, %v", vectors, err)
	}
	e.Close()
	if _, err := e.Encode(context.Background(), []string{"a"}); err == nil {
		t.Error("it works after Close")
	}
}

func TestCanonicalize(t *testing.T) {
	if got := canonicalize("  A_photo,\tof \"CATS\"!  Élan… "); got != "a photo of cats élan…" {
		t.Errorf("%q", got)
	}
}

func TestReadSpec(t *testing.T) {
	tokenizer := string(letters(t))
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Spec
	}{
		{"CLIP", map[string]string{"tokenizer_config.json": `{"model_max_length":77,"pad_token":"<pad>"}`, "config.json": `{"model_type":"clip","text_config":{"max_position_embeddings":77,"eos_token_id":2}}`},
			Spec{ContextLength: 77, Pooling: PoolingNone, ModelType: "clip"}},
		{"SigLIP", map[string]string{"tokenizer_config.json": `{"model_max_length":64,"pad_token":{"content":"</s>"}}`, "config.json": `{"model_type":"siglip"}`},
			Spec{ContextLength: 64, Padding: PaddingFull, PadID: 2, Pooling: PoolingNone, ModelType: "siglip"}},
		{"SigLIP 2", map[string]string{"tokenizer_config.json": `{"model_max_length":1000000000000000019884624838656,"pad_token":"<pad>"}`, "config.json": `{"model_type":"siglip2","text_config":{"max_position_embeddings":64}}`},
			Spec{ContextLength: 64, Padding: PaddingFull, Pooling: PoolingNone, ModelType: "siglip2"}},
		{"MiniLM", map[string]string{"sentence_bert_config.json": `{"max_seq_length":256}`, "tokenizer_config.json": `{"model_max_length":512}`, "special_tokens_map.json": `{"pad_token":"<s>"}`,
			"config.json": `{"model_type":"bert","max_position_embeddings":512}`, "1_Pooling/config.json": `{"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":false}`,
			"modules.json": `[{"type":"sentence_transformers.models.Transformer"},{"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},{"type":"sentence_transformers.models.Normalize"}]`},
			Spec{ContextLength: 256, PadID: 1, Pooling: PoolingMean, Clean: CleanStrip, ModelType: "bert"}},
		{"MiniLM with prompt", map[string]string{"sentence_bert_config.json": `{"max_seq_length":256,"do_lower_case":true}`, "modules.json": `[{"path":"","type":"x.Transformer"},{"path":"1_Pooling","type":"x.Pooling"}]`,
			"1_Pooling/config.json": `{"pooling_mode_lasttoken":true,"include_prompt":true}`, "config_sentence_transformers.json": `{"prompts":{"query":"ask: "},"default_prompt_name":"query"}`},
			Spec{ContextLength: 256, Pooling: PoolingLast, Clean: CleanStripLower, Prompt: "ask: "}},
		{"XLM-R", map[string]string{"config.json": `{"model_type":"xlm-roberta","max_position_embeddings":514,"pad_token_id":1}`}, Spec{ContextLength: 512, PadID: 1, Pooling: PoolingNone, ModelType: "xlm-roberta"}},
		{"SigLIP without lengths", map[string]string{"tokenizer_config.json": `{"model_input_names":["input_ids"]}`, "config.json": `{"model_type":"siglip2"}`, "tokenizer.json": `{}`},
			Spec{ContextLength: 64, Padding: PaddingFull, PadSeen: true, Pooling: PoolingNone, ModelType: "siglip2"}},
		{"LAION's, with both descriptions", map[string]string{"config.json": `{"model_type":"clip"}`, "tokenizer_config.json": `{"model_max_length":77,"pad_token":"</s>"}`, "open_clip_config.json": `{"model_cfg":{"text_cfg":{"context_length":77}}}`},
			Spec{ContextLength: 77, PadID: 2, Pooling: PoolingNone, ModelType: "clip"}},
		{"open_clip's own tokenizer", map[string]string{"tokenizer_config.json": `{"pad_token":"</s>"}`, "open_clip_config.json": `{"model_cfg":{"text_cfg":{"context_length":77}}}`},
			Spec{ContextLength: 77, Pooling: PoolingNone, Clean: CleanLower}},
		{"open_clip with a tokenizer of transformers", map[string]string{"tokenizer_config.json": `{"pad_token":"</s>"}`, "open_clip_config.json": `{"model_cfg":{"text_cfg":{"hf_tokenizer_name":"x"}}}`, "tokenizer.json": `{"added_tokens":[{"id":2,"content":"</s>"}]}`},
			Spec{ContextLength: 77, PadID: 2, Pooling: PoolingNone, Clean: CleanWhitespace}},
		{"immich", map[string]string{"config.json": `{"embed_dim":8,"text_cfg":{"context_length":64,"hf_tokenizer_name":"x","tokenizer_kwargs":{"clean":"canonicalize"}}}`, "tokenizer_config.json": `{"pad_token":"</s>"}`},
			Spec{ContextLength: 64, PadID: 2, Pooling: PoolingNone, Clean: CleanCanonicalize}},
		{"open_clip", map[string]string{"open_clip_config.json": `{"model_cfg":{"text_cfg":{"context_length":64,"tokenizer_kwargs":{"clean":"canonicalize"}}}}`},
			Spec{ContextLength: 64, Pooling: PoolingNone, Clean: "canonicalize"}},
		{"tokenizer alone", nil, Spec{ContextLength: 3, Pooling: PoolingNone}},
	} {
		fsys := fstest.MapFS{"tokenizer.json": {Data: []byte(tokenizer)}}
		for name, data := range c.files {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
		got, err := ReadSpec(fsys)
		got.Tokenizer = nil
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s:\n have %+v, %v\n want %+v", c.name, got, err, c.want)
		}
	}
}

func TestReadSpecNamesFileAndField(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"tokenizer.json is needed":     {},
		"tokenizer.json: ":             {"tokenizer.json": "{"},
		"model_max_length":             {"tokenizer.json": "{}"},
		`pad_token "none"`:             {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8,"pad_token":"none"}`},
		"1_Pooling/config.json: want":  {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "1_Pooling/config.json": `{"pooling_mode_weightedmean_tokens":true,"pooling_mode":"cls"}`},
		`"include_prompt": false`:      {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "1_Pooling/config.json": `{"pooling_mode":"cls","include_prompt":false}`},
		"x/config.json is needed":      {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "modules.json": `[{"path":"x","type":"a.Pooling"}]`},
		`"path" of "a.Pooling"`:        {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "modules.json": `[{"type":"a.Pooling"}]`},
		`"x.LayerNorm" is not`:         {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "modules.json": `[{"path":"x","type":"x.LayerNorm"}]`},
		"kwargs.strip_sep_token":       {"tokenizer.json": "{}", "open_clip_config.json": `{"model_cfg":{"text_cfg":{"context_length":32,"hf_tokenizer_name":"x","tokenizer_kwargs":{"strip_sep_token":true}}}}`},
		"spiece.model alone":           {"spiece.model": ""},
		"merges.txt is needed":         {"vocab.json": "{}", "tokenizer_config.json": `{"model_max_length":8,"tokenizer_class":"CLIPTokenizer"}`},
		`lacks field "do_lower_case"`:  {"vocab.txt": "a", "tokenizer_config.json": `{"model_max_length":8,"tokenizer_class":"BertTokenizer"}`},
		`default_prompt_name "q"`:      {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "modules.json": `[{"path":"","type":"a.Transformer"}]`, "config_sentence_transformers.json": `{"default_prompt_name":"q"}`},
		"2_Dense/model.safetensors is": {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "modules.json": `[{"path":"2_Dense","type":"a.Dense"}]`, "2_Dense/config.json": `{"in_features":3,"out_features":2,"bias":false,"activation_function":"torch.nn.modules.linear.Identity"}`},
		`"activation_function": "x.R`:  {"tokenizer.json": "{}", "tokenizer_config.json": `{"model_max_length":8}`, "modules.json": `[{"path":"2_Dense","type":"a.Dense"}]`, "2_Dense/config.json": `{"in_features":3,"out_features":2,"bias":false,"activation_function":"x.ReLU"}`},
		"config.json: json: cannot un": {"tokenizer.json": "{}", "config.json": `[]`},
	} {
		fsys := fstest.MapFS{}
		for name, data := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(data)}
		}
		if _, err := ReadSpec(fsys); !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
}

func FuzzTokenize(f *testing.F) {
	e := newEncoder(f, maskedTower(), nil)
	for _, text := range []string{"", "abc", "</s><s>", "a\x00b", "\xff\xfe", "日本語 🚀‍🔥", strings.Repeat("a b ", 300)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := e.Tokenize(text)
		if err != nil || len(got.IDs) < 2 || len(got.IDs) > 8 || got.IDs[0] != 1 || got.IDs[len(got.IDs)-1] != 2 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	})
}

func BenchmarkTokenize(b *testing.B) {
	e := newEncoder(b, maskedTower(), nil)
	for b.Loop() {
		if _, err := e.Tokenize("a photo of a cat on a sofa"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestNotFiniteOutput: a tower that gives no numbers is named by its output.
func TestNotFiniteOutput(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		tower := plainTower()
		e := newEncoder(t, tower, nil)
		tower.spoil = bad
		if _, err := e.Encode(context.Background(), []string{"a"}); !errors.Is(err, space.ErrModelOutput) || !errors.Is(err, space.ErrNotFinite) || !strings.Contains(err.Error(), `output "text_embeds"`) {
			t.Errorf("%g: %v", bad, err)
		}
	}
}

// TestLengthsAtTheEdges: texts as long as a bucket and as the context, one token less and one more.
func TestLengthsAtTheEdges(t *testing.T) {
	const most, frame = 3 * bucketWidth, 2
	for name, tower := range map[string]*fakeTower{"masked": maskedTower(), "causal": {inputs: plainTower().inputs, outputs: plainTower().outputs, causal: true}} {
		e := newEncoder(t, tower, func(s *Spec) { s.ContextLength = most })
		var texts []string
		for _, length := range []int{frame, bucketWidth - 1, bucketWidth, bucketWidth + 1, 2*bucketWidth - 1, 2 * bucketWidth, 2*bucketWidth + 1, most - 1, most, most + 1, 9 * most} {
			text := strings.Repeat("ab", length)[:length-frame]
			texts = append(texts, text)
			tokens, err := e.Tokenize(text)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(tokens.IDs); n != min(length, most) || tokens.Truncated != (length > most) || tokens.IDs[n-1] != 2 {
				t.Errorf("%s: %d tokens: ids %v, truncated %v", name, length, tokens.IDs, tokens.Truncated)
			}
		}
		together, err := e.Encode(context.Background(), texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			alone, err := e.Encode(context.Background(), []string{text})
			if err != nil || alone[0].Cosine(together[i]) < 1-1e-6 {
				t.Errorf("%s: %d letters alone and in a batch differ (%v)", name, len(text), err)
			}
		}
		for _, fed := range tower.fed {
			if length := fed[0].Dims[1]; length > most {
				t.Errorf("%s: it was fed %d tokens", name, length)
			}
		}
	}
	masked := newEncoder(t, maskedTower(), func(s *Spec) { s.ContextLength = most })
	bucket := func(n int) int { return masked.Bucket(Tokens{IDs: make([]int64, n)}) }
	if bucket(1) != bucket(bucketWidth) || bucket(bucketWidth) == bucket(bucketWidth+1) || bucket(bucketWidth+1) != bucket(2*bucketWidth) {
		t.Errorf("buckets of 1, %d, %d, %d tokens: %d, %d, %d, %d", bucketWidth, bucketWidth+1, 2*bucketWidth, bucket(1), bucket(bucketWidth), bucket(bucketWidth+1), bucket(2*bucketWidth))
	}
}

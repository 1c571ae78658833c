package models

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// published are repositories as their makers lay them out: what lies beside the graphs that are wanted, and must not
// be brought, is most of it.
var published = []struct {
	repo, variant string
	files         string // of the repository
	layout        layout
	brought       string
}{
	{
		repo:    "Xenova/clip-vit-base-patch32",
		files:   ".gitattributes README.md config.json merges.txt preprocessor_config.json quantize_config.json special_tokens_map.json tokenizer.json tokenizer_config.json vocab.json onnx/model.onnx onnx/model_bnb4.onnx onnx/model_fp16.onnx onnx/model_q4.onnx onnx/model_quantized.onnx onnx/text_model.onnx onnx/text_model_fp16.onnx onnx/text_model_int8.onnx onnx/text_model_quantized.onnx onnx/vision_model.onnx onnx/vision_model_fp16.onnx onnx/vision_model_int8.onnx onnx/vision_model_quantized.onnx",
		layout:  layout{"onnx/text_model.onnx", "onnx/vision_model.onnx", ".", ".", ""},
		brought: "config.json onnx/text_model.onnx onnx/vision_model.onnx preprocessor_config.json special_tokens_map.json tokenizer.json tokenizer_config.json",
	},
	{
		repo: "Xenova/clip-vit-base-patch32, in eight bits", variant: "quantized",
		files:   "config.json preprocessor_config.json tokenizer.json tokenizer_config.json onnx/model_quantized.onnx onnx/text_model.onnx onnx/text_model_quantized.onnx onnx/vision_model.onnx onnx/vision_model_quantized.onnx",
		layout:  layout{"onnx/text_model_quantized.onnx", "onnx/vision_model_quantized.onnx", ".", ".", "quantized"},
		brought: "config.json onnx/text_model_quantized.onnx onnx/vision_model_quantized.onnx preprocessor_config.json tokenizer.json tokenizer_config.json",
	},
	{
		repo:    "jinaai/jina-clip-v2",
		files:   "README.md config.json config_sentence_transformers.json custom_st.py model.safetensors modules.json preprocessor_config.json pytorch_model.bin special_tokens_map.json tokenizer.json tokenizer_config.json onnx/model.onnx onnx/model.onnx_data onnx/model_fp16.onnx onnx/model_q4.onnx onnx/model_quantized.onnx 1_Pooling/config.json",
		layout:  layout{"onnx/model.onnx", "onnx/model.onnx", ".", ".", ""},
		brought: "1_Pooling/config.json config.json config_sentence_transformers.json modules.json onnx/model.onnx onnx/model.onnx_data preprocessor_config.json special_tokens_map.json tokenizer.json tokenizer_config.json",
	},
	{
		repo:    "immich-app/ViT-B-16-SigLIP__webli",
		files:   "README.md config.json textual/model.onnx textual/model.armnn textual/tokenizer.json textual/tokenizer_config.json textual/special_tokens_map.json textual/rknpu/rk3588/model.rknn textual/fp16/model.armnn visual/model.onnx visual/model.armnn visual/preprocess_cfg.json visual/rknpu/rk3588/model.rknn",
		layout:  layout{"textual/model.onnx", "visual/model.onnx", "textual", "visual", ""},
		brought: "config.json textual/model.onnx textual/special_tokens_map.json textual/tokenizer.json textual/tokenizer_config.json visual/model.onnx visual/preprocess_cfg.json",
	},
	{
		repo:    "sentence-transformers/all-MiniLM-L6-v2",
		files:   "1_Pooling/config.json README.md config.json config_sentence_transformers.json data_config.json model.safetensors modules.json onnx/model.onnx onnx/model_O1.onnx onnx/model_O4.onnx onnx/model_qint8_arm64.onnx onnx/model_quint8_avx2.onnx openvino/openvino_model.bin openvino/openvino_model.xml pytorch_model.bin rust_model.ot sentence_bert_config.json special_tokens_map.json tf_model.h5 tokenizer.json tokenizer_config.json train_script.py vocab.txt",
		layout:  layout{"onnx/model.onnx", "", ".", ".", ""},
		brought: "1_Pooling/config.json config.json config_sentence_transformers.json modules.json onnx/model.onnx sentence_bert_config.json special_tokens_map.json tokenizer.json tokenizer_config.json",
	},
	{
		repo:    "an OpenCLIP repository with an export",
		files:   "README.md config.json open_clip_config.json open_clip_pytorch_model.bin open_clip_model.safetensors special_tokens_map.json tokenizer.json tokenizer_config.json vocab.json merges.txt onnx/text_model.onnx onnx/text_model_uint8.onnx onnx/vision_model.onnx onnx/vision_model_uint8.onnx",
		layout:  layout{"onnx/text_model.onnx", "onnx/vision_model.onnx", ".", ".", ""},
		brought: "config.json onnx/text_model.onnx onnx/vision_model.onnx open_clip_config.json special_tokens_map.json tokenizer.json tokenizer_config.json",
	},
}

func TestPublishedRepositories(t *testing.T) {
	for _, c := range published {
		var files []hubFile
		for name := range strings.FieldsSeq(c.files) {
			files = append(files, hubFile{Type: "file", Path: name, Size: 1})
		}
		p := &puller{opts: PullOptions{Variant: c.variant}}
		chosen, l, err := p.choose(files)
		if err != nil || l != c.layout {
			t.Errorf("%s: %+v, %v; want %+v", c.repo, l, err, c.layout)
			continue
		}
		var names []string
		for _, f := range chosen {
			names = append(names, f.Path)
		}
		slices.Sort(names)
		want := strings.Fields(c.brought)
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("%s: it brings %v; want %v", c.repo, names, want)
		}
	}
}

// TestJinaWithSentenceTransformersFiles: jina-clip's repositories also have what sentence-transformers loads their own
// code by, which says nothing of the graph that clipd runs.
func TestJinaWithSentenceTransformersFiles(t *testing.T) {
	for _, family := range []string{"jina-clip-v1", "jina-clip-v2"} {
		dir := filepath.Join(t.TempDir(), family)
		extract(t, familyFolder(t, family).FS, dir)
		writeFile(t, filepath.Join(dir, "modules.json"), []byte(`[{"idx":0,"name":"transformer","path":"","type":"custom_st.Transformer"},
			{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]`))
		writeFile(t, filepath.Join(dir, "config_sentence_transformers.json"), []byte(`{"__version__":{"pytorch":"2.4.1"},"prompts":{},"default_prompt_name":null}`))
		m, err := openFamily(t, DirFolder(dir), Options{})
		if err != nil {
			t.Errorf("%s: %v", family, err)
			continue
		}
		texts := []string{"a photo of a cat", "Zwei Hunde  spielen", "一只猫"}
		want, err := mustOpenFamily(t, familyFolder(t, family), Options{}).EncodeTexts(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.EncodeTexts(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		if _, least := compare(got, want); least < 0.9999 {
			t.Errorf("%s: cosine %.6f with the same model without these files", family, least)
		}
	}
}

package models

import (
	"path"
	"slices"
)

// KnownModel is a model that clipd knows by name. Any other in a known layout works as well.
type KnownModel struct {
	Repo  string  // on the hub: "Xenova/clip-vit-base-patch32"
	Dim   int     // dimension of the space
	About string  // one line for people
	Match float64 // cosine from which text and picture belong together; 0: the default
}

// Name is the short name, under which Find knows it too.
func (k KnownModel) Name() string { return path.Base(k.Repo) }

// known are exports in layouts that clipd reads. Dimensions are those of the models' config.json.
// SigLIP's training ends with cosines of pairs near .1 (a sigmoid with a bias, arXiv 2303.15343), far below CLIP's.
var known = []KnownModel{
	{Repo: "Xenova/clip-vit-base-patch32", Dim: 512, About: "OpenAI CLIP ViT-B/32: the usual first choice"},
	{Repo: "Xenova/clip-vit-base-patch16", Dim: 512, About: "OpenAI CLIP ViT-B/16: finer, about 4 times the time an image"},
	{Repo: "Xenova/clip-vit-large-patch14", Dim: 768, About: "OpenAI CLIP ViT-L/14: better, much slower"},
	{Repo: "Xenova/clip-vit-large-patch14-336", Dim: 768, About: "OpenAI CLIP ViT-L/14 at 336 pixels: best of its family, slowest"},
	{Repo: "Xenova/mobileclip_s0", Dim: 512, About: "Apple MobileCLIP-S0: small and quick"},
	{Repo: "Xenova/siglip-base-patch16-224", Dim: 768, About: "Google SigLIP B/16", Match: 0.06},
	{Repo: "onnx-community/siglip2-base-patch16-224-ONNX", Dim: 768, About: "Google SigLIP 2 B/16: many languages", Match: 0.06},
	{Repo: "jinaai/jina-clip-v1", Dim: 768, About: "Jina CLIP v1: English, long texts too"},
	{Repo: "jinaai/jina-clip-v2", Dim: 1024, About: "Jina CLIP v2: 89 languages, long texts; its licence forbids commercial use"},
	{Repo: "Xenova/chinese-clip-vit-base-patch16", Dim: 512, About: "Chinese-CLIP ViT-B/16"},
	{Repo: "immich-app/ViT-B-32__openai", Dim: 512, About: "OpenAI CLIP ViT-B/32 as immich has it"},
	{Repo: "sentence-transformers/all-MiniLM-L6-v2", Dim: 384, About: "sentences only, no pictures: small and quick"},
}

// KnownModels lists them, the usual first choice first.
func KnownModels() []KnownModel { return slices.Clone(known) }

// Known looks a known model up, by repository or short name.
func Known(name string) (KnownModel, bool) {
	for _, k := range known {
		if name == k.Repo || name == k.Name() {
			return k, true
		}
	}
	return KnownModel{}, false
}

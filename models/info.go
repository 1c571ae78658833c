package models

import (
	"context"
	"path/filepath"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/textenc"
)

// Info is what a model says about itself.
type Info struct {
	Name        string            `json:"name"`
	Note        string            `json:"note,omitempty"`
	Dir         string            `json:"dir,omitempty"` // empty: built in
	Variant     string            `json:"variant,omitempty"`
	Fingerprint space.Fingerprint `json:"fingerprint"`
	LogitScale  float64           `json:"logit_scale"`
	Thresholds  Thresholds        `json:"thresholds"`
	Text        *TextInfo         `json:"text,omitempty"`
	Image       *ImageInfo        `json:"image,omitempty"`
}

// TextInfo is the text tower: its graph, the graph's signature, and how it is fed.
type TextInfo struct {
	Graph    string        `json:"graph"`
	Inputs   []string      `json:"inputs"` // as "input_ids int64 [batch_size sequence_length]"
	Outputs  []string      `json:"outputs"`
	Rewrites *ort.Rewrites `json:"rewrites"`
	Spec     textenc.Spec  `json:"spec"`
}

// ImageInfo is the image tower: its graph, the graph's signature, and how it is fed.
type ImageInfo struct {
	Graph    string          `json:"graph"`
	Inputs   []string        `json:"inputs"`
	Outputs  []string        `json:"outputs"`
	Output   string          `json:"output"` // the one in use
	Rewrites *ort.Rewrites   `json:"rewrites"`
	Spec     preprocess.Spec `json:"spec"`
}

// Describe tells what the model is made of. It loads a tower that isn't loaded yet.
func (m *Model) Describe(ctx context.Context) (Info, error) {
	info := Info{
		Name: m.name, Note: m.profile.Note, Variant: m.layout.variant, Fingerprint: m.fingerprint,
		LogitScale: m.profile.LogitScale, Thresholds: m.profile.Thresholds,
	}
	if m.folder.Dir != "" {
		info.Dir = filepath.Clean(m.folder.Dir)
	}
	if m.text != nil {
		encoder, release, err := m.text.hold(ctx)
		if err != nil {
			return Info{}, err
		}
		defer release()
		info.Text = &TextInfo{
			Graph: m.layout.text, Inputs: describe(encoder.Inputs()), Outputs: describe(encoder.Outputs()), Spec: encoder.Spec(),
			Rewrites: m.textRewrites.Load(),
		}
	}
	if m.image != nil {
		encoder, release, err := m.image.hold(ctx)
		if err != nil {
			return Info{}, err
		}
		defer release()
		info.Image = &ImageInfo{
			Graph: m.layout.vision, Inputs: describe(encoder.Inputs()), Outputs: describe(encoder.Outputs()),
			Output: encoder.Output(), Spec: encoder.Spec(), Rewrites: m.imageRewrites.Load(),
		}
	}
	return info, nil
}

func describe(tensors []ort.TensorInfo) []string {
	list := make([]string, len(tensors))
	for i, t := range tensors {
		list[i] = t.String()
	}
	return list
}

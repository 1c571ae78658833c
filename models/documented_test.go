package models

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/clipd/clipd/textenc"
)

// documentedFamilies are the rows of the table in docs/models.md that say how each family's small model is fed.
var documentedFamilies = map[string]string{
	"clip": "OpenAI CLIP", "clip-combined": "OpenAI CLIP in one graph", "openclip": "OpenCLIP (LAION, DataComp, DFN)",
	"immich": "OpenCLIP's SigLIP, immich's exports", "siglip": "SigLIP", "siglip2": "SigLIP 2 (fixed resolution)",
	"mobileclip": "MobileCLIP, MobileCLIP2", "jina-clip-v1": "jina-clip v1", "jina-clip-v2": "jina-clip v2", "chinese-clip": "Chinese-CLIP",
	"sentence": sentenceModels, "sentence-cls": sentenceModels, "sentence-lasttoken": sentenceModels, "sentence-weightedmean": sentenceModels, "sentence-dense": sentenceModels,
}

const sentenceModels = "sentence-transformers (text only)"

// TestDocumentedFamilies: what the table says of files, padding, pooling and pictures is what the models do.
func TestDocumentedFamilies(t *testing.T) {
	data, err := os.ReadFile("../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string][]string)
	for line := range strings.Lines(string(data)) {
		if cells := strings.Split(line, " | "); len(cells) == 6 {
			rows[strings.TrimPrefix(cells[0], "| ")] = cells
		}
	}
	for name, over := range families {
		t.Run(name, func(t *testing.T) {
			row := rows[documentedFamilies[name]]
			if row == nil {
				t.Fatalf("docs/models.md has no row %q", documentedFamilies[name])
			}
			m := mustOpenFamily(t, familyFolder(t, name, over...), Options{})
			for _, want := range documentedFacts(t, m) {
				if cell := row[want.column]; !strings.Contains(cell, want.text) {
					t.Errorf("the table says %q; want %q in it", cell, want.text)
				}
			}
		})
	}
}

type documentedFact struct {
	column int
	text   string
}

func documentedFacts(t *testing.T, m *Model) []documentedFact {
	t.Helper()
	info, err := m.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const layout, padding, pooling, pictures = 1, 2, 3, 4
	text := info.Text.Spec
	facts := []documentedFact{
		{layout, "`" + info.Text.Graph + "`"},
		{padding, paddingInWords(text)},
		{pooling, "`" + text.Output + "`"},
		{pooling, poolingInWords(text)},
	}
	if len(text.Dense) > 0 {
		facts = append(facts, documentedFact{pooling, "Dense"})
	}
	if info.Image == nil {
		return append(facts, documentedFact{pictures, "none"})
	}
	spec := info.Image.Spec
	facts = append(facts, documentedFact{layout, "`" + info.Image.Graph + "`"}, documentedFact{pooling, "`" + info.Image.Output + "`"},
		documentedFact{pictures, string(spec.Mode)}, documentedFact{pictures, spec.Filter.String()})
	if spec.Crop {
		facts = append(facts, documentedFact{pictures, "centre crop"})
	}
	switch spec.Mean {
	case [3]float64{.5, .5, .5}:
		facts = append(facts, documentedFact{pictures, ".5/.5"})
	case [3]float64{}:
		facts = append(facts, documentedFact{pictures, "0/1"})
	}
	return facts
}

func paddingInWords(s textenc.Spec) string {
	switch s.Padding {
	case textenc.PaddingFull:
		return fmt.Sprintf("padded to %d with %d", s.ContextLength, s.PadID)
	case textenc.PaddingLongest:
		return "padded to the longest, masked"
	}
	return "not padded"
}

func poolingInWords(s textenc.Spec) string {
	if s.Pooling == textenc.PoolingNone {
		return "the graph's"
	}
	return string(s.Pooling)
}

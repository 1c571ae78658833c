package models

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/textenc"
)

// ErrLayout: a folder that holds no model in a layout that clipd knows.
var ErrLayout = errors.New("no model in this folder")

// layout is where a model's parts lie in its folder.
type layout struct {
	text, vision       string // paths of the towers' graphs, one and the same where one graph holds both; empty: it has none
	textDir, visionDir string // where the files beside each tower lie; "." or a folder of immich's export
	variant            string // "fp16", "int8" ...; empty for the plain graphs; "q4/uint8" where text's and image's differ
}

// combined says whether one graph holds both towers.
func (l layout) combined() bool { return l.text != "" && l.text == l.vision }

// variants are the usual suffixes of graphs, the most exact first; without a wish, the first that is there is taken.
var variants = []string{"", "fp16", "quantized", "uint8", "int8", "bnb4", "q4", "q4f16"}

// Variants lists what may be asked for: the suffixes of the graphs' names. "q4/uint8" asks for a text tower of one and
// an image tower of the other.
func Variants() []string { return slices.Clone(variants[1:]) }

// textGraphs and visionGraphs are the places of a tower's graph; %s is "" or "_" and a variant. One called "model" is a
// tower or both, as the files beside it tell.
var (
	textGraphs   = []string{"onnx/text_model%s.onnx", "text_model%s.onnx", "textual/model%s.onnx"}
	visionGraphs = []string{"onnx/vision_model%s.onnx", "vision_model%s.onnx", "visual/model%s.onnx"}
	onlyGraphs   = []string{"onnx/model%s.onnx", "model%s.onnx"}
)

// findLayout finds the towers among the files that are there, of the wanted variant or of the most exact one that both
// towers have.
func findLayout(has func(name string) bool, variant string) (layout, error) {
	text, vision := textGraphs, visionGraphs
	if has("modules.json") || slices.ContainsFunc(textenc.TokenizerFiles(), has) {
		text = slices.Concat(textGraphs, onlyGraphs)
	}
	if slices.ContainsFunc(preprocess.SpecFiles(), has) {
		vision = slices.Concat(visionGraphs, onlyGraphs)
	}
	haveText, haveVision := present(has, text), present(has, vision)
	if len(haveText) == 0 && len(haveVision) == 0 {
		return layout{}, fmt.Errorf("%w: want onnx/text_model.onnx and onnx/vision_model.onnx; or textual/model.onnx and "+
			"visual/model.onnx; or onnx/model.onnx and beside it tokenizer.json, preprocessor_config.json or both", ErrLayout)
	}
	ofText, ofVision, err := chooseVariants(haveText, haveVision, variant)
	if err != nil {
		return layout{}, fmt.Errorf("%w: %w", ErrLayout, err)
	}
	l := layout{text: firstFile(has, text, ofText), vision: firstFile(has, vision, ofVision), variant: ofText}
	l.textDir, l.visionDir = besides(l.text), besides(l.vision)
	switch {
	case l.text == "":
		l.variant = ofVision
	case l.vision != "" && ofText != ofVision:
		l.variant = orPlain(ofText) + "/" + orPlain(ofVision)
	}
	return l, nil
}

// present are the variants of a tower that are there, the most exact first.
func present(has func(string) bool, patterns []string) []string {
	var have []string
	for _, v := range variants {
		if firstFile(has, patterns, v) != "" {
			have = append(have, v)
		}
	}
	return have
}

// plain is how the graphs without a suffix are asked for, where each tower has a variant of its own.
const plain = "plain"

func orPlain(variant string) string {
	if variant == "" {
		return plain
	}
	return variant
}

// chooseVariants picks each tower's: the wanted one, which both must have, else the first that both have, else the
// first of each. A tower that isn't there has none.
func chooseVariants(text, vision []string, wanted string) (ofText, ofVision string, err error) {
	if wanted == "" {
		for _, v := range variants {
			if (len(text) == 0 || slices.Contains(text, v)) && (len(vision) == 0 || slices.Contains(vision, v)) {
				return v, v, nil
			}
		}
		return text[0], vision[0], nil
	}
	ofText, ofVision, two := strings.Cut(wanted, "/")
	if !two {
		ofVision = ofText
	}
	for _, tower := range []struct {
		name   string
		have   []string
		wanted *string
	}{{"text", text, &ofText}, {"image", vision, &ofVision}} {
		switch v := *tower.wanted; {
		case v == plain:
			*tower.wanted = ""
		case !slices.Contains(variants[1:], v):
			return "", "", fmt.Errorf("variant %q; want one of %s, or two with a slash between them: the text tower's and the image tower's", wanted, strings.Join(Variants(), ", "))
		}
		if len(tower.have) > 0 && !slices.Contains(tower.have, *tower.wanted) {
			return "", "", fmt.Errorf("it has no %s variant of its %s tower; there are: %s", orPlain(*tower.wanted), tower.name, listVariants(tower.have))
		}
	}
	return ofText, ofVision, nil
}

func listVariants(have []string) string {
	names := make([]string, len(have))
	for i, v := range have {
		names[i] = orPlain(v)
	}
	return strings.Join(names, ", ")
}

func firstFile(has func(string) bool, patterns []string, variant string) string {
	suffix := ""
	if variant != "" {
		suffix = "_" + variant
	}
	for _, pattern := range patterns {
		if name := fmt.Sprintf(pattern, suffix); has(name) {
			return name
		}
	}
	return ""
}

// fileIn says which files a file system has.
func fileIn(fsys fs.FS) func(name string) bool {
	return func(name string) bool {
		stat, err := fs.Stat(fsys, name)
		return err == nil && !stat.IsDir()
	}
}

// besides is the folder of the files that belong to a tower: immich keeps them with the graph, Hugging Face at the
// top.
func besides(graph string) string {
	if dir := path.Dir(graph); dir == "textual" || dir == "visual" {
		return dir
	}
	return "."
}

// side is the file system in which a tower's files are looked up: its own folder first, then the top.
func side(fsys fs.FS, dir string) fs.FS {
	if dir == "." {
		return fsys
	}
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return fsys
	}
	return layered{sub, fsys}
}

// layered is several file systems over one another: a file is the first one's that has it.
type layered []fs.FS

// Open opens the file in the first file system that has it.
func (l layered) Open(name string) (fs.File, error) {
	for _, fsys := range l {
		file, err := fsys.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

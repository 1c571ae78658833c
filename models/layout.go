package models

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ErrLayout: a folder that holds no model in a layout that clipd knows.
var ErrLayout = errors.New("no model in this folder")

// layout is where a model's parts lie in its folder.
type layout struct {
	text, vision       string // paths of the towers' graphs; empty: it has none
	textDir, visionDir string // where the files beside each tower lie; "." or a folder of immich's export
	variant            string // "fp16", "int8" ...; empty for the plain graphs
}

// variants are the usual suffixes of graphs, the most exact first; without a wish, the first that is there is taken.
var variants = []string{"", "fp16", "quantized", "uint8", "int8", "bnb4", "q4", "q4f16"}

// Variants lists what may be asked for: the suffixes of the graphs' names.
func Variants() []string { return slices.Clone(variants[1:]) }

// textGraphs and visionGraphs are the places of a tower's graph; %s is "" or "_" and a variant. A text-only model of
// sentence-transformers calls its one tower "model".
var (
	textGraphs   = []string{"onnx/text_model%s.onnx", "text_model%s.onnx", "textual/model%s.onnx"}
	visionGraphs = []string{"onnx/vision_model%s.onnx", "vision_model%s.onnx", "visual/model%s.onnx"}
	onlyGraphs   = []string{"onnx/model%s.onnx", "model%s.onnx"}
)

// findLayout finds the towers among the files that are there, of the wanted variant or of the most exact one.
func findLayout(has func(name string) bool, variant string) (layout, error) {
	tried := variants
	if variant != "" {
		if !slices.Contains(variants, variant) {
			return layout{}, fmt.Errorf("%w: variant %q; want one of %s", ErrLayout, variant, strings.Join(Variants(), ", "))
		}
		tried = []string{variant}
	}
	for _, v := range tried {
		l := layout{variant: v, text: firstFile(has, textGraphs, v), vision: firstFile(has, visionGraphs, v)}
		if l.text == "" && l.vision == "" && has("modules.json") {
			l.text = firstFile(has, onlyGraphs, v)
		}
		if l.text != "" || l.vision != "" {
			l.textDir, l.visionDir = besides(l.text), besides(l.vision)
			return l, nil
		}
	}
	if variant != "" {
		return layout{}, fmt.Errorf("%w: it has no %s graphs", ErrLayout, variant)
	}
	return layout{}, fmt.Errorf("%w: want onnx/text_model.onnx and onnx/vision_model.onnx, or textual/model.onnx and visual/model.onnx", ErrLayout)
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

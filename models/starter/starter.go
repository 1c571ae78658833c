// Package starter holds the model that is embedded in the binary, so that everything works
// offline in the first minute: EfficientNet-Lite2 with a ConSE head beside all-MiniLM-L6-v2,
// in one space of 384 dimensions. MODEL_CARD.md says what it knows and what it does not.
//
// The package only carries files, in the Hugging Face folder layout. Reading them is package
// models', running them textenc's and imageenc's. The script in build/ makes them.
package starter

import (
	"embed"
	"fmt"
	"io/fs"
)

// Name is what the command line and the API call this model.
const Name = "starter"

// Dim is the length of its vectors.
const Dim = 384

//go:embed files
var files embed.FS

// FS returns the model's folder: config.json, preprocessor_config.json, tokenizer.json,
// 1_Pooling/config.json, onnx/text_model.onnx, onnx/vision_model.onnx and their companions.
func FS() fs.FS {
	root, err := fs.Sub(files, "files")
	if err != nil {
		panic(fmt.Sprintf("starter: embedded folder: %v", err)) // the path above is a constant
	}
	return root
}

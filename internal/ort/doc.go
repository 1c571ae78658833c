// Package ort runs ONNX graphs on the ONNX Runtime shared library. It is the only importer of onnxruntime_go, and
// knows nothing of models: which graph, which tensors and what they mean is for packages textenc and imageenc.
//
// A Runtime is the loaded library, one for the whole process; a Session is one graph in it. Inspect reads a graph's
// inputs and outputs from the file itself, without the library.
package ort

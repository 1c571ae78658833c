// Package textenc turns strings into unit vectors: tokenizer, text tower, pooling.
//
// Spec, read by ReadSpec from a model's own files, says how; Encoder does it on a Session, the loaded text tower.
// Truncation keeps the closing token. Special tokens that a user writes out are text. Texts are padded only where the
// tower was trained on it.
//
// It neither loads models (package models does) nor queues requests (package batch does). It is the only importer of
// the tokenizer binding.
package textenc

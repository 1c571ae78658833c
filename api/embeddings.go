package api

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/clipd/clipd/space"
)

// EmbeddingsRequest is the body of POST /v1/embeddings: OpenAI's shape, and images beside texts.
type EmbeddingsRequest struct {
	Model          string          `json:"model,omitempty"`           // the served model's name or empty; other names are an error
	Input          EmbeddingsInput `json:"input"`                     // a text, or a list of texts and images
	EncodingFormat string          `json:"encoding_format,omitempty"` // "float" (default) or "base64" (little-endian float32)
	Dimensions     int             `json:"dimensions,omitempty"`      // 0, or the model's own
	User           string          `json:"user,omitempty"`            // accepted and ignored
}

// EmbeddingsInput is one input or many; in JSON a string, an object, or a list of these.
type EmbeddingsInput []Input

// Input is one text or one image. In JSON a plain string is a text; {"text": …} and {"image": …} say which.
type Input struct {
	Text  string `json:"text,omitempty"`
	Image string `json:"image,omitempty"` // base64, or a data: URL
}

// EmbeddingsResponse is OpenAI's answer.
type EmbeddingsResponse struct {
	Object string      `json:"object"` // "list"
	Model  string      `json:"model"`
	Data   []Embedding `json:"data"`
	Usage  Usage       `json:"usage"`
	// Truncated are the positions of texts that are longer than the model's context; their ends were not read.
	Truncated []int `json:"truncated,omitempty"`
}

// Embedding is one unit vector: a list of numbers, or base64 of little-endian float32.
type Embedding struct {
	Object    string `json:"object"` // "embedding"
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32 or string
}

// Floats are the vector's components, whichever way they travelled.
func (e Embedding) Floats() ([]float32, error) {
	switch value := e.Embedding.(type) {
	case []float32:
		return value, nil
	case []any:
		return floatsOfNumbers(value)
	case string:
		return floatsOfBase64(value)
	}
	return nil, fmt.Errorf("embedding %d: %T is no vector", e.Index, e.Embedding)
}

func floatsOfNumbers(numbers []any) ([]float32, error) {
	floats := make([]float32, len(numbers))
	for i, number := range numbers {
		f, ok := number.(float64)
		if !ok {
			return nil, fmt.Errorf("component %d: %T is no number", i, number)
		}
		floats[i] = float32(f)
	}
	return floats, nil
}

func floatsOfBase64(text string) ([]float32, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("vector: %w", err)
	}
	if len(raw)%4 != 0 {
		return nil, fmt.Errorf("vector: %d bytes are no list of float32", len(raw))
	}
	floats := make([]float32, len(raw)/4)
	for i := range floats {
		floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return floats, nil
}

// EncodeFloats is the "base64" encoding of a vector: little-endian float32, in standard base64.
func EncodeFloats(floats []float32) string {
	raw := make([]byte, 0, 4*len(floats))
	for _, f := range floats {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// Usage counts tokens; images count none.
type Usage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// SimilarityRequest is the body of POST /v1/similarity: every a is compared with every b.
type SimilarityRequest struct {
	A         EmbeddingsInput `json:"a"`
	B         EmbeddingsInput `json:"b"`
	Threshold *float64        `json:"threshold,omitempty"` // least cosine that counts as a match; absent: the model's own
}

// SimilarityResponse holds a row per a, a column per b.
type SimilarityResponse struct {
	Model     string      `json:"model"`
	Cosine    [][]float64 `json:"cosine"`
	Euclidean [][]float64 `json:"euclidean"`
	Match     [][]bool    `json:"match"` // cosine >= threshold
	Threshold float64     `json:"threshold"`
}

// ClassifyRequest is the body of POST /v1/classify: zero-shot classification of texts and images.
type ClassifyRequest struct {
	Inputs   EmbeddingsInput `json:"inputs"`
	Labels   []string        `json:"labels"`
	Template string          `json:"template,omitempty"` // wraps each label, default "a photo of a {}"
}

// ClassifyResponse holds a list of labels by falling probability for each input.
type ClassifyResponse struct {
	Model      string            `json:"model"`
	LogitScale float64           `json:"logit_scale"`
	Results    [][]space.Verdict `json:"results"`
}

// Model is one entry of GET /v1/models: OpenAI's fields, and what clipd knows of it.
type Model struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"` // "model"
	OwnedBy       string            `json:"owned_by"`
	Created       int64             `json:"created"`
	Fingerprint   space.Fingerprint `json:"fingerprint"`
	ContextLength int               `json:"context_length"` // tokens
	Note          string            `json:"note,omitempty"` // what a user should know, in one line
}

// ModelList is the answer of GET /v1/models.
type ModelList struct {
	Object string  `json:"object"` // "list"
	Data   []Model `json:"data"`
}

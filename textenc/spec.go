package textenc

import (
	"fmt"
	"slices"
)

// Pooling says how a text's vector comes from the graph's output.
type Pooling string

// The poolings. PoolingNone takes an output of one vector a text; the others make one of the token vectors.
const (
	PoolingNone Pooling = "none"
	PoolingMean Pooling = "mean" // over the tokens that the attention mask keeps
	PoolingCLS  Pooling = "cls"  // the first token
	PoolingLast Pooling = "last" // the last token that the attention mask keeps
	PoolingMax  Pooling = "max"  // over the tokens that the attention mask keeps

	PoolingMeanSqrt Pooling = "mean_sqrt_len" // the sum, divided by the square root of the number of tokens
	PoolingWeighted Pooling = "weightedmean"  // the mean, the nth token counted n times
)

// Padding says how texts of one batch get one length.
type Padding string

// The paddings. Encoder resolves PaddingAuto when it is made, by what the graph takes and, if need be, by a trial.
const (
	PaddingAuto    Padding = ""
	PaddingLongest Padding = "longest" // to the longest of the batch, hidden by the attention mask
	PaddingFull    Padding = "full"    // always to the context length, as the tower was trained
	PaddingNone    Padding = "none"    // not at all: only texts of one length share a batch
)

// Spec is how a model reads text. ReadSpec reads it from the model's own files.
type Spec struct {
	ContextLength int     `json:"context_length"` // most tokens, special tokens included
	Padding       Padding `json:"padding"`
	PadID         int64   `json:"pad_id"`
	PadSeen       bool    `json:"pad_seen,omitempty"` // the tower was trained without a mask: one that its graph takes hides no padding
	Pooling       Pooling `json:"pooling"`            // PoolingNone where no file says otherwise
	Dense         []Dense `json:"dense,omitempty"`    // layers behind the pooling
	Output        string  `json:"output"`             // the graph's output to use; empty: chosen from the graph
	Clean         Clean   `json:"clean"`              // before the tokenizer
	Prompt        string  `json:"prompt,omitempty"`   // put in front of every text
	ModelType     string  `json:"model_type"`         // of config.json, "clip"; empty: unknown
	Tokenizer     []byte  `json:"-"`                  // tokenizer.json, or what was made of the vocabulary files in its place
}

// Validate checks what New relies on; ReadSpec returns valid specs only.
func (s Spec) Validate() error {
	switch {
	case s.ContextLength < 1 || s.ContextLength > maxContext:
		return fmt.Errorf("context length %d: want 1 to %d", s.ContextLength, maxContext)
	case len(s.Tokenizer) == 0:
		return fmt.Errorf("tokenizer.json is empty")
	case !slices.Contains(cleanings, s.Clean):
		return fmt.Errorf("text cleaning %q is not supported", s.Clean)
	}
	return nil
}

// maxContext is the longest context length that is believed.
const maxContext = 1 << 17

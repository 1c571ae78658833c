package textenc

/*
#cgo LDFLAGS: -L${SRCDIR}/../build/lib
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/daulet/tokenizers"
)

// Tokenizer turns a text into ids, special tokens included, never cut and never padded. It is safe for concurrent use.
type Tokenizer interface {
	Encode(text string) ([]int64, error)
	Close() error
}

// hfTokenizer is a Hugging Face tokenizer.json, run by the reference implementation (the Rust crate tokenizers).
type hfTokenizer struct {
	mu    sync.RWMutex // Encode holds it for reading, Close for writing
	inner *tokenizers.Tokenizer
}

var errTokenizerClosed = errors.New("the tokenizer is closed")

// newHFTokenizer loads a tokenizer.json. Its own truncation and padding are switched off: Encoder does both.
// Special tokens written out in a text are encoded as ordinary text (split_special_tokens=True in transformers, where
// False is the default): a user must not be able to end the sequence in the middle of a query.
func newHFTokenizer(data []byte) (*hfTokenizer, error) {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	file["truncation"], file["padding"] = json.RawMessage("null"), json.RawMessage("null")
	plain, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	inner, err := tokenizers.FromBytes(plain, tokenizers.WithEncodeSpecialTokens())
	if err != nil {
		return nil, err
	}
	return &hfTokenizer{inner: inner}, nil
}

// Encode replaces invalid UTF-8 by U+FFFD, as Python's errors="replace" does, and drops NUL, where the binding's C
// string would end.
func (t *hfTokenizer) Encode(text string) ([]int64, error) {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.inner == nil {
		return nil, errTokenizerClosed
	}
	raw := t.inner.EncodeWithOptions(text, true).IDs
	ids := make([]int64, len(raw))
	for i, id := range raw {
		ids[i] = int64(id)
	}
	return ids, nil
}

// Close frees the tokenizer's memory, which Go doesn't see. It may be called again.
func (t *hfTokenizer) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inner == nil {
		return nil
	}
	err := t.inner.Close()
	t.inner = nil
	return err
}

// frame is what a tokenizer puts around every text: how many ids before it, and which after it.
type frame struct {
	before int
	after  []int64
}

// frameOf finds the frame from the empty text, which is the frame alone, and a text of one letter, whose ids begin
// and end like it.
func frameOf(t Tokenizer) (frame, error) {
	empty, err := t.Encode("")
	if err != nil {
		return frame{}, err
	}
	letter, err := t.Encode("a")
	if err != nil {
		return frame{}, err
	}
	before := 0
	for before < len(empty) && before < len(letter) && empty[before] == letter[before] {
		before++
	}
	after := empty[before:]
	if len(letter) < len(empty) || !hasSuffix(letter, after) {
		return frame{}, fmt.Errorf("tokenizer.json: the empty text gives ids %v and \"a\" gives %v; want the same tokens around both", empty, letter)
	}
	return frame{before: before, after: after}, nil
}

func hasSuffix(ids, suffix []int64) bool {
	if len(ids) < len(suffix) {
		return false
	}
	for i, id := range suffix {
		if ids[len(ids)-len(suffix)+i] != id {
			return false
		}
	}
	return true
}

// truncate cuts ids to length; what stands after the text stays at the end.
func (f frame) truncate(ids []int64, length int) []int64 {
	if len(ids) <= length {
		return ids
	}
	content := length - len(f.after)
	return append(ids[:content:content], f.after...)
}

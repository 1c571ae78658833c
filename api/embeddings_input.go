package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// InputError says which input of a list is wrong, and why.
type InputError struct {
	Index int // from 0
	Err   error
}

// Error is "input 2: why".
func (e *InputError) Error() string { return fmt.Sprintf("input %d: %v", e.Index, e.Err) }

// Unwrap is the reason.
func (e *InputError) Unwrap() error { return e.Err }

var (
	errTokenIDs  = errors.New("token ids are not accepted, for every model has a tokenizer of its own; send the text itself")
	errInputKind = errors.New(`want a string, {"text": "…"} or {"image": "base64 …"}`)
)

// UnmarshalJSON reads "text", {"text": …}, {"image": …}, or a list of these. A wrong one is an *InputError.
func (in *EmbeddingsInput) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*in = nil
		return nil
	}
	if list, ok := simpleInputs(data); ok {
		*in = list
		return nil
	}
	return in.thorough(data)
}

// thorough reads whatever is right, and says what is wrong of the rest.
func (in *EmbeddingsInput) thorough(data []byte) error {
	raw := []json.RawMessage{data}
	if len(data) > 0 && data[0] == '[' {
		if err := json.Unmarshal(data, &raw); err != nil {
			return err
		}
	}
	list := make(EmbeddingsInput, len(raw))
	for i, element := range raw {
		if err := json.Unmarshal(element, &list[i]); err != nil {
			return &InputError{Index: i, Err: err}
		}
	}
	*in = list
	return nil
}

// UnmarshalJSON reads a string as a text, or an object with text or image and nothing else.
func (in *Input) UnmarshalJSON(data []byte) error {
	if len(data) == 0 {
		return errInputKind
	}
	switch first := data[0]; {
	case first == '"':
		*in = Input{}
		return json.Unmarshal(data, &in.Text)
	case first == '[', first == '-', first >= '0' && first <= '9':
		return errTokenIDs
	case first != '{':
		return errInputKind
	}
	type plain Input
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode((*plain)(in)); err != nil {
		return fmt.Errorf("%w; %w", err, errInputKind)
	}
	return nil
}

// Validate checks that the input is a text or an image and not both.
func (in Input) Validate() error {
	switch {
	case in.Text == "" && in.Image == "":
		return errors.New("it is empty; give a text or an image")
	case in.Text != "" && in.Image != "":
		return errors.New("it has a text and an image; give them as two inputs")
	}
	return nil
}

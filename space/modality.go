package space

import "errors"

// ErrModality: the model in use has no tower for this kind of input; the text names the model and the kind.
var ErrModality = errors.New("the model does not read this kind of input")

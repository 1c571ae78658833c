package ort

import "errors"

// Errors of this package, wrapped with detail.
var (
	// ErrNotFound: Find and Open found no library in any of the places.
	ErrNotFound = errors.New("ONNX Runtime library not found")
	// ErrLibrary: the file is no ONNX Runtime, or one of a version that clipd does not work with.
	ErrLibrary = errors.New("unusable ONNX Runtime library")
	// ErrOpened: Open was called before with another library.
	ErrOpened = errors.New("another ONNX Runtime library is loaded already")
	// ErrGraph: the bytes are no ONNX graph that this library can run.
	ErrGraph = errors.New("unusable ONNX graph")
	// ErrProvider: the library cannot run graphs on that execution provider.
	ErrProvider = errors.New("execution provider not available")
	// ErrInput: an input is missing, unknown, or of the wrong type or shape.
	ErrInput = errors.New("wrong input")
	// ErrOutput: a requested output does not exist or cannot be read.
	ErrOutput = errors.New("wrong output")
	// ErrClosed: the session was closed.
	ErrClosed = errors.New("session is closed")
)

package api

import (
	"bytes"
	"unicode/utf8"
)

// simpleInputs reads inputs as nearly all clients write them: strings without escapes, and objects that hold one
// "text" or "image" of these. A picture's base64 is long, and encoding/json looks at each byte of it many times.
// data must be valid JSON. False: it is something else, which may still be right.
func simpleInputs(data []byte) (EmbeddingsInput, bool) {
	s := simple{rest: data}
	if !s.skip('[') {
		in, ok := s.input()
		return EmbeddingsInput{in}, ok && s.ended()
	}
	var list EmbeddingsInput
	for {
		in, ok := s.input()
		if !ok {
			return nil, false
		}
		list = append(list, in)
		switch {
		case s.skip(','):
		case s.skip(']'):
			return list, s.ended()
		default:
			return nil, false
		}
	}
}

// simple is what is still to be read.
type simple struct{ rest []byte }

// skip passes over white space and the byte c, if that comes next.
func (s *simple) skip(c byte) bool {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *simple) ended() bool { return len(bytes.TrimLeft(s.rest, " \t\r\n")) == 0 }

func (s *simple) input() (Input, bool) {
	if !s.skip('{') {
		text, ok := s.text()
		return Input{Text: text}, ok
	}
	name, ok := s.text()
	if !ok || !s.skip(':') {
		return Input{}, false
	}
	value, ok := s.text()
	if !ok || !s.skip('}') {
		return Input{}, false
	}
	switch name {
	case "text":
		return Input{Text: value}, true
	case "image":
		return Input{Image: value}, true
	}
	return Input{}, false
}

func (s *simple) text() (string, bool) {
	if !s.skip('"') {
		return "", false
	}
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 {
		return "", false
	}
	text := s.rest[:end]
	if bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
		return "", false
	}
	s.rest = s.rest[end+1:]
	return string(text), true
}

package api

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// simpleInputs reads inputs as nearly all clients write them: strings without escapes, and objects that hold one
// "text" or "image" of these. A picture's base64 is long, and encoding/json looks at each byte of it many times.
// False: it is something else, which may still be right.
func simpleInputs(data []byte) (EmbeddingsInput, bool) {
	s := simple{rest: data}
	list, ok := s.inputs()
	return list, ok && s.ended()
}

// ReadSimple reads a request as nearly all clients write it, in a fraction of encoding/json's time where it has pictures:
// known fields alone, their inputs as of simpleInputs. False: the data is something else, right or wrong, and r is
// left empty.
func (r *EmbeddingsRequest) ReadSimple(data []byte) bool {
	s := simple{rest: data}
	if s.request(r) && s.ended() {
		return true
	}
	*r = EmbeddingsRequest{}
	return false
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

// request reads an object of strings and inputs. Other fields are for encoding/json.
func (s *simple) request(r *EmbeddingsRequest) bool {
	if !s.skip('{') {
		return false
	}
	for {
		name, ok := s.text()
		if !ok || !s.skip(':') {
			return false
		}
		switch name {
		case "input":
			r.Input, ok = s.inputs()
		case "model":
			r.Model, ok = s.text()
		case "encoding_format":
			r.EncodingFormat, ok = s.text()
		case "user":
			r.User, ok = s.text()
		default:
			ok = false
		}
		switch {
		case !ok:
			return false
		case s.skip(','):
		default:
			return s.skip('}')
		}
	}
}

// inputs reads one input, or a list of at least one.
func (s *simple) inputs() (EmbeddingsInput, bool) {
	if !s.skip('[') {
		in, ok := s.input()
		return EmbeddingsInput{in}, ok
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
			return list, true
		default:
			return nil, false
		}
	}
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
	if !plain(text) {
		return "", false
	}
	s.rest = s.rest[end+1:]
	return string(text), true
}

// plain says whether a JSON string stands for itself: it is UTF-8 without escapes and control characters. Eight bytes of
// ASCII are looked at together (Warren, Hacker's Delight, 6-1).
func plain(text []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	rest := text
	for ; len(rest) >= 8; rest = rest[8:] {
		word := binary.LittleEndian.Uint64(rest)
		slash := word ^ ones*'\\'
		if (word|(word-ones*' ')|((slash-ones)&^slash))&highs != 0 {
			break // something of note, or a byte beyond ASCII
		}
	}
	for _, b := range rest {
		if b < ' ' || b == '\\' {
			return false
		}
	}
	return utf8.Valid(rest)
}

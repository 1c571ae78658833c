package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
)

// strictness says what happens to JSON fields that a route does not know.
type strictness bool

const (
	refuseUnknown strictness = true  // they are typing mistakes
	ignoreUnknown strictness = false // OpenAI's clients may send more than clipd knows
)

// readJSON reads the request's body into a T.
func readJSON[T any](s *Server, c echo.Context, fields strictness) (T, error) {
	var into T
	if kind := mediaType(c); kind != echo.MIMEApplicationJSON {
		return into, mediaTypeError(kind, "application/json")
	}
	data, err := s.readBody(c, s.opts.MaxBody, "--max-body")
	if err != nil {
		return into, err
	}
	if quick, ok := any(&into).(quickReader); ok && quick.ReadSimple(data) {
		return into, nil
	}
	err = decodeJSON(data, &into, fields)
	return into, err
}

// quickReader is a type that reads its usual JSON by itself, where encoding/json would look at a picture's base64 three
// times. It says false of all else, right or wrong, and then holds nothing.
type quickReader interface{ ReadSimple(data []byte) bool }

// readOptionalJSON is readJSON for a route whose body may be absent.
func readOptionalJSON[T any](s *Server, c echo.Context) (T, error) {
	if c.Request().ContentLength == 0 || c.Request().Body == http.NoBody {
		var none T
		return none, nil
	}
	return readJSON[T](s, c, refuseUnknown)
}

func mediaType(c echo.Context) string {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil {
		return ""
	}
	return kind
}

func mediaTypeError(got, want string) error {
	if got == "" {
		got = "no Content-Type"
	}
	return fail(http.StatusUnsupportedMediaType, api.CodeMediaType, "", "the request has %s; send Content-Type: %s", got, want)
}

// bodyError names the limit that a body is over; other errors of reading mean that the client's body ended early.
func bodyError(err error, flag string) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fail(http.StatusRequestEntityTooLarge, api.CodeTooLarge, "",
			"the request is larger than %d bytes; send it in parts, or raise the server's %s", tooLarge.Limit, flag)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fail(http.StatusRequestTimeout, api.CodeInvalidRequest, "", "the request's body came too slowly: the server no longer waits for the rest")
	}
	return invalid("", "the request's body could not be read: %v", err)
}

// decodeJSON reads data, one JSON value, into the struct that into points to.
func decodeJSON(data []byte, into any, fields strictness) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if fields == refuseUnknown {
		decoder.DisallowUnknownFields()
	}
	err := decoder.Decode(into)
	if err == nil {
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return invalid("", "wrong JSON: something follows the value at %s", position(data, decoder.InputOffset()))
		}
		return nil
	}
	return explainJSON(data, into, err, fields)
}

func explainJSON(data []byte, into any, err error, fields strictness) error {
	var (
		syntax   *json.SyntaxError
		mismatch *json.UnmarshalTypeError
		input    *api.InputError
	)
	if len(bytes.TrimSpace(data)) == 0 {
		return invalid("", "the body is empty; send JSON")
	}
	if !json.Valid(data) { // before all else: a syntax error is the cause of whatever came of it
		if errors.As(json.Unmarshal(data, new(any)), &syntax) {
			return invalid("", "wrong JSON at %s: %s", position(data, syntax.Offset), syntax)
		}
		return invalid("", "wrong JSON: %s", err)
	}
	member := blame(data, into, fields)
	if name, ok := unknownField(err); ok {
		return invalid(name, "unknown field %q; %s", name, knownFields(into, member, name))
	}
	switch {
	case errors.As(err, &input):
		e := invalid(member, "%s: input %d: %s", member, input.Index, plain(input.Err))
		e.Detail.Item = fmt.Sprint(input.Index)
		return e
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return invalid(mismatch.Field, "field %q: want %s, not %s", mismatch.Field, inWords(mismatch.Type), mismatch.Value)
	case errors.As(err, &mismatch) && member == "":
		return invalid("", "want %s, not %s", inWords(mismatch.Type), mismatch.Value)
	}
	return invalid(member, "field %q: %s", member, plain(err))
}

// blame finds the member of the JSON object data that does not fit into; empty where data is no object.
func blame(data []byte, into any, fields strictness) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return ""
	}
	for name, value := range members {
		alone, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err != nil {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(alone))
		if fields == refuseUnknown {
			decoder.DisallowUnknownFields()
		}
		if decoder.Decode(reflect.New(reflect.TypeOf(into).Elem()).Interface()) != nil {
			return name
		}
	}
	return ""
}

func unknownField(err error) (string, bool) {
	_, name, found := strings.Cut(err.Error(), `json: unknown field "`)
	if !found {
		return "", false
	}
	name, _, found = strings.Cut(name, `"`)
	return name, found
}

// knownFields says what could have been meant. member is where in the request the unknown field is.
func knownFields(into any, member, unknown string) string {
	if member != "" && member != unknown {
		return fmt.Sprintf("it is in %q", member)
	}
	known := jsonFields(reflect.TypeOf(into).Elem())
	return "this route knows " + strings.Join(known, ", ")
}

func jsonFields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func inWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Pointer:
		return inWords(t.Elem())
	}
	return "an object"
}

// plain is a decoding error without the prefixes that speak of Go.
func plain(err error) string {
	return strings.NewReplacer("json: ", "", "Go value of type ", "").Replace(err.Error())
}

// position is an offset as people count: lines and columns from 1.
func position(data []byte, offset int64) string {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

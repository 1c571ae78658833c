package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// thorough is UnmarshalJSON without the short way.
func thorough(data []byte) (EmbeddingsInput, error) {
	var list EmbeddingsInput
	return list, list.thorough(data)
}

var simpleSeeds = []string{
	`"a cat"`, `["a cat"]`, `[]`, `null`, ` [ "a" , {"text":"b"},{ "image" : "aGk=" } ] `, `{"image":"aGk="}`, `{"image":""}`, `{}`, `[null]`,
	`{"text":"a","image":"b"}`, `{"image":"a","image":"b"}`, `{"Image":"a"}`, `{"picture":"a"}`, `[1]`, `["a\n"]`, `["ü",{"text":"日本"}]`,
	`["a",]`, `{"image":{"text":"a"}}`, `[["a"]]`, "[\"\xff\"]", `"a" "b"`, `["a"]]`,
}

func TestSimpleInputsAreReadAsThoroughly(t *testing.T) {
	if simpler := countSimple(t, simpleSeeds, compareSimple); simpler < 6 {
		t.Errorf("only %d of %d took the short way", simpler, len(simpleSeeds))
	}
}

func FuzzSimpleInputs(f *testing.F) { fuzzSimple(f, simpleSeeds, compareSimple) }

// countSimple is how many of the seeds take the short way.
func countSimple(t *testing.T, seeds []string, compare func(*testing.T, []byte) bool) (simpler int) {
	t.Helper()
	for _, seed := range seeds {
		if compare(t, []byte(seed)) {
			simpler++
		}
	}
	return simpler
}

func fuzzSimple(f *testing.F, seeds []string, compare func(*testing.T, []byte) bool) {
	f.Helper()
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, data) })
}

// compareSimple says whether the short way was taken; it must then have come to the same.
func compareSimple(t *testing.T, data []byte) bool {
	t.Helper()
	data = bytes.TrimSpace(data) // as encoding/json hands values on
	short, ok := simpleInputs(data)
	if !ok {
		return false
	}
	if !json.Valid(data) {
		t.Errorf("%q is no JSON; the short way reads %q", data, short)
		return false
	}
	want, err := thorough(data)
	if err != nil || !slices.Equal(short, want) {
		t.Errorf("%s: the short way reads %q; want %q, %v", data, short, want, err)
	}
	return true
}

func BenchmarkReadImageInput(b *testing.B) {
	photo := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("JPEG", 15_000)))
	data, err := json.Marshal(EmbeddingsRequest{Input: EmbeddingsInput{{Image: photo}}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var req EmbeddingsRequest
		if !req.ReadSimple(data) {
			b.Fatal("not read")
		}
	}
}

var requestSeeds = []string{
	`{"input":"a cat"}`, ` { "input" : [ "a" , {"image":"aGk="} ] , "model":"m","encoding_format":"base64","user":"u" } `,
	`{"input":"a","input":["b"]}`, `{"encoding_format":"float","input":{"image":"aGk="}}`, `{"input":"日本語のテキスト"}`,
	`{"input":"a","dimensions":4}`, `{"input":"a","Model":"m"}`, `{"input":[]}`, `{"input":null}`, `{}`, `[]`, `{"input":"a"} x`, `{"input":"a",}`,
	`{"input":"12345678\\u0041"}`, "{\"input\":\"12345678\n\"}", "{\"input\":\"1234567\x1f\"}", "{\"input\":\"12345678\xff\"}", `{"input":"a"`, `{"input":"a" "model":"m"}`,
}

func TestSimpleRequestsAreReadAsByEncodingJSON(t *testing.T) {
	if simpler := countSimple(t, requestSeeds, compareRequest); simpler != 5 {
		t.Errorf("%d of %d took the short way; want the first 5", simpler, len(requestSeeds))
	}
}

func FuzzSimpleRequest(f *testing.F) { fuzzSimple(f, requestSeeds, compareRequest) }

func compareRequest(t *testing.T, data []byte) bool {
	t.Helper()
	var short, want EmbeddingsRequest
	if !short.ReadSimple(data) {
		if !reflect.DeepEqual(short, want) {
			t.Errorf("%q: refused, and left %+v", data, short)
		}
		return false
	}
	if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(short, want) {
		t.Errorf("%q: the short way reads %+v; want %+v, %v", data, short, want, err)
	}
	return true
}

// A string of each byte, at each place of a word of eight: plain says what encoding/json would leave as it is.
func TestPlainStrings(t *testing.T) {
	for b := range 256 {
		for at := range 17 {
			text := []byte("0123456789abcdefg")
			text[at] = byte(b)
			var read string
			same := json.Unmarshal(append(append([]byte{'"'}, text...), '"'), &read) == nil && read == string(text)
			if b != '"' && plain(text) != same {
				t.Errorf("byte %#x at %d: plain says %v", b, at, !same)
			}
		}
	}
}

// BenchmarkReadRequest reads a request with a photograph of 12 megapixels, the short way and by encoding/json.
func BenchmarkReadRequest(b *testing.B) {
	photo := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("JPEG"), 400_000))
	data, err := json.Marshal(EmbeddingsRequest{Input: EmbeddingsInput{{Image: photo}}, EncodingFormat: "base64"})
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(*EmbeddingsRequest) bool{
		"simple":        func(r *EmbeddingsRequest) bool { return r.ReadSimple(data) },
		"encoding-json": func(r *EmbeddingsRequest) bool { return json.Unmarshal(data, r) == nil },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if req := (EmbeddingsRequest{}); !read(&req) {
					b.Fatal("not read")
				}
			}
		})
	}
}

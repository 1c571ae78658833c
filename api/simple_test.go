package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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
	simpler := 0
	for _, seed := range simpleSeeds {
		if compareSimple(t, []byte(seed)) {
			simpler++
		}
	}
	if simpler < 6 {
		t.Errorf("only %d of %d took the short way", simpler, len(simpleSeeds))
	}
}

func FuzzSimpleInputs(f *testing.F) {
	for _, seed := range simpleSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { compareSimple(t, data) })
}

// compareSimple says whether the short way was taken; it must then have come to the same.
func compareSimple(t *testing.T, data []byte) bool {
	t.Helper()
	data = bytes.TrimSpace(data) // as encoding/json hands values on
	if !json.Valid(data) {
		return false
	}
	short, ok := simpleInputs(data)
	if !ok {
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
		if err := json.Unmarshal(data, &req); err != nil {
			b.Fatal(err)
		}
	}
}

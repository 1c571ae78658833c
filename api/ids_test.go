package api_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/clipd/clipd/api"
)

func TestIDsAreOneOrSeveral(t *testing.T) {
	for text, want := range map[string]api.IDs{`"a/b"`: {"a/b"}, `["a","b"]`: {"a", "b"}, `[]`: {}, `null`: nil} {
		var got api.IDs
		if err := json.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{`1`, `{}`, `[1]`} {
		if json.Unmarshal([]byte(text), new(api.IDs)) == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

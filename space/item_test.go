package space_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestItemValidate(t *testing.T) {
	v, _ := space.Normalize([]float32{1, 0})
	good := space.Item{ID: "a", Kind: space.Text, Vector: v, Metadata: space.Metadata{
		"sku": "SKU-1234", "price": 9.5, "new": true, "tags": []string{"x"}, "more": []any{"y"},
	}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*space.Item){
		"no id":          func(it *space.Item) { it.ID = "" },
		"long id":        func(it *space.Item) { it.ID = strings.Repeat("x", space.MaxIDBytes+1) },
		"unknown kind":   func(it *space.Item) { it.Kind = "video" },
		"no vector":      func(it *space.Item) { it.Vector = space.Vector{} },
		"reserved key":   func(it *space.Item) { it.Metadata = space.Metadata{"_kind": "x"} },
		"nested object":  func(it *space.Item) { it.Metadata = space.Metadata{"a": map[string]any{}} },
		"mixed list":     func(it *space.Item) { it.Metadata = space.Metadata{"a": []any{"x", 1.0}} },
		"missing value":  func(it *space.Item) { it.Metadata = space.Metadata{"a": nil} },
		"not a number":   func(it *space.Item) { it.Metadata = space.Metadata{"a": math.NaN()} },
		"infinite":       func(it *space.Item) { it.Metadata = space.Metadata{"a": math.Inf(-1)} },
		"empty metadata": func(it *space.Item) { it.Metadata = space.Metadata{"": "x"} },
	} {
		bad := good
		change(&bad)
		if err := bad.Validate(); !errors.Is(err, space.ErrInvalidItem) {
			t.Errorf("%s: %v, want ErrInvalidItem", name, err)
		}
	}
}

func TestHash256(t *testing.T) {
	a := space.Hash256{1, 2, 3, 0xff00}
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var b space.Hash256
	if err := json.Unmarshal(data, &b); err != nil || a != b {
		t.Fatalf("%s came back as %v, %v", data, b, err)
	}
	if d := a.Distance(space.Hash256{}); d != 1+1+2+8 {
		t.Errorf("distance = %d, want 12", d)
	}
	if err := b.UnmarshalText([]byte("zz")); err == nil {
		t.Error("two letters were read as a hash")
	}
}

func TestFingerprintMatch(t *testing.T) {
	a := space.Fingerprint{Model: "starter", Digest: "aaaaaaaaaaaaaaaa", Dim: 384}
	b := space.Fingerprint{Model: "clip-b32", Digest: "bbbbbbbbbbbbbbbb", Dim: 512}
	if err := a.Match(a); err != nil {
		t.Error(err)
	}
	err := a.Match(b)
	if !errors.Is(err, space.ErrFingerprint) {
		t.Fatalf("%v, want ErrFingerprint", err)
	}
	for _, name := range []string{a.String(), b.String()} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

func TestClassifyIsASoftmax(t *testing.T) {
	v, _ := space.Normalize([]float32{1, 0})
	near, _ := space.Normalize([]float32{1, 0.1})
	far, _ := space.Normalize([]float32{0, 1})
	verdicts := space.Classify(v, []string{"far", "near"}, []space.Vector{far, near}, 100)
	if verdicts[0].Label != "near" || verdicts[0].Probability < 0.99 {
		t.Errorf("first verdict = %+v, want near with a probability near 1", verdicts[0])
	}
	if sum := verdicts[0].Probability + verdicts[1].Probability; sum < 0.999999 || sum > 1.000001 {
		t.Errorf("probabilities sum to %v", sum)
	}
}

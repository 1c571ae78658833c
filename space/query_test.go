package space_test

import (
	"errors"
	"testing"

	"github.com/clipd/clipd/space"
)

func TestQueryResolvesItsMode(t *testing.T) {
	v, _ := space.Normalize([]float32{1, 0})
	for name, tc := range map[string]struct {
		query space.Query
		want  space.Mode
	}{
		"words and vector": {space.Query{Words: "cat", Vector: v, K: 1}, space.Hybrid},
		"words":            {space.Query{Words: "cat", K: 1}, space.KeywordOnly},
		"vector":           {space.Query{Vector: v, K: 1}, space.VectorOnly},
		"as told":          {space.Query{Words: "cat", Vector: v, K: 1, Mode: space.VectorOnly}, space.VectorOnly},
	} {
		got, err := tc.query.Validate()
		if err != nil || got.Mode != tc.want {
			t.Errorf("%s: mode %q, %v; want %q", name, got.Mode, err, tc.want)
		}
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	v, _ := space.Normalize([]float32{1, 0})
	for name, q := range map[string]space.Query{
		"nothing asked":        {K: 1},
		"k of zero":            {Words: "cat"},
		"k too large":          {Words: "cat", K: space.MaxK + 1},
		"negative offset":      {Words: "cat", K: 1, Offset: -1},
		"unknown mode":         {Words: "cat", K: 1, Mode: "magic"},
		"unknown fusion":       {Words: "cat", K: 1, Fusion: "magic"},
		"alpha above one":      {Words: "cat", K: 1, Alpha: 1.5},
		"hybrid without words": {Vector: v, K: 1, Mode: space.Hybrid},
		"vector without one":   {Words: "cat", K: 1, Mode: space.VectorOnly},
	} {
		if _, err := q.Validate(); !errors.Is(err, space.ErrInvalidQuery) {
			t.Errorf("%s: %v, want ErrInvalidQuery", name, err)
		}
	}
}

func TestFilterSaysExactlyOneThing(t *testing.T) {
	yes := true
	good := space.Filter{And: []space.Filter{
		{Field: "price", GTE: 10.0, LT: 20.0},
		{Not: &space.Filter{Field: "colour", In: []any{"red", "blue"}}},
		{Or: []space.Filter{{Field: "sku", Prefix: "AB-"}, {Field: "sku", Exists: &yes}}},
		{Field: "_taken", GT: "2024-05-01T00:00:00Z"},
	}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]space.Filter{
		"empty":             {},
		"no condition":      {Field: "a"},
		"no field":          {Equals: "x"},
		"two conditions":    {Field: "a", Equals: "x", Match: "y"},
		"combination+field": {Field: "a", Not: &space.Filter{Field: "b", Equals: 1.0}},
		"nested":            {And: []space.Filter{{Field: "a", Equals: "x"}, {}}},
		"list as value":     {Field: "a", Equals: []any{"x"}},
		"bound not a time":  {Field: "a", GT: "yesterday"},
		"mixed bounds":      {Field: "a", GT: 1.0, LT: "2024-05-01T00:00:00Z"},
	} {
		if err := bad.Validate(); !errors.Is(err, space.ErrInvalidFilter) {
			t.Errorf("%s: %v, want ErrInvalidFilter", name, err)
		}
	}
}

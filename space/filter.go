package space

import (
	"errors"
	"fmt"
	"time"
)

// ErrInvalidFilter: a filter that says nothing, or two things at once; the text says where.
var ErrInvalidFilter = errors.New("invalid filter")

// Filter keeps items by their fields. It is either one of And, Or, Not, or a condition on one Field.
//
// A Field is a metadata key, or one of the item's own: "_id", "_kind", "_source", "_text", "_format", "_width",
// "_height", "_bytes", "_taken", "_location", "_created", "_updated".
// In JSON: {"field":"price","gte":10,"lt":20}, {"and":[{"field":"colour","equals":"red"},{"not":{…}}]}.
type Filter struct {
	And []Filter `json:"and,omitempty"`
	Or  []Filter `json:"or,omitempty"`
	Not *Filter  `json:"not,omitempty"`

	Field  string `json:"field,omitempty"`
	Equals any    `json:"equals,omitempty"` // string, number or bool; in a list field, any element
	In     []any  `json:"in,omitempty"`     // any of these
	GT     any    `json:"gt,omitempty"`     // bounds: a number, or a time as RFC 3339 text
	GTE    any    `json:"gte,omitempty"`
	LT     any    `json:"lt,omitempty"`
	LTE    any    `json:"lte,omitempty"`
	Exists *bool  `json:"exists,omitempty"`
	Match  string `json:"match,omitempty"`  // all of these words, as full text
	Prefix string `json:"prefix,omitempty"` // text that begins so, as it is written
	Within *Box   `json:"within,omitempty"` // a place in the box; in metadata, places are text such as "48.8584,2.2945"
}

// Validate checks that each node says exactly one thing: a combination, or a condition on a field.
func (f Filter) Validate() error { return f.validate("filter") }

func (f Filter) validate(at string) error {
	operators := f.operators()
	switch {
	case len(operators) == 0 && f.Field != "":
		return fmt.Errorf("%w: %s: field %q has no condition; give one of equals, in, gt, gte, lt, lte, exists, match, prefix, within",
			ErrInvalidFilter, at, f.Field)
	case len(operators) == 0:
		return fmt.Errorf("%w: %s is empty; give and, or, not, or a field with a condition", ErrInvalidFilter, at)
	case len(operators) > 1:
		return fmt.Errorf("%w: %s says %v at once; combine them with and", ErrInvalidFilter, at, operators)
	case f.combines() && f.Field != "":
		return fmt.Errorf("%w: %s: %s takes no field", ErrInvalidFilter, at, operators[0])
	case !f.combines() && f.Field == "":
		return fmt.Errorf("%w: %s: %s needs a field", ErrInvalidFilter, at, operators[0])
	}
	return f.validateParts(at)
}

func (f Filter) validateParts(at string) error {
	for i, part := range f.And {
		if err := part.validate(fmt.Sprintf("%s.and[%d]", at, i)); err != nil {
			return err
		}
	}
	for i, part := range f.Or {
		if err := part.validate(fmt.Sprintf("%s.or[%d]", at, i)); err != nil {
			return err
		}
	}
	if f.Not != nil {
		return f.Not.validate(at + ".not")
	}
	if f.Within != nil {
		if err := f.Within.validate(); err != nil {
			return fmt.Errorf("%w: %s: within: %w", ErrInvalidFilter, at, err)
		}
	}
	for _, value := range append([]any{f.Equals}, f.In...) {
		switch value.(type) {
		case nil, string, float64, bool:
		default:
			return fmt.Errorf("%w: %s: %v: want a string, a number or true/false", ErrInvalidFilter, at, value)
		}
	}
	return f.validateBounds(at)
}

func (f Filter) validateBounds(at string) error {
	numbers, times := 0, 0
	for _, bound := range []any{f.GT, f.GTE, f.LT, f.LTE} {
		switch b := bound.(type) {
		case nil:
		case float64:
			numbers++
		case string:
			if _, err := time.Parse(time.RFC3339, b); err != nil {
				return fmt.Errorf("%w: %s: bound %q: want a number or a time such as 2024-05-01T00:00:00Z", ErrInvalidFilter, at, b)
			}
			times++
		default:
			return fmt.Errorf("%w: %s: bound %v: want a number or a time", ErrInvalidFilter, at, b)
		}
	}
	if numbers > 0 && times > 0 {
		return fmt.Errorf("%w: %s: bounds mix numbers and times", ErrInvalidFilter, at)
	}
	return nil
}

func (f Filter) combines() bool { return len(f.And) > 0 || len(f.Or) > 0 || f.Not != nil }

// IsRange says whether the condition is a range (any of gt, gte, lt, lte).
func (f Filter) IsRange() bool { return f.GT != nil || f.GTE != nil || f.LT != nil || f.LTE != nil }

func (f Filter) operators() []string {
	var names []string
	for _, op := range []struct {
		name string
		set  bool
	}{
		{"and", len(f.And) > 0}, {"or", len(f.Or) > 0}, {"not", f.Not != nil},
		{"equals", f.Equals != nil}, {"in", len(f.In) > 0}, {"range", f.IsRange()},
		{"exists", f.Exists != nil}, {"match", f.Match != ""}, {"prefix", f.Prefix != ""}, {"within", f.Within != nil},
	} {
		if op.set {
			names = append(names, op.name)
		}
	}
	return names
}

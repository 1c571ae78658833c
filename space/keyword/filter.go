package keyword

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/numeric"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
	"github.com/clipd/clipd/space"
)

// Filter returns the ids of all items that pass f, in no particular order. It fails with space.ErrInvalidFilter.
//
// Values are compared with their type: "10" does not equal 10. Times of the item itself (_taken, _created, _updated)
// equal every way of writing the same instant; their prefixes are those of the time in UTC, "2024-05". Words to
// match are compared by their stems, CJK text by its bigrams.
func (x *Index) Filter(ctx context.Context, f space.Filter) ([]string, error) {
	var ids []string
	err := x.read(ctx, func(s *snapshot) error {
		set, err := s.filter(f)
		if err != nil {
			return err
		}
		ids = make([]string, 0, set.GetCardinality())
		for numbers := set.Iterator(); numbers.HasNext(); {
			id, err := s.id(numbers.Next())
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("filter by keyword index: %w", err)
	}
	return ids, nil
}

// filter is the set of items that pass f.
func (s *snapshot) filter(f space.Filter) (*roaring.Bitmap, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	return s.evaluate(f)
}

func (s *snapshot) evaluate(f space.Filter) (*roaring.Bitmap, error) {
	switch {
	case len(f.And) > 0:
		return s.combine(f.And, (*roaring.Bitmap).And)
	case len(f.Or) > 0:
		return s.combine(f.Or, (*roaring.Bitmap).Or)
	case f.Not != nil:
		return s.not(*f.Not)
	}
	if err := checkField(f.Field); err != nil {
		return nil, err
	}
	set := roaring.New()
	switch {
	case f.Equals != nil:
		return set, s.addEqual(set, f.Field, f.Equals)
	case len(f.In) > 0:
		for _, value := range f.In {
			if err := s.addEqual(set, f.Field, value); err != nil {
				return nil, err
			}
		}
		return set, nil
	case f.IsRange():
		return set, s.addRange(set, f)
	case f.Within != nil:
		return s.within(f.Field, *f.Within)
	case f.Exists != nil && *f.Exists:
		return set, s.addTerm(set, keysField, f.Field)
	case f.Exists != nil:
		yes := true
		return s.not(space.Filter{Field: f.Field, Exists: &yes})
	case f.Match != "":
		return s.match(f.Field, f.Match)
	}
	return set, s.addPrefix(set, f.Field, f.Prefix)
}

func checkField(field string) error {
	switch field {
	case "_id", "_kind", "_source", "_text", "_format", "_width", "_height", "_bytes", "_taken", "_location", "_created", "_updated":
		return nil
	}
	if strings.HasPrefix(field, "_") {
		return fmt.Errorf("%w: no field %q; an item has _id, _kind, _source, _text, _format, _width, _height, _bytes, "+
			"_taken, _location, _created and _updated", space.ErrInvalidFilter, field)
	}
	return nil
}

func (s *snapshot) combine(parts []space.Filter, into func(*roaring.Bitmap, *roaring.Bitmap)) (*roaring.Bitmap, error) {
	set, err := s.evaluate(parts[0])
	if err != nil {
		return nil, err
	}
	for _, part := range parts[1:] {
		other, err := s.evaluate(part)
		if err != nil {
			return nil, err
		}
		into(set, other)
	}
	return set, nil
}

func (s *snapshot) not(f space.Filter) (*roaring.Bitmap, error) {
	without, err := s.evaluate(f)
	if err != nil {
		return nil, err
	}
	set, err := s.everything()
	if err != nil {
		return nil, err
	}
	set.AndNot(without)
	return set, nil
}

func (s *snapshot) addEqual(set *roaring.Bitmap, field string, value any) error {
	switch v := value.(type) {
	case string:
		if isTimeField(field) {
			return s.addInstant(set, field, v)
		}
		return s.addTerm(set, exactField(field), exactTerm(v))
	case float64:
		return s.addTerm(set, numberPrefix+field, numberTerm(numeric.Float64ToInt64(v+0)))
	case bool:
		return s.addTerm(set, boolPrefix+field, boolTerm(v))
	}
	return nil
}

func isTimeField(field string) bool {
	return field == "_taken" || field == "_created" || field == "_updated"
}

func (s *snapshot) addInstant(set *roaring.Bitmap, field, value string) error {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return nil // no time equals it
	}
	return s.addTerm(set, exactField(field), t.UTC().Format(time.RFC3339Nano))
}

// numberTerm is the term of full precision that bleve keeps of a number.
func numberTerm(n int64) string { return string(numeric.MustNewPrefixCodedInt64(n, 0)) }

// exactField is the field that holds a key's strings as they are.
func exactField(key string) string {
	if key == "_id" {
		return idField
	}
	return exactPrefix + key
}

// addRange adds the items with a value between the bounds of f.
func (s *snapshot) addRange(set *roaring.Bitmap, f space.Filter) error {
	field := numberPrefix + f.Field
	for _, bound := range []any{f.GT, f.GTE, f.LT, f.LTE} {
		if _, isTime := bound.(string); isTime {
			field = timePrefix + f.Field
		}
	}
	low, lowAt := tighter(f.GT, f.GTE, 1)
	high, highAt := tighter(f.LT, f.LTE, -1)
	return s.addBetween(set, field, low, high, lowAt, highAt)
}

// addBetween adds the items with a number in the field between two bounds, of which nil is none.
func (s *snapshot) addBetween(set *roaring.Bitmap, field string, low, high *float64, lowAt, highAt bool) error {
	found, err := searcher.NewNumericRangeSearcher(s.ctx, s.reader, low, high, &lowAt, &highAt, field, 1, setOptions())
	if err != nil {
		return err
	}
	return s.addAll(set, found)
}

// within is the set of items whose place lies in the box.
func (s *snapshot) within(key string, box space.Box) (*roaring.Bitmap, error) {
	set, east := roaring.New(), roaring.New()
	if err := s.addBetween(set, latPrefix+key, &box.South, &box.North, true, true); err != nil {
		return nil, err
	}
	sides := [][2]*float64{{&box.West, &box.East}}
	if box.West > box.East {
		sides = [][2]*float64{{&box.West, nil}, {nil, &box.East}}
	}
	for _, side := range sides {
		if err := s.addBetween(east, lonPrefix+key, side[0], side[1], true, true); err != nil {
			return nil, err
		}
	}
	set.And(east)
	return set, nil
}

// tighter is the one of two bounds on a side that leaves out more, and whether the bound itself is in. towards is 1
// for lower bounds, where greater is tighter, and -1 for upper ones. It is nil where there is none.
func tighter(open, closed any, towards float64) (*float64, bool) {
	a, b := boundValue(open), boundValue(closed)
	switch {
	case a == nil:
		return b, true
	case b == nil:
		return a, false
	}
	x, y := numeric.Float64ToInt64(*a), numeric.Float64ToInt64(*b)
	if towards > 0 && y > x || towards < 0 && y < x {
		return b, true
	}
	return a, false
}

// boundValue is the number that bleve keeps of a number or a time.
func boundValue(bound any) *float64 {
	var value float64
	switch b := bound.(type) {
	case float64:
		value = b + 0
	case string:
		t, err := time.Parse(time.RFC3339, b)
		if err != nil {
			return nil // Validate has seen to it
		}
		value = numeric.Int64ToFloat64(clampTime(t).UnixNano())
	default:
		return nil
	}
	return &value
}

// setOptions ask a searcher for the set alone.
func setOptions() search.SearcherOptions { return search.SearcherOptions{Score: "none"} }

// match is the set of items that have all words of text in the field. No words, no items.
func (s *snapshot) match(key, text string) (*roaring.Bitmap, error) {
	if key == "_source" || key == "_id" {
		text = pathWords(text)
	}
	var set *roaring.Bitmap
	for _, w := range words(text) {
		has, err := s.having(key, w)
		if err != nil {
			return nil, err
		}
		if set == nil {
			set = has
		} else {
			set.And(has)
		}
	}
	if set == nil {
		set = roaring.New()
	}
	return set, nil
}

// having is the set of items that have the word in the field, or another form of it.
func (s *snapshot) having(key string, w word) (*roaring.Bitmap, error) {
	has := roaring.New()
	err := s.addTerm(has, matchField(key), w.term)
	for _, stem := range s.stemmer.all(w) {
		if err == nil {
			err = s.addTerm(has, stemField(key), stem)
		}
	}
	return has, err
}

// stemField is the field that holds the stems of a key's words.
func stemField(key string) string {
	if key == "_text" || key == "_source" {
		return stemPrefix + matchField(key)
	}
	return matchField(key)
}

// matchField is the field that holds a key's words.
func matchField(key string) string {
	switch key {
	case "_text":
		return textField
	case "_source":
		return sourceField
	}
	return matchPrefix + key
}

func (s *snapshot) addPrefix(set *roaring.Bitmap, field, prefix string) error {
	if len(prefix) > maxExactBytes {
		return fmt.Errorf("%w: prefix of %q has %d bytes; at most %d", space.ErrInvalidFilter, field, len(prefix), maxExactBytes)
	}
	return s.addTermsFrom(set, exactField(field), prefix)
}

package keyword

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
)

// The plain evaluation of a filter, item by item: what the index must answer.

func passes(item space.Item, f space.Filter) bool {
	switch {
	case len(f.And) > 0:
		return !slices.ContainsFunc(f.And, func(part space.Filter) bool { return !passes(item, part) })
	case len(f.Or) > 0:
		return slices.ContainsFunc(f.Or, func(part space.Filter) bool { return passes(item, part) })
	case f.Not != nil:
		return !passes(item, *f.Not)
	}
	values := valuesOf(item, f.Field)
	if f.Within != nil {
		return len(values) > 0 && inBox(values[0], *f.Within)
	}
	if f.Exists != nil {
		return *f.Exists == (values != nil)
	}
	if f.Match != "" {
		return matchesAll(item, f)
	}
	return slices.ContainsFunc(values, func(value any) bool { return passesValue(value, f) })
}

// valuesOf are the values of a field; nil where it is absent.
func valuesOf(item space.Item, field string) []any {
	value := ownValue(item, field)
	switch v := value.(type) {
	case nil:
		return nil
	case []string:
		list := []any{}
		for _, s := range v {
			list = append(list, s)
		}
		return list
	case time.Time:
		if v.IsZero() {
			return nil
		}
	}
	return []any{value}
}

func ownValue(item space.Item, field string) any {
	switch field {
	case "_id":
		return item.ID
	case "_kind":
		return string(item.Kind)
	case "_source":
		return orNil(item.Source)
	case "_text":
		return orNil(item.Text)
	case "_created":
		return item.Created
	case "_updated":
		return item.Updated
	}
	if p := item.Picture; p != nil {
		switch field {
		case "_format":
			return orNil(p.Format)
		case "_width":
			return float64(p.Width)
		case "_height":
			return float64(p.Height)
		case "_bytes":
			return float64(p.Bytes)
		case "_taken":
			return p.Taken
		case "_location":
			if p.Location == nil {
				return nil
			}
			return p.Location.String()
		}
	}
	if value, ok := item.Metadata[field]; ok {
		return value
	}
	return nil
}

func inBox(value any, box space.Box) bool {
	s, _ := value.(string)
	p, ok := space.ParsePoint(s)
	return ok && box.Contains(p)
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func passesValue(value any, f space.Filter) bool {
	switch {
	case f.Equals != nil:
		return equal(value, f.Equals)
	case len(f.In) > 0:
		return slices.ContainsFunc(f.In, func(want any) bool { return equal(value, want) })
	case f.Prefix != "":
		if t, ok := value.(time.Time); ok {
			value = t.UTC().Format(time.RFC3339Nano)
		}
		s, ok := value.(string)
		return ok && strings.HasPrefix(s, f.Prefix)
	}
	return above(value, f.GT, true) && above(value, f.GTE, false) && below(value, f.LT, true) && below(value, f.LTE, false)
}

func equal(value, want any) bool {
	if t, ok := value.(time.Time); ok {
		s, _ := want.(string)
		other, err := time.Parse(time.RFC3339, s)
		return err == nil && t.Equal(other)
	}
	return value == want
}

func above(value, bound any, open bool) bool {
	order, ok := order(value, bound)
	return bound == nil || ok && (order > 0 || order == 0 && !open)
}

func below(value, bound any, open bool) bool {
	order, ok := order(value, bound)
	return bound == nil || ok && (order < 0 || order == 0 && !open)
}

func order(value, bound any) (int, bool) {
	switch b := bound.(type) {
	case float64:
		v, ok := value.(float64)
		switch {
		case v < b:
			return -1, ok
		case v > b:
			return 1, ok
		}
		return 0, ok
	case string:
		limit, _ := time.Parse(time.RFC3339, b)
		if s, ok := value.(string); ok {
			t, err := time.Parse(time.RFC3339, s)
			return t.Compare(limit), err == nil
		}
		t, ok := value.(time.Time)
		return t.Compare(limit), ok
	}
	return 0, false
}

// matchesAll says whether all words of f.Match, by their stems, are in the field's text.
func matchesAll(item space.Item, f space.Filter) bool {
	has := map[string]bool{}
	onPath := f.Field == "_source" || f.Field == "_id"
	for _, value := range valuesOf(item, f.Field) {
		s, _ := value.(string)
		if onPath {
			s = pathWords(s)
		}
		for _, w := range words(s) {
			has[stemmed(w)] = true
			for _, part := range append(w.parts, w.term) {
				has[part] = true
			}
		}
	}
	wanted := f.Match
	if onPath {
		wanted = pathWords(wanted)
	}
	all := words(wanted)
	return len(all) > 0 && !slices.ContainsFunc(all, func(w word) bool { return !has[w.term] && !has[stemmed(w)] })
}

// stemmed is the English stem of a word: the random items show no other language.
func stemmed(w word) string {
	if stems := newStemmer().in(w, unknown); len(stems) > 0 {
		return plainStem(stems[0])
	}
	return w.term
}

// Random items and filters over few values, so that filters often hit.

var (
	sampleStrings = []string{
		"red", "Red", "reddish", "", "10", "true", "a red dress", "dresses in red", "红色连衣裙", "2024-05-01T00:00:00Z",
		"2024-05-01T02:00:00+02:00", "1999-12-31T23:59:59.5Z", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", strings.Repeat("long ", 400), strings.Repeat("long ", 401),
		"48.8584,2.2945", "-17.7, 178", "90,180",
	}
	sampleNumbers = []float64{0, -0.5, 1, 10, 10.25, -1e300, 1e300, 1 << 40, 640, 480}
	sampleTimes   = []time.Time{
		{}, time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 5, 1, 0, 0, 0, 1, time.UTC),
		time.Date(2024, 5, 1, 1, 0, 0, 0, time.FixedZone("", 3600)), time.Date(1999, 12, 31, 23, 59, 59, 5e8, time.UTC),
	}
	sampleKeys = []string{"colour", "price", "tags", "sold", "odd key: \"x\""}
)

func pick[T any](rnd *rand.Rand, from []T) T { return from[rnd.IntN(len(from))] }

func randomItem(rnd *rand.Rand, i int) space.Item {
	item := space.Item{ID: fmt.Sprintf("item-%03d", i), Kind: space.Text, Metadata: space.Metadata{}, Created: pick(rnd, sampleTimes), Updated: pick(rnd, sampleTimes)}
	if rnd.IntN(2) == 0 {
		item.Kind = space.Image
		item.Source = fmt.Sprintf("/photos/%d/IMG_%04d_RedDress.jpg", 2020+rnd.IntN(4), i)
		item.Picture = &space.Picture{
			Format: pick(rnd, []string{"jpeg", "png", ""}), Width: rnd.IntN(3) * 320, Height: rnd.IntN(3) * 240, Bytes: int64(rnd.IntN(5)) << 38,
			Taken: pick(rnd, sampleTimes),
		}
		if p, ok := space.ParsePoint(pick(rnd, sampleStrings)); ok {
			item.Picture.Location = &p
		}
	}
	if rnd.IntN(2) == 0 {
		item.Text = pick(rnd, sampleStrings)
	}
	for _, key := range sampleKeys {
		switch rnd.IntN(6) {
		case 0:
			item.Metadata[key] = pick(rnd, sampleStrings)
		case 1:
			item.Metadata[key] = pick(rnd, sampleNumbers)
		case 2:
			item.Metadata[key] = rnd.IntN(2) == 0
		case 3:
			item.Metadata[key] = []string{pick(rnd, sampleStrings), pick(rnd, sampleStrings)}[:rnd.IntN(3)]
		}
	}
	return item
}

func randomFilter(rnd *rand.Rand, depth int) space.Filter {
	if depth > 0 && rnd.IntN(2) == 0 {
		parts := []space.Filter{randomFilter(rnd, depth-1), randomFilter(rnd, depth-1)}
		switch rnd.IntN(3) {
		case 0:
			return space.Filter{And: parts}
		case 1:
			return space.Filter{Or: parts}
		}
		return space.Filter{Not: &parts[0]}
	}
	f := space.Filter{Field: pick(rnd, append([]string{
		"_id", "_kind", "_source", "_text", "_format", "_width", "_height", "_bytes", "_taken", "_location", "_created", "_updated", "unknown",
	}, sampleKeys...))}
	randomCondition(rnd, &f)
	return f
}

func randomCondition(rnd *rand.Rand, f *space.Filter) {
	switch rnd.IntN(8) {
	case 0:
		f.Equals = randomValue(rnd)
	case 1:
		f.In = []any{randomValue(rnd), randomValue(rnd)}
	case 2:
		bounds := []*any{&f.GT, &f.GTE, &f.LT, &f.LTE}
		*pick(rnd, bounds), *pick(rnd, bounds) = pick(rnd, sampleNumbers), pick(rnd, sampleNumbers)
	case 3:
		times := []string{"2024-05-01T00:00:00Z", "2024-05-01T03:00:00+03:00", "2000-01-01T00:00:00Z", "1990-06-01T12:00:00.25Z"}
		bounds := []*any{&f.GT, &f.GTE, &f.LT, &f.LTE}
		*pick(rnd, bounds), *pick(rnd, bounds) = pick(rnd, times), pick(rnd, times)
	case 4:
		yes := rnd.IntN(2) == 0
		f.Exists = &yes
	case 5:
		f.Match = pick(rnd, []string{"red", "dress red", "DRESSES", "连衣裙", "连", "the", "jpeg", "2021", "RedDress", "!", "in", "item"})
	case 7:
		f.Within = &space.Box{South: -20, West: pick(rnd, []float64{0, 177}), North: pick(rnd, []float64{49, 90}), East: pick(rnd, []float64{3, -178, 180})}
	case 6:
		f.Prefix = pick(rnd, []string{"r", "red", "Re", "/photos/2021/", "2024-05", "item-00", "image", "long long", "红", strings.Repeat("long ", 200)})
	}
}

func randomValue(rnd *rand.Rand) any {
	switch rnd.IntN(4) {
	case 0:
		return pick(rnd, sampleNumbers)
	case 1:
		return rnd.IntN(2) == 0
	case 2:
		return pick(rnd, []string{"item-007", "jpeg", "image", "text", "2024-05-01T00:00:00Z", "2024-05-01T02:00:00+02:00"})
	}
	return pick(rnd, sampleStrings)
}

// TestFilterIsThePlainEvaluation compares random filters over random items, some put twice and some deleted, with
// the plain evaluation.
func TestFilterIsThePlainEvaluation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	x := openWith(t)
	kept := map[string]space.Item{}
	for round := range 6 {
		var batch Batch
		for range 60 {
			item := randomItem(rnd, rnd.IntN(200))
			batch.Puts = append(batch.Puts, item)
			kept[item.ID] = item
		}
		if round > 0 {
			for range 10 {
				id := fmt.Sprintf("item-%03d", rnd.IntN(200))
				if slices.ContainsFunc(batch.Puts, func(item space.Item) bool { return item.ID == id }) {
					continue // puts come after deletes
				}
				batch.Deletes = append(batch.Deletes, id)
				delete(kept, id)
			}
		}
		if err := x.Apply(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	hits := 0
	for range 1500 {
		f := randomFilter(rnd, 2)
		got, err := x.Filter(context.Background(), f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		want := []string{}
		for id, item := range kept {
			if passes(item, f) {
				want = append(want, id)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%+v:\ngot  %v\nwant %v", f, got, want)
		}
		hits += len(want)
	}
	if hits < 5_000 {
		t.Errorf("the filters kept %d items in all; they prove little", hits)
	}
}

func TestFilterRefusesWhatItDoesNotKnow(t *testing.T) {
	x := openWith(t, text("a", "b"))
	for _, f := range []space.Filter{
		{}, {Field: "_sha256", Equals: "x"}, {Field: "a", Prefix: strings.Repeat("x", maxExactBytes+1)},
		{Not: &space.Filter{Field: "_", Match: "x"}}, {Field: "a", Equals: 1},
	} {
		if _, err := x.Filter(context.Background(), f); !errors.Is(err, space.ErrInvalidFilter) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

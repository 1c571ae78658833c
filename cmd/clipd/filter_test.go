package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseFilters(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`colour=red`, `{"field":"colour","equals":"red"}`},
		{`price<20`, `{"field":"price","lt":20}`},
		{`price >= 10.5`, `{"field":"price","gte":10.5}`},
		{`colour!=red`, `{"not":{"field":"colour","equals":"red"}}`},
		{`size=S|M|3`, `{"field":"size","in":["S","M",3]}`},
		{`sku="123"`, `{"field":"sku","equals":"123"}`},
		{`sku="a|b"`, `{"field":"sku","equals":"a|b"}`},
		{`sold=true`, `{"field":"sold","equals":true}`},
		{`_text~red dress`, `{"field":"_text","match":"red dress"}`},
		{`_source^=/home/a=b`, `{"field":"_source","prefix":"/home/a=b"}`},
		{`_taken>2024-05-01T00:00:00Z`, `{"field":"_taken","gt":"2024-05-01T00:00:00Z"}`},
		{`_location@48.8,2.2,48.9,2.5`, `{"field":"_location","within":{"south":48.8,"west":2.2,"north":48.9,"east":2.5}}`},
		{`name=Infinity`, `{"field":"name","equals":"Infinity"}`},
		{`name=nan`, `{"field":"name","equals":"nan"}`},
		{`{"or":[{"field":"a","equals":1},{"field":"b","exists":true}]}`, `{"or":[{"field":"a","equals":1},{"field":"b","exists":true}]}`},
	} {
		filter, err := parseFilters([]string{test.in})
		if err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		got, err := json.Marshal(filter)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestParseFiltersJoins(t *testing.T) {
	filter, err := parseFilters([]string{"a=1", "b=2"})
	if err != nil || len(filter.And) != 2 {
		t.Errorf("got %+v, %v; want both, joined by and", filter, err)
	}
	if filter, err := parseFilters(nil); filter != nil || err != nil {
		t.Errorf("no filters gave %v, %v", filter, err)
	}
}

func TestParseFiltersRefuses(t *testing.T) {
	for _, in := range []string{"", "colour", "=red", "colour=", "price<cheap", "place@1,2,3", "place@1,2,x,4", "place@9,2,3,4", `{"field":"a"}`, `{"feild":"a"}`, `{"field":"a","equals":1} x`, `{`} {
		if _, err := parseFilters([]string{in}); err == nil {
			t.Errorf("%q was accepted", in)
		} else if statusOf(err) != exitUsage || !strings.Contains(err.Error(), "--filter") {
			t.Errorf("%q: %v: want a usage error that names --filter", in, err)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{"a=1", "a!=b|c", `{"field":"a","lt":3}`, "a^=", "~", "a<=<", `a="`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := parseFilters([]string{text})
		if err == nil && filter.Validate() != nil {
			t.Errorf("%q gave an invalid filter without an error", text)
		}
	})
}

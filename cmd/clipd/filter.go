package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/clipd/clipd/space"
)

// filterHelp describes what parseFilters reads.
const filterHelp = `A filter is JSON, as in the API, or one of
  field=value   field!=value   field=a|b|c   field<10   field<=10   field>10   field>=2024-05-01T00:00:00Z
  field~words (all of these words)   field^=prefix   field@south,west,north,east (a place in this box)
Numbers and true/false are read as such; "quotes" make them text. A field is a metadata key, or one of _id, _kind,
_source, _text, _format, _width, _height, _bytes, _taken, _location, _created, _updated. Several filters must all hold.`

// parseFilters reads the values of --filter; nil where there are none.
func parseFilters(texts []string) (*space.Filter, error) {
	var all []space.Filter
	for _, text := range texts {
		filter, err := parseFilter(text)
		if err == nil {
			err = filter.Validate()
		}
		if err != nil {
			return nil, usagef("--filter %q: %w", text, err)
		}
		all = append(all, filter)
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return &all[0], nil
	}
	return &space.Filter{And: all}, nil
}

// comparisons are the operators of the short form, longer ones before their beginnings.
var comparisons = []string{"!=", "<=", ">=", "^=", "=", "<", ">", "~", "@"}

func parseFilter(text string) (space.Filter, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return parseJSONFilter(text)
	}
	field, operator, value, found := splitComparison(text)
	if !found {
		return space.Filter{}, fmt.Errorf("want field=value, or JSON such as {\"field\":\"price\",\"lt\":20}")
	}
	if field == "" || value == "" {
		return space.Filter{}, fmt.Errorf("want a field before %q and a value after it", operator)
	}
	filter := space.Filter{Field: field}
	switch operator {
	case "=":
		return equals(filter, value), nil
	case "!=":
		not := equals(filter, value)
		return space.Filter{Not: &not}, nil
	case "@":
		return within(filter, value)
	case "~":
		filter.Match = value
	case "^=":
		filter.Prefix = value
	case "<":
		filter.LT = scalar(value)
	case "<=":
		filter.LTE = scalar(value)
	case ">":
		filter.GT = scalar(value)
	case ">=":
		filter.GTE = scalar(value)
	}
	return filter, nil
}

func parseJSONFilter(text string) (space.Filter, error) {
	var filter space.Filter
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&filter); err != nil {
		return filter, err
	}
	if decoder.More() {
		return filter, fmt.Errorf("text follows the JSON")
	}
	return filter, nil
}

// splitComparison cuts at the first operator.
func splitComparison(text string) (field, operator, value string, found bool) {
	at := len(text)
	for _, candidate := range comparisons {
		if i := strings.Index(text, candidate); i >= 0 && (i < at || i == at && len(candidate) > len(operator)) {
			at, operator = i, candidate
		}
	}
	if operator == "" {
		return "", "", "", false
	}
	return strings.TrimSpace(text[:at]), operator, strings.TrimSpace(text[at+len(operator):]), true
}

// equals is a condition on one value, or on any of a|b|c.
func equals(filter space.Filter, value string) space.Filter {
	if strings.HasPrefix(value, `"`) || !strings.Contains(value, "|") {
		filter.Equals = scalar(value)
		return filter
	}
	for _, one := range strings.Split(value, "|") {
		filter.In = append(filter.In, scalar(strings.TrimSpace(one)))
	}
	return filter
}

// scalar reads a number, true, false, or text.
func scalar(text string) any {
	if unquoted, err := strconv.Unquote(text); err == nil && strings.HasPrefix(text, `"`) {
		return unquoted
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && strings.ContainsAny(text[:1], "+-.0123456789") {
		return number
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}

// within reads "south,west,north,east" in degrees.
func within(filter space.Filter, value string) (space.Filter, error) {
	parts := strings.Split(value, ",")
	var degrees [4]float64
	if len(parts) != len(degrees) {
		return filter, fmt.Errorf("want south,west,north,east in degrees after the @, such as 48.8,2.2,48.9,2.5")
	}
	for i, part := range parts {
		var err error
		if degrees[i], err = strconv.ParseFloat(strings.TrimSpace(part), 64); err != nil {
			return filter, fmt.Errorf("%q is no number of degrees", part)
		}
	}
	filter.Within = &space.Box{South: degrees[0], West: degrees[1], North: degrees[2], East: degrees[3]}
	return filter, nil
}

package keyword

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/clipd/clipd/space"
)

// Fields that a user's words are looked for in. Metadata share one field and the codes of an item another; the array
// position of each of their occurrences says which key it belongs to.
const (
	textField   = "w:text"
	sourceField = "w:source"
	metaField   = "w:meta"
	codeField   = "w:code"
	guessField  = "w:guess" // stems in languages that a text may be of
)

// stemPrefix makes the field of a place's stems: "w:text" has its stems in "s:w:text".
const stemPrefix = "s:"

// Fields that filters look at: one for each key and type of value.
const (
	keysField    = "has" // the keys that the item has
	idField      = "_id" // bleve's own, the id as it is
	exactPrefix  = "k:"  // strings as they are
	matchPrefix  = "m:"  // words of strings
	numberPrefix = "n:"
	boolPrefix   = "b:"
	timePrefix   = "d:" // strings that are RFC 3339 times
	latPrefix    = "y:" // latitude and
	lonPrefix    = "x:" // longitude of strings that are points
)

const (
	wordOptions   = index.IndexField | index.IncludeTermVectors
	filterOptions = index.IndexField | index.SkipFreqNorm
)

// maxExactBytes is the longest string that is kept as it is; of a longer one its beginning and its SHA-256.
const maxExactBytes = 1024

// newDocument lays an item out in fields.
func newDocument(item space.Item, stemmer *stemmer) *document.Document {
	d := fields{document.NewDocument(item.ID), languageOf(words(itemText(item))), stemmer}
	d.own(item)
	d.picture(item.Picture)
	for _, key := range slices.Sorted(maps.Keys(item.Metadata)) {
		d.metadata(key, item.Metadata[key])
	}
	d.identity(item)
	return d.document
}

// itemText is all that an item says in sentences, to tell its language by.
func itemText(item space.Item) string {
	var text strings.Builder
	text.WriteString(item.Text)
	for _, key := range slices.Sorted(maps.Keys(item.Metadata)) {
		for _, s := range stringsOf(item.Metadata[key]) {
			text.WriteString(" \n" + s)
		}
	}
	return text.String()
}

// fields adds what one item says to its document.
type fields struct {
	document *document.Document
	language string // of its text
	stemmer  *stemmer
}

func (d fields) own(item space.Item) {
	d.words(textField, nil, item.Text)
	d.words(sourceField, nil, pathWords(item.Source))
	d.code("_text", codes(item.Text))
	d.code("_source", pathCodes(item.Source))
	d.exact("_kind", string(item.Kind))
	d.match("_kind", string(item.Kind))
	if item.Text != "" {
		d.exact("_text", item.Text)
		d.instantOf("_text", item.Text)
		d.pointOf("_text", item.Text)
	}
	if item.Source != "" {
		d.exact("_source", item.Source)
	}
	d.time("_created", item.Created)
	d.time("_updated", item.Updated)
}

func (d fields) picture(p *space.Picture) {
	if p == nil {
		return
	}
	if p.Format != "" {
		d.exact("_format", p.Format)
		d.match("_format", p.Format)
	}
	d.number("_width", float64(p.Width))
	d.number("_height", float64(p.Height))
	d.number("_bytes", float64(p.Bytes))
	d.time("_taken", p.Taken)
	if p.Location != nil {
		d.exact("_location", p.Location.String())
		d.point("_location", *p.Location)
	}
}

// identity adds the id, which bleve keeps as it is by itself.
func (d fields) identity(item space.Item) {
	d.keyword(keysField, "_id")
	d.match("_id", pathWords(item.ID))
	d.code("_id", append(codes(item.ID), wholeCode(item.ID)...))
}

func (d fields) metadata(key string, value any) {
	switch v := value.(type) {
	case float64:
		d.number(key, v)
	case bool:
		d.keyword(keysField, key)
		d.keyword(boolPrefix+key, boolTerm(v))
	default:
		d.keyword(keysField, key)
		for i, s := range stringsOf(value) {
			d.metadataString(key, i, s)
		}
	}
}

func (d fields) metadataString(key string, i int, s string) {
	d.keyword(exactPrefix+key, exactTerm(s))
	d.match(key, s)
	d.words(metaField, []uint64{keyNumber(key), uint64(i)}, s)
	d.code(key, codes(s))
	d.instantOf(key, s)
	if i == 0 { // of several places, the first: latitudes and longitudes are kept apart
		d.pointOf(key, s)
	}
}

// stringsOf is a string or a list of strings as a list.
func stringsOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var list []string
		for _, element := range v {
			if s, ok := element.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// words keeps a text's words and their stems. The stems have a field of their own, so that neither counts in the
// length of the other.
func (d fields) words(field string, position []uint64, text string) {
	if text == "" {
		return
	}
	d.analyzed(field, position, text, wordOptions, wordsAsWritten)
	d.analyzed(stemPrefix+field, position, text, wordOptions, d.stems)
	if d.language == unknown && field != sourceField {
		d.analyzed(guessField, nil, text, filterOptions, d.stemmer.guesses)
	}
}

// match keeps what filters match words of a key with: the words and their stems.
func (d fields) match(key, text string) {
	if text != "" {
		d.analyzed(matchPrefix+key, nil, text, filterOptions, func(w word) []string { return append(wordsAsWritten(w), d.stems(w)...) })
	}
}

func (d fields) analyzed(field string, position []uint64, text string, options index.FieldIndexingOptions, terms func(word) []string) {
	d.document.AddField(document.NewTextFieldCustom(field, position, []byte(text), options, analyzer(terms)))
}

func (d fields) stems(w word) []string { return d.stemmer.in(w, d.language) }

// wordsAsWritten are the terms of a word itself.
func wordsAsWritten(w word) []string {
	if w.umlaut != "" {
		return append([]string{w.term, w.umlaut}, w.parts...)
	}
	return append([]string{w.term}, w.parts...)
}

// analyzer hands to bleve what it is told of each word, at the word's position.
type analyzer func(word) []string

func (a analyzer) Analyze(text []byte) analysis.TokenStream {
	var stream analysis.TokenStream
	for _, w := range words(string(text)) {
		for _, term := range a(w) {
			stream = append(stream, &analysis.Token{Term: []byte(term), Position: w.at, Type: analysis.AlphaNumeric})
		}
	}
	return stream
}

// exact keeps an own field's string as it is, and that it is there.
func (d fields) exact(key, value string) {
	d.keyword(keysField, key)
	d.keyword(exactPrefix+key, exactTerm(value))
}

func (d fields) keyword(field, term string) {
	d.document.AddField(document.NewTextFieldCustom(field, nil, []byte(term), filterOptions, nil))
}

func (d fields) code(key string, codes []string) {
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		d.document.AddField(document.NewTextFieldCustom(codeField, []uint64{keyNumber(key)}, []byte(code), wordOptions, nil))
	}
}

func (d fields) number(key string, value float64) {
	d.keyword(keysField, key)
	if !math.IsNaN(value) {
		d.document.AddField(document.NewNumericFieldWithIndexingOptions(numberPrefix+key, nil, value+0, filterOptions))
	}
}

func (d fields) time(key string, t time.Time) {
	if t.IsZero() {
		return
	}
	d.exact(key, t.UTC().Format(time.RFC3339Nano))
	d.instant(key, t)
}

// instantOf keeps a string that is a time as one.
func (d fields) instantOf(key, s string) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		d.instant(key, t)
	}
}

func (d fields) instant(key string, t time.Time) {
	field, err := document.NewDateTimeFieldWithIndexingOptions(timePrefix+key, nil, clampTime(t), time.RFC3339Nano, filterOptions)
	if err == nil { // it fails for times that clampTime never gives
		d.document.AddField(field)
	}
}

// clampTime brings a time into the years that 64 bits of nanoseconds hold: all before 1678 are one instant to a
// range, and so are all after 2261.
func clampTime(t time.Time) time.Time {
	earliest := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	latest := time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t.UTC()
}

// pointOf keeps a string that is a place as one.
func (d fields) pointOf(key, s string) {
	if p, ok := space.ParsePoint(s); ok {
		d.point(key, p)
	}
}

func (d fields) point(key string, p space.Point) {
	for field, degrees := range map[string]float64{latPrefix + key: p.Lat, lonPrefix + key: p.Lon} {
		d.document.AddField(document.NewNumericFieldWithIndexingOptions(field, nil, degrees+0, filterOptions))
	}
}

func boolTerm(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// exactTerm is the term of a string as it is.
func exactTerm(s string) string {
	if len(s) <= maxExactBytes {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:maxExactBytes] + "\x00" + hex.EncodeToString(sum[:])
}

// keyNumber is the array position that stands for a key.
func keyNumber(key string) uint64 {
	h := fnv.New32a()
	h.Write([]byte(key))
	return uint64(h.Sum32())
}

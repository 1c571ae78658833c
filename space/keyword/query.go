package keyword

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxClauses is how many different words of a query are looked for. Whoever pastes a page asks for its beginning.
const maxClauses = 64

// Weights of a word by where and how it matches.
const (
	weightText   = 1.0
	weightSource = 0.8
	weightMeta   = 0.8
	weightCode   = 4.0 // a whole code, such as "SKU-1234"
	weightID     = 1.5 // a whole id or code where the word is no code itself

	weightStem   = 0.8  // by its stem only
	weightGuess  = 0.4  // by what its stem may be, in a text of unknown language
	weightPrefix = 0.3  // by its beginning only
	weightFuzzy  = 0.25 // by another spelling only
)

// query is what a user's words ask for.
type query struct {
	clauses []clause
	phrases [][]string // runs of words, each of which a match has somewhere
	stemmer *stemmer
}

// clause is one word of a query, and the places where it is looked for. The best of its leaves counts.
type clause struct {
	leaves []leaf
	word   string   // for other spellings and completions; empty: none
	stems  []string // in languages that the items found may be in; for when nothing else is known
	last   bool     // the word may not be finished
	parts  []string // of a whole code: its words, which have clauses of their own
	known  uint64   // how many items have it, where most do; counted by search
}

// leaf is a term in a field.
type leaf struct {
	field  string
	term   string
	weight float64
}

// parse reads a user's words. It has no syntax but double quotes, which hold the words of a phrase together; a
// single quote mark without its pair is nothing. Any string is a query, though maybe an empty one.
func parse(text string, stemmer *stemmer) query {
	loose, quoted := splitQuotes(text)
	q := query{stemmer: stemmer}
	seen := make(map[string]bool)
	language := languageOf(words(text))
	q.addCodes(loose, seen)
	q.addWords(loose, language, seen)
	markLast(&q, loose)
	for _, phrase := range quoted {
		q.addPhrase(phrase, language, seen)
	}
	if len(q.clauses) > maxClauses {
		q.clauses = q.clauses[:maxClauses]
	}
	return q
}

// splitQuotes parts what stands between double quotes from the rest.
func splitQuotes(text string) (loose string, quoted []string) {
	parts := strings.Split(strings.Map(plainQuote, text), `"`)
	if len(parts)%2 == 0 { // the last mark has no pair
		last := len(parts) - 1
		parts[last-1] += " " + parts[last]
		parts = parts[:last]
	}
	var rest []string
	for i, part := range parts {
		if i%2 == 0 {
			rest = append(rest, part)
		} else {
			quoted = append(quoted, part)
		}
	}
	return strings.Join(rest, " "), quoted
}

func plainQuote(r rune) rune {
	switch r {
	case '“', '”', '„', '«', '»', '＂':
		return '"'
	}
	return r
}

// addCodes looks for the codes of the text as wholes.
func (q *query) addCodes(text string, seen map[string]bool) {
	for field := range strings.FieldsSeq(text) {
		for _, code := range codes(field) {
			if key := "code\x00" + code; !seen[key] {
				seen[key] = true
				q.clauses = append(q.clauses, clause{leaves: []leaf{{codeField, code, weightCode}}, parts: termsOf(field)})
			}
		}
	}
}

func (q *query) addWords(text, language string, seen map[string]bool) {
	for _, w := range words(text) {
		if isCommon(w, language) || seen[w.term] {
			continue
		}
		seen[w.term] = true
		q.clauses = append(q.clauses, newClause(w, q.stemmer))
	}
}

func newClause(w word, stemmer *stemmer) clause {
	c := clause{word: w.term, stems: stemmer.guesses(w)}
	for _, place := range wordFields() {
		c.leaves = append(c.leaves, leaf{place.field, w.term, place.weight})
		for _, stem := range stemmer.all(w) {
			c.leaves = append(c.leaves, leaf{stemPrefix + place.field, stem, place.weight * weightStem})
		}
	}
	c.leaves = append(c.leaves, leaf{codeField, w.term, weightID})
	return c
}

// markLast marks the word that the text ends with, if it ends with one.
func markLast(q *query, text string) {
	end, _ := utf8.DecodeLastRuneInString(text)
	all := words(text)
	if len(all) == 0 || len(q.clauses) == 0 || !unicode.IsLetter(end) && !unicode.IsNumber(end) {
		return
	}
	if last := &q.clauses[len(q.clauses)-1]; last.word == all[len(all)-1].term {
		last.last = true
	}
}

func termsOf(text string) []string {
	var terms []string
	for _, w := range words(text) {
		terms = append(terms, w.term)
	}
	return terms
}

// addPhrase asks for the phrase, and for its words, which make the score.
func (q *query) addPhrase(text, language string, seen map[string]bool) {
	terms := termsOf(text)
	if len(terms) == 0 {
		return
	}
	q.phrases = append(q.phrases, terms)
	q.addWords(text, language, seen)
}

package keyword

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/char/asciifolding"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/token/elision"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	tokenizer "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"golang.org/x/text/unicode/norm"
)

// word is one token of a text: what was written, and what else it is found by.
type word struct {
	term   string // lower case, accents folded; of CJK text a bigram
	spelt  string // lower case with its accents, as stemmers want it; empty for CJK
	umlaut string // with "ae" for "ä" and so on, where the word has such a letter; else empty
	// parts are characters of a CJK bigram. They are indexed beside it, so that one character finds it too.
	parts []string
	at    int // position in the text, from 1
}

// maxTermBytes is where a word without end is cut.
const maxTermBytes = 128

// words splits a text the way it is indexed and asked for: Unicode word boundaries (UAX #29), compatibility forms
// and accents folded, English possessives and Romance articles ("l'", "d'") off, CJK and Hangul runs as bigrams.
func words(text string) []word {
	tokens := tokenizer.NewUnicodeTokenizer().Tokenize([]byte(spaced(fold(text))))
	tokens = lowercase.NewLowerCaseFilter().Filter(tokens)
	tokens = elision.NewElisionFilter(articles).Filter(tokens)
	tokens = en.NewPossessiveFilter().Filter(tokens)
	found := make([]word, 0, len(tokens))
	for i := 0; i < len(tokens); {
		if run := cjkRun(tokens[i:]); run > 0 {
			found = appendBigrams(found, tokens[i:i+run])
			i += run
			continue
		}
		if len(tokens[i].Term) > 0 {
			found = append(found, newWord(cut(string(tokens[i].Term), maxTermBytes), len(found)+1))
		}
		i++
	}
	return found
}

// articles are what French and Italian join to the next word by an apostrophe.
var articles = mustTokens(fr.FrenchArticles, []byte("dell\nall\nnell\nsull\ndall\nun\nquest\nquell\n"))

func mustTokens(lists ...[]byte) analysis.TokenMap {
	tokens := analysis.NewTokenMap()
	for _, list := range lists {
		if err := tokens.LoadBytes(list); err != nil {
			panic(fmt.Sprintf("keyword: a list of words that bleve brings along: %v", err))
		}
	}
	return tokens
}

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")

func newWord(spelt string, at int) word {
	w := word{term: foldAccents(spelt), spelt: spelt, at: at}
	if strings.ContainsAny(spelt, "äöü") {
		w.umlaut = foldAccents(umlauts.Replace(spelt))
	}
	return w
}

// foldAccents makes plain letters of Latin ones with accents.
func foldAccents(text string) string { return string(asciifolding.New().Filter([]byte(text))) }

// fold makes compatibility forms one (full-width letters, ligatures, decomposed accents).
func fold(text string) string {
	return norm.NFKC.String(strings.ToValidUTF8(text, " "))
}

// spaced turns underscores into spaces, and dots between two longer runs of letters: "red_dress.example" is three
// words, "U.S.A." stays one.
func spaced(text string) string {
	if !strings.ContainsAny(text, "_.") {
		return text
	}
	runes := []rune(text)
	for i, r := range runes {
		if r == '_' || r == '.' && betweenWords(runes, i) {
			runes[i] = ' '
		}
	}
	return string(runes)
}

func betweenWords(runes []rune, dot int) bool {
	return dot >= 2 && dot+2 < len(runes) &&
		unicode.IsLetter(runes[dot-1]) && unicode.IsLetter(runes[dot-2]) &&
		unicode.IsLetter(runes[dot+1]) && unicode.IsLetter(runes[dot+2])
}

// cjkRun counts the tokens at the beginning that are written without spaces between words and stand together.
func cjkRun(tokens analysis.TokenStream) int {
	n := 0
	for n < len(tokens) && isCJK(tokens[n].Term) && (n == 0 || tokens[n].Start == tokens[n-1].End) {
		n++
	}
	return n
}

func isCJK(term []byte) bool {
	r, _ := utf8.DecodeRune(term)
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// appendBigrams adds a bigram for each character but the last, which has none of its own; a lone character is a word.
func appendBigrams(found []word, run analysis.TokenStream) []word {
	var letters []rune
	for _, token := range run {
		letters = append(letters, []rune(string(token.Term))...)
	}
	if len(letters) == 1 {
		return append(found, word{term: string(letters), at: len(found) + 1})
	}
	for i := range len(letters) - 1 {
		found = append(found, word{term: string(letters[i : i+2]), parts: []string{string(letters[i])}, at: len(found) + 1})
	}
	last := &found[len(found)-1]
	last.parts = append(last.parts, string(letters[len(letters)-1]))
	return found
}

// cut is the longest beginning of text of at most that many bytes that ends between two characters.
func cut(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	for bytes > 0 && !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes]
}

// pathWords writes a path, URL or id as text: separators become spaces, camelCase and letters beside digits are
// parted. The undivided names follow, so that "DSC0123" is found by "dsc0123" and by "0123".
func pathWords(path string) string {
	path = unescape(path)
	names := strings.FieldsFunc(path, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	var text []string
	for _, name := range names {
		parts := splitName(name)
		text = append(text, parts...)
		if len(parts) > 1 {
			text = append(text, name)
		}
	}
	return strings.Join(text, " ")
}

// unescape undoes the percent signs of a URL; of anything else it is the text itself.
func unescape(path string) string {
	if !strings.Contains(path, "://") {
		return path
	}
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// splitName parts a name at lower→upper, at the last of several capitals ("HTTPServer" → HTTP, Server), and
// between letters and digits.
func splitName(name string) []string {
	runes := []rune(name)
	var parts []string
	start := 0
	for i := 1; i < len(runes); i++ {
		before, here := runes[i-1], runes[i]
		cut := unicode.IsLower(before) && unicode.IsUpper(here) ||
			unicode.IsDigit(before) != unicode.IsDigit(here) && !unicode.IsMark(here) ||
			unicode.IsUpper(before) && unicode.IsUpper(here) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if cut {
			parts = append(parts, string(runes[start:i]))
			start = i
		}
	}
	return append(parts, string(runes[start:]))
}

// codes are the tokens of a text that name one thing, such as "SKU-1234" or "AB_99/7": letters and digits joined by
// -_/.#:+ with a digit in them. Each is given in lower case as written, and without its separators.
func codes(text string) []string {
	var found []string
	for _, field := range strings.Fields(fold(text)) {
		code := strings.ToLower(strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }))
		if !isCode(code) {
			continue
		}
		found = append(found, code)
		if plain := strings.Map(dropSeparator, code); plain != code {
			found = append(found, plain)
		}
	}
	return found
}

// pathCodes are the codes of a path's segments, with and without the file's extension.
func pathCodes(path string) []string {
	var found []string
	for _, name := range strings.FieldsFunc(unescape(path), func(r rune) bool { return r == '/' || r == '\\' }) {
		found = append(found, codes(name)...)
		if dot := strings.LastIndexByte(name, '.'); dot > 0 {
			found = append(found, codes(name[:dot])...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

const (
	separators   = "-_/.#:+"
	maxCodeBytes = 128
)

func isCode(code string) bool {
	if len(code) < 2 || len(code) > maxCodeBytes || !strings.ContainsFunc(code, unicode.IsDigit) {
		return false
	}
	return !strings.ContainsFunc(code, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune(separators, r)
	})
}

func dropSeparator(r rune) rune {
	if strings.ContainsRune(separators, r) {
		return -1
	}
	return r
}

// wholeCode is an id as a code, whatever it is made of.
func wholeCode(id string) []string {
	code := strings.ToLower(fold(id))
	if len(code) > maxCodeBytes || strings.ContainsFunc(code, unicode.IsSpace) {
		return nil
	}
	return []string{code}
}

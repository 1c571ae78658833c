package keyword

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
)

// language is one whose words are found in all their forms: "Kleider" finds "Kleid".
//
// A stem is of use in its own language only. The Italian stem of "care" is "car"; an English collection must not
// answer that. So a text is stemmed in the language that it shows itself to be in, and each stem carries the code of
// its language, which keeps it from meeting another one's.
type language struct {
	code    string // ISO 639-1
	stemmer func(*snowballstem.Env) bool
	common  analysis.TokenMap // words that say nothing about an item (the Snowball project's lists)
	letters string            // that hardly any other of these languages has
	script  *unicode.RangeTable
}

// languages with Snowball stemmers, English first: it is assumed where nothing else shows.
var languages = []language{
	{"en", english.Stem, mustTokens(en.EnglishStopWords), "", unicode.Latin},
	{"de", german.Stem, mustTokens(de.GermanStopWords), "ß", unicode.Latin},
	{"fr", french.Stem, mustTokens(fr.FrenchStopWords), "èêçœùû", unicode.Latin},
	{"es", spanish.Stem, mustTokens(es.SpanishStopWords), "ñ¿¡", unicode.Latin},
	{"it", italian.Stem, mustTokens(it.ItalianStopWords), "ìò", unicode.Latin},
	{"pt", portuguese.Stem, mustTokens(pt.PortugueseStopWords), "ãõ", unicode.Latin},
	{"nl", dutch.Stem, mustTokens(nl.DutchStopWords), "ĳ", unicode.Latin},
	{"sv", swedish.Stem, mustTokens(sv.SwedishStopWords), "å", unicode.Latin},
	{"ru", russian.Stem, mustTokens(ru.RussianStopWords), "", unicode.Cyrillic},
}

// unknown is the language of a text that shows none: its words are stemmed as English, and it is guessed at.
const unknown = ""

// languageOf is the code of the language that the words show by their common words and letters, else unknown. A
// common word that several languages share counts less in each; "en la" alone may be French or Spanish: unknown.
func languageOf(list []word) string {
	evidence := make([]float64, len(languages))
	for _, w := range list {
		sharers := commonIn(w.spelt)
		for _, i := range sharers {
			evidence[i] += 1 / float64(len(sharers))
		}
		for i, l := range languages {
			if l.letters != "" && strings.ContainsAny(w.spelt, l.letters) {
				evidence[i] += leastEvidence
			}
		}
	}
	best, second := 0, 0.0
	for i := 1; i < len(evidence); i++ {
		if evidence[i] > evidence[best] {
			best, second = i, evidence[best]
		} else {
			second = max(second, evidence[i])
		}
	}
	if evidence[best] == second || best != 0 && evidence[best] < leastEvidence {
		return unknown
	}
	return languages[best].code
}

// leastEvidence that a text is not English is more than one common word: "hat" and "die" are English words, too.
const leastEvidence = 1.5

// commonIn are the languages, by their places, that count a word among their common ones.
func commonIn(spelt string) []int {
	var in []int
	for i, l := range languages {
		if l.common[spelt] {
			in = append(in, i)
		}
	}
	return in
}

// isCommon says whether the word says nothing in a language; of an unknown one English is assumed.
func isCommon(w word, code string) bool {
	for _, l := range languages {
		if l.code == cmp.Or(code, "en") || l.code == "en" {
			if l.common[w.spelt] {
				return true
			}
		}
	}
	return false
}

// stemmer finds the stems of words, and remembers them: stemming in nine languages takes some microseconds, and few
// words make up most of what is written. It is safe for concurrent use.
type stemmer struct {
	mu    sync.RWMutex
	known map[string][]string // the stems of a word in every language
}

// maxKnownWords is how many words a stemmer remembers, some 10 MB.
const maxKnownWords = 50_000

func newStemmer() *stemmer { return &stemmer{known: map[string][]string{}} }

// all are the word's stems in every language that it may be of.
func (s *stemmer) all(w word) []string {
	s.mu.RLock()
	stems, known := s.known[w.spelt]
	s.mu.RUnlock()
	if known {
		return stems
	}
	for _, l := range languages {
		stems = l.appendStem(stems, w)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) == maxKnownWords {
		clear(s.known)
	}
	s.known[w.spelt] = stems
	return stems
}

// in is the word's stem in the language of its text; of another script's word, in that script's.
func (s *stemmer) in(w word, code string) []string {
	all := s.all(w)
	for i, stem := range all {
		if strings.HasPrefix(stem, cmp.Or(code, "en")+stemMark) {
			return all[i : i+1 : i+1]
		}
	}
	if len(all) == 1 {
		return all
	}
	return nil
}

// guesses are the stems in all languages but English without their codes: what the words of a text without a known
// language may be found by when nothing else finds them.
func (s *stemmer) guesses(w word) []string {
	var found []string
	for _, stem := range s.all(w) {
		if code, plain, _ := strings.Cut(stem, stemMark); code != "en" {
			found = append(found, plain)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// stemMark stands between a stem's language and the stem. No word has it.
const stemMark = "\x01"

func (l language) appendStem(stems []string, w word) []string {
	if w.spelt == "" || strings.ContainsFunc(w.spelt, func(r rune) bool { return !unicode.Is(l.script, r) }) {
		return stems
	}
	env := snowballstem.NewEnv(w.spelt)
	l.stemmer(env)
	return append(stems, l.code+stemMark+foldAccents(env.Current()))
}

// plainStem is a stem as users may see it.
func plainStem(term string) string {
	if _, plain, found := strings.Cut(term, stemMark); found {
		return plain
	}
	return term
}

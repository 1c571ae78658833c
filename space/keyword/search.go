package keyword

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/search/searcher"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/clipd/clipd/space"
)

// Match is an item that Search found.
type Match struct {
	ID    string
	Score float64  // BM25-like, greater is better, not comparable between queries
	Terms []string // what matched, as field:term, sorted
	// Coverage is how much of the query the item has: the share of its words, each weighted by how rare it is, 0 to 1.
	// A word that is only like one of the query counts in part, and so do the parts of a code that is not there.
	Coverage float64
}

// Constants of BM25 (Robertson and Zaragoza, 2009). The usual lengths stand where BM25 has the collection's average,
// so that a score does not depend on what was deleted or in which order items came.
const (
	k1          = 1.2
	b           = 0.5
	usualLength = 12.0 // words of a caption, a file's name, an item's metadata
)

// phraseScore is what a phrase adds to the scores of its words.
const phraseScore = 2.0

// Limits of what a word is also taken for.
const (
	maxCompletions = 64
	maxSpellings   = 32
	minCompletion  = 2 // letters of a word that is completed
	minSpelling    = 5 // letters of a word that may be misspelt
	longSpelling   = 8 // letters of a word that may be misspelt twice
	// rareSpelling: another spelling counts when it is so many times rarer than the word that it looks like a slip.
	// "horse" does not find houses where both are known words.
	rareSpelling = 20
)

// Ask is what Search is asked.
type Ask struct {
	Words  string             // as the user typed them
	Filter *space.Filter      // which items may match; nil: all
	N      int                // at most so many matches, 1 or more
	Boosts map[string]float64 // by field: how many times as much a word counts there; see space.Query
}

// Search returns the best matches of a user's words among the items that pass the filter, by falling score, then by id.
//
// Any string is a permitted query, and double quotes are its only syntax: a phrase in them must be in a match, word
// by word. Of the other words, one is enough and more are better. Words without meaning ("the", "+") match nothing.
// The score is a BM25 over the words; of each word the best place counts, among text, file name and metadata, and a
// whole code ("SKU-1234") far more than its parts. Words are found in all their forms in nine European languages. A
// word that no item has is completed if it is the last; of five letters or more it is also looked for with one
// letter changed, of eight or more with two.
func (x *Index) Search(ctx context.Context, ask Ask) ([]Match, error) {
	if ask.N < 1 {
		return nil, fmt.Errorf("search keywords: %w: n is %d; want 1 or more", space.ErrInvalidQuery, ask.N)
	}
	q := parse(ask.Words, x.stemmer)
	q.boost(ask.Boosts)
	var matches []Match
	err := x.read(ctx, func(s *snapshot) error {
		allowed, err := s.allowed(q, ask.Filter)
		if err != nil {
			return err
		}
		t := x.tallies.Get().(*tally)
		defer x.tallies.Put(t)
		t.reset()
		matches, err = s.search(&q, allowed, t, ask.N)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search keywords: %w", err)
	}
	return matches, nil
}

// allowed is the set of items that pass the filter and have the phrases; nil: all.
func (s *snapshot) allowed(q query, filter *space.Filter) (*roaring.Bitmap, error) {
	var allowed *roaring.Bitmap
	if filter != nil {
		set, err := s.filter(*filter)
		if err != nil {
			return nil, err
		}
		allowed = set
	}
	for _, phrase := range q.phrases {
		set, err := s.phrase(phrase)
		if err != nil {
			return nil, err
		}
		if allowed == nil {
			allowed = set
		} else {
			allowed.And(set)
		}
	}
	return allowed, nil
}

// phrase is the set of items that have the terms one after the other.
func (s *snapshot) phrase(terms []string) (*roaring.Bitmap, error) {
	set := roaring.New()
	for _, field := range []string{textField, sourceField, metaField} {
		if len(terms) == 1 {
			if err := s.addTerm(set, field, terms[0]); err != nil {
				return nil, err
			}
			continue
		}
		found, err := searcher.NewPhraseSearcher(s.ctx, s.reader, terms, 0, false, field, 1, setOptions())
		if err != nil {
			return nil, err
		}
		if err := s.addAll(set, found); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func (s *snapshot) search(q *query, allowed *roaring.Bitmap, t *tally, n int) ([]Match, error) {
	items, err := s.reader.DocCount()
	if err != nil {
		return nil, err
	}
	if len(q.phrases) > 0 { // all that are allowed have all phrases
		allowed.Iterate(func(number uint32) bool {
			t.add(number, phraseScore*float32(len(q.phrases)))
			return true
		})
	}
	if err := s.scoreAll(q, items, allowed, t); err != nil {
		return nil, err
	}
	matches, numbers, err := s.best(t, n)
	if err != nil {
		return nil, err
	}
	return matches, s.explain(q, items, matches, numbers)
}

// scoreAll adds what the clauses give, the rare words first. A word that most items of a large index have finds
// nothing by itself then, and only adds to what other words found: half the index is no answer to "sku 1234".
func (s *snapshot) scoreAll(q *query, items uint64, allowed *roaring.Bitmap, t *tally) error {
	for i := range q.clauses {
		if err := s.widen(&q.clauses[i]); err != nil {
			return err
		}
	}
	slices.SortStableFunc(q.clauses, func(a, b clause) int { return cmp.Compare(a.known, b.known) })
	for _, c := range q.clauses {
		var among *roaring.Bitmap
		if items >= largeIndex && 2*c.known > items && len(t.scored) > 0 {
			among = roaring.BitmapOf(t.scored...)
		}
		if err := s.score(c, items, allowed, among, t); err != nil {
			return err
		}
	}
	return nil
}

// largeIndex is how many items make words that most of them have worthless by themselves.
const largeIndex = 1000

// widen adds other spellings and completions to a clause, and counts the items that have it.
func (s *snapshot) widen(c *clause) error {
	known, err := s.known(c.leaves)
	if err != nil {
		return err
	}
	others, spread, err := s.alternatives(c, known)
	if err != nil {
		return err
	}
	c.leaves = append(c.leaves, others...)
	c.known = known
	if known == 0 {
		c.known = spread
	}
	return nil
}

// score adds what a clause gives to each item that has it; among, if there are such, to these alone.
func (s *snapshot) score(c clause, items uint64, allowed, among *roaring.Bitmap, t *tally) error {
	idf := math.Log(1 + (float64(items)-float64(c.known)+0.5)/(float64(c.known)+0.5))
	t.begin()
	for _, l := range c.leaves {
		full := l.weight * idf
		add := func(posting *index.TermFieldDoc) {
			number := uint32(posting.ID.Value())
			if allowed == nil || allowed.Contains(number) {
				t.best(number, float32(full*saturation(posting)))
			}
		}
		var err error
		if among != nil {
			err = s.postingsAmong(among, l.field, l.term, add)
		} else {
			err = s.postings(l.field, l.term, countsFrequency(l.field), add)
		}
		if err != nil {
			return err
		}
	}
	t.end()
	return nil
}

// countsFrequency says whether a field knows how often a term is in it: codes, guesses and what filters match are sets.
func countsFrequency(field string) bool {
	return field != codeField && field != guessField && !strings.HasPrefix(field, matchPrefix)
}

// saturation is BM25's factor for how often a term is in how long a text; 1 for codes.
func saturation(posting *index.TermFieldDoc) float64 {
	if posting.Freq == 0 || posting.Norm == 0 {
		return 1
	}
	length := 1 / (posting.Norm * posting.Norm) // bleve keeps 1/sqrt(length)
	frequency := float64(posting.Freq)
	return frequency * (k1 + 1) / (frequency + k1*(1-b+b*length/usualLength))
}

// known is in how many items the word is, where it is in most. One number for all fields keeps a word that is
// common in texts from counting as rare in file names.
func (s *snapshot) known(leaves []leaf) (uint64, error) {
	var most uint64
	for _, l := range leaves {
		n, err := s.frequency(l.field, l.term)
		if err != nil {
			return 0, err
		}
		most = max(most, n)
	}
	return most, nil
}

// alternatives are completions and other spellings of a word that known items have, and in how many items they are.
func (s *snapshot) alternatives(c *clause, known uint64) (others []leaf, spread uint64, err error) {
	if known == 0 {
		found, n, err := s.guessed(c.stems)
		if err != nil {
			return nil, 0, err
		}
		others, spread = found, n
	}
	if c.last && known == 0 && len([]rune(c.word)) >= minCompletion {
		found, n, err := s.completions(c.word)
		if err != nil {
			return nil, 0, err
		}
		others, spread = append(others, found...), max(spread, n)
	}
	if isSpelt(c.word) {
		found, n, err := s.spellings(c.word, known)
		if err != nil {
			return nil, 0, err
		}
		others, spread = append(others, found...), max(spread, n)
	}
	return others, spread, nil
}

// isSpelt says whether a word is one that people misspell: long enough, and of letters that are not ideographs.
func isSpelt(word string) bool {
	letters := []rune(word)
	return len(letters) >= minSpelling && !slices.ContainsFunc(letters, func(r rune) bool {
		return !unicode.IsLetter(r) || isCJK([]byte(string(r)))
	})
}

// guessed are the stems that items of unknown language may have of the word.
func (s *snapshot) guessed(stems []string) (leaves []leaf, spread uint64, err error) {
	for _, stem := range stems {
		n, err := s.frequency(guessField, stem)
		if err != nil {
			return nil, 0, err
		}
		if n > 0 {
			leaves = append(leaves, leaf{guessField, stem, weightGuess})
			spread = max(spread, n)
		}
	}
	return leaves, spread, nil
}

// slips is how many letters of a word may be wrong: one, of a long word two (Levenshtein distance).
func slips(word string) int {
	if utf8.RuneCountInString(word) >= longSpelling {
		return 2
	}
	return 1
}

// wordFields are the places of words, and what a word counts there.
func wordFields() []leaf {
	return []leaf{{textField, "", weightText}, {sourceField, "", weightSource}, {metaField, "", weightMeta}}
}

func (s *snapshot) completions(word string) (leaves []leaf, spread uint64, err error) {
	for _, place := range append(wordFields(), leaf{codeField, "", weightID}) {
		dictionary, err := s.reader.FieldDictPrefix(place.field, []byte(word))
		if err != nil {
			return nil, 0, err
		}
		entries, err := s.frequent(place.field, dictionary, maxCompletions)
		if err != nil {
			return nil, 0, err
		}
		for _, entry := range entries {
			leaves = append(leaves, leaf{place.field, entry.term, place.weight * weightPrefix})
			spread = max(spread, entry.count)
		}
	}
	return leaves, spread, nil
}

func (s *snapshot) spellings(word string, known uint64) (leaves []leaf, spread uint64, err error) {
	reader, ok := s.reader.(index.IndexReaderFuzzy)
	if !ok {
		return nil, 0, nil
	}
	for _, place := range wordFields() {
		dictionary, err := reader.FieldDictFuzzy(place.field, word, slips(word), "")
		if err != nil {
			return nil, 0, err
		}
		entries, err := s.frequent(place.field, dictionary, maxSpellings)
		if err != nil {
			return nil, 0, err
		}
		for _, entry := range entries {
			if entry.term != word && (known == 0 || entry.count*rareSpelling <= known) {
				leaves = append(leaves, leaf{place.field, entry.term, place.weight * weightFuzzy})
				spread = max(spread, entry.count)
			}
		}
	}
	return leaves, spread, nil
}

// best are the n best items of the tally with their numbers in the snapshot.
func (s *snapshot) best(t *tally, n int) ([]Match, []uint32, error) {
	type candidate struct {
		Match
		number uint32
	}
	var candidates []candidate
	for _, number := range t.least(n) {
		id, err := s.id(number)
		if err != nil {
			return nil, nil, err
		}
		candidates = append(candidates, candidate{Match{ID: id, Score: float64(t.total[number])}, number})
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID))
	})
	candidates = candidates[:min(n, len(candidates))]
	matches := make([]Match, len(candidates))
	numbers := make([]uint32, len(candidates))
	for i, c := range candidates {
		matches[i], numbers[i] = c.Match, c.number
	}
	return matches, numbers, nil
}

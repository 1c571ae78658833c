package keyword

import (
	"context"
	"slices"
	"strings"

	index "github.com/blevesearch/bleve_index_api"
)

// explain fills in the terms that matched and how much of the query they are, by looking each leaf of the query up again for the matches alone.
func (s *snapshot) explain(q *query, items uint64, matches []Match, numbers []uint32) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	order := make([]int, len(numbers)) // postings can only be read forwards
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return int(int64(numbers[i]) - int64(numbers[j])) })
	covered := newCoverage(len(matches), len(q.clauses), items)
	for i, c := range q.clauses {
		for _, l := range c.leaves {
			note := func(match int) { covered.note(match, i, c.likenessOf(l)) }
			if err := s.explainLeaf(c.word, l, keys, matches, numbers, order, note); err != nil {
				return err
			}
		}
	}
	for _, phrase := range q.phrases {
		for i := range matches {
			matches[i].Terms = append(matches[i].Terms, `"`+strings.Join(phrase, " ")+`"`)
		}
	}
	for i := range matches {
		slices.Sort(matches[i].Terms)
		matches[i].Terms = slices.Compact(matches[i].Terms)
		matches[i].Coverage = covered.of(i, q)
	}
	return nil
}

// explainLeaf notes where a leaf matched, unless the word itself did there (its own leaves come before its stem's).
func (s *snapshot) explainLeaf(word string, l leaf, keys map[uint64]string, matches []Match, numbers []uint32, order []int, note func(match int)) error {
	place := strings.TrimPrefix(l.field, stemPrefix)
	positions := place == metaField || place == codeField
	postings, err := s.reader.TermFieldReader(context.WithoutCancel(s.ctx), []byte(l.term), l.field, positions, positions, positions)
	if err != nil {
		return err
	}
	defer postings.Close()
	var at *index.TermFieldDoc
	var posting index.TermFieldDoc
	for _, i := range order {
		want := index.NewIndexInternalID(nil, uint64(numbers[i]))
		if at == nil || at.ID.Compare(want) < 0 {
			if at, err = postings.Advance(want, posting.Reset()); err != nil {
				return err
			}
			if at == nil {
				return nil
			}
		}
		if at.ID.Equals(want) {
			note(i)
			for _, name := range places(place, at, keys) {
				if !slices.Contains(matches[i].Terms, name+":"+word) {
					matches[i].Terms = append(matches[i].Terms, name+":"+plainStem(l.term))
				}
			}
		}
	}
	return nil
}

// places are the names of the fields that a posting stands in, as users know them.
func places(field string, posting *index.TermFieldDoc, keys map[uint64]string) []string {
	if key, boosted := strings.CutPrefix(field, matchPrefix); boosted {
		return []string{key}
	}
	switch field {
	case textField:
		return []string{"_text"}
	case sourceField:
		return []string{"_source"}
	case guessField:
		return []string{"_any"}
	}
	var names []string
	for _, vector := range posting.Vectors {
		if len(vector.ArrayPositions) > 0 {
			if name := keys[vector.ArrayPositions[0]]; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// keys are the names behind the array positions of metadata and codes.
func (s *snapshot) keys() (map[uint64]string, error) {
	dictionary, err := s.reader.FieldDict(keysField)
	if err != nil {
		return nil, err
	}
	defer dictionary.Close()
	keys := make(map[uint64]string)
	for {
		entry, err := dictionary.Next()
		if err != nil || entry == nil {
			return keys, err
		}
		keys[keyNumber(entry.Term)] = entry.Term
	}
}

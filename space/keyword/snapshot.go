package keyword

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/search"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// snapshot is the index as one call sees it: its items have numbers, which mean nothing to another snapshot.
type snapshot struct {
	ctx     context.Context // of the one call that the snapshot lives for
	reader  index.IndexReader
	stemmer *stemmer
}

// patience is how many postings are read between two looks at the context.
const patience = 1 << 14

// postings calls yield for the items that have the term in the field.
func (s *snapshot) postings(field, term string, withFrequency bool, yield func(*index.TermFieldDoc)) error {
	postings, err := s.reader.TermFieldReader(s.ctx, []byte(term), field, withFrequency, withFrequency, false)
	if err != nil {
		return err
	}
	defer postings.Close()
	var posting index.TermFieldDoc
	for n := 1; ; n++ {
		next, err := postings.Next(posting.Reset())
		if err != nil || next == nil {
			return err
		}
		yield(next)
		if n%patience == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
	}
}

// postingsAmong calls yield for those of the items that have the term in the field.
func (s *snapshot) postingsAmong(among *roaring.Bitmap, field, term string, yield func(*index.TermFieldDoc)) error {
	withFrequency := countsFrequency(field)
	postings, err := s.reader.TermFieldReader(s.ctx, []byte(term), field, withFrequency, withFrequency, false)
	if err != nil {
		return err
	}
	defer postings.Close()
	var at *index.TermFieldDoc
	var posting index.TermFieldDoc
	for numbers := among.Iterator(); numbers.HasNext(); {
		want := index.NewIndexInternalID(nil, uint64(numbers.Next()))
		if at == nil || at.ID.Compare(want) < 0 {
			if at, err = postings.Advance(want, posting.Reset()); err != nil || at == nil {
				return err
			}
		}
		if at.ID.Equals(want) {
			yield(at)
		}
	}
	return nil
}

// frequency is in how many items the term is.
func (s *snapshot) frequency(field, term string) (uint64, error) {
	postings, err := s.reader.TermFieldReader(s.ctx, []byte(term), field, false, false, false)
	if err != nil {
		return 0, err
	}
	defer postings.Close()
	return postings.Count(), nil
}

// addTerm adds the items that have the term in the field.
func (s *snapshot) addTerm(set *roaring.Bitmap, field, term string) error {
	return s.postings(field, term, false, func(posting *index.TermFieldDoc) { set.Add(uint32(posting.ID.Value())) })
}

// addTermsFrom adds the items that have a term in the field that begins with prefix. It reads segment by segment:
// bleve's own search for prefixes looks up each term in all segments, which takes ten times as long where each
// item has another term, as paths are.
func (s *snapshot) addTermsFrom(set *roaring.Bitmap, field, prefix string) error {
	segments, ok := s.reader.(*scorch.IndexSnapshot)
	if !ok {
		return fmt.Errorf("look for a prefix: %T has no segments", s.reader)
	}
	var first uint64 // number of the segment's first item
	for _, part := range segments.Segments() {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := addSegmentTerms(set, part, first, field, prefix); err != nil {
			return err
		}
		first += part.Segment().Count()
	}
	return nil
}

func addSegmentTerms(set *roaring.Bitmap, part *scorch.SegmentSnapshot, first uint64, field, prefix string) error {
	dictionary, err := part.Segment().Dictionary(field)
	if err != nil {
		return err
	}
	var list segment.PostingsList
	var postings segment.PostingsIterator
	for found := dictionary.AutomatonIterator(nil, []byte(prefix), nil); ; {
		entry, err := found.Next()
		if err != nil || entry == nil || !strings.HasPrefix(entry.Term, prefix) {
			return err
		}
		if list, err = dictionary.PostingsList([]byte(entry.Term), part.Deleted(), list); err != nil {
			return err
		}
		postings = list.Iterator(false, false, false, postings)
		for {
			posting, err := postings.Next()
			if err != nil {
				return err
			}
			if posting == nil {
				break
			}
			set.Add(uint32(first + posting.Number()))
		}
	}
}

// addAll adds what a searcher of bleve finds, and closes it.
func (s *snapshot) addAll(set *roaring.Bitmap, searcher search.Searcher) error {
	defer searcher.Close()
	found := &search.SearchContext{
		DocumentMatchPool: search.NewDocumentMatchPool(searcher.DocumentMatchPoolSize()+1, 0),
		IndexReader:       s.reader,
	}
	for n := 1; ; n++ {
		match, err := searcher.Next(found)
		if err != nil || match == nil {
			return err
		}
		set.Add(uint32(match.IndexInternalID.Value()))
		found.DocumentMatchPool.Put(match)
		if n%patience == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
	}
}

// everything is the set of all items.
func (s *snapshot) everything() (*roaring.Bitmap, error) {
	set := roaring.New()
	ids, err := s.reader.DocIDReaderAll()
	if err != nil {
		return nil, err
	}
	defer ids.Close()
	for {
		id, err := ids.Next()
		if err != nil || id == nil {
			return set, err
		}
		set.Add(uint32(id.Value()))
	}
}

// id is the item's own id.
func (s *snapshot) id(number uint32) (string, error) {
	return s.reader.ExternalID(index.NewIndexInternalID(nil, uint64(number)))
}

// maxEntries is how many terms of a dictionary are looked at for the most frequent ones.
const maxEntries = 1024

// frequentTerm is a term and in how many items it is.
type frequentTerm struct {
	term  string
	count uint64
}

// frequent are up to limit terms of a field's dictionary that items have, the most frequent first, then by the
// alphabet. It closes the dictionary, whose own counts bleve leaves out.
func (s *snapshot) frequent(field string, dictionary index.FieldDict, limit int) ([]frequentTerm, error) {
	defer dictionary.Close()
	var all []frequentTerm
	for len(all) < maxEntries {
		entry, err := dictionary.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			break
		}
		count, err := s.frequency(field, entry.Term)
		if err != nil {
			return nil, err
		}
		if count > 0 { // else only deleted items have it
			all = append(all, frequentTerm{entry.Term, count})
		}
	}
	slices.SortFunc(all, func(a, b frequentTerm) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.term, b.term))
	})
	return all[:min(limit, len(all))], nil
}

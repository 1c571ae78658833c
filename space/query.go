package space

import (
	"errors"
	"fmt"
)

// ErrInvalidQuery: a query that cannot be answered; the text says why and what to do.
var ErrInvalidQuery = errors.New("invalid query")

// Limits of a query.
const (
	MaxK      = 1000  // most hits of one answer
	MaxOffset = 10000 // deepest page
	MaxBoost  = 100   // greatest boost of a field
)

// Mode says which indexes answer.
type Mode string

// The modes. The zero value is Hybrid where the query has words and a vector, else whichever it has.
const (
	Hybrid      Mode = "hybrid"
	VectorOnly  Mode = "vector"
	KeywordOnly Mode = "keyword"
)

// FusionMethod joins the two rankings of a hybrid query.
type FusionMethod string

// The fusion methods. The zero value is RRF.
const (
	RRF    FusionMethod = "rrf"    // reciprocal rank fusion, k = 60 (Cormack et al., SIGIR 2009)
	Convex FusionMethod = "convex" // alpha * scaled cosine + (1-alpha) * scaled keyword score
)

// Strategy says how a question of several examples ranks.
type Strategy string

// The strategies. The zero value is Average.
const (
	// Average: near to the weighted mean of all examples, less that of the counterexamples (Rocchio, 1971).
	Average Strategy = "average"
	// BestScore: near to any one of the examples. Whatever is nearer to a counterexample than to every example comes
	// after all the rest.
	BestScore Strategy = "best"
)

// Examples are the parts of a BestScore query, unit vectors all.
type Examples struct {
	Positive []Vector // at least one
	Negative []Vector
}

// Query asks a collection for its nearest and best matching items.
type Query struct {
	Vector   Vector    // what to be near to; none: words only
	Examples *Examples // set: the vector list is ranked by BestScore over these, and Vector is their mean
	Modality Kind      // what Vector was made from; text or image
	Words    string    // full text; empty: vector only
	// Boosts says by field how many times as much a word counts there: of "_text" and "_source" 0 ... MaxBoost, of a
	// metadata key 1 ... MaxBoost.
	Boosts   map[string]float64
	Mode     Mode         // which indexes answer
	Fusion   FusionMethod // how hybrid rankings are joined
	Alpha    float64      // Convex only: weight of the vector, 0 ... 1
	Filter   *Filter      // which items may be answered
	K        int          // how many hits, 1 ... MaxK
	Offset   int          // how many to skip, 0 ... MaxOffset
	MinScore *float64     // least cosine; hits without a keyword match below it are left out
	Composed bool         // Vector is made of several parts: Modality says little of it
	Least    float64      // least relevance of a hit, 0 ... 1; 0: all
	MMR      *float64     // lambda of maximal marginal relevance, 0 ... 1; none: by score alone
	Stable   bool         // keep the list, so that Answer.Cursor leads to its next page whatever is written meanwhile
	Exclude  []string     // ids never answered
	Explain  bool         // fill Hit.Explanation
	Exact    bool         // exact vector scan, whatever the tier
}

// Validate checks the query and resolves its mode.
func (q Query) Validate() (Query, error) {
	switch {
	case q.K < 1 || q.K > MaxK:
		return q, fmt.Errorf("%w: k is %d; want 1 to %d", ErrInvalidQuery, q.K, MaxK)
	case q.Offset < 0 || q.Offset > MaxOffset:
		return q, fmt.Errorf("%w: offset is %d; want 0 to %d", ErrInvalidQuery, q.Offset, MaxOffset)
	case q.Vector.IsNone() && q.Words == "":
		return q, fmt.Errorf("%w: it is empty; give words, an image or an example", ErrInvalidQuery)
	case q.Alpha < 0 || q.Alpha > 1:
		return q, fmt.Errorf("%w: alpha is %g; want 0 to 1", ErrInvalidQuery, q.Alpha)
	case !(q.Least >= 0 && q.Least <= 1):
		return q, fmt.Errorf("%w: the least relevance is %g; want 0 to 1", ErrInvalidQuery, q.Least)
	case q.MMR != nil && !(*q.MMR >= 0 && *q.MMR <= 1):
		return q, fmt.Errorf("%w: mmr is %g; want 0 (as different as can be) to 1 (by score alone)", ErrInvalidQuery, *q.MMR)
	}
	if q.Examples != nil && len(q.Examples.Positive) == 0 {
		return q, fmt.Errorf("%w: it has examples of what not to find only; say also what to look for", ErrInvalidQuery)
	}
	if q.Filter != nil {
		if err := q.Filter.Validate(); err != nil {
			return q, err
		}
	}
	if err := validateBoosts(q.Boosts); err != nil {
		return q, err
	}
	if q.Fusion == "" {
		q.Fusion = RRF
	}
	if q.Fusion != RRF && q.Fusion != Convex {
		return q, fmt.Errorf("%w: fusion %q; want rrf or convex", ErrInvalidQuery, q.Fusion)
	}
	return q.resolveMode()
}

func validateBoosts(boosts map[string]float64) error {
	for field, boost := range boosts {
		least := 1.0
		switch {
		case field == "_text" || field == "_source":
			least = 0
		case field == "" || field[0] == '_':
			return fmt.Errorf("%w: no boost for field %q; want _text, _source or a metadata key", ErrInvalidQuery, field)
		}
		if !(boost >= least && boost <= MaxBoost) {
			return fmt.Errorf("%w: boost of %s is %g; want %g to %d", ErrInvalidQuery, field, boost, least, MaxBoost)
		}
	}
	return nil
}

func (q Query) resolveMode() (Query, error) {
	switch {
	case q.Mode == "" && q.Vector.IsNone():
		q.Mode = KeywordOnly
	case q.Mode == "" && q.Words == "":
		q.Mode = VectorOnly
	case q.Mode == "":
		q.Mode = Hybrid
	case q.Mode != Hybrid && q.Mode != VectorOnly && q.Mode != KeywordOnly:
		return q, fmt.Errorf("%w: mode %q; want hybrid, vector or keyword", ErrInvalidQuery, q.Mode)
	case q.Mode != KeywordOnly && q.Vector.IsNone():
		return q, fmt.Errorf("%w: mode %q needs a vector", ErrInvalidQuery, q.Mode)
	case q.Mode != VectorOnly && q.Words == "":
		return q, fmt.Errorf("%w: mode %q needs words", ErrInvalidQuery, q.Mode)
	}
	return q, nil
}

// Hit is one answer. Hits are sorted by Score, then by ID.
type Hit struct {
	Item        Item         `json:"item"`
	Score       float64      `json:"score"`               // what the list is sorted by: the cosine, or the fused score of a hybrid query
	Cosine      *float64     `json:"cosine,omitempty"`    // of query and item; absent where the query has no vector
	Relevance   *float64     `json:"relevance,omitempty"` // 0 ... 1, comparable between queries and collections; see MatchOf
	Explanation *Explanation `json:"explanation,omitempty"`
}

// Explanation says what each index contributed to a hit. Ranks count from 1; 0 means: not in that list.
type Explanation struct {
	VectorRank   int      `json:"vector_rank"`
	KeywordRank  int      `json:"keyword_rank"`
	KeywordScore float64  `json:"keyword_score"` // BM25-like score of the keyword index
	Terms        []string `json:"terms"`         // words of the query that matched, as field:term
	Fusion       string   `json:"fusion"`        // the sum that made the score, written out
}

// Match is a relevance in a word.
type Match string

// The matches, and the relevance from which each holds. Package relevance says what the numbers mean.
const (
	StrongMatch Match = "strong" // 0.9
	GoodMatch   Match = "good"   // GoodRelevance
	WeakMatch   Match = "weak"   // 0.2
	NoMatch     Match = "none"
)

// GoodRelevance is the least relevance of a match: of twenty questions that have nothing to find, one has a best hit as
// good as this.
const GoodRelevance = 0.5

// MatchOf puts a relevance into a word.
func MatchOf(relevance float64) Match {
	switch {
	case relevance >= 0.9:
		return StrongMatch
	case relevance >= GoodRelevance:
		return GoodMatch
	case relevance >= 0.2:
		return WeakMatch
	}
	return NoMatch
}

// Answer is a page of hits.
type Answer struct {
	Hits     []Hit
	Nearest  []Hit  // where Query.Least left no hit: the best of those that it left out, at most three
	Searched int    // items that passed the filter
	More     bool   // whether a next page has hits
	Cursor   string // of a Stable query that has more: what Next takes

	Model       string  // the name of the model that the collection is of, and
	MatchCosine float64 // its cosine from which text and image belong together; 0: not known
}

// ErrCursor: the cursor's list cannot be made again, as of a collection that is of another model now; ask anew.
var ErrCursor = errors.New("the cursor has expired")

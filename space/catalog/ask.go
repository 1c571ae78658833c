package catalog

import (
	"time"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// Ask is a question that has to be encoded before it can be searched: words, a picture, items, or several of them, and
// what the answer should be unlike. See Weights for how they become one vector, and space.BestScore for the other way.
type Ask struct {
	Text    string              // encoded, and searched as words too
	Image   []byte              // an image file, or
	Picture *preprocess.Picture // a picture that is decoded already
	Name    string              // of the image, for messages
	Like    []string            // ids of items: more like these; the items themselves are not answered
	Not     []Part              // less like these texts and pictures
	Unlike  []string            // ids of items: less like these; they are not answered either
	Weights Weights             // shares of the parts

	Strategy space.Strategy     // empty: space.Average
	Kind     space.Kind         // only texts, or only images; empty: both
	Mode     space.Mode         // empty: hybrid for words, vector for the rest
	Fusion   space.FusionMethod // empty: space.RRF
	Boosts   map[string]float64 // of words by field; see space.Query
	Alpha    float64            // space.Convex only: weight of the vector
	Filter   *space.Filter
	K        int
	Offset   int
	MinScore *float64
	Least    float64  // least relevance; 0: all
	MMR      *float64 // lambda of maximal marginal relevance; nil: by score alone
	Stable   bool     // see space.Query
	Explain  bool
	Exact    bool
}

// Part is a text or a picture of an Ask.
type Part struct {
	Text    string
	Image   []byte              // an image file, or
	Picture *preprocess.Picture // a picture that is decoded already
	Name    string              // of the image, for messages
}

// Weights are the shares of an Ask's parts in its vector, which is
//
//	text·t + image·i + like·mean(likes) - not·mean(nots) - unlike·mean(unlikes)
//
// of unit vectors, normalised: Rocchio's formula (The SMART Retrieval System, 1971). A zero share of a positive part
// counts as 1, one of Not or Unlike as DefaultNegative; a negative one turns its sign.
type Weights struct{ Text, Image, Like, Not, Unlike float64 }

// DefaultNegative is the weight of what an answer should be unlike. Rocchio's own, .15 against .75, is meant for long
// documents; of short texts, half is what changes an answer without turning it into the opposite of what is meant.
const DefaultNegative = 0.5

// Timing are the stages of a Find.
type Timing struct {
	Encode time.Duration
	Search time.Duration
}

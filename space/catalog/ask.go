package catalog

import (
	"time"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// Ask is a question that has to be encoded before it can be searched: words, a picture, an item, or several of them.
// Several are joined into one vector: the weighted sum of their unit vectors, normalised.
type Ask struct {
	Text    string              // encoded, and searched as words too
	Image   []byte              // an image file, or
	Picture *preprocess.Picture // a picture that is decoded already
	Name    string              // of the image, for messages
	Like    string              // id of an item: more like this; the item itself is not answered
	Weights Weights             // zero: each part counts 1

	Kind     space.Kind         // only texts, or only images; empty: both
	Mode     space.Mode         // empty: hybrid for words, vector for the rest
	Fusion   space.FusionMethod // empty: space.RRF
	Alpha    float64            // space.Convex only: weight of the vector
	Filter   *space.Filter
	K        int
	Offset   int
	MinScore *float64
	Explain  bool
	Exact    bool
}

// Weights are the shares of an Ask's parts in its vector. A zero share counts as 1; a negative one means "less of".
type Weights struct{ Text, Image, Like float64 }

// Timing are the stages of a Find.
type Timing struct {
	Encode time.Duration
	Search time.Duration
}

package catalog

import (
	"log/slog"

	"github.com/clipd/clipd/space/relevance"
)

// model is an encoder and the texts that its vectors are measured by.
type model struct {
	enc       Encoder
	yardstick *yardstick // for relevance
	nouns     *yardstick // for names of groups
}

// Traits say what the numbers of a model mean. They are a model's, so a collection that was encoded anew has others than
// its neighbours. A zero is not known.
type Traits struct {
	MatchCosine float64 // cosine from which text and image belong together
	LogitScale  float64 // factor of cosines before the softmax of a classification; 0: DefaultLogitScale
}

// DefaultLogitScale is what CLIP's training clamps its scale to (Radford et al., arXiv 2103.00020, section 2.5).
const DefaultLogitScale = 100

func newModel(dir string, enc Encoder, logger *slog.Logger) model {
	return model{
		enc:       enc,
		yardstick: newYardstick(dir, "relevance", relevance.Bank, enc, logger),
		nouns:     newYardstick(dir, "nouns", nounPrompts(), enc, logger),
	}
}

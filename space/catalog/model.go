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

func newModel(dir string, enc Encoder, logger *slog.Logger) model {
	return model{
		enc:       enc,
		yardstick: newYardstick(dir, "relevance", relevance.Bank, enc, logger),
		nouns:     newYardstick(dir, "nouns", nounPrompts(), enc, logger),
	}
}

package keyword

import (
	"maps"
	"slices"
)

// boost makes words count more, or less, in some fields. Texts and sources have leaves of their own, whose weights
// change; all metadata share others, so that a key that counts more gets leaves in the field that filters look at.
func (q *query) boost(boosts map[string]float64) {
	for _, field := range slices.Sorted(maps.Keys(boosts)) {
		for i := range q.clauses {
			q.clauses[i].boost(field, boosts[field])
		}
	}
}

func (c *clause) boost(field string, factor float64) {
	switch field {
	case "_text":
		c.scale(textField, factor)
	case "_source":
		c.scale(sourceField, factor)
	default:
		c.addKey(field, weightMeta*factor)
	}
}

func (c *clause) scale(field string, factor float64) {
	for i, l := range c.leaves {
		if l.field == field || l.field == stemPrefix+field {
			c.leaves[i].weight *= factor
		}
	}
}

// addKey looks for the word, and its stems, in one key of the metadata.
func (c *clause) addKey(key string, weight float64) {
	for _, l := range slices.Clone(c.leaves) {
		switch l.field {
		case metaField:
			c.leaves = append(c.leaves, leaf{matchPrefix + key, l.term, weight})
		case stemPrefix + metaField:
			c.leaves = append(c.leaves, leaf{matchPrefix + key, l.term, weight * weightStem})
		}
	}
}

package keep

import (
	"slices"
	"strings"

	"github.com/clipd/clipd/space"
)

// Marks are what the user decided about single pictures and pairs. Nil functions: nothing.
type Marks struct {
	Dropped  func(space.Item) bool
	KeptBoth func(a, b space.Item) bool
}

// Elect makes the best picture of a group its original, and says of each copy why it is not, in what it differs and
// whether it stays all the same. The policy must be complete. The medoid, and so the proofs against it, stay.
func Elect(g space.Group, p space.KeepPolicy, m Marks) space.Group {
	proofs := proofsByID(g)
	items := []space.Item{g.Original}
	for _, copied := range g.Copies {
		items = append(items, copied.Item)
	}
	slices.SortFunc(items, func(a, b space.Item) int {
		if da, db := m.dropped(a), m.dropped(b); da != db {
			return map[bool]int{true: 1, false: -1}[da]
		}
		order, _ := Compare(p, a, b)
		return order
	})
	out := space.Group{Level: g.Level, Medoid: g.Medoid, Original: items[0], Copies: make([]space.Member, 0, len(g.Copies))}
	for _, item := range items[1:] {
		proof := proofs[item.ID]
		if item.ID == g.Medoid {
			proof = turned(proofs[out.Original.ID])
		}
		out.Copies = append(out.Copies, member(out.Original, item, proof, p, m))
	}
	slices.SortFunc(out.Copies, func(a, b space.Member) int { return strings.Compare(a.Item.ID, b.Item.ID) })
	return out
}

func member(original, item space.Item, proof space.Pair, p space.KeepPolicy, m Marks) space.Member {
	out := space.Member{Item: item, Proof: proof, Differences: Differences(original, item)}
	_, out.Reason = Compare(p, original, item)
	if m.dropped(item) {
		out.Reason = "you dropped this one"
	}
	if m.KeptBoth != nil && m.KeptBoth(original, item) {
		out.Kept, out.Reason = true, "you keep both"
	}
	return out
}

func (m Marks) dropped(it space.Item) bool { return m.Dropped != nil && m.Dropped(it) }

// proofsByID are the proofs against the medoid.
func proofsByID(g space.Group) map[string]space.Pair {
	proofs := make(map[string]space.Pair, len(g.Copies))
	for _, copied := range g.Copies {
		if copied.Item.ID == g.Medoid {
			proofs[g.Original.ID] = turned(copied.Proof)
			continue
		}
		proofs[copied.Item.ID] = copied.Proof
	}
	return proofs
}

// opposites are the edits that undo each other. Of the rest nothing is known the other way round.
var opposites = map[space.Edit]space.Edit{
	space.Cropped: space.Framed, space.Framed: space.Cropped, space.Tilted: space.Tilted,
	space.Brightened: space.Darkened, space.Darkened: space.Brightened,
	space.Flattened: space.Contrasted, space.Contrasted: space.Flattened,
}

// turned is a proof the other way round.
func turned(proof space.Pair) space.Pair {
	switch proof.Transform {
	case "rotated 90°":
		proof.Transform = "rotated 270°"
	case "rotated 270°":
		proof.Transform = "rotated 90°"
	}
	edits := proof.Edits
	proof.Edits = nil
	for _, edit := range edits {
		if opposite, known := opposites[edit]; known {
			proof.Edits = append(proof.Edits, opposite)
		}
	}
	return proof
}

package api

import "github.com/clipd/clipd/space"

// DuplicatesRequest is the body of POST …/duplicates; absent values take the defaults.
type DuplicatesRequest struct {
	Similar     bool     `json:"similar,omitempty"`      // the groups of similar pictures, too
	MaxDistance *int     `json:"max_distance,omitempty"` // perceptual hash: Hamming distance of 256
	MinCosine   *float64 `json:"min_cosine,omitempty"`   // vectors; above 1 turns this evidence off

	Keep    *space.KeepPolicy `json:"keep,omitempty"`    // which picture of a group is the original
	Decided bool              `json:"decided,omitempty"` // groups, too, whose copies are all to be kept
}

// DuplicateMember is one picture of a group; the original has no proof.
type DuplicateMember struct {
	Item        Item               `json:"item"`
	Proof       *space.Pair        `json:"proof,omitempty"`
	Differences []space.Difference `json:"differences,omitempty"` // from the original
	Kept        bool               `json:"kept,omitempty"`        // it stays beside the original, by a decision
	Reason      string             `json:"reason,omitempty"`      // why the original is kept rather than this one
}

// DuplicateGroup is an original and its copies; of the level "similar", a picture and those like it.
type DuplicateGroup struct {
	Level    space.Level       `json:"level"`
	Medoid   string            `json:"medoid"` // id of the picture that all others were verified against
	Original DuplicateMember   `json:"original"`
	Copies   []DuplicateMember `json:"copies"`
}

// DuplicatesResponse is the answer of POST …/duplicates.
type DuplicatesResponse struct {
	Groups []DuplicateGroup `json:"groups"` // duplicates first, then similar pictures
	Images int              `json:"images"` // how many were compared
	Copies int              `json:"copies"` // in the groups of duplicates, but for those that are kept
	Bytes  int64            `json:"bytes"`  // that the copies take
	TookMS float64          `json:"took_ms"`
}

// DecideRequest is the body of POST …/duplicates/decisions. A choice about a pair is taken about each pair of the ids.
// Undecided takes back what was decided about them, or the decisions of the keys.
type DecideRequest struct {
	Choice space.Choice `json:"choice"`
	IDs    []string     `json:"ids,omitempty"`
	Keys   []string     `json:"keys,omitempty"`
}

// DecisionList is the answer of GET and POST …/duplicates/decisions: all of them, or those that were made.
type DecisionList struct {
	Decisions []space.Decision `json:"decisions"`
}

// PreviewResponse is the answer of POST …/duplicates/preview: what thresholds would give. Its request is a
// DuplicatesRequest, of which "similar" is not looked at.
type PreviewResponse struct {
	Images    int               `json:"images"`    // how many were compared
	Distances []space.Threshold `json:"distances"` // duplicates, by the greatest Hamming distance
	Cosines   []space.Threshold `json:"cosines"`   // similar pictures, by the least cosine
	TookMS    float64           `json:"took_ms"`
}

// CheckRequest is the body of POST …/duplicates/check. The route also takes multipart/form-data: a part "image" (a
// file) and a part "query" that holds this JSON.
type CheckRequest struct {
	Image       string   `json:"image,omitempty"`        // base64 or a data: URL
	MaxDistance *int     `json:"max_distance,omitempty"` // perceptual hash: Hamming distance of 256
	MinCosine   *float64 `json:"min_cosine,omitempty"`   // vectors; above 1 turns this evidence off
}

// CheckResponse says whether a picture is a copy of something in the collection.
type CheckResponse struct {
	Collection string            `json:"collection"`
	Level      space.Level       `json:"level"`               // "duplicate", "similar" or ""
	Matches    []DuplicateMember `json:"matches"`             // duplicates first; each proof is from the item to the picture
	Unchecked  int               `json:"unchecked,omitempty"` // items near enough whose pixels were not compared, since enough others were
	Took       Took              `json:"took"`
}

package api

import (
	"context"

	"github.com/clipd/clipd/space"
)

// CheckReport is the result of POST …/check: what was counted, and what is wrong.
type CheckReport struct {
	Collection  string            `json:"collection"`
	Fingerprint space.Fingerprint `json:"fingerprint"`
	Items       int               `json:"items"`
	Texts       int               `json:"texts"`
	Images      int               `json:"images"`
	Vectors     int               `json:"vectors"` // in the store
	Thumbnails  int               `json:"thumbnails"`
	Files       int               `json:"files"`   // states of source files
	Changes     int               `json:"changes"` // batches in the change log
	Decisions   int               `json:"decisions"`
	InVectors   int               `json:"in_vectors"` // items in the vector index
	InWords     int               `json:"in_words"`   // items in the keyword index
	Faults      []CheckFault      `json:"faults"`     // the first ones
	Faulty      int               `json:"faulty"`     // how many there are
	Seconds     float64           `json:"seconds"`
}

// CheckFault is one thing that is wrong.
type CheckFault struct {
	Part    string `json:"part"` // "store", "vectors" or "words"
	Key     string `json:"key"`  // in the store: a key as docs/formats.md describes it; in an index: an item's id
	Message string `json:"message"`
}

// RebuildReport is the result of POST …/rebuild.
type RebuildReport struct {
	Collection string  `json:"collection"`
	Items      int     `json:"items"`
	Seconds    float64 `json:"seconds"`
}

// Check calls POST …/check. Faults are in the report, not in the error.
func (c *Client) Check(ctx context.Context, collection string, watch func(Progress)) (CheckReport, error) {
	return follow[CheckReport](ctx, c, collectionPath(collection, "check"), nil, watch)
}

// Rebuild calls POST …/rebuild.
func (c *Client) Rebuild(ctx context.Context, collection string, watch func(Progress)) (RebuildReport, error) {
	return follow[RebuildReport](ctx, c, collectionPath(collection, "rebuild"), nil, watch)
}

// ReindexRequest is the body of POST …/reindex.
type ReindexRequest struct {
	Model      string `json:"model"`                // name, or folder on the server
	Thumbnails bool   `json:"thumbnails,omitempty"` // encode the thumbnail of a picture whose file is gone
	Drop       bool   `json:"drop,omitempty"`       // leave out what cannot be encoded
}

// ReindexReport is the result of POST …/reindex. Done says whether the collection is of the new model now: it is not
// where items cannot be encoded and the request does not say what to do with them.
type ReindexReport struct {
	Collection string            `json:"collection"`
	Done       bool              `json:"done"`
	From       space.Fingerprint `json:"from"`
	To         space.Fingerprint `json:"to"`
	Items      int               `json:"items"`      // of the collection, where it is done
	Encoded    int               `json:"encoded"`    // in this run
	Kept       int               `json:"kept"`       // encoded by an earlier run that was interrupted
	Thumbnails int               `json:"thumbnails"` // encoded of thumbnails, in this run
	Dropped    int               `json:"dropped"`
	Failures   []ReindexFailure  `json:"failures"` // the first MaxReindexFailures
	Failed     int               `json:"failed"`   // how many there are
	Seconds    float64           `json:"seconds"`
}

// MaxReindexFailures bounds the list of a ReindexReport.
const MaxReindexFailures = 10_000

// ReindexFailure is an item that the new model cannot encode.
type ReindexFailure struct {
	ID      string `json:"id"`
	Source  string `json:"source,omitempty"`
	Message string `json:"message"`
}

// Reindex calls POST …/reindex. Items that cannot be encoded are in the report, not in the error.
func (c *Client) Reindex(ctx context.Context, collection string, req ReindexRequest, watch func(Progress)) (ReindexReport, error) {
	return follow[ReindexReport](ctx, c, collectionPath(collection, "reindex"), req, watch)
}

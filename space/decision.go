package space

import "time"

// Choice is what a user decided about pictures, for good.
type Choice string

// The choices. The first two are about a pair of contents, whatever files hold them; Drop is about one file.
const (
	NotDuplicate Choice = "not a duplicate" // these two are never in one group
	KeepBoth     Choice = "keep both"       // copies, and both stay
	Drop         Choice = "drop"            // not the one to keep, as long as another of its group is there
	Undecided    Choice = "undecided"       // takes a decision back
)

// Decision is a choice that a collection keeps. It outlives renaming, indexing anew and rebuilding.
type Decision struct {
	Key    string    `json:"key"` // made of contents: "pair/…", or "file/…" of a content and where it lies
	Choice Choice    `json:"choice"`
	Made   time.Time `json:"made"`
	IDs    []string  `json:"ids"` // items that it is about now; none while they are away
}

package knn

import (
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

// The tiers: how an index searches.
const (
	TierExact = "exact" // every product in float32
	TierCodes = "codes" // all 1-bit codes, then bytes, then float32
	TierLists = "lists" // the 1-bit codes of the nearest lists, then bytes, then float32
)

// Query asks for the nearest items.
type Query struct {
	Vector space.Vector
	K      int
	Kind   space.Kind      // what Vector was made from: text and image queries need different efforts
	Allow  *roaring.Bitmap // slots that may be answered; nil: all. It must not change meanwhile
	Exact  bool            // compute every product
}

func (q Query) check(dim int) error {
	if q.Vector.Dim() != dim {
		return fmt.Errorf("%w: the query has %d, the index %d", space.ErrDimension, q.Vector.Dim(), dim)
	}
	if q.K < 1 {
		return fmt.Errorf("%w: k is %d; want at least 1", space.ErrInvalidQuery, q.K)
	}
	return nil
}

// Effort is how hard a search tries.
type Effort struct {
	Probes int     `json:"probes"` // lists that are scanned
	Rerank int     `json:"rerank"` // candidates that are scored by their bytes
	Recall float64 `json:"recall"` // recall@10 measured on the queries of the calibration; 0: none was made
}

// efforts are those for text and image queries.
type efforts struct{ text, image Effort }

func (e efforts) of(kind space.Kind) Effort {
	if kind == space.Text {
		return e.text
	}
	return e.image
}

// uncalibratedCodes are scanned at least by a query whose kind has not been calibrated: in 50 to 60 µs, two or three
// times what a query takes without any. So an index that small is searched whole.
const uncalibratedCodes = 32 << 10

// defaultEfforts are for an index that has seen no queries yet, with so many items in so many lists: on the safe side.
// Text queries lie far from images, so that their neighbours are spread over more lists and codes tell less.
func defaultEfforts(items, lists int) efforts {
	least := listsOf(uncalibratedCodes, items, lists)
	return efforts{
		text:  Effort{Probes: max(least, lists/8), Rerank: 1000},
		image: Effort{Probes: max(least, lists/16), Rerank: 500},
	}
}

// listsOf is how many of an index's lists hold so many codes, on average: all of them at most.
func listsOf(codes, items, lists int) int {
	if codes >= items {
		return lists
	}
	return max(1, (codes*lists+items-1)/items)
}

package keyword

import (
	"fmt"
	"testing"
)

// TestCoverageWeighsWordsByHowRareTheyAre: of a shop in which everything has an SKU, the letters "sku" are next to nothing.
func TestCoverageWeighsWordsByHowRareTheyAre(t *testing.T) {
	x := openWith(t)
	var batch Batch
	for i := range 40 {
		batch.Puts = append(batch.Puts, text(fmt.Sprintf("%02d", i), fmt.Sprintf("item%d sku SKU-%d", i, 1000+i)))
	}
	batch.Puts = append(batch.Puts,
		text("dress", "a red dress with motorcycle prints"), text("boat", "a red boat"), text("house", "a red house"), text("canon", "Canon 5D"))
	batch.Sequence = 2
	if err := x.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		words, id   string
		least, most float64
	}{
		{"red dress", "dress", 1, 1},
		{"red dress", "boat", .3, .45},            // three are red, one is a dress
		{"dress elephant", "dress", .49, .51},     // what nobody has is as rare as what one has
		{"dress red elephant", "boat", .2, .3},    // the commoner of three words
		{"sku", "07", 1, 1},                       // all of the question, though everything is one
		{"SKU-9999", "07", 0, .05},                // a code that is not there
		{"SKU-1007", "07", 1, 1},                  // one that is,
		{"sku1007", "07", 1, 1},                   // written otherwise,
		{"is there SKU-1007 perhaps", "07", 1, 1}, // in a sentence
		{"SKU-1007", "08", 0, .05},                // another one's
		{"SKU-1007 SKU-1008", "08", .4, .6},       // one of two
		{"canon-5d", "canon", 1, 1},               // all parts of a code are the code
		{"canon-7d", "canon", .2, .3},             // one of them is half of itself
		{"motorcicle", "dress", .75, .85},         // misspelt
		{"motor", "dress", .7, .8},                // unfinished
		{"mouse", "house", .55, .65},              // another word, probably
		{"dresses", "dress", 1, 1},                // a form of it
		{"the red dress", "dress", 1, 1},          // words that say nothing are not asked for
	} {
		matches, err := x.Search(t.Context(), Ask{Words: tc.words, N: 100})
		if err != nil {
			t.Fatal(err)
		}
		got := 0.0
		for _, m := range matches {
			if m.ID == tc.id {
				got = m.Coverage
			}
		}
		if got < tc.least || got > tc.most {
			t.Errorf("%q covers %s by %.3f, want %.2f to %.2f", tc.words, tc.id, got, tc.least, tc.most)
		}
	}
}

package dedup

import (
	"context"
	"testing"
)

// TestPreviewAgreesWithFind: at the query's own thresholds.
func TestPreviewAgreesWithFind(t *testing.T) {
	g := copies(t)
	preview, err := Preview(context.Background(), g.items, g, g, Options{MaxDistance: 27})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := Find(context.Background(), g.items, g, g, Options{MaxDistance: 27})
	if err != nil {
		t.Fatal(err)
	}
	images := 0
	for _, group := range groups {
		images += 1 + len(group.Copies)
	}
	found := false
	last := 0
	for i, d := range preview.Distances {
		if d.Pairs < last || i > 0 && d.Value <= preview.Distances[i-1].Value {
			t.Errorf("at distance %g: %d pairs after %d", d.Value, d.Pairs, last)
		}
		last = d.Pairs
		if d.Value == 27 {
			found = true
			if d.Groups != len(groups) || d.Images != images {
				t.Errorf("preview: %d groups of %d images; found %d of %d", d.Groups, d.Images, len(groups), images)
			}
		}
	}
	if !found || preview.Images != len(g.items) || len(preview.Cosines) == 0 {
		t.Errorf("%+v", preview)
	}
	// All vectors of the gallery are the same: all pairs but those of copies are similar at any cosine.
	if c := preview.Cosines[0]; c.Groups != 1 || len(c.Samples) == 0 || c.Pairs == 0 {
		t.Errorf("at cosine %g: %+v", c.Value, c)
	}
	if off, err := Preview(context.Background(), g.items, g, g, Options{MinCosine: 2}); err != nil || len(off.Cosines) != 0 {
		t.Errorf("without vectors: %+v, %v", off, err)
	}
}

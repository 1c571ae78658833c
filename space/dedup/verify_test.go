package dedup

import (
	"fmt"
	"image"
	"testing"

	"github.com/clipd/clipd/space"
)

// versions puts a picture and n small edits of it into a gallery.
func (g *gallery) versions(t *testing.T, name string, img image.Image, n int) {
	t.Helper()
	g.add(t, name, img)
	for i := range n {
		g.add(t, fmt.Sprint(name, " ", i), resize(img, 0.5+0.02*float64(i)))
	}
}

// compared is a finder that has compared what is near in a gallery.
func compared(t *testing.T, g *gallery) *finder {
	t.Helper()
	f := newFinder(g.items, g, g, Options{}.withDefaults())
	if err := f.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestCopiesAreComparedWithTheirLeader: of n copies of a picture n pairs are, and the picture is in each.
func TestCopiesAreComparedWithTheirLeader(t *testing.T) {
	const n = 15
	var g gallery
	g.versions(t, "a", scene(1, 480, 360), n)
	f := compared(t, &g)
	if len(f.verdicts.of) != n || len(f.verdicts.failed) != 0 {
		t.Errorf("%d pairs are proven, and %d are not, of %d pictures", len(f.verdicts.of), len(f.verdicts.failed), n+1)
	}
	for p := range f.verdicts.of {
		if f.first(int(p.a)).ID != "a" {
			t.Errorf("%s and %s are compared", f.first(int(p.a)).ID, f.first(int(p.b)).ID)
		}
	}
}

// TestFamiliesAreComparedAFewTimes: however many pictures each has, all of which are near by vector.
func TestFamiliesAreComparedAFewTimes(t *testing.T) {
	const n = 10
	var g gallery
	g.versions(t, "a", scene(1, 480, 360), n)
	g.versions(t, "b", scene(2, 480, 360), n)
	f := compared(t, &g)
	if len(f.verdicts.of) != 2*n {
		t.Errorf("%d pairs are proven", len(f.verdicts.of))
	}
	if failed := len(f.verdicts.failed); failed == 0 || failed > 2*n { // some fail before their families are known
		t.Errorf("%d pairs of two pictures are compared", failed)
	}
	groups, singles, err := f.duplicates(t.Context())
	if err != nil || len(groups) != 2 || len(singles) != 2 || len(groups[0].Copies) != n || len(groups[1].Copies) != n {
		t.Errorf("%q, %v", summary(groups), err)
	}
}

// TestAPairHasOneAnswer: asked from either end, of copies and of others, the level, the evidence and its numbers are the
// same, and the transforms undo each other.
func TestAPairHasOneAnswer(t *testing.T) {
	g := copies(t)
	views, proven, opts := newPictures(g), 0, Options{}.withDefaults()
	for i, a := range g.items {
		for _, b := range g.items[:i] {
			there, err := prove(t.Context(), a, b, views, opts)
			if err != nil {
				t.Fatal(err)
			}
			back, err := prove(t.Context(), b, a, views, opts)
			if err != nil {
				t.Fatal(err)
			}
			if there.Level == space.Duplicate {
				proven++
			}
			same := there.Level == back.Level && there.Evidence == back.Evidence && there.Distance == back.Distance &&
				there.Common == back.Common && reversed(there).Transform == back.Transform
			if !same {
				t.Errorf("%s and %s: %+v, but from the other end %+v", a.ID, b.ID, there, back)
			}
		}
	}
	if proven < 20 {
		t.Errorf("%d pairs are proven: that says little", proven)
	}
}

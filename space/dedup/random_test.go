package dedup

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/internal/dupeset"
	"github.com/clipd/clipd/space"
)

// randomGallery is some pictures, edits of them, edits of those, equal files, and pictures that look alike. Vectors of one
// source are near each other, and those of some sources are, too, so that many are compared that are no copies.
func randomGallery(t *testing.T, rnd *rand.Rand) *gallery {
	var g gallery
	var shown []*image.RGBA
	edits := dupeset.Edits()
	add := func(img image.Image, direction float64) {
		id := fmt.Sprintf("%03d", rnd.IntN(1000))
		for _, known := g.thumbnails[id]; known; _, known = g.thumbnails[id] {
			id += "+"
		}
		it := g.add(t, id, imaging.Fit(img, 320, 320, imaging.Linear))
		it.Picture.Inner = Inner(decodeImage(t, g.thumbnails[id]))
		it.Vector = unit(t, float32(direction), 1, float32(0.2*rnd.NormFloat64()))
		shown = append(shown, rgba(img))
	}
	for range 3 {
		direction := float64(rnd.IntN(3))
		begin := len(shown)
		add(dupeset.Base(1_000_000+rnd.IntN(1_000_000)), direction)
		for range 4 + rnd.IntN(5) {
			of := begin + rnd.IntN(len(shown)-begin) // of the picture, or of an edit: rows come about
			add(edits[rnd.IntN(len(edits))].Do(shown[of], rnd), direction)
		}
	}
	alike, direction := dupeset.NewAlike(1_000_000+rnd.IntN(1_000_000)), float64(rnd.IntN(3))
	for _, img := range alike.Images {
		add(img, direction)
	}
	for i := range 3 {
		of := g.items[rnd.IntN(len(g.items))]
		again := g.add(t, fmt.Sprintf("%s again %d", of.ID, i), shown[0])
		g.thumbnails[again.ID] = g.thumbnails[of.ID]
		picture := *of.Picture
		again.Picture, again.Vector = &picture, of.Vector
		if rnd.IntN(2) == 0 {
			again.SHA256 = of.SHA256
		}
	}
	rnd.Shuffle(len(g.items), func(i, j int) { g.items[i], g.items[j] = g.items[j], g.items[i] })
	return &g
}

func unit(t *testing.T, components ...float32) space.Vector {
	v, err := space.Normalize(components)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRandomGalleriesHoldNoPairThatFailsItsEvidence groups galleries that nobody has seen before; CLIPD_SEED names one.
// Each proof is made again, from the two pictures alone.
func TestRandomGalleriesHoldNoPairThatFailsItsEvidence(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("CLIPD_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("CLIPD_SEED=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 3 {
		g := randomGallery(t, rnd)
		apart := map[[2]string]bool{} // what somebody has decided
		for range 5 {
			a, b := g.items[rnd.IntN(len(g.items))].ID, g.items[rnd.IntN(len(g.items))].ID
			apart[[2]string{a, b}], apart[[2]string{b, a}] = true, true
		}
		opts := Options{Similar: true, Apart: func(a, b space.Item) bool { return apart[[2]string{a.ID, b.ID}] && a.ID != b.ID }}
		groups, err := Find(t.Context(), g.items, g, g, opts)
		if err != nil {
			t.Fatal(err)
		}
		in := map[space.Level]map[string]bool{space.Duplicate: {}, space.Similar: {}}
		for _, group := range groups {
			members := append([]space.Member{{Item: group.Original}}, group.Copies...)
			for i, m := range members {
				if in[group.Level][m.Item.ID] {
					t.Errorf("%s is in two groups of level %s", m.Item.ID, group.Level)
				}
				in[group.Level][m.Item.ID] = true
				for _, other := range members[:i] {
					if group.Level == space.Duplicate && opts.Apart(m.Item, other.Item) {
						t.Errorf("%s and %s were to be kept apart", m.Item.ID, other.Item.ID)
					}
				}
			}
			for _, m := range group.Copies {
				against := medoidOf(t, group)
				if m.Item.ID == against.ID {
					against = group.Original
				}
				mustHold(t, g, against, m, opts.withDefaults())
			}
		}
		if len(in[space.Duplicate]) < 4 {
			t.Errorf("%d of %d pictures are in groups of copies: that proves little", len(in[space.Duplicate]), len(g.items))
		}
	}
}

// mustHold makes a proof again: it is the same, and from its other end it is on the same level and of the same evidence.
func mustHold(t *testing.T, g *gallery, against space.Item, m space.Member, opts Options) {
	t.Helper()
	cosine := g.Cosines(against.ID, []string{m.Item.ID})[0]
	if d := m.Proof.Cosine - cosine; d > 1e-6 || d < -1e-6 {
		t.Errorf("%s <- %s: cosine %v; it is %v", against.ID, m.Item.ID, m.Proof.Cosine, cosine)
	}
	if m.Proof.Evidence == space.Semantic { // whether it is a copy, too, nobody has looked
		if m.Proof.Level != space.Similar || cosine < opts.MinCosine {
			t.Errorf("%s <- %s: %+v", against.ID, m.Item.ID, m.Proof)
		}
		return
	}
	again, err := prove(t.Context(), against, m.Item, newPictures(g), opts)
	if err != nil {
		t.Fatal(err)
	}
	told := m.Proof
	told.Cosine = 0
	if !reflect.DeepEqual(again, told) {
		t.Errorf("%s <- %s: %+v; made again it is %+v", against.ID, m.Item.ID, told, again)
	}
	back, err := prove(t.Context(), m.Item, against, newPictures(g), opts)
	if err != nil {
		t.Fatal(err)
	}
	if back.Level != told.Level || back.Evidence != told.Evidence || back.Distance != told.Distance || reversed(back).Transform != told.Transform {
		t.Errorf("%s <- %s: %+v; the other way round it is %+v", against.ID, m.Item.ID, told, back)
	}
}

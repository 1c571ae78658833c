package keep_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/keep"
)

var day = time.Date(2019, 5, 3, 10, 0, 0, 0, time.UTC)

// photo is a JPEG of 4000×3000 at quality 90, changed by the given functions.
func photo(id string, changes ...func(*space.Item)) space.Item {
	it := space.Item{ID: id, Kind: space.Image, Source: "/photos/" + id + ".jpg", Created: day.AddDate(3, 0, 0), SHA256: id,
		Picture: &space.Picture{Format: "jpeg", Width: 4000, Height: 3000, Bytes: 2_400_000, JPEGQuality: 90, Modified: day.AddDate(1, 0, 0)}}
	for _, change := range changes {
		change(&it)
	}
	return it
}

func complete(t *testing.T, p space.KeepPolicy) space.KeepPolicy {
	t.Helper()
	p, err := keep.Complete(p)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEachRuleDecidesAndSaysWhy(t *testing.T) {
	for _, test := range []struct {
		policy space.KeepPolicy
		worse  func(*space.Item)
		better func(*space.Item)
		want   string
	}{
		{worse: func(it *space.Item) { it.Picture.Width, it.Picture.Height = 1024, 768 }, want: "4000×3000 over 1024×768"},
		{better: func(it *space.Item) { it.Picture.Taken, it.Picture.Camera = day, "Leica M3" }, want: "EXIF date, camera over none"},
		{better: func(it *space.Item) { it.Picture.Format, it.Picture.JPEGQuality = "png", 0 }, want: "PNG over JPEG"},
		{worse: func(it *space.Item) { it.Picture.JPEGQuality = 60 }, want: "JPEG quality 90 over JPEG quality 60"},
		{worse: func(it *space.Item) { it.Picture.Bytes = 310_000 }, want: "2.4 MB over 310 kB"},
		{worse: func(it *space.Item) { it.Picture.Bytes-- }, want: "2,400,000 bytes over 2,399,999"},
		{worse: func(it *space.Item) { it.Picture.Modified = day.AddDate(2, 0, 0) }, want: "2020-05-03 before 2021-05-03"},
		{worse: func(it *space.Item) { it.Source = "/photos/better (1).jpg" }, want: "the shorter path"},
		{worse: func(it *space.Item) { it.Source = "/photos/better (copy).jpg" }, want: "the shorter path", // written a moment earlier
			better: func(it *space.Item) { it.Picture.Modified = it.Picture.Modified.Add(time.Second / 2) }},
		{worse: func(it *space.Item) { it.Source = "/photos/lesser.jpg" }, want: "the first by its path"},
		{policy: space.KeepPolicy{Folders: []string{"/best/", "/good"}}, want: "in /good",
			better: func(it *space.Item) { it.Source = "/good/a.jpg" }, worse: func(it *space.Item) { it.Source, it.Picture.Width = "/goods/a.jpg", 8000 }},
		{policy: space.KeepPolicy{Formats: []string{"WebP", "JPG"}}, want: "WEBP over JPEG", better: func(it *space.Item) { it.Picture.Format = "webp" }},
		{policy: space.KeepPolicy{Order: []space.KeepRule{space.KeepOldest}}, want: "2019-05-03 before 2020-05-03",
			better: func(it *space.Item) { it.Picture.Taken = day }, worse: func(it *space.Item) { it.Picture.Width = 8000 }},
	} {
		policy := complete(t, test.policy)
		var better, worse []func(*space.Item)
		if test.better != nil {
			better = append(better, test.better)
		}
		if test.worse != nil {
			worse = append(worse, test.worse)
		}
		a, b := photo("better", better...), photo("worsen", worse...)
		for range 2 {
			order, why := keep.Compare(policy, a, b)
			if keptFirst := order < 0; keptFirst != (a.ID == "better") || why != test.want {
				t.Errorf("%s against %s: %d, %q; want %q", a.ID, b.ID, order, why, test.want)
			}
			a, b = b, a
		}
	}
}

// Compare must be an order, or which picture is kept would depend on how the group was found.
func TestCompareIsAnOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	pick := func(n int) int { return random.IntN(n) }
	var items []space.Item
	for i := range 60 {
		items = append(items, photo(fmt.Sprintf("i%02d", i), func(it *space.Item) {
			p := it.Picture
			p.Format = []string{"jpeg", "png", "webp", "gif", "ico"}[pick(5)]
			p.Width, p.Bytes, p.JPEGQuality = 100+pick(2), int64(10+pick(3)), pick(3)*45
			it.Source = []string{"/a/", "/b/", "/c/"}[pick(3)] + fmt.Sprint(pick(2))
			if pick(2) == 0 {
				p.Taken = day
			}
		}))
	}
	for n, policy := range []space.KeepPolicy{
		{}, {Folders: []string{"/b"}}, {Order: []space.KeepRule{space.KeepQuality, space.KeepOldest}}, {Order: []space.KeepRule{space.KeepFormat}, Formats: []string{"webp"}},
	} {
		policy = complete(t, policy)
		sorted := slices.Clone(items)
		slices.SortFunc(sorted, func(a, b space.Item) int { order, _ := keep.Compare(policy, a, b); return order })
		for i := range sorted {
			for j := i + 1; j < len(sorted); j++ {
				ahead, _ := keep.Compare(policy, sorted[i], sorted[j])
				behind, _ := keep.Compare(policy, sorted[j], sorted[i])
				if ahead >= 0 || behind <= 0 {
					t.Fatalf("policy %d: %s before %s, compared %d and %d", n, sorted[i].ID, sorted[j].ID, ahead, behind)
				}
			}
		}
	}
}

func TestComplete(t *testing.T) {
	for _, bad := range []space.KeepPolicy{
		{Order: []space.KeepRule{"beauty"}}, {Order: []space.KeepRule{space.KeepSize, space.KeepSize}}, {Folders: []string{"photos"}},
	} {
		if _, err := keep.Complete(bad); !errors.Is(err, keep.ErrInvalidPolicy) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func proof(transform string, edits ...space.Edit) space.Pair {
	return space.Pair{Level: space.Duplicate, Evidence: space.Perceptual, Distance: 5, Transform: transform, Edits: edits}
}

func TestElectTurnsTheMedoidsProof(t *testing.T) {
	small := func(it *space.Item) { it.Picture.Width = 100 }
	medoid, large, third := photo("m", small), photo("large"), photo("third", small)
	group := space.Group{Level: space.Duplicate, Medoid: "m", Original: medoid, Copies: []space.Member{
		{Item: large, Proof: proof("rotated 90°", space.Cropped, space.Blurred)}, {Item: third, Proof: proof("mirrored")}}}
	policy := complete(t, space.KeepPolicy{})
	got := keep.Elect(group, policy, keep.Marks{})
	if got.Original.ID != "large" || got.Medoid != "m" || len(got.Copies) != 2 {
		t.Fatalf("original %s, medoid %s, %d copies", got.Original.ID, got.Medoid, len(got.Copies))
	}
	m := got.Copies[0]
	if m.Item.ID != "m" || m.Proof.Transform != "rotated 270°" || !slices.Equal(m.Proof.Edits, []space.Edit{space.Framed}) {
		t.Errorf("the medoid's proof: %+v", m.Proof)
	}
	if m.Reason != "4000×3000 over 100×3000" || len(m.Differences) != 1 || m.Differences[0] != (space.Difference{Field: "size", Original: "4000×3000", Copy: "100×3000"}) {
		t.Errorf("reason %q, differences %v", m.Reason, m.Differences)
	}
	if got.Copies[1].Proof.Transform != "mirrored" {
		t.Errorf("the third's proof: %+v", got.Copies[1].Proof)
	}
	back := keep.Elect(got, policy, keep.Marks{Dropped: func(it space.Item) bool { return it.ID == "large" }})
	if back.Original.ID != "m" || back.Copies[0].Proof.Transform != "rotated 90°" || back.Copies[0].Reason != "you dropped this one" {
		t.Errorf("after dropping: original %s, %+v", back.Original.ID, back.Copies[0])
	}
}

func TestMarks(t *testing.T) {
	a, b, c := photo("a"), photo("b"), photo("c")
	group := space.Group{Level: space.Duplicate, Medoid: "a", Original: a, Copies: []space.Member{{Item: b}, {Item: c}}}
	policy := complete(t, space.KeepPolicy{})
	all := keep.Elect(group, policy, keep.Marks{Dropped: func(space.Item) bool { return true }})
	if all.Original.ID != "a" {
		t.Errorf("all are dropped: %s is kept, want the best", all.Original.ID)
	}
	both := keep.Elect(group, policy, keep.Marks{KeptBoth: func(x, y space.Item) bool { return x.ID+y.ID == "ac" }})
	if both.Copies[0].Kept || !both.Copies[1].Kept {
		t.Errorf("kept: b %v, c %v; want c alone", both.Copies[0].Kept, both.Copies[1].Kept)
	}
}

func TestOrTakesWhatIsLeftOpen(t *testing.T) {
	own := space.KeepPolicy{Folders: []string{"/own"}}
	other := space.KeepPolicy{Order: []space.KeepRule{space.KeepOldest}, Folders: []string{"/other"}, Formats: []string{"png"}}
	got := keep.Or(own, other)
	if !slices.Equal(got.Order, other.Order) || !slices.Equal(got.Folders, own.Folders) || !slices.Equal(got.Formats, other.Formats) {
		t.Errorf("got %+v", got)
	}
}

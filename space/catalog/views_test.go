package catalog_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// zoo holds cats, dogs and boats, ten texts of each, and two texts that are like nothing else.
func zoo(t *testing.T) *catalog.Catalog {
	t.Helper()
	c := open(t).collection(t, "zoo")
	var docs []catalog.Document
	for i := range 10 {
		docs = append(docs,
			text(fmt.Sprintf("cat %d", i), fmt.Sprintf("cat tabby purring name%d", i)),
			text(fmt.Sprintf("dog %d", i), fmt.Sprintf("dog brown barking call%d", i)),
			text(fmt.Sprintf("boat %d", i), fmt.Sprintf("boat sailing water sign%d", i)))
	}
	docs = append(docs, text("lonely 1", "quantum chromodynamics seminar"), text("lonely 2", "vegetable price index"))
	ingest(t, c, docs...)
	return c
}

func TestGroupsAreFoundAndNamed(t *testing.T) {
	c := zoo(t)
	for _, q := range []catalog.GroupQuery{{MinSize: 4}, {Method: catalog.ByKMeans, K: 3}, {Method: catalog.ByKMeans}} {
		got, err := c.Group(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		of := map[string]int{}
		for _, m := range got.Members {
			of[m.ID] = m.Group
		}
		for _, kind := range []string{"cat", "dog", "boat"} {
			first := of[kind+" 0"]
			if first < 0 {
				t.Fatalf("%+v: %s is in no group", q, kind)
			}
			for i := range 10 {
				if of[fmt.Sprintf("%s %d", kind, i)] != first {
					t.Errorf("%+v: %s %d is in another group than the first", q, kind, i)
				}
			}
			group := got.Groups[first]
			if !slices.Contains(group.Words, kind) || !slices.Contains(group.Words, group.Label) || len(group.Looks) != 3 {
				t.Errorf("%+v: the group of %ss is called %q: %q, %q", q, kind, group.Label, group.Words, group.Looks)
			}
			if len(group.Examples) != 6 || group.Cohesion < 0.5 {
				t.Errorf("%+v: %d examples, cohesion %.2f", q, len(group.Examples), group.Cohesion)
			}
		}
		if q.Method == "" && (got.Noise < 1 || of["lonely 2"] != -1 || got.Method != catalog.ByDensity) {
			t.Errorf("%d are in no group by %s", got.Noise, got.Method)
		}
		if len(got.Members) != 32 || got.Sampled != 32 || !slices.IsSortedFunc(got.Members, func(a, b catalog.Member) int { return strings.Compare(a.ID, b.ID) }) {
			t.Errorf("%d members, found in %d", len(got.Members), got.Sampled)
		}
	}
}

func TestGroupsOfSomeItems(t *testing.T) {
	c := zoo(t)
	got, err := c.Group(t.Context(), catalog.GroupQuery{MinSize: 4, Filter: &space.Filter{Field: "_id", Prefix: "cat"}})
	if err != nil || len(got.Members) != 10 {
		t.Errorf("%d members, %v", len(got.Members), err)
	}
	for name, q := range map[string]catalog.GroupQuery{
		"method": {Method: "magic"}, "k": {Method: catalog.ByKMeans, K: 201}, "least size": {MinSize: 1},
	} {
		if _, err := c.Group(t.Context(), q); !errors.Is(err, space.ErrInvalidQuery) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Group(t.Context(), catalog.GroupQuery{Filter: &space.Filter{}}); !errors.Is(err, space.ErrInvalidFilter) {
		t.Errorf("a bad filter: %v", err)
	}
	empty, err := open(t).collection(t, "empty").Group(t.Context(), catalog.GroupQuery{})
	if err != nil || len(empty.Groups) != 0 || len(empty.Members) != 0 {
		t.Errorf("nothing: %+v, %v", empty, err)
	}
}

// TestViewsFollowWrites: an answer is kept, and made anew after a write.
func TestViewsFollowWrites(t *testing.T) {
	c := zoo(t)
	before, err := c.Map(t.Context(), catalog.MapQuery{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Map(t.Context(), catalog.MapQuery{})
	if err != nil || &again.Places[0] != &before.Places[0] {
		t.Errorf("the map is drawn anew though nothing was written: %v", err)
	}
	ingest(t, c, text("cat 10", "cat tabby purring new"))
	after, err := c.Map(t.Context(), catalog.MapQuery{})
	if err != nil || len(after.Places) != 33 {
		t.Errorf("%d places, %v", len(after.Places), err)
	}
}

func TestTheMapShowsWhatIsAlikeTogether(t *testing.T) {
	c := zoo(t)
	got, err := c.Map(t.Context(), catalog.MapQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != 32 || len(got.Places) != 32 || len(got.Groups) < 3 || len(got.Middle) != len(got.Groups) {
		t.Fatalf("%d of %d places, %d groups", len(got.Places), got.Total, len(got.Groups))
	}
	same, all := 0, 0
	for _, p := range got.Places {
		if strings.HasPrefix(p.ID, "lonely") {
			continue
		}
		var nearest catalog.Place
		least := math.Inf(1)
		for _, other := range got.Places {
			if d := math.Hypot(p.Point.X-other.Point.X, p.Point.Y-other.Point.Y); other.ID != p.ID && !strings.HasPrefix(other.ID, "lonely") && d < least {
				nearest, least = other, d
			}
		}
		all++
		if strings.Fields(nearest.ID)[0] == strings.Fields(p.ID)[0] {
			same++
		}
	}
	if 10*same < 9*all {
		t.Errorf("of %d items, %d lie next to one of their kind", all, same)
	}
	few, err := c.Map(t.Context(), catalog.MapQuery{Items: 5})
	if err != nil || len(few.Places) != 5 || few.Total != 32 {
		t.Errorf("%d of %d places, %v", len(few.Places), few.Total, err)
	}
	if _, err := c.Map(t.Context(), catalog.MapQuery{Items: 20_001}); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("too many: %v", err)
	}
}

// TestLargeCollectionsAreSampled: groups are found in a sample, and those outside of it fall into the right ones.
func TestLargeCollectionsAreSampled(t *testing.T) {
	c := open(t).collection(t, "large")
	var entries []space.Entry
	for i := range 5200 {
		kind := []string{"cat", "dog", "boat"}[i%3]
		entries = append(entries, space.Entry{Item: space.Item{
			ID: fmt.Sprintf("%s %05d", kind, i), Kind: space.Text, Text: kind, Vector: unit(wordSum(fmt.Sprintf("%s %s %s %s number%d", kind, kind, kind, kind, i))),
		}})
	}
	if _, err := c.Put(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	got, err := c.Group(t.Context(), catalog.GroupQuery{})
	if err != nil || got.Sampled != 5000 || len(got.Members) != 5200 || len(got.Groups) != 3 {
		t.Fatalf("%d members, found in %d, %d groups, %v", len(got.Members), got.Sampled, len(got.Groups), err)
	}
	wrong := 0
	for _, m := range got.Members {
		if m.Group >= 0 && !strings.HasPrefix(m.ID, got.Groups[m.Group].Label) {
			wrong++
		}
	}
	if wrong > 0 || got.Noise > 260 {
		t.Errorf("%d in a wrong group, %d in none", wrong, got.Noise)
	}
}

func TestClassifyCountsAndWrites(t *testing.T) {
	c := zoo(t)
	q := catalog.ClassifyQuery{Labels: []string{"cat", "dog", "boat"}, Prompts: []string{"cat", "dog", "boat"}, Scale: 20, Other: "else"}
	counts, values, ids := map[int]int{}, map[string]string{}, []string{}
	err := c.Classify(t.Context(), q, func(l catalog.Labelled) error {
		counts[l.Label]++
		if l.Label >= 0 {
			values[l.ID], ids = q.Labels[l.Label], append(ids, l.ID)
			if !strings.HasPrefix(l.ID, q.Labels[l.Label]) || l.Probability < 0.5 || l.Kind != space.Text {
				t.Errorf("%+v", l)
			}
		}
		return nil
	})
	if err != nil || counts[0] != 10 || counts[1] != 10 || counts[2] != 10 || counts[-1] != 2 {
		t.Fatalf("%v, %v", counts, err)
	}
	changed, err := c.SetMetadata(t.Context(), "animal", values, append(ids, "gone"))
	if err != nil || changed != 30 {
		t.Fatalf("%d changed, %v", changed, err)
	}
	got, answer := find(t, c, catalog.Ask{Text: "purring", Filter: &space.Filter{Field: "animal", Equals: "cat"}, K: 20})
	if len(got) != 10 || answer.Hits[0].Item.Text == "" {
		t.Errorf("the filter by label finds %q", got)
	}
	if again, err := c.SetMetadata(t.Context(), "animal", values, ids); err != nil || again != 0 {
		t.Errorf("the second time %d are changed, %v", again, err)
	}
	if _, err := c.SetMetadata(t.Context(), "_id", values, ids); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("a field of the item's own: %v", err)
	}
	if err := c.Classify(t.Context(), catalog.ClassifyQuery{}, nil); !errors.Is(err, space.ErrInvalidQuery) {
		t.Errorf("no labels: %v", err)
	}
}

package main

import (
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
)

// TestExploreTheDemo asks the starter model about the gallery as a whole.
func TestExploreTheDemo(t *testing.T) {
	needLibrary(t)
	c := newCLI(t)
	startServer(t, c)
	c.must(t, exitDone, "demo", "--no-serve")
	t.Run("classify", func(t *testing.T) {
		got := decode[api.ClassifyItemsResponse](t, c.must(t, exitDone, "classify", "-c", "demo", "--labels", "cat,coffee", "--other", "else", "--write", "thing", "--json"))
		if got.Labels[0].Count != 5 || got.Labels[1].Count != 3 || got.Total != 24 || got.Wrote != 24 {
			t.Errorf("%+v", got.Labels)
		}
		table := c.must(t, exitDone, "classify", "-c", "demo", "--labels", "cat", "--other", "else")
		if !strings.HasPrefix(table.out, "label") || !strings.Contains(table.out, "cat        5") {
			t.Errorf("%s", table.out)
		}
		found := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "animal", "-c", "demo", "--filter", "thing=cat", "--json"))
		if found.Searched != 5 {
			t.Errorf("%d items have the label", found.Searched)
		}
		c.must(t, exitUsage, "classify", "a.jpg", "-c", "demo", "--labels", "a,b")
	})
	t.Run("cluster", func(t *testing.T) {
		for _, args := range [][]string{nil, {"--method", "kmeans"}} {
			got := decode[api.ClustersResponse](t, c.must(t, exitDone, append([]string{"cluster", "-c", "demo", "--json"}, args...)...))
			labels := map[string]int{}
			for _, cluster := range got.Clusters {
				labels[cluster.Label] = cluster.Size
			}
			if labels["cat"] < 5 || labels["coffee"] < 3 {
				t.Errorf("%v: %v", args, labels)
			}
		}
		table := c.must(t, exitDone, "cluster", "-c", "demo")
		if !strings.HasPrefix(table.out, "cluster") || !strings.Contains(table.err, "among 24 items") {
			t.Errorf("%s%s", table.out, table.err)
		}
		c.must(t, exitUsage, "cluster", "--k", "3")
	})
	t.Run("this but not that", func(t *testing.T) {
		got := decode[api.SearchResponse](t, c.must(t, exitDone, "search", "an animal", "--not", "a cat", "-c", "demo", "--json"))
		if !strings.Contains(got.Hits[0].Item.Source, "horse") || strings.Contains(got.Hits[1].Item.Source, "cat") {
			t.Errorf("an animal, but no cat: %s, %s", got.Hits[0].Item.Source, got.Hits[1].Item.Source)
		}
		c.must(t, exitUsage, "search", "x", "--weight", "nothing=1")
		c.must(t, exitUsage, "search", "x", "--not", " ")
	})
}

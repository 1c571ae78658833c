package main

import (
	"math"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/demo"
)

func hitsOf(ids ...string) []api.SearchHit {
	hits := make([]api.SearchHit, len(ids))
	for i, id := range ids {
		hits[i].Item.ID = id
	}
	return hits
}

func TestNDCG(t *testing.T) {
	grades := map[string]int{"a": 3, "b": 2, "c": 1}
	for _, c := range []struct {
		hits []api.SearchHit
		k    int
		want float64
	}{
		{hitsOf("a", "b", "c"), 10, 1},
		{hitsOf("a", "b", "x"), 2, 1},
		{hitsOf("x", "y"), 10, 0},
		{nil, 10, 0},
		// gains 1, 7, 3 at discounts 1, log2(3), 2 against 7, 3, 1
		{hitsOf("c", "a", "b"), 10, (1 + 7/math.Log2(3) + 1.5) / (7 + 3/math.Log2(3) + 0.5)},
	} {
		if got := ndcg(c.hits, grades, c.k); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v at %d: %v; want %v", c.hits, c.k, got, c.want)
		}
	}
	if got := ndcg(hitsOf("a"), nil, 10); got != 0 {
		t.Errorf("a query without answers: %v", got)
	}
}

// TestHybridFindsBest: over all queries of the labelled set, both indexes together find better than the better of
// them alone; and a code finds its article.
func TestHybridFindsBest(t *testing.T) {
	c := newCLI(t)
	report := decode[fusionReport](t, c.must(t, exitDone, "bench", "fusion", "--json"))
	if report.Articles != 192 || report.Queries[allQueries] != 168 || len(report.Queries) != len(demo.QueryKinds)+1 {
		t.Fatalf("%d articles, queries %v", report.Articles, report.Queries)
	}
	vector, keyword, hybrid := report.NDCG["vector"], report.NDCG["keyword"], report.NDCG["hybrid"]
	if hybrid[allQueries] <= max(vector[allQueries], keyword[allQueries]) {
		t.Errorf("hybrid %.3f, vector %.3f, keyword %.3f", hybrid[allQueries], vector[allQueries], keyword[allQueries])
	}
	if hybrid["code"] != 1 {
		t.Errorf("codes: %.3f", hybrid["code"])
	}
	if vector["meaning"] < 0.8 || keyword["meaning"] > 0.2 {
		t.Errorf("other words: vector %.3f, keyword %.3f; the set shows nothing then", vector["meaning"], keyword["meaning"])
	}
}

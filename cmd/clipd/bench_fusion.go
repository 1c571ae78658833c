package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/demo"
	"github.com/clipd/clipd/space"
)

func (a *app) benchFusionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "fusion",
		Short: "Measure whether vectors, words or both find best",
		Long: `Fusion asks a labelled set, the articles of an invented shop, by vectors alone, by words alone and by both, and prints
nDCG@10 (Järvelin and Kekäläinen, 2002) of each kind of query: codes, brands, the labels' own words, other words for the
same things, and mixtures. 1 is the best order that there is. The set is the same every time, and so are the figures of
one model.`,
		Example: "  clipd bench fusion",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.benchFusion(cmd.Context()) },
	}
}

// searcher is one way to search.
type searcher struct {
	name  string
	build func(text string) api.SearchRequest
}

func searchers() []searcher {
	mode := func(mode space.Mode) func(string) api.SearchRequest {
		return func(text string) api.SearchRequest { return api.SearchRequest{Text: text, Mode: mode} }
	}
	convex := func(alpha float64) func(string) api.SearchRequest {
		return func(text string) api.SearchRequest {
			return api.SearchRequest{Text: text, Fusion: space.Convex, Alpha: &alpha}
		}
	}
	return []searcher{
		{"vector", mode(space.VectorOnly)}, {"keyword", mode(space.KeywordOnly)}, {"hybrid", mode("")},
		{"convex .3", convex(.3)}, {"convex .5", convex(.5)}, {"convex .7", convex(.7)}, {"convex .9", convex(.9)},
	}
}

// fusionReport is what the command prints: nDCG@10 by the way of searching and the kind of query.
type fusionReport struct {
	Model    string                        `json:"model"`
	Articles int                           `json:"articles"`
	Queries  map[string]int                `json:"queries"`
	NDCG     map[string]map[string]float64 `json:"ndcg_at_10"`
}

// allQueries is the row of the mean over all queries.
const allQueries = "all"

func (a *app) benchFusion(ctx context.Context) error {
	report, err := a.measureFusion(ctx, demo.Shop())
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(report)
	}
	columns := []column{{title: "queries"}, {title: "", right: true}}
	for _, s := range searchers() {
		columns = append(columns, column{title: s.name, right: true})
	}
	var rows [][]string
	for _, kind := range append(slices.Clone(demo.QueryKinds), allQueries) {
		row := []string{kind, fmt.Sprint(report.Queries[kind])}
		for _, s := range searchers() {
			row = append(row, fmt.Sprintf("%.3f", report.NDCG[s.name][kind]))
		}
		rows = append(rows, row)
	}
	a.note("nDCG@10 over %d articles, model %s", report.Articles, report.Model)
	return a.table(columns, rows)
}

// measureFusion works on a data directory of its own, which it leaves no trace of.
func (a *app) measureFusion(ctx context.Context, shop demo.Labelled) (report fusionReport, err error) {
	dir, err := os.MkdirTemp("", "clipd-bench-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	own := *a
	own.settings.data = dir
	own.settings.models = a.modelsDir()
	c, err := own.open(ctx)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := addLabelled(ctx, c, shop); err != nil {
		return report, err
	}
	return askLabelled(ctx, c, shop)
}

const labelledCollection = "labelled"

func addLabelled(ctx context.Context, c *connection, shop demo.Labelled) error {
	if _, err := c.CreateCollection(ctx, api.CreateCollection{Name: labelledCollection}); err != nil {
		return err
	}
	var items []api.NewItem
	for _, t := range shop.Texts {
		items = append(items, api.NewItem{ID: t.ID, Text: t.Text, Metadata: t.Metadata})
	}
	added, err := c.AddItems(ctx, labelledCollection, api.AddItems{Items: items})
	if err == nil && added.Created != len(items) {
		err = fmt.Errorf("%d of %d articles went in", added.Created, len(items))
	}
	return err
}

func askLabelled(ctx context.Context, c *connection, shop demo.Labelled) (fusionReport, error) {
	status, err := c.Status(ctx)
	if err != nil {
		return fusionReport{}, err
	}
	report := fusionReport{status.Model.Fingerprint.String(), len(shop.Texts), map[string]int{}, map[string]map[string]float64{}}
	for _, q := range shop.Queries {
		report.Queries[q.Kind]++
		report.Queries[allQueries]++
	}
	for _, s := range searchers() {
		sums := map[string]float64{}
		for _, q := range shop.Queries {
			answer, err := c.Search(ctx, labelledCollection, s.build(q.Text))
			if err != nil {
				return report, fmt.Errorf("%q: %w", q.Text, err)
			}
			gain := ndcg(answer.Hits, q.Grades, 10)
			sums[q.Kind] += gain
			sums[allQueries] += gain
		}
		for kind := range sums {
			sums[kind] /= float64(report.Queries[kind])
		}
		report.NDCG[s.name] = sums
	}
	return report, nil
}

// ndcg is the normalised discounted cumulative gain of the first k hits (Järvelin and Kekäläinen, ACM TOIS 2002), with
// gain 2^grade - 1 and discount log2(rank + 1).
func ndcg(hits []api.SearchHit, grades map[string]int, k int) float64 {
	var found, ideal []int
	for _, hit := range hits {
		found = append(found, grades[hit.Item.ID])
	}
	for _, grade := range grades {
		ideal = append(ideal, grade)
	}
	slices.SortFunc(ideal, func(a, b int) int { return cmp.Compare(b, a) })
	best := gain(ideal, k)
	if best == 0 {
		return 0
	}
	return gain(found, k) / best
}

func gain(grades []int, k int) float64 {
	var sum float64
	for i, grade := range grades[:min(k, len(grades))] {
		sum += (math.Exp2(float64(grade)) - 1) / math.Log2(float64(i)+2)
	}
	return sum
}

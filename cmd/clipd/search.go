package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// searchFlags are the flags of search and similar.
type searchFlags struct {
	composeFlags
	collection string
	k          int
	offset     int
	kind       string
	mode       string
	fusion     string
	boosts     []string
	alpha      float64
	filters    []string
	minScore   float64
	minRel     float64
	mmr        float64
	explain    bool
	exact      bool
}

func (a *app) searchCommand() *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   `search ["words"]`,
		Short: "Find images and texts by words, by an image, or by an item",
		Long: `Search finds what is near in meaning to words, to an image file, or to items of the collection, or to all of these
together, less what --not, --not-image and --unlike say. Words are looked up in captions, file names and metadata too,
and both rankings are joined.

` + filterHelp,
		Example: `  clipd search "a cat"
  clipd search "in the evening" --image beach.jpg -k 5
  clipd search "a dress" --image dress.jpg --not striped --weight image=0.7
  clipd search --like ID --like ID --unlike ID
  clipd search "a violin" --min-relevance 0.5
  clipd search "an animal" --mmr 0.5
  clipd search SKU-1234 -c demo-captions --explain
  clipd search "a dress" --filter 'price<50' --filter 'colour=red|blue'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := f.request(cmd, strings.Join(args, " "))
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.search(cmd.Context(), c, f, request)
			})
		},
	}
	f.add(a, cmd)
	flags := cmd.Flags()
	f.composeFlags.add(flags)
	flags.Var(choice(&f.mode, "hybrid", "vector", "keyword"), "mode", "which indexes answer: hybrid, vector or keyword (default: all that can)")
	flags.Var(choice(&f.fusion, "rrf", "convex"), "fusion", "how rankings are joined: rrf or convex (default rrf)")
	flags.StringArrayVar(&f.boosts, "boost", nil, "a field whose words count more, such as title=3, or less, such as _source=0 (may be repeated)")
	flags.Float64Var(&f.alpha, "alpha", 0.5, "weight of the vector in --fusion convex, 0 to 1")
	flags.Var(choice(&f.kind, "text", "image"), "kind", "only texts, or only images: text or image")
	return cmd
}

// add defines the flags that search and similar share.
func (f *searchFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	a.collectionFlag(cmd, &f.collection, usualCollection)
	flags.IntVarP(&f.k, "k", "k", 10, "how many hits")
	flags.IntVar(&f.offset, "offset", 0, "how many hits to skip")
	flags.StringArrayVar(&f.filters, "filter", nil, "keep only these items (may be repeated)")
	flags.Float64Var(&f.minScore, "min-score", 0, "least cosine of hits that are near in meaning")
	flags.Float64Var(&f.minRel, "min-relevance", 0, "least relevance of a hit, 0 to 1; 0.5 leaves what is a match")
	flags.Float64Var(&f.mmr, "mmr", 1, "make hits differ from each other: 1 by score alone, 0 as different as can be")
	flags.BoolVar(&f.explain, "explain", false, "say what each index contributed")
	flags.BoolVar(&f.exact, "exact", false, "compare with every vector, whatever the index")
}

// parseBoosts reads field=factor.
func parseBoosts(texts []string) (map[string]float64, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	boosts := make(map[string]float64, len(texts))
	for _, text := range texts {
		field, factor, _ := strings.Cut(text, "=")
		boost, err := strconv.ParseFloat(factor, 64)
		if err != nil || field == "" {
			return nil, usagef("--boost %q: want a field and a number, such as title=3", text)
		}
		boosts[field] = boost
	}
	return boosts, nil
}

// request checks the flags and makes the API's request of them.
func (f *searchFlags) request(cmd *cobra.Command, words string) (api.SearchRequest, error) {
	request := api.SearchRequest{
		Text: words, Kind: space.Kind(f.kind), Mode: space.Mode(f.mode), Fusion: space.FusionMethod(f.fusion),
		K: &f.k, Offset: f.offset, Explain: f.explain, Exact: f.exact, MinRelevance: f.minRel,
	}
	if words == "" && !f.positive() {
		return request, usagef(`nothing to search for: give words, --image FILE or --like ID`)
	}
	if f.k < 1 || f.k > space.MaxK {
		return request, usagef("--k %d: want 1 to %d", f.k, space.MaxK)
	}
	if f.offset < 0 || f.offset > space.MaxOffset {
		return request, usagef("--offset %d: want 0 to %d", f.offset, space.MaxOffset)
	}
	if cmd.Flags().Changed("alpha") {
		request.Alpha = &f.alpha
	}
	if f.minRel < 0 || f.minRel > 1 {
		return request, usagef("--min-relevance %g: want 0 to 1", f.minRel)
	}
	if f.mmr < 0 || f.mmr > 1 {
		return request, usagef("--mmr %g: want 0 to 1", f.mmr)
	}
	if cmd.Flags().Changed("mmr") {
		request.MMR = &f.mmr
	}
	if cmd.Flags().Changed("min-score") {
		request.MinScore = &f.minScore
	}
	if err := f.fill(&request); err != nil {
		return request, err
	}
	var err error
	if request.Boosts, err = parseBoosts(f.boosts); err != nil {
		return request, err
	}
	request.Filter, err = parseFilters(f.filters)
	return request, err
}

// search asks, and prints the answer.
func (a *app) search(ctx context.Context, c *connection, f searchFlags, request api.SearchRequest) error {
	collection, err := a.chooseCollection(ctx, c, f.collection)
	if err != nil {
		return err
	}
	var answer api.SearchResponse
	if f.image == "" {
		answer, err = c.Search(ctx, collection.Name, request)
	} else {
		answer, err = c.SearchImage(ctx, collection.Name, request, uploadOf(f.image))
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(answer)
	}
	return a.printHits(answer)
}

// uploadOf is a file on its way to the API.
func uploadOf(path string) api.Upload {
	return api.Upload{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

func (a *app) printHits(answer api.SearchResponse) error {
	hits := answer.Hits
	if len(hits) == 0 {
		hits = answer.Nearest
	}
	if len(hits) == 0 {
		a.note("nothing found among %s", plural(answer.Searched, "item"))
		return nil
	}
	if !anyMatch(hits) {
		a.note("nothing here matches well; the nearest are:")
	}
	columns := []column{{title: "rank", right: true}, {title: "relevance", right: true}, {title: "score", right: true}, {title: "cosine", right: true}, {title: "kind"}, {title: "item"}}
	explained := hits[0].Explanation != nil
	if explained {
		columns = append(columns, column{title: "vector", right: true}, column{title: "keyword", right: true}, column{title: "terms"}, column{title: "fusion"})
	}
	rows := make([][]string, len(hits))
	for i, hit := range hits {
		rows[i] = a.hitRow(hit, explained)
	}
	if err := a.table(columns, rows); err != nil {
		return err
	}
	if answer.More {
		a.note("more with --offset %d", hits[len(hits)-1].Rank)
	}
	a.note("%s searched in %.1f ms (%.1f ms to encode, %.1f ms to search)",
		plural(answer.Searched, "item"), answer.Took.TotalMS, answer.Took.EncodeMS, answer.Took.SearchMS)
	return nil
}

// anyMatch says whether there is at least one match among the hits.
func anyMatch(hits []api.SearchHit) bool {
	return slices.ContainsFunc(hits, func(hit api.SearchHit) bool { return hit.Match })
}

func (a *app) hitRow(hit api.SearchHit, explained bool) []string {
	cosine := "-"
	if hit.Cosine != nil {
		cosine = fmt.Sprintf("%.4f", *hit.Cosine)
	}
	name := describeItem(hit.Item)
	if hit.Match {
		name = a.paint(name, color.FgGreen)
	}
	row := []string{fmt.Sprint(hit.Rank), describeRelevance(hit), fmt.Sprintf("%.4f", hit.Score), cosine, string(hit.Item.Kind), name}
	if !explained {
		return row
	}
	why := hit.Explanation
	if why == nil {
		why = &space.Explanation{}
	}
	return append(row, place(why.VectorRank), place(why.KeywordRank), strings.Join(why.Terms, " "), why.Fusion)
}

// describeRelevance is the grade with its number: "strong  98 %". A collection that is too small to say has none.
func describeRelevance(hit api.SearchHit) string {
	if hit.Relevance == nil {
		return "-"
	}
	return fmt.Sprintf("%s %3.0f %%", hit.Grade, 100**hit.Relevance)
}

// place is a rank; 0 is none.
func place(rank int) string {
	if rank == 0 {
		return "-"
	}
	return fmt.Sprintf("#%d", rank)
}

// describeItem names an item for people: a text by itself, an image by its source.
func describeItem(item api.Item) string {
	switch {
	case item.Kind == space.Text && item.Text != "":
		return shorten(item.Text, 80)
	case item.Source != "":
		return item.Source
	}
	return item.ID
}

// shorten puts a text on one line of at most n characters.
func shorten(text string, n int) string {
	line := strings.Join(strings.Fields(text), " ")
	if runes := []rune(line); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return line
}

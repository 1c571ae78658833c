package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

type clusterFlags struct {
	collection string
	method     string
	k          int
	minSize    int
	kind       string
	filters    []string
	members    int
}

func (a *app) clusterCommand() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show which items belong together",
		Long: `Cluster parts a collection into groups of items that are alike, and names them: by words that are frequent in their
texts and file names and rare in those of others, else by the nouns that they look like.

--method density (the default) finds dense places of any shape (HDBSCAN); what lies between belongs to none.
--method kmeans puts each item into one of --k groups; without --k, the number that parts best is chosen.
Groups are found in up to 5,000 items (density) or 10,000 (kmeans), and those of a larger collection are then given to
the group that they fall into.

` + filterHelp,
		Example: `  clipd cluster -c demo
  clipd cluster --method kmeans --k 12 --kind image
  clipd cluster --filter 'year=2024' --members 100000 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			request, err := f.request()
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error { return a.cluster(cmd.Context(), c, f, request) })
		},
	}
	flags := cmd.Flags()
	a.collectionFlag(cmd, &f.collection, usualCollection)
	flags.Var(choice(&f.method, "density", "kmeans"), "method", "how groups are found: density or kmeans (default density)")
	flags.IntVar(&f.k, "k", 0, "kmeans: how many groups, up to 200; 0: chosen")
	flags.IntVar(&f.minSize, "min-size", 0, "density: least items of a group; 0: half the root of the number of items, at least 2")
	flags.Var(choice(&f.kind, "text", "image"), "kind", "only texts, or only images: text or image")
	flags.StringArrayVar(&f.filters, "filter", nil, "only these items (may be repeated)")
	flags.IntVar(&f.members, "members", 1000, "with --json: how many members to list")
	return cmd
}

func (f *clusterFlags) request() (api.ClustersRequest, error) {
	request := api.ClustersRequest{Method: f.method, K: f.k, MinSize: f.minSize, Kind: space.Kind(f.kind), Limit: &f.members}
	switch {
	case f.k < 0 || f.k > 200:
		return request, usagef("--k %d: want 1 to 200, or 0 to have it chosen", f.k)
	case f.k > 0 && f.method != "kmeans":
		return request, usagef("--k %d: the number of groups can be set with --method kmeans only", f.k)
	case f.minSize < 0 || f.minSize == 1:
		return request, usagef("--min-size %d: want 2 or more, or 0 to have it chosen", f.minSize)
	case f.members < 0:
		return request, usagef("--members %d: want 0 or more", f.members)
	}
	var err error
	request.Filter, err = parseFilters(f.filters)
	return request, err
}

func (a *app) cluster(ctx context.Context, c *connection, f clusterFlags, request api.ClustersRequest) error {
	collection, err := a.chooseCollection(ctx, c, f.collection)
	if err != nil {
		return err
	}
	done := a.whileWaiting(plainInterval, "finding groups among %s", plural(collection.Items, "item"))
	answer, err := c.Clusters(ctx, collection.Name, request)
	done()
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(answer)
	}
	rows := make([][]string, len(answer.Clusters))
	for i, cluster := range answer.Clusters {
		example := ""
		if len(cluster.Examples) > 0 {
			example = describeItem(cluster.Examples[0])
		}
		rows[i] = []string{
			fmt.Sprint(cluster.Number), fmt.Sprint(cluster.Size), fmt.Sprintf("%.2f", cluster.Cohesion), cluster.Label,
			strings.Join(cluster.Words, " "), strings.Join(cluster.Looks, ", "), shorten(example, 60),
		}
	}
	if len(rows) == 0 {
		a.note("no groups among %s: none are near enough to each other", plural(answer.Total, "item"))
		return nil
	}
	columns := []column{{title: "cluster", right: true}, {title: "items", right: true}, {title: "cosine", right: true}, {title: "label"}, {title: "words"}, {title: "looks like"}, {title: "most typical"}}
	if err := a.table(columns, rows); err != nil {
		return err
	}
	a.note("%s by %s among %s, %d of them in none; found in %d in %.0f ms",
		plural(len(rows), "group"), answer.Method, plural(answer.Total, "item"), answer.Noise, answer.Sampled, answer.TookMS)
	return nil
}

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

func (a *app) rebuildCommand() *cobra.Command {
	var collection string
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Make the indexes of collections anew from their stores",
		Long: `Rebuild makes the vector index and the keyword index of a collection anew from its store. Answers stay the same; it helps
where 'clipd check' finds an index that differs. Without --collection it rebuilds all of them. Searches go on meanwhile,
writes wait.`,
		Example: "  clipd rebuild -c photos",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				return a.rebuild(cmd.Context(), c, collection)
			})
		},
	}
	a.collectionFlag(cmd, &collection, "all of them")
	return cmd
}

func (a *app) rebuild(ctx context.Context, c *connection, collection string) error {
	names, broken, err := chosenCollections(ctx, c, collection)
	if err != nil {
		return err
	}
	reports := []api.RebuildReport{}
	for _, name := range names {
		report, err := a.rebuildOne(ctx, c, name)
		if err != nil {
			return fmt.Errorf("collection %s: %w", name, err)
		}
		reports = append(reports, report)
	}
	if a.json {
		err = a.writeJSON(map[string]any{"collections": reports, "broken": broken})
	} else {
		err = a.printRebuilt(reports)
	}
	if err == nil && len(broken) > 0 {
		return fmt.Errorf("collection %s cannot be opened: %s", broken[0].Name, broken[0].Error.Message)
	}
	return err
}

func (a *app) rebuildOne(ctx context.Context, c *connection, name string) (api.RebuildReport, error) {
	w := a.watch("rebuild " + name)
	defer w.stop()
	return c.Rebuild(ctx, name, w.see)
}

func (a *app) printRebuilt(reports []api.RebuildReport) error {
	rows := make([][]string, len(reports))
	for i, r := range reports {
		rows[i] = []string{r.Collection, fmt.Sprint(r.Items), fmt.Sprintf("%.1f s", r.Seconds)}
	}
	return a.table([]column{{title: "collection"}, {title: "items", right: true}, {title: "took", right: true}}, rows)
}

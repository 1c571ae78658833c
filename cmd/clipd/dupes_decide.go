package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func (a *app) dupesDecideCommand() *cobra.Command {
	var collection, choiceWord string
	words := []string{"not-a-duplicate", "keep-both", "drop", "undecided"}
	cmd := &cobra.Command{
		Use:   "decide --as CHOICE PICTURE [PICTURE]...",
		Short: "Say for good what is no copy, or stays all the same",
		Long: `Decide keeps a decision about pictures, which are named by their files or by the ids of their items:

  not-a-duplicate  no two of them are ever in one group
  keep-both        they are copies, and all of them stay
  drop             they are not kept, as long as another of their group is there
  undecided        takes back what was decided about them

The first two are about what the pictures show: they outlive renaming, indexing anew and rebuilding. A drop is about the
file where it lies.`,
		Example: `  clipd dupes decide --as not-a-duplicate a.jpg b.jpg
  clipd dupes decide --as keep-both print.tif web.jpg -c photos`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if choiceWord == "" {
				return usagef("--as: want %s", strings.Join(words, ", "))
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.decide(cmd.Context(), c, collection, space.Choice(strings.ReplaceAll(choiceWord, "-", " ")), args)
			})
		},
	}
	a.collectionFlag(cmd, &collection, usualCollection)
	cmd.Flags().Var(choice(&choiceWord, words...), "as", "the decision: "+strings.Join(words, ", "))
	return cmd
}

func (a *app) decide(ctx context.Context, c *connection, collection string, decision space.Choice, pictures []string) error {
	chosen, err := a.chooseCollection(ctx, c, collection)
	if err != nil {
		return err
	}
	ids, err := itemsOf(ctx, c, chosen.Name, pictures)
	if err != nil {
		return err
	}
	made, err := c.Decide(ctx, chosen.Name, api.DecideRequest{Choice: decision, IDs: ids})
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(made)
	}
	a.note("%s: %s", decision, plural(len(pictures), "picture"))
	return nil
}

// itemsOf are the ids of the items that came from the files, or have the ids.
func itemsOf(ctx context.Context, c *connection, collection string, pictures []string) ([]string, error) {
	ids := make([]string, len(pictures))
	paths := make([]string, len(pictures))
	for i, picture := range pictures {
		var err error
		if paths[i], err = filepath.Abs(picture); err != nil {
			return nil, err
		}
	}
	err := eachItem(ctx, c, collection, func(item api.Item) {
		for i, picture := range pictures {
			if item.ID == picture || item.Source == paths[i] {
				ids[i] = item.ID
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if i := slices.Index(ids, ""); i >= 0 {
		return nil, fmt.Errorf("collection %s holds no item of the file or id %q", collection, pictures[i])
	}
	return ids, nil
}

// eachItem goes through a collection page by page.
func eachItem(ctx context.Context, c *connection, collection string, do func(api.Item)) error {
	for after := ""; ; {
		page, err := c.Items(ctx, collection, after, 1000)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			do(item)
		}
		if page.Next == "" {
			return nil
		}
		after = page.Next
	}
}

func (a *app) dupesDecisionsCommand() *cobra.Command {
	var collection string
	var revoke []string
	cmd := &cobra.Command{
		Use:   "decisions",
		Short: "List what was decided about copies, and take it back",
		Example: `  clipd dupes decisions
  clipd dupes decisions --revoke KEY`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				return a.decisions(cmd.Context(), c, collection, revoke)
			})
		},
	}
	a.collectionFlag(cmd, &collection, usualCollection)
	cmd.Flags().StringArrayVar(&revoke, "revoke", nil, "key of a decision to take back (may be repeated)")
	return cmd
}

func (a *app) decisions(ctx context.Context, c *connection, collection string, revoke []string) error {
	chosen, err := a.chooseCollection(ctx, c, collection)
	if err != nil {
		return err
	}
	if len(revoke) > 0 {
		if _, err := c.Decide(ctx, chosen.Name, api.DecideRequest{Choice: space.Undecided, Keys: revoke}); err != nil {
			return err
		}
	}
	list, err := c.Decisions(ctx, chosen.Name)
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(list)
	}
	if len(list.Decisions) == 0 {
		a.note("nothing is decided")
		return nil
	}
	names := map[string]string{}
	if err := eachItem(ctx, c, chosen.Name, func(item api.Item) { names[item.ID] = describeItem(item) }); err != nil {
		return err
	}
	rows := make([][]string, len(list.Decisions))
	for i, d := range list.Decisions {
		pictures := make([]string, len(d.IDs))
		for j, id := range d.IDs {
			pictures[j] = names[id]
		}
		rows[i] = []string{string(d.Choice), d.Made.Local().Format(time.DateTime), strings.Join(pictures, ", "), d.Key}
	}
	return a.table([]column{{title: "decision"}, {title: "made"}, {title: "pictures there now"}, {title: "key"}}, rows)
}

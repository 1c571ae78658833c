package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

func (a *app) benchSearchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:     "search",
		Short:   "Measure queries a second on a collection",
		Long:    "Search measures queries by words, by an item, and by words alone without their meaning, as the API answers them.",
		Example: "  clipd bench search -c demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error { return a.benchSearch(cmd.Context(), c, f) })
		},
	}
	f.add(cmd)
	a.collectionFlag(cmd, &f.collection, usualCollection)
	return cmd
}

// benchWords are queries of different lengths.
var benchWords = []string{
	"a cat", "a dog on the beach", "coffee", "people who sit around a table in the evening", "an old motorcycle",
	"snow on mountains", "a red car in front of a house", "the night sky",
}

func (a *app) benchSearch(ctx context.Context, c *connection, f benchFlags) error {
	collection, err := a.chooseCollection(ctx, c, f.collection)
	if err != nil {
		return err
	}
	page, err := c.Items(ctx, collection.Name, "", 100)
	if err != nil {
		return err
	}
	if len(page.Items) == 0 {
		return fmt.Errorf("collection %s is empty", collection.Name)
	}
	ask := func(request func(i int) api.SearchRequest) func(context.Context, int) error {
		return func(ctx context.Context, i int) error {
			_, err := c.Search(ctx, collection.Name, request(i))
			return err
		}
	}
	words := func(i int) string { return benchWords[i%len(benchWords)] }
	byWords := ask(func(i int) api.SearchRequest { return api.SearchRequest{Text: words(i)} })
	size := fmt.Sprintf("%d items, k 10", collection.Items)
	runs := []load{
		{"words and meaning, one at a time", "queries", size, 1, 1, byWords},
		{"words and meaning, throughput", "queries", fmt.Sprintf("%s, %d callers", size, f.callers), 1, f.callers, byWords},
		{"more like an item, one at a time", "queries", size, 1, 1, ask(func(i int) api.SearchRequest {
			return api.SearchRequest{Like: api.IDs{page.Items[i%len(page.Items)].ID}}
		})},
		{"words alone, one at a time", "queries", size, 1, 1, ask(func(i int) api.SearchRequest {
			return api.SearchRequest{Text: words(i), Mode: "keyword"}
		})},
	}
	return a.bench(ctx, c, runs, f)
}

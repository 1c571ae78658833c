package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

type reindexFlags struct {
	collection string
	thumbnails bool
	drop       bool
}

func (a *app) reindexCommand() *cobra.Command {
	var f reindexFlags
	cmd := &cobra.Command{
		Use:   "reindex --model MODEL",
		Short: "Encode a collection anew, by another model",
		Long: `Reindex encodes all items of a collection by the model of --model, beside the collection as it is, and puts the result in
its place at the end, at once. A running server goes on answering by the old model until then, and by the new one
afterwards; start it with the new model the next time. When it is interrupted, also by a kill or a power cut, the same
command goes on where it was.

Pictures are read from the files that they were indexed from, which must be unchanged; texts are the stored ones. Where a file
is gone, nothing is replaced and the item is named, unless you say what to do with it: --from-thumbnails encodes the
stored thumbnail instead (320 pixels: less exact), --drop leaves the item out.`,
		Example: "  clipd reindex --model ~/models/clip-vit-base-patch32 -c photos",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.settings.model == starterName && !cmd.Flags().Changed("model") {
				return usagef("say by which model: --model NAME, or a folder; 'clipd models list' shows them")
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.reindex(cmd.Context(), c, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.collection, "collection", "c", photosCollection, "collection")
	flags.BoolVar(&f.thumbnails, "from-thumbnails", false, "encode the stored thumbnail of a picture whose file is gone")
	flags.BoolVar(&f.drop, "drop", false, "leave out items that cannot be encoded")
	return cmd
}

func (a *app) reindex(ctx context.Context, c *connection, f reindexFlags) error {
	w := a.watch("reindex " + f.collection)
	report, err := c.Reindex(ctx, f.collection, api.ReindexRequest{Model: a.modelForServer(), Thumbnails: f.thumbnails, Drop: f.drop}, w.see)
	w.stop()
	if err != nil {
		return err
	}
	if a.json {
		err = a.writeJSON(report)
	} else {
		err = a.printReindexed(report, c.local)
	}
	switch {
	case err != nil:
		return err
	case !report.Done:
		return &failure{status: exitFailed, err: fmt.Errorf("%s cannot be encoded by %s, and collection %s is as it was; "+
			"say --from-thumbnails, or --drop to leave them out. What is encoded is kept for the next run",
			plural(report.Failed, "item"), report.To, report.Collection)}
	case report.Failed > 0:
		return &failure{status: exitPartial, said: true, err: fmt.Errorf("%d items were left out", report.Failed)}
	}
	return nil
}

// modelForServer is --model as a server in another folder understands it.
func (a *app) modelForServer() string {
	if info, err := os.Stat(a.settings.model); err == nil && info.IsDir() {
		if path, err := filepath.Abs(a.settings.model); err == nil && path != "" {
			return path
		}
	}
	return a.settings.model
}

func (a *app) printReindexed(r api.ReindexReport, local bool) error {
	failures := make([]itemFailure, len(r.Failures))
	for i, f := range r.Failures {
		name := f.Source
		if name == "" {
			name = f.ID
		}
		failures[i] = itemFailure{name, f.Message}
	}
	a.printFailures(failures)
	if !r.Done {
		return nil
	}
	if r.From.Digest == r.To.Digest {
		_, err := fmt.Fprintf(a.out, "%s is of %s already\n", r.Collection, r.To)
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s: %d items, now of %s (before: %s); %d encoded in %v, %d of them from thumbnails, %d kept from an earlier run, %d left out\n",
		r.Collection, r.Items, r.To, r.From, r.Encoded, seconds(r.Seconds), r.Thumbnails, r.Kept, r.Dropped)
	if !local {
		a.note("the server answers by it now; start it with --model %s the next time", a.settings.model)
	}
	return err
}

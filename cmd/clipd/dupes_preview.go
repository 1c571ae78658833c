package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func (a *app) dupesPreviewCommand() *cobra.Command {
	var f dupesFlags
	cmd := &cobra.Command{
		Use:   "preview [DIR]",
		Short: "Say what other thresholds would give, before anything is done",
		Long: `Preview counts the pairs and groups that each threshold would give: copies by the greatest Hamming distance of their
perceptual hashes, similar pictures by the least cosine. Of each it shows a pair that the next stricter one would not
have, so that you see where pictures stop being copies. Refused are pairs that are near enough, but whose pixels speak
against them.`,
		Example: "  clipd dupes preview\n  clipd dupes preview ~/Pictures --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := f.request(cmd)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.dupesPreview(cmd.Context(), c, args, f, request)
			})
		},
	}
	f.addThresholds(a, cmd)
	return cmd
}

func (a *app) dupesPreview(ctx context.Context, c *connection, dirs []string, f dupesFlags, request api.DuplicatesRequest) error {
	name, err := a.dupesCollection(ctx, c, dirs, f)
	if err != nil {
		return err
	}
	preview, err := c.PreviewDuplicates(ctx, name, request)
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(preview)
	}
	names := map[string]string{}
	if err := eachItem(ctx, c, name, func(item api.Item) { names[item.ID] = describeItem(item) }); err != nil {
		return err
	}
	if err := a.printThresholds("distance", "%.0f", preview.Distances, names); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if err := a.printThresholds("cosine", "%.3f", preview.Cosines, names); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s compared\n", plural(preview.Images, "image"))
	return err
}

// plotWidth is the longest bar of the plot, in characters.
const plotWidth = 20

func (a *app) printThresholds(name, format string, thresholds []space.Threshold, names map[string]string) error {
	most := 1
	for _, t := range thresholds {
		most = max(most, t.Pairs)
	}
	rows := make([][]string, len(thresholds))
	for i, t := range thresholds {
		bar := strings.Repeat("█", (t.Pairs*plotWidth+most-1)/most)
		rows[i] = []string{fmt.Sprintf(format, t.Value), fmt.Sprint(t.Pairs), bar, fmt.Sprint(t.Groups), fmt.Sprint(t.Images), fmt.Sprint(t.Rejected), sampleOf(t, names)}
	}
	return a.table([]column{
		{title: name, right: true}, {title: "pairs", right: true}, {title: ""}, {title: "groups", right: true},
		{title: "images", right: true}, {title: "refused", right: true}, {title: "for example"},
	}, rows)
}

func sampleOf(t space.Threshold, names map[string]string) string {
	if len(t.Samples) == 0 {
		return ""
	}
	s := t.Samples[0]
	return fmt.Sprintf("%s, %s: %s", names[s.A], names[s.B], describeProof(s.Proof))
}

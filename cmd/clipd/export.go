package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange"
)

func (a *app) exportCommand() *cobra.Command {
	var collection, layout string
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write a collection into files that other programs read",
		Long: `Export writes all that a collection keeps into a new folder: items.jsonl (one item a line), vectors.npy (float32, a row
an item, in the same order), thumbnails.tar, decisions.jsonl, and manifest.json, which names the model that made the
vectors and has a checksum for each file. The collection is written as it was at the beginning; it can be searched and
written to meanwhile. 'clipd import' reads the folder again.

--layout clip-retrieval writes what clip-retrieval's inference does, for its index and for other tools: img_emb and
text_emb with .npy files, and metadata with a Parquet table, a column for each metadata field. Thumbnails, times and
decisions have no place there; ids and vectors stay what they are.`,
		Example: "  clipd export photos-2026 -c photos\n  clipd export embeddings -c photos --layout clip-retrieval",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				chosen, err := a.chooseCollection(cmd.Context(), c, collection)
				if err != nil {
					return err
				}
				writer, err := exportWriter(layout, args[0])
				if err != nil {
					return err
				}
				return a.export(cmd.Context(), c, chosen.Name, args[0], writer)
			})
		},
	}
	a.collectionFlag(cmd, &collection, usualCollection)
	cmd.Flags().StringVar(&layout, "layout", layoutClipd, "clipd, or clip-retrieval")
	return cmd
}

// Layouts of an export.
const (
	layoutClipd     = "clipd"
	layoutRetrieval = "clip-retrieval"
)

// exporter writes the lines of an export; *exchange.Writer is one.
type exporter interface {
	Line(api.TransferLine) error
	Commit() (exchange.Manifest, error)
	Abort()
}

func exportWriter(layout, dir string) (exporter, error) {
	switch layout {
	case layoutClipd:
		return exchange.Create(dir)
	case layoutRetrieval:
		return exchange.CreateRetrieval(dir)
	}
	return nil, usagef("--layout %q: want %s or %s", layout, layoutClipd, layoutRetrieval)
}

// exported is the answer of an export.
type exported struct {
	Folder string `json:"folder"`
	exchange.Manifest
	Seconds float64 `json:"seconds"`
}

func (a *app) export(ctx context.Context, c *connection, collection, dir string, writer exporter) error {
	begun := time.Now()
	defer writer.Abort()
	var bar *progress
	err := c.Export(ctx, collection, func(line api.TransferLine) error {
		switch {
		case line.Header != nil:
			bar = a.startProgress("export", "items", int64(line.Header.Items))
		case line.Item != nil:
			bar.add(1)
		}
		return writer.Line(line)
	})
	if bar != nil {
		bar.stop()
	}
	if err != nil {
		return fmt.Errorf("%w; what %s holds is unfinished", err, dir)
	}
	manifest, err := writer.Commit()
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(exported{dir, manifest, time.Since(begun).Seconds()})
	}
	var bytes sizeValue
	for _, file := range manifest.Files {
		bytes += sizeValue(file.Bytes)
	}
	fmt.Fprintf(a.out, "%s: %d items, %d thumbnails, %d decisions, %v, in %v\n", dir, manifest.Items, manifest.Thumbnails,
		manifest.Decisions, &bytes, time.Since(begun).Round(10*time.Millisecond))
	return nil
}

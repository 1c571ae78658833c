package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var f serveFlags
	var noServe bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Index a small gallery and serve it: try clipd in a minute",
		Long: `Demo writes a gallery of free photographs, and altered copies of some, into the data directory, takes them into the
collection "demo" and their captions into "demo-captions", and serves API and page until Ctrl-C. A second start finds
everything done.`,
		Example: "  clipd demo\n  clipd demo --addr 127.0.0.1:7745\n  clipd demo --no-serve",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.demo(cmd.Context(), f, noServe)
		},
	}
	f.add(cmd.Flags())
	markSettings(cmd.Flags())
	cmd.Flags().BoolVar(&noServe, "no-serve", false, "only write and index the gallery")
	return cmd
}

// demo indexes the gallery where it is served already, or without a server, or before it serves.
func (a *app) demo(ctx context.Context, f serveFlags, noServe bool) error {
	if a.settings.server != "" || noServe {
		return a.with(ctx, func(c *connection) error { return a.indexGallery(ctx, c) })
	}
	if c, running := a.runningServer(ctx); running {
		if err := a.indexGallery(ctx, c); err != nil {
			return errors.Join(err, c.close())
		}
		a.welcome(c.place)
		a.note("it is served by the clipd that runs already")
		return c.close()
	}
	listener, err := listen(ctx, f.addr)
	if err != nil {
		return err
	}
	defer listener.Close() // Serve closes it; this is for the ways that do not get there
	return a.demoServe(ctx, f, listener)
}

func (a *app) demoServe(ctx context.Context, f serveFlags, listener net.Listener) error {
	options := f.options(a)
	e, err := a.openEngine(ctx, options)
	if err != nil {
		return err
	}
	c := &connection{Client: e.client(a, options), place: urlOf(listener.Addr()), local: true}
	if err := a.indexGallery(ctx, c); err != nil {
		return errors.Join(err, e.close())
	}
	a.welcome(c.place)
	return errors.Join(a.serveEngine(ctx, e, listener, options), e.close())
}

// indexGallery writes the gallery where it is not written yet, and takes pictures and captions in. What is known
// already costs nothing.
func (a *app) indexGallery(ctx context.Context, c *connection) error {
	dir := filepath.Join(a.settings.data, "demo")
	if err := demo.WriteTo(dir); err != nil {
		return fmt.Errorf("write the gallery: %w", err)
	}
	var w walk
	if err := w.add(ctx, dir); err != nil {
		return err
	}
	var t tally
	if err := ensureCollection(ctx, c, demoCollection); err != nil {
		return err
	}
	if err := a.indexFiles(ctx, c, demoCollection, w.files, &t); err != nil {
		return err
	}
	if err := indexCaptions(ctx, c, &t); err != nil {
		return err
	}
	for _, failure := range t.Failures {
		a.note("failed %s: %s", failure.Item, failure.Error)
	}
	if a.json {
		if err := a.writeJSON(&t.counts); err != nil {
			return err
		}
	} else {
		a.note("%s: %d created, %d updated, %d unchanged, %d failed", demoCollection, t.Created, t.Updated, t.Unchanged, t.Failed)
	}
	if t.Failed > 0 {
		return fmt.Errorf("%d items of the gallery failed", t.Failed)
	}
	return nil
}

func indexCaptions(ctx context.Context, c *connection, t *tally) error {
	if err := ensureCollection(ctx, c, captionsCollection); err != nil {
		return err
	}
	var items []api.NewItem
	var names []string
	for _, caption := range demo.Captions() {
		items = append(items, api.NewItem{ID: caption.ID, Text: caption.Text, Metadata: caption.Metadata})
		names = append(names, "caption "+caption.ID)
	}
	answer, err := c.AddItems(ctx, captionsCollection, api.AddItems{Items: items})
	if err != nil {
		return err
	}
	return t.record(answer, names)
}

// welcome says where the page is and what to try.
func (a *app) welcome(url string) {
	a.note("\n%s is ready. Try, in a second terminal:\n", a.paint(url, color.Bold))
	for _, try := range []string{
		`search "a cat"`, `dupes`, `search SKU-1234 -c ` + captionsCollection + ` --explain`,
	} {
		a.note("  %s %s", os.Args[0], try) // as the user has called it: bin/clipd before it is installed
	}
	a.note("\n%s\n", starterLine)
}

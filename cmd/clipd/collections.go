package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func (a *app) collectionsCommand() *cobra.Command {
	list := a.collectionsListCommand()
	cmd := &cobra.Command{
		Use:     "collections",
		Short:   "List, make and delete collections",
		Example: "  clipd collections\n  clipd collections create shop\n  clipd collections delete shop",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return helpOrSuggest(cmd, args)
			}
			return list.RunE(cmd, args)
		},
	}
	cmd.AddCommand(list, a.collectionsCreateCommand(), a.collectionsDeleteCommand())
	return cmd
}

func (a *app) collectionsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the collections",
		Example: "  clipd collections list --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				list, err := c.Collections(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.writeJSON(list)
				}
				for _, broken := range list.Broken {
					a.note("collection %s cannot be opened: %s", broken.Name, broken.Error.Message)
				}
				if len(list.Collections) == 0 {
					a.note("there is no collection yet; make one with 'clipd index DIR' or 'clipd demo'")
					return nil
				}
				return a.printCollections(list.Collections)
			})
		},
	}
}

func (a *app) printCollections(list []space.Description) error {
	rows := make([][]string, len(list))
	for i, d := range list {
		size := sizeValue(d.Bytes)
		rows[i] = []string{
			d.Name, fmt.Sprint(d.Images), fmt.Sprint(d.Texts), size.String(), d.Tier, d.Fingerprint.String(),
			d.Created.Local().Format(time.DateTime),
		}
	}
	return a.table([]column{
		{title: "name"}, {title: "images", right: true}, {title: "texts", right: true}, {title: "on disk", right: true},
		{title: "search"}, {title: "model"}, {title: "created"},
	}, rows)
}

func (a *app) collectionsCreateCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "create NAME",
		Short:   "Make an empty collection",
		Example: "  clipd collections create shop",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				made, err := c.CreateCollection(cmd.Context(), api.CreateCollection{Name: args[0]})
				if err != nil {
					return err
				}
				if a.json {
					return a.writeJSON(made)
				}
				a.note("made collection %s", made.Name)
				return nil
			})
		},
	}
}

func (a *app) collectionsDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a collection and all it holds",
		Long:    "Delete removes a collection: its items, vectors and thumbnails. The files that it was made of stay as they are.",
		Example: "  clipd collections delete shop --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				doomed, err := c.Collection(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := a.confirm(yes, fmt.Sprintf("Delete collection %s with %d items?", doomed.Name, doomed.Items)); err != nil {
					return err
				}
				if err := c.DeleteCollection(cmd.Context(), doomed.Name); err != nil {
					return err
				}
				if a.json {
					return a.writeJSON(map[string]any{"deleted": doomed.Name, "items": doomed.Items})
				}
				a.note("deleted collection %s (%d items)", doomed.Name, doomed.Items)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirm asks the person at the terminal, unless yes is set. Where nobody is there to ask, it refuses.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !a.inTerminal {
		return usagef("%s Say --yes, since there is no terminal to ask at", question)
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err == nil && (answer == "y" || answer == "yes") {
		return nil
	}
	return errors.New("nothing was done")
}

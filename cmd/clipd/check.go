package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

func (a *app) checkCommand() *cobra.Command {
	var collection string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Verify everything that collections keep",
		Long: `Check reads all of a collection: every checksum and structure in the store, the length of every vector, whether items,
vectors, thumbnails and file states belong together, whether the change log has a gap, and whether both indexes hold
what the store holds. Without --collection it checks all of them. Searches go on meanwhile.

Exit status: 0 when nothing is wrong, 3 when something is. An index that is wrong is made anew by 'clipd rebuild';
what is wrong in the store is named, and comes back from a backup ('clipd restore').`,
		Example: "  clipd check\n  clipd check -c photos --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				return a.check(cmd.Context(), c, collection)
			})
		},
	}
	a.collectionFlag(cmd, &collection, "all of them")
	return cmd
}

// checked is the answer of a check over several collections.
type checked struct {
	Collections []api.CheckReport      `json:"collections"`
	Broken      []api.BrokenCollection `json:"broken"` // they cannot be opened
}

func (a *app) check(ctx context.Context, c *connection, collection string) error {
	names, broken, err := chosenCollections(ctx, c, collection)
	if err != nil {
		return err
	}
	all := checked{Collections: []api.CheckReport{}, Broken: broken}
	wrong := len(broken)
	for _, name := range names {
		report, err := a.checkOne(ctx, c, name)
		if err != nil {
			return fmt.Errorf("collection %s: %w", name, err)
		}
		wrong += report.Faulty
		all.Collections = append(all.Collections, report)
	}
	if err := a.printChecked(all); err != nil {
		return err
	}
	if wrong > 0 {
		return &failure{status: exitPartial, said: true, err: fmt.Errorf("%d faults", wrong)}
	}
	return nil
}

func (a *app) checkOne(ctx context.Context, c *connection, name string) (api.CheckReport, error) {
	w := a.watch("check " + name)
	defer w.stop()
	return c.Check(ctx, name, w.see)
}

// chosenCollections are the named collection, or without a name all; those that cannot be opened are apart.
func chosenCollections(ctx context.Context, c *connection, name string) ([]string, []api.BrokenCollection, error) {
	list, err := c.Collections(ctx)
	if err != nil {
		return nil, nil, err
	}
	if name != "" {
		_, err := pickCollection(list, name)
		return []string{name}, []api.BrokenCollection{}, err
	}
	var names []string
	for _, d := range list.Collections {
		names = append(names, d.Name)
	}
	if len(names)+len(list.Broken) == 0 {
		return nil, nil, noCollection(list, "")
	}
	return names, slices.Concat([]api.BrokenCollection{}, list.Broken), nil
}

func (a *app) printChecked(all checked) error {
	if a.json {
		return a.writeJSON(all)
	}
	var rows [][]string
	for _, r := range all.Collections {
		verdict := a.paint("sound", color.FgGreen)
		if r.Faulty > 0 {
			verdict = a.paint(plural(r.Faulty, "fault"), color.FgRed)
		}
		rows = append(rows, []string{
			r.Collection, fmt.Sprint(r.Images), fmt.Sprint(r.Texts), fmt.Sprint(r.Thumbnails), fmt.Sprint(r.Decisions),
			fmt.Sprint(r.InVectors), fmt.Sprint(r.InWords), fmt.Sprintf("%.1f s", r.Seconds), verdict,
		})
	}
	for _, b := range all.Broken {
		rows = append(rows, []string{b.Name, "", "", "", "", "", "", "", a.paint("cannot be opened", color.FgRed)})
	}
	if err := a.table([]column{
		{title: "collection"}, {title: "images", right: true}, {title: "texts", right: true}, {title: "thumbnails", right: true},
		{title: "decisions", right: true}, {title: "in vectors", right: true}, {title: "in words", right: true},
		{title: "took", right: true}, {title: "verdict"},
	}, rows); err != nil {
		return err
	}
	for _, r := range all.Collections {
		a.printFaults(r)
	}
	for _, b := range all.Broken {
		a.note("%s: %s", b.Name, b.Error.Message)
	}
	return nil
}

// printFaults lists what is wrong, and what helps.
func (a *app) printFaults(r api.CheckReport) {
	inIndexes := false
	for _, f := range r.Faults {
		where := fmt.Sprintf("%s, %s %s", r.Collection, f.Part, f.Key)
		fmt.Fprintf(a.out, "%s: %s\n", where, f.Message)
		inIndexes = inIndexes || f.Part != "store"
	}
	if more := r.Faulty - len(r.Faults); more > 0 {
		fmt.Fprintf(a.out, "%s: and %d more\n", r.Collection, more)
	}
	switch {
	case r.Faulty == 0:
	case inIndexes:
		a.note("the store of %s is sound; 'clipd rebuild -c %s' makes the indexes anew", r.Collection, r.Collection)
	default:
		a.note("the store of %s is damaged: put a backup in its place with 'clipd restore', or delete and index the items named", r.Collection)
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/internal/setaside"
)

type applyFlags struct {
	dupesFlags
	moveTo                      string
	hardlink, reflink, toDelete bool
	evidence                    string
	dryRun, yes                 bool
}

func (a *app) dupesApplyCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply [DIR]",
		Short: "Take copies out of the way; undo brings them back",
		Long: `Apply does one of four things with the copies that 'clipd dupes' lists, and nothing with similar pictures:

  --move-to DIR  moves them into a folder, where they lie as they lay before
  --hardlink     makes copies that are equal byte for byte another name of the kept file
  --reflink      lets copies that are equal byte for byte share the kept file's blocks (Btrfs, XFS)
  --delete       deletes them for good; nothing brings them back

It prints the plan first, and asks. Without a terminal it does nothing unless --yes is set. Before a file is touched,
it and the one that is kept are read: what has changed since it was indexed is left alone. Each step is written into a
manifest before and after it is done, so that work that was interrupted, or killed, goes on with 'clipd dupes resume'
and is taken back with 'clipd dupes undo'. Items of files that are gone leave the collection; undo brings them back.

Exit status: 3 when some files were left alone because they are not as they were indexed.`,
		Example: `  clipd dupes apply --move-to ~/copies                # prints the plan, asks, moves
  clipd dupes apply --move-to ~/copies --dry-run
  clipd dupes apply --hardlink --yes ~/Pictures
  clipd dupes undo ~/copies/clipd-20261125T081500.000Z.jsonl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			action, err := f.action()
			if err != nil {
				return err
			}
			request, err := f.request(cmd)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.dupesApply(cmd.Context(), c, args, f, action, request)
			})
		},
	}
	f.add(a, cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.moveTo, "move-to", "", "move the copies into this folder")
	flags.BoolVar(&f.hardlink, "hardlink", false, "replace equal files by hard links to the kept one")
	flags.BoolVar(&f.reflink, "reflink", false, "replace equal files by clones of the kept one that share its blocks")
	flags.BoolVar(&f.toDelete, "delete", false, "delete the copies for good")
	f.evidence = evidenceAny
	flags.Var(choice(&f.evidence, evidenceBytes, evidencePixels, evidenceAny), "evidence",
		"weakest evidence on which a file is touched: bytes, pixels or any")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and do nothing")
	flags.BoolVar(&f.yes, "yes", false, "do not ask")
	return cmd
}

// action is the one that the flags name.
func (f *applyFlags) action() (setaside.Action, error) {
	var named []setaside.Action
	for action, set := range map[setaside.Action]bool{
		setaside.Move: f.moveTo != "", setaside.Hardlink: f.hardlink, setaside.Reflink: f.reflink, setaside.Delete: f.toDelete,
	} {
		if set {
			named = append(named, action)
		}
	}
	if len(named) != 1 {
		return "", usagef("say what to do with the copies: one of --move-to DIR, --hardlink, --reflink and --delete")
	}
	return named[0], nil
}

func (a *app) dupesApply(ctx context.Context, c *connection, dirs []string, f applyFlags, action setaside.Action, request api.DuplicatesRequest) error {
	target := f.moveTo
	if target != "" {
		var err error
		if target, err = absolute(target); err != nil {
			return err
		}
	}
	request.Decided, request.Similar = true, false
	collection, answer, err := a.findDuplicates(ctx, c, dirs, f.dupesFlags, request)
	if err != nil {
		return err
	}
	plan, err := planFor(collection, action, target, f.evidence, answer.Groups)
	if err != nil {
		return err
	}
	if !a.json || f.dryRun {
		if err := a.show(plan, a.printPlan); err != nil {
			return err
		}
	}
	if common := plan.common(); target != "" && common != "" && below(target, []string{common}) {
		a.note("%s lies below %s: an index of that folder would find the copies there again", target, common)
	}
	switch {
	case f.dryRun || plan.Files == 0 && !a.json:
		return nil
	case !f.yes && !a.inTerminal:
		a.note("nothing was done: there is no terminal to ask at; say --yes")
		return nil
	}
	if err := a.confirm(f.yes, a.question(plan)); err != nil {
		return err
	}
	return a.carryOut(ctx, c, plan)
}

// show writes a value as JSON where that is asked for, else for people.
func (a *app) show(plan *dupePlan, print func(*dupePlan) error) error {
	if a.json {
		return a.writeJSON(plan)
	}
	return print(plan)
}

func (a *app) question(p *dupePlan) string {
	size := sizeValue(p.Bytes)
	words := fmt.Sprintf("%s %s (%v)", actionWords[p.Action][0], plural(p.Files, "file"), &size)
	if p.Target != "" {
		words += " to " + p.Target
	}
	return words + "?"
}

// dupesResult is what apply, resume and undo did.
type dupesResult struct {
	Action   setaside.Action `json:"action"`
	Manifest string          `json:"manifest"`
	Done     int             `json:"done"`
	Refused  []itemFailure   `json:"refused"`
}

// carryOut does what the plan says.
func (a *app) carryOut(ctx context.Context, c *connection, plan *dupePlan) error {
	m, err := a.createManifest(plan)
	if err != nil {
		return err
	}
	defer m.Close()
	a.note("the manifest is %s", m.Path())
	return a.work(ctx, m, plan.Action, m.Apply, func(ctx context.Context) error { return forget(ctx, c, plan.Collection, m) })
}

// createManifest puts it where the copies go, else into the data directory.
func (a *app) createManifest(plan *dupePlan) (*setaside.Manifest, error) {
	dir := plan.Target
	if dir == "" {
		dir = filepath.Join(a.settings.data, "manifests")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "clipd-"+time.Now().UTC().Format("20060102T150405.000Z")+".jsonl")
	return setaside.Create(path, plan.Action, manifestOwner{Collection: plan.Collection}, plan.steps())
}

// manifestOwner says whose items a manifest is about.
type manifestOwner struct {
	Collection string `json:"collection"`
}

// work applies or undoes a manifest, brings the collection up to it, also after an interruption, and reports.
func (a *app) work(ctx context.Context, m *setaside.Manifest, action setaside.Action,
	do func(context.Context, func(int, error)) error, settle func(context.Context) error) error {
	result := dupesResult{Action: action, Manifest: m.Path(), Refused: []itemFailure{}}
	bar := a.startProgress(string(action), "files", int64(len(m.Steps)))
	err := do(ctx, func(n int, refused error) {
		bar.add(1)
		if refused != nil {
			result.Refused = append(result.Refused, itemFailure{m.Steps[n].From, refused.Error()})
			return
		}
		result.Done++
	})
	bar.stop()
	if settleErr := settle(context.WithoutCancel(ctx)); settleErr != nil {
		err = errors.Join(err, fmt.Errorf("the files are done, but the collection was not brought up to them (index again, with --prune): %w", settleErr))
	}
	if printErr := a.printResult(result); printErr != nil {
		return printErr
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{status: exitInterrupted, err: fmt.Errorf("interrupted; 'clipd dupes resume %s' goes on, 'clipd dupes undo %s' takes it back", m.Path(), m.Path())}
	case err != nil:
		return err
	case len(result.Refused) > 0:
		return &failure{status: exitPartial, said: true, err: fmt.Errorf("%s refused", plural(len(result.Refused), "file"))}
	}
	return nil
}

func (a *app) printResult(r dupesResult) error {
	if a.json {
		return a.writeJSON(r)
	}
	a.printReasons("left alone", r.Refused)
	words, known := actionWords[r.Action]
	if !known {
		_, err := fmt.Fprintf(a.out, "%s brought back\n", plural(r.Done, "file"))
		return err
	}
	if _, err := fmt.Fprintf(a.out, "%s %s\n", words[1], plural(r.Done, "file")); err != nil {
		return err
	}
	if r.Done > 0 && r.Action != setaside.Delete {
		a.note("'clipd dupes undo %s' brings them back", r.Manifest)
	}
	return nil
}

// forget removes the items whose files are gone by the manifest's doing.
func forget(ctx context.Context, c *connection, collection string, m *setaside.Manifest) error {
	if m.Action != setaside.Move && m.Action != setaside.Delete {
		return nil
	}
	var gone []string
	for n, step := range m.Steps {
		if _, err := os.Lstat(step.From); !m.Done(n) || !os.IsNotExist(err) {
			continue
		}
		item, err := itemOf(step)
		if err != nil {
			return err
		}
		gone = append(gone, item.ID)
	}
	return deleteItems(ctx, c, collection, gone)
}

func itemOf(step setaside.Step) (movedItem, error) {
	var item movedItem
	if err := json.Unmarshal(step.Note, &item); err != nil {
		return item, fmt.Errorf("the manifest's note about %s: %w", step.From, err)
	}
	return item, nil
}

// ---- undo and resume ----

func (a *app) dupesUndoCommand() *cobra.Command {
	return a.manifestCommand("undo", "Bring back what apply took away",
		`Undo reads a manifest of 'clipd dupes apply' and takes back what was done, the last step first: every file gets its
name, bytes, modification time and permissions again, and the collection its items. It overwrites nothing: where another
file lies at an old place by now, the moved one stays where it is, and the rest comes back. Undo may be killed and
called again.`,
		func(ctx context.Context, m *setaside.Manifest, owner manifestOwner) error {
			return a.work(ctx, m, "undo", m.Undo, func(ctx context.Context) error { return a.remember(ctx, owner.Collection, m) })
		})
}

func (a *app) dupesResumeCommand() *cobra.Command {
	return a.manifestCommand("resume", "Go on with an apply that was interrupted",
		`Resume reads a manifest of 'clipd dupes apply' and does the steps that were not done when the process was interrupted,
killed, or lost its power.`,
		func(ctx context.Context, m *setaside.Manifest, owner manifestOwner) error {
			return a.work(ctx, m, m.Action, m.Apply, func(ctx context.Context) error {
				return a.with(ctx, func(c *connection) error { return forget(ctx, c, owner.Collection, m) })
			})
		})
}

func (a *app) manifestCommand(name, short, long string, do func(context.Context, *setaside.Manifest, manifestOwner) error) *cobra.Command {
	return &cobra.Command{
		Use:     name + " MANIFEST",
		Short:   short,
		Long:    long,
		Example: "  clipd dupes " + name + " ~/copies/clipd-20261125T081500.000Z.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := setaside.Open(args[0])
			if err != nil {
				return err
			}
			var owner manifestOwner
			if err := json.Unmarshal(m.Owner, &owner); err != nil {
				return errors.Join(fmt.Errorf("%s: %w", args[0], setaside.ErrNoManifest), m.Close())
			}
			return errors.Join(do(cmd.Context(), m, owner), m.Close())
		},
	}
}

// remember takes the files that came back into the collection again, with the ids, texts and metadata that they had.
func (a *app) remember(ctx context.Context, collection string, m *setaside.Manifest) error {
	if m.Action != setaside.Move {
		return nil
	}
	items := map[string]movedItem{}
	var back []file
	for n, step := range m.Steps {
		info, err := os.Stat(step.From)
		if !m.Undone(n) || err != nil {
			continue
		}
		if items[step.From], err = itemOf(step); err != nil {
			return err
		}
		back = append(back, file{path: step.From, bytes: info.Size(), modified: info.ModTime()})
	}
	if len(back) == 0 {
		return nil
	}
	return a.with(ctx, func(c *connection) error {
		fresh, err := unknownFiles(ctx, c, collection, back)
		if hasCode(err, api.CodeNotFound) {
			a.note("collection %s is gone; the files are back all the same", collection)
			return nil
		}
		if err != nil {
			return err
		}
		return sendAll(ctx, chunks(fresh), func(ctx context.Context, batch []file) error {
			return uploadBack(ctx, c, collection, batch, items)
		})
	})
}

func uploadBack(ctx context.Context, c *connection, collection string, batch []file, items map[string]movedItem) error {
	uploads := make([]api.Upload, len(batch))
	for i, f := range batch {
		item := items[f.path]
		uploads[i] = api.Upload{
			Name: f.path,
			Item: api.NewItem{ID: item.ID, Text: item.Text, Metadata: item.Metadata, Source: f.path, Modified: f.modified},
			Open: func() (io.ReadCloser, error) { return os.Open(f.path) },
		}
	}
	answer, err := c.Upload(ctx, collection, uploads)
	if err != nil {
		return err
	}
	for _, result := range answer.Results {
		if result.Error != nil {
			return fmt.Errorf("%s: %s", result.Name, result.Error.Message)
		}
	}
	return nil
}

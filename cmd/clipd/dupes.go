package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// dupesFlags say which copies are meant, and which of them is kept.
type dupesFlags struct {
	collection  string
	minCosine   float64
	maxDistance int
	similar     bool
	decided     bool
	policy      string
	folders     []string
	temporary   bool
}

func (a *app) dupesCommand() *cobra.Command {
	var f dupesFlags
	cmd := &cobra.Command{
		Use:   "dupes [DIR]",
		Short: "Find copies of pictures, and take them out of the way",
		Long: `Dupes groups the images of a collection that are copies of each other, and says by which evidence each one is: the same
bytes, the same pixels, a perceptual hash (also mirrored or rotated), or a crop. Of each group one is kept: in a preferred
folder, else the one with most pixels, most EXIF data, the better format, and so on; --keep-policy changes that, and each
copy says why it is not the one. Nothing is changed: that is the work of 'clipd dupes apply', which can be undone.

With DIR, the folder is indexed first, into a collection of its own.`,
		Example: `  clipd dupes
  clipd dupes ~/Pictures
  clipd dupes --similar                           # bursts and other near pictures, too
  clipd dupes --max-distance 20 --min-cosine 2    # perceptual hashes only
  clipd dupes --prefer-folder ~/Pictures/Originals
  clipd dupes report --html copies.html
  clipd dupes apply --move-to ~/copies`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := f.request(cmd)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.dupes(cmd.Context(), c, args, f, request)
			})
		},
	}
	f.add(a, cmd)
	f.addTemporary(cmd)
	cmd.AddCommand(a.dupesApplyCommand(), a.dupesUndoCommand(), a.dupesResumeCommand(), a.dupesReportCommand(), a.dupesPreviewCommand(),
		a.dupesDecideCommand(), a.dupesDecisionsCommand())
	return cmd
}

// addThresholds adds the flags that say what a copy is.
func (f *dupesFlags) addThresholds(a *app, cmd *cobra.Command) {
	a.collectionFlag(cmd, &f.collection, usualCollection)
	flags := cmd.Flags()
	flags.Float64Var(&f.minCosine, "min-cosine", 0, "least cosine of near vectors; above 1: vectors are not looked at (default: the model's)")
	flags.IntVar(&f.maxDistance, "max-distance", 0, "greatest Hamming distance of perceptual hashes, of 256 (default: the collection's)")
}

func (f *dupesFlags) add(a *app, cmd *cobra.Command) {
	f.addThresholds(a, cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.similar, "similar", false, "the groups of similar pictures, too")
	flags.BoolVar(&f.decided, "decided", false, "groups, too, whose copies are all to be kept")
	flags.StringVar(&f.policy, "keep-policy", "", "YAML file that says which copy is kept (default: the server's)")
	markSetting(flags.Lookup("keep-policy"))
	flags.StringArrayVar(&f.folders, "prefer-folder", nil, "keep copies below this folder (may be repeated, the most preferred first)")
}

func (f *dupesFlags) addTemporary(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.temporary, "temporary", false, "forget the collection of DIR at the end")
}

func (f *dupesFlags) request(cmd *cobra.Command) (api.DuplicatesRequest, error) {
	request := api.DuplicatesRequest{Similar: f.similar, Decided: f.decided}
	if cmd.Flags().Changed("min-cosine") {
		if f.minCosine <= 0 {
			return request, usagef("--min-cosine %g: want a number above 0, such as 0.95", f.minCosine)
		}
		request.MinCosine = &f.minCosine
	}
	if cmd.Flags().Changed("max-distance") {
		if f.maxDistance < 0 || f.maxDistance > 256 {
			return request, usagef("--max-distance %d: want 0 to 256", f.maxDistance)
		}
		request.MaxDistance = &f.maxDistance
	}
	var err error
	request.Keep, err = keepPolicy(f.policy, f.folders)
	return request, err
}

func (a *app) dupes(ctx context.Context, c *connection, dirs []string, f dupesFlags, request api.DuplicatesRequest) error {
	name, answer, err := a.findDuplicates(ctx, c, dirs, f, request)
	if err != nil {
		return err
	}
	if err := a.forgetFolder(ctx, c, dirs, f, name); err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(answer)
	}
	return a.printDuplicates(answer)
}

// forgetFolder deletes the collection that was made for a folder, where it was not to stay.
func (a *app) forgetFolder(ctx context.Context, c *connection, dirs []string, f dupesFlags, name string) error {
	if !f.temporary || len(dirs) == 0 || f.collection != "" {
		return nil
	}
	return c.DeleteCollection(ctx, name)
}

// findDuplicates indexes the folder, if one is named, and asks. It returns the collection's name, too.
func (a *app) findDuplicates(ctx context.Context, c *connection, dirs []string, f dupesFlags, request api.DuplicatesRequest) (string, api.DuplicatesResponse, error) {
	name, err := a.dupesCollection(ctx, c, dirs, f)
	if err != nil {
		return "", api.DuplicatesResponse{}, err
	}
	answer, err := c.Duplicates(ctx, name, request)
	return name, answer, err
}

// dupesCollection is the collection that is meant: that of the folder, which is brought up to date, or the chosen one.
func (a *app) dupesCollection(ctx context.Context, c *connection, dirs []string, f dupesFlags) (string, error) {
	name := f.collection
	if len(dirs) == 1 {
		var err error
		if name, err = a.indexFolder(ctx, c, dirs[0], name); err != nil {
			return "", err
		}
	}
	collection, err := a.chooseCollection(ctx, c, name)
	return collection.Name, err
}

// indexFolder brings a folder's collection up to date and returns its name. What fails is told, and not compared.
func (a *app) indexFolder(ctx context.Context, c *connection, dir, name string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if name == "" {
		name = folderCollection(dir)
	}
	var w walk
	if err := w.add(ctx, dir); err != nil {
		return "", err
	}
	if err := ensureCollection(ctx, c, name); err != nil {
		return "", err
	}
	var t tally
	if err := a.indexFiles(ctx, c, name, w.files, &t); err != nil {
		return "", err
	}
	if _, err := prune(ctx, c, name, []string{dir}); err != nil {
		return "", err
	}
	for _, failure := range t.Failures {
		a.note("not compared: %s: %s", failure.Item, failure.Error)
	}
	return name, nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9._-]+`)

// folderCollection is the name of a folder's own collection: readable, and different for each path.
func folderCollection(dir string) string {
	digest := sha256.Sum256([]byte(dir))
	base := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-"), "-._")
	if len(base) > 40 {
		base = base[:40]
	}
	return "dupes-" + strings.TrimPrefix(base+"-", "-") + hex.EncodeToString(digest[:4])
}

func (a *app) printDuplicates(answer api.DuplicatesResponse) error {
	columns := []column{{title: ""}, {title: "picture"}, {title: "size", right: true}, {title: "file", right: true}, {title: "evidence"}, {title: "kept"}}
	var rows [][]string
	for i, group := range answer.Groups {
		if i > 0 {
			rows = append(rows, make([]string, len(columns)))
		}
		rows = append(rows, a.memberRow(a.paint("keep", color.FgGreen), group.Original))
		for _, copied := range group.Copies {
			rows = append(rows, a.memberRow(a.roleOf(group, copied), copied))
		}
	}
	if len(rows) > 0 {
		if err := a.table(columns, rows); err != nil {
			return err
		}
	}
	size := sizeValue(answer.Bytes)
	_, err := fmt.Fprintf(a.out, "%s, %s among %s; the copies take %v\n",
		plural(len(answer.Groups), "group"), copies(answer.Copies), plural(answer.Images, "image"), &size)
	return err
}

// roleOf names what a picture is in its group.
func (a *app) roleOf(group api.DuplicateGroup, member api.DuplicateMember) string {
	switch {
	case group.Level == space.Similar:
		return "similar"
	case member.Kept:
		return a.paint("keep", color.FgGreen)
	}
	return "copy"
}

func (a *app) memberRow(role string, member api.DuplicateMember) []string {
	row := []string{role, describeItem(member.Item), "", "", "", member.Reason}
	if p := member.Item.Picture; p != nil {
		size := sizeValue(p.Bytes)
		row[2], row[3] = fmt.Sprintf("%d×%d", p.Width, p.Height), size.String()
	}
	if member.Proof != nil {
		row[4] = describeProof(*member.Proof)
	}
	return row
}

// describeProof says why a picture is a copy: "perceptual hash, distance 4 of 256, mirrored (cosine 0.981)".
func describeProof(proof space.Pair) string {
	text := string(proof.Evidence)
	switch proof.Evidence {
	case space.Perceptual, space.Crop:
		if proof.Common > 0 {
			text += fmt.Sprintf(", %.0f %% in common", 100*proof.Common)
		} else {
			text += fmt.Sprintf(", distance %d of 256", proof.Distance)
		}
		if proof.Transform != "" {
			text += ", " + proof.Transform
		}
		if proof.Cosine != 0 {
			text += fmt.Sprintf(" (cosine %.3f)", proof.Cosine)
		}
	case space.Semantic:
		text += fmt.Sprintf(", cosine %.3f", proof.Cosine)
	}
	return text
}

func copies(n int) string {
	if n == 1 {
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", n)
}

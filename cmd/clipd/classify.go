package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

type classifyFlags struct {
	labels   []string
	template string
	top      int

	collection string
	kind       string
	filters    []string
	other      string
	write      string
	items      int
}

func (a *app) classifyCommand() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use:   "classify [FILE...] --labels a,b,c",
		Short: "Say which of some labels fits an image, or each item of a collection, best",
		Long: `Classify compares each image with each label, put into a sentence, and prints the labels with their probabilities:
the softmax of the cosines, scaled as the model was trained. They add up to 1 over the labels given, also when none fits.

With --collection instead of files, each item of a collection gets its best label, and the labels are counted. --other
names what fits none of them; --write keeps the label in a metadata field, where filters find it.

` + filterHelp,
		Example: `  clipd classify cat.jpg --labels "cat,dog,motorcycle"
  clipd classify *.jpg --labels "day,night" --template "a photo taken at {}" --json
  clipd classify -c demo --labels "cat,motorcycle,rocket" --other "something else" --write thing`,
		Args: f.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if len(args) == 0 {
				return a.with(cmd.Context(), func(c *connection) error { return a.classifyAll(cmd.Context(), c, f) })
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.classify(cmd.Context(), c, args, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.labels, "labels", nil, "labels, with commas between them")
	flags.StringVar(&f.template, "template", "", `sentence around a label, with {} for it (default "a photo of a {}")`)
	flags.IntVar(&f.top, "top", 5, "how many labels to print for each image")
	flags.StringVarP(&f.collection, "collection", "c", "", "classify the items of this collection")
	flags.Var(choice(&f.kind, "text", "image"), "kind", "of a collection only texts, or only images: text or image")
	flags.StringArrayVar(&f.filters, "filter", nil, "of a collection only these items (may be repeated)")
	flags.StringVar(&f.other, "other", "", "label of items of a collection that fit none of the labels")
	flags.StringVar(&f.write, "write", "", "metadata field of a collection's items that the label is written into")
	flags.IntVar(&f.items, "items", 1000, "with --collection and --json: how many items to list")
	return cmd
}

// args wants files or a collection.
func (f *classifyFlags) args(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 && f.collection == "":
		return errors.New("requires at least 1 arg, or --collection")
	case len(args) > 0 && f.collection != "":
		return fmt.Errorf("%q and --collection %q: want files or a collection", args[0], f.collection)
	}
	return nil
}

func (f *classifyFlags) check() error {
	var labels []string
	for _, label := range f.labels {
		if label = strings.TrimSpace(label); label != "" {
			labels = append(labels, label)
		}
	}
	f.labels = labels
	switch {
	case f.items < 0:
		return usagef("--items %d: want 0 or more", f.items)
	case f.collection != "" && f.other != "" && len(f.labels) == 1: // one against the rest
	case len(f.labels) < 2:
		return usagef("--labels: want at least two labels, such as --labels cat,dog")
	case f.template != "" && !strings.Contains(f.template, "{}"):
		return usagef("--template %q: want a sentence with {} where the label goes", f.template)
	case f.top < 1:
		return usagef("--top %d: want a whole number of at least 1", f.top)
	}
	return nil
}

// classified is one image's answer; Error says why there is none.
type classified struct {
	File    string          `json:"file"`
	Results []space.Verdict `json:"results,omitempty"`
	Error   string          `json:"error,omitempty"`
}

// classify asks for one image after the other, so that one which fails does not take the others with it.
func (a *app) classify(ctx context.Context, c *connection, files []string, f classifyFlags) error {
	all, failed := make([]classified, 0, len(files)), 0
	for _, path := range files {
		verdicts, err := classifyFile(ctx, c, path, f)
		one := classified{File: path, Results: verdicts}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed++
			one.Error = plain(err)
			if !a.json {
				a.report("clipd classify", fmt.Errorf("%s: %w", path, err))
			}
		}
		all = append(all, one)
	}
	if err := a.printClassified(all, f.top); err != nil {
		return err
	}
	switch {
	case failed == len(files):
		return &failure{status: exitFailed, said: !a.json, err: fmt.Errorf("%d of %d images failed", failed, len(files))}
	case failed > 0:
		return &failure{status: exitPartial, said: true, err: fmt.Errorf("%d of %d images failed", failed, len(files))}
	}
	return nil
}

func classifyFile(ctx context.Context, c *connection, path string, f classifyFlags) ([]space.Verdict, error) {
	in, err := readImageInput(path)
	if err != nil {
		return nil, err
	}
	answer, err := c.Classify(ctx, api.ClassifyRequest{
		Inputs: api.EmbeddingsInput{in.Input}, Labels: f.labels, Template: f.template,
	})
	if err != nil {
		return nil, err
	}
	if len(answer.Results) != 1 {
		return nil, fmt.Errorf("the server answered %d results for one image", len(answer.Results))
	}
	return answer.Results[0], nil
}

func (a *app) printClassified(all []classified, top int) error {
	if a.json {
		return a.writeJSON(map[string]any{"files": all})
	}
	var rows [][]string
	for _, one := range all {
		for i, verdict := range one.Results[:min(top, len(one.Results))] {
			name := ""
			if i == 0 {
				name = one.File
			}
			rows = append(rows, []string{name, verdict.Label, fmt.Sprintf("%.1f %%", 100*verdict.Probability), fmt.Sprintf("%.4f", verdict.Cosine)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return a.table([]column{{title: "file"}, {title: "label"}, {title: "probability", right: true}, {title: "cosine", right: true}}, rows)
}

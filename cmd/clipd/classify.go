package main

import (
	"context"
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
}

func (a *app) classifyCommand() *cobra.Command {
	var f classifyFlags
	cmd := &cobra.Command{
		Use:   "classify FILE... --labels a,b,c",
		Short: "Say which of some labels fits an image best",
		Long: `Classify compares each image with each label, put into a sentence, and prints the labels with their probabilities:
the softmax of the cosines, scaled as the model was trained. They add up to 1 over the labels given, also when none fits.`,
		Example: `  clipd classify cat.jpg --labels "cat,dog,motorcycle"
  clipd classify *.jpg --labels "day,night" --template "a photo taken at {}" --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
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
	return cmd
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

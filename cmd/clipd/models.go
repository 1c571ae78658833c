package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/models"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/textenc"
)

const starterName = models.StarterName

// starterLine is what everybody should know who uses the starter model.
const starterLine = "The starter model knows a thousand kinds of things, not attributes or relations; `clipd models pull` brings a full CLIP."

func (a *app) modelsCommand() *cobra.Command {
	list := a.modelsListCommand()
	cmd := &cobra.Command{
		Use:     "models",
		Short:   "List models, look into one, bring, verify or remove one",
		Example: "  clipd models\n  clipd models info starter\n  clipd models pull clip-vit-base-patch32",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return helpOrSuggest(cmd, args)
			}
			return list.RunE(cmd, args)
		},
	}
	cmd.AddCommand(list, a.modelsInfoCommand(), a.modelsPullCommand(), a.modelsVerifyCommand(), a.modelsRemoveCommand())
	return cmd
}

// modelEntry is a line of the list.
type modelEntry struct {
	Name      string `json:"name"`
	Installed bool   `json:"installed"`
	InUse     bool   `json:"in_use"` // the one that --model names
	Dir       string `json:"dir,omitempty"`
	Dim       int    `json:"dim,omitempty"`
	About     string `json:"about,omitempty"`
}

func (a *app) modelsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the models that are installed, and those that can be pulled",
		Example: "  clipd models list --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			entries, err := a.listModels()
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(map[string]any{"models": entries})
			}
			return a.printModels(entries)
		},
	}
}

func (a *app) listModels() ([]modelEntry, error) {
	installed, err := models.Installed(a.modelsDir())
	if err != nil {
		return nil, err
	}
	chosen, _ := models.Find(a.modelsDir(), a.settings.model) // none: nothing is in use
	var entries []modelEntry
	have := map[string]bool{}
	for _, folder := range installed {
		entry := modelEntry{Name: folder.Name, Installed: true, Dir: folder.Dir, InUse: folder.Name == chosen.Name && folder.Dir == chosen.Dir}
		if known, ok := models.Known(folder.Name); ok {
			entry.Dim, entry.About = known.Dim, known.About
		}
		if folder.Name == starterName {
			entry.About = "built in: EfficientNet-Lite and all-MiniLM-L6-v2"
		}
		have[folder.Name] = true
		entries = append(entries, entry)
	}
	for _, known := range models.KnownModels() {
		if !have[known.Repo] {
			entries = append(entries, modelEntry{Name: known.Repo, Dim: known.Dim, About: known.About})
		}
	}
	return entries, nil
}

func (a *app) printModels(entries []modelEntry) error {
	rows := make([][]string, len(entries))
	for i, e := range entries {
		state := "can be pulled"
		switch {
		case e.InUse:
			state = "in use"
		case e.Installed:
			state = "installed"
		}
		dim := ""
		if e.Dim > 0 {
			dim = fmt.Sprint(e.Dim)
		}
		rows[i] = []string{e.Name, state, dim, e.About}
	}
	if err := a.table([]column{{title: "name"}, {title: "state"}, {title: "dim", right: true}, {title: "about"}}, rows); err != nil {
		return err
	}
	a.note("%s", starterLine)
	return nil
}

func (a *app) modelsInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "info [NAME|DIR]",
		Short:   "Show what a model is made of: towers, inputs, geometry, pooling, fingerprint",
		Example: "  clipd models info\n  clipd models info ./my-clip --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := a.settings.model
			if len(args) == 1 {
				name = args[0]
			}
			info, err := a.modelInfo(cmd.Context(), name)
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(info)
			}
			return a.printModelInfo(info)
		},
	}
}

func (a *app) modelInfo(ctx context.Context, name string) (models.Info, error) {
	runtime, err := ort.Open(ort.Options{Library: a.settings.ortLib})
	if err != nil {
		return models.Info{}, err
	}
	model, err := a.openModel(ctx, runtime, name)
	if err != nil {
		return models.Info{}, err
	}
	info, err := model.Describe(ctx)
	return info, errors.Join(err, model.Close())
}

func (a *app) printModelInfo(info models.Info) error {
	rows := [][]string{
		{"name", info.Name},
		{"fingerprint", info.Fingerprint.String()},
		{"dimensions", fmt.Sprint(info.Fingerprint.Dim)},
		{"folder", orText(info.Dir, "built into the binary")},
		{"variant", orText(info.Variant, "plain graphs")},
		{"logit scale", fmt.Sprintf("%.4g", info.LogitScale)},
		{"match from", fmt.Sprintf("cosine %.3g", info.Thresholds.Match)},
		{"duplicate from", fmt.Sprintf("cosine %.3g", info.Thresholds.Duplicate)},
	}
	if t := info.Text; t != nil {
		rows = append(rows, []string{"text tower", t.Graph}, []string{"  inputs", strings.Join(t.Inputs, "; ")},
			[]string{"  outputs", strings.Join(t.Outputs, "; ")}, []string{"  fed", fedTexts(t.Spec)}, []string{"  rewritten", rewritten(t.Rewrites)})
	}
	if i := info.Image; i != nil {
		rows = append(rows, []string{"image tower", i.Graph}, []string{"  inputs", strings.Join(i.Inputs, "; ")},
			[]string{"  outputs", strings.Join(i.Outputs, "; ") + " (taken: " + i.Output + ")"}, []string{"  fed", fedPixels(i.Spec)}, []string{"  rewritten", rewritten(i.Rewrites)})
	}
	if err := a.table([]column{{title: ""}, {title: ""}}, rows); err != nil {
		return err
	}
	if info.Note != "" {
		a.note("%s", info.Note)
	}
	return nil
}

// rewritten says what runs otherwise than a tower's file has it.
func rewritten(r *ort.Rewrites) string {
	var list []string
	if r.Trimmed {
		list = append(list, "last block for the pooled token only")
	}
	if r.Norms > 0 {
		list = append(list, fmt.Sprintf("%d layer norms in vector instructions", r.Norms))
	}
	if r.Signed > 0 {
		list = append(list, fmt.Sprintf("%d products with signed bytes", r.Signed))
	}
	return orText(strings.Join(list, "; "), "nothing: it runs as the file has it")
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// fedTexts says in a few words how the text tower is fed.
func fedTexts(s textenc.Spec) string {
	text := fmt.Sprintf("context of %d tokens, padding %v", s.ContextLength, s.Padding)
	if s.Padding == textenc.PaddingFull {
		text += fmt.Sprintf(" with %d", s.PadID)
	}
	text += fmt.Sprintf(", pooling %v", s.Pooling)
	if len(s.Dense) > 0 {
		text += fmt.Sprintf(" and Dense to %d", s.Dense[len(s.Dense)-1].Out)
	}
	if s.Clean != textenc.CleanNone {
		text += fmt.Sprintf(", cleaning %v", s.Clean)
	}
	if s.Prompt != "" {
		text += fmt.Sprintf(", prompt %q", s.Prompt)
	}
	return text
}

// fedPixels says in a few words how the image tower is fed.
func fedPixels(s preprocess.Spec) string {
	text := fmt.Sprintf("%d×%d pixels, %v resize by %v to %d", s.Width, s.Height, s.Mode, s.Filter, s.ResizeHeight)
	if s.Crop {
		text += ", centre crop"
	}
	return text + fmt.Sprintf(", mean %.4g, std %.4g (%s)", s.Mean, s.Std, s.Source)
}

func (a *app) modelsRemoveCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "rm NAME",
		Short: "Remove a model that was pulled",
		Long: `Rm removes a model's folder. Collections that it made stay, but cannot be opened without it. A model that the running
server uses is not removed: the server loads its towers again after a pause.`,
		Example: "  clipd models rm Xenova/clip-vit-base-patch32 --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := models.Find(a.modelsDir(), args[0])
			if err != nil {
				return err
			}
			if !below(folder.Dir, []string{a.modelsDir()}) || folder.Dir == a.modelsDir() {
				return fmt.Errorf("%s was not pulled; only models in %s are removed", args[0], a.modelsDir())
			}
			if err := a.checkUnused(cmd.Context(), folder.Name); err != nil {
				return err
			}
			if err := a.confirm(yes, fmt.Sprintf("Remove model %s (%s)?", folder.Name, folder.Dir)); err != nil {
				return err
			}
			if err := os.RemoveAll(folder.Dir); err != nil {
				return err
			}
			if owner := filepath.Dir(folder.Dir); owner != a.modelsDir() {
				_ = os.Remove(owner) // fails, rightly, while it holds other models
			}
			if a.json {
				return a.writeJSON(map[string]string{"removed": folder.Name})
			}
			a.note("removed %s", folder.Name)
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// checkUnused refuses a model that the running server has opened, for itself or for a collection.
func (a *app) checkUnused(ctx context.Context, name string) error {
	c, running := a.runningServer(ctx)
	if !running {
		return nil
	}
	defer c.close()
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	used := status.Model.ID == name
	for _, collection := range status.Collections {
		used = used || collection.Fingerprint.Model == name
	}
	if used {
		return fmt.Errorf("the server at %s uses model %s; stop it first", c.place, name)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/clipd/clipd/demo"
	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/models"
	"github.com/clipd/clipd/preprocess"
)

// sanityLabels are what the demo gallery's photographs show that every picture model should know.
var sanityLabels = map[string]string{
	"cat.jpg": "a cat", "coffee.jpg": "a cup of coffee", "horse.jpg": "a horse", "motorcycle.jpg": "a motorcycle", "rocket.jpg": "a rocket",
}

func sanitySet() ([]models.Shown, error) {
	var shown []models.Shown
	for _, photo := range demo.Photos() {
		label, ok := sanityLabels[photo.Name]
		if !ok {
			continue
		}
		picture, err := preprocess.Decode(photo.Name, photo.Bytes, preprocess.Limits{})
		if err != nil {
			return nil, err
		}
		shown = append(shown, models.Shown{Picture: picture, Label: label})
	}
	return shown, nil
}

// verification is what `models verify` answers.
type verification struct {
	Name        string         `json:"name"`
	Fingerprint string         `json:"fingerprint"`
	Passed      bool           `json:"passed"`
	Checks      []models.Check `json:"checks"`
}

func (a *app) modelsVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME|DIR]",
		Short: "Try a model out: do its towers agree, are its vectors sound, does it know a cat from a horse",
		Long: `Verify loads a model and checks that its towers agree, that vectors are finite and of unit length, that a batch gives
what single calls give, and that the same input gives the same vector. A model with a clipd-golden.json in its folder (texts
with ids and vectors, pictures with vectors, of its reference implementation) is held against that; of another one it
asks whether it takes five photographs for what they show. The exit status is 1 where a check fails.`,
		Example: "  clipd models verify\n  clipd models verify ./my-clip --json\n  clipd models verify clip-vit-base-patch32 --variant quantized",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := a.settings.model
			if len(args) == 1 {
				name = args[0]
			}
			found, err := a.verifyModel(cmd.Context(), name)
			if err != nil {
				return err
			}
			return a.printVerification(found)
		},
	}
}

func (a *app) verifyModel(ctx context.Context, name string) (verification, error) {
	sanity, err := sanitySet()
	if err != nil {
		return verification{}, err
	}
	runtime, err := ort.Open(ort.Options{Library: a.settings.ortLib})
	if err != nil {
		return verification{}, err
	}
	model, err := a.openModel(ctx, runtime, name)
	if err != nil {
		return verification{}, err
	}
	checks, err := model.Verify(ctx, sanity)
	failed := slices.ContainsFunc(checks, func(c models.Check) bool { return c.Result == models.Failed })
	found := verification{Name: model.Name(), Fingerprint: model.Fingerprint().String(), Passed: !failed, Checks: checks}
	return found, errors.Join(err, model.Close())
}

func (a *app) printVerification(found verification) error {
	if a.json {
		if err := a.writeJSON(found); err != nil {
			return err
		}
	} else if err := a.printChecks(found); err != nil {
		return err
	}
	if !found.Passed {
		return &failure{status: exitFailed, said: true, err: fmt.Errorf("model %s failed", found.Name)}
	}
	return nil
}

func (a *app) printChecks(found verification) error {
	colours := map[models.Result]color.Attribute{models.Passed: color.FgGreen, models.Failed: color.FgRed, models.Skipped: color.FgYellow}
	rows := make([][]string, len(found.Checks))
	for i, c := range found.Checks {
		rows[i] = []string{a.paint(string(c.Result), colours[c.Result]), c.Name, c.Detail}
	}
	if err := a.table([]column{{title: "result"}, {title: "check"}, {title: "found"}}, rows); err != nil {
		return err
	}
	verdict := "passed"
	if !found.Passed {
		verdict = "FAILED"
	}
	a.note("%s (%s): %s", found.Name, found.Fingerprint, verdict)
	return nil
}

package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clipd/clipd/models"
)

// hubFlags say which hub models come from. Besides CLIPD_… they may come from the variables that the hub's own tools
// use: HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE.
type hubFlags struct {
	endpoint string
	token    string
}

func (f *hubFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.endpoint, "hub-endpoint", "", "hub that models come from (HF_ENDPOINT; default "+models.DefaultEndpoint+")")
	flags.StringVar(&f.token, "hub-token", "", "token for models that are not public (HF_TOKEN)")
}

// complete takes what the flags leave open from the hub's own variables; it refuses where these say offline.
func (f *hubFlags) complete(lookupEnv func(string) (string, bool)) error {
	if offline, _ := lookupEnv("HF_HUB_OFFLINE"); slices.Contains([]string{"1", "on", "yes", "true"}, strings.ToLower(offline)) {
		return usagef("HF_HUB_OFFLINE=%s forbids it; unset it to pull", offline)
	}
	if f.endpoint == "" {
		f.endpoint, _ = lookupEnv("HF_ENDPOINT")
	}
	if f.token == "" {
		f.token, _ = lookupEnv("HF_TOKEN")
	}
	return nil
}

func (a *app) modelsPullCommand() *cobra.Command {
	var f hubFlags
	cmd := &cobra.Command{
		Use:   "pull REPO[@REVISION]",
		Short: "Bring a model from a Hugging Face hub",
		Long: `Pull brings the files of a model that clipd needs: owner/name, or the short name of a known one. Each file is checked
against the hub's hash; a pull that was interrupted goes on where it was. --variant takes other graphs, such as
quantized ones.`,
		Example: `  clipd models pull clip-vit-base-patch32
  clipd models pull Xenova/clip-vit-base-patch32 --variant quantized
  clipd serve --model clip-vit-base-patch32`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.complete(a.lookupEnv); err != nil {
				return err
			}
			return a.pull(cmd.Context(), args[0], f)
		},
	}
	f.add(cmd.Flags())
	markSettings(cmd.Flags())
	return cmd
}

func (a *app) pull(ctx context.Context, name string, f hubFlags) error {
	shown := &pullDisplay{a: a}
	folder, err := models.Pull(ctx, a.modelsDir(), name, models.PullOptions{
		Endpoint: f.endpoint, Token: f.token, Variant: a.settings.variant,
		Client: &http.Client{Transport: a.transport()}, Progress: shown.update,
	})
	shown.stop()
	if err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(map[string]string{"name": folder.Name, "dir": folder.Dir})
	}
	a.note("%s is in %s; use it with --model %s, for new collections", folder.Name, folder.Dir, folder.Name)
	return nil
}

// pullDisplay shows the bytes of a pull, from the moment that their number is known.
type pullDisplay struct {
	a    *app
	mu   sync.Mutex
	bar  *progress
	done int64
}

func (d *pullDisplay) update(p models.PullProgress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar == nil {
		d.bar = d.a.startProgress("pull", bytesUnit, p.Total)
	}
	d.bar.add(int(p.Done - d.done))
	d.done = p.Done
}

func (d *pullDisplay) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar != nil {
		d.bar.stop()
	}
}

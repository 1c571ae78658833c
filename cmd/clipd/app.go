package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/models"
	"github.com/clipd/clipd/space"
)

// app is one run of the command line: its console and the settings that flags, environment and file gave.
type app struct {
	console
	settings settings
	json     bool // --json: answers for programs
}

// settings are the flags that every command has. They may also come from CLIPD_… and the configuration file.
type settings struct {
	config    string
	server    string
	apiKeys   []string
	data      string
	models    string
	model     string
	variant   string
	provider  string
	ortLib    string
	threads   int
	maxPixels int64
	maxBytes  sizeValue
	logLevel  string
	logFormat string

	towers towerSettings    // of the model that this process opens
	keep   space.KeepPolicy // of a server: for requests that leave it open
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, c console, args []string) int {
	a := &app{console: c}
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		a.report(cmd.CommandPath(), err)
	}
	return statusOf(err)
}

const rootHelp = `clipd turns texts and images into vectors of one shared space, keeps them, and answers which images match a sentence,
which texts match an image, and which images are copies of each other.

Settings come from flags, else from the environment (CLIPD_…), else from clipd.yaml, else they have defaults.
Commands speak to --server, else to a clipd server that runs on the same data directory, else they do all the work
themselves.`

// root makes the whole command tree. Nothing is global: each call makes another.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "clipd",
		Short: "Find images by words, words by images, and copies",
		Long:  rootHelp,
		Example: `  clipd demo                       # index and serve a small gallery
  clipd index ~/Pictures           # index your own
  clipd search "a cat on a sofa"   # and find something in it`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          helpOrSuggest,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.prepare(cmd)
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagError)
	root.SuggestionsMinimumDistance = 2
	a.addSettings(root)
	for _, add := range []func() *cobra.Command{
		a.serveCommand, a.demoCommand, a.indexCommand, a.searchCommand, a.similarCommand, a.dupesCommand, a.embedCommand,
		a.classifyCommand, a.clusterCommand, a.modelsCommand, a.collectionsCommand, a.exportCommand, a.importCommand, a.backupCommand, a.restoreCommand,
		a.checkCommand, a.rebuildCommand, a.reindexCommand,
		a.doctorCommand, a.benchCommand, a.versionCommand,
	} {
		root.AddCommand(add())
	}
	usageArgs(root)
	return root
}

func (a *app) addSettings(root *cobra.Command) {
	s, flags := &a.settings, root.PersistentFlags()
	s.maxBytes = 64 << 20
	s.logFormat = "text"
	flags.StringVar(&s.config, "config", "", "configuration file (default "+defaultConfig()+")")
	flags.StringVar(&s.server, "server", "", "URL of a clipd server to speak to")
	flags.StringSliceVar(&s.apiKeys, "api-key", nil, "key that the server asks for; a server takes any of several")
	flags.StringVar(&s.data, "data", defaultData(), "data directory")
	flags.StringVar(&s.models, "models", "", "where pulled models lie (default: models in the data directory)")
	flags.StringVar(&s.model, "model", starterName, "model: a name of 'clipd models list', or a folder")
	flags.StringVar(&s.variant, "variant", "", "the model's graphs to take: "+strings.Join(models.Variants(), ", ")+" (default: the most exact)")
	flags.StringVar(&s.provider, "provider", "", "execution provider: cpu, cuda, coreml, openvino or xnnpack (default cpu)")
	flags.StringVar(&s.ortLib, "ort-lib", "", "ONNX Runtime library, or its folder (default: the one that is found)")
	flags.IntVar(&s.threads, "threads", 0, "threads that the encoders use; 0: all cores")
	flags.Int64Var(&s.maxPixels, "max-pixels", 100_000_000, "largest image that is decoded, in pixels")
	flags.Var(&s.maxBytes, "max-bytes", "largest image file")
	flags.Var(choice(&s.logLevel, "debug", "info", "warn", "error"), "log-level", "least level that is logged: debug, info, warn or error (default: info of servers, else warn)")
	flags.Var(choice(&s.logFormat, "text", "json"), "log-format", "form of the log: text or json")
	markSettings(flags)
	flags.BoolVar(&a.json, "json", false, "answer in JSON")
}

// prepare completes and checks the settings before any command runs.
func (a *app) prepare(cmd *cobra.Command) error {
	if err := a.configure(cmd); err != nil {
		return err
	}
	s := &a.settings
	if s.threads < 0 {
		return usagef("--threads %d: want a whole number, or 0 for all cores", s.threads)
	}
	if err := positive("max-pixels", s.maxPixels); err != nil {
		return err
	}
	if err := positive("max-bytes", int64(s.maxBytes)); err != nil {
		return err
	}
	if s.data == "" {
		return usagef("--data \"\": want a directory")
	}
	data, err := filepath.Abs(s.data)
	if err != nil {
		return fmt.Errorf("--data %q: %w", s.data, err)
	}
	s.data = data
	return nil
}

// helpOrSuggest is what a command that only holds others does: show help, or say which command was meant.
func helpOrSuggest(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return usagef("unknown command %q%s", args[0], didYouMean(quoteAll(cmd.SuggestionsFor(args[0]))))
}

func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = fmt.Sprintf("%q", word)
	}
	return quoted
}

// usageArgs makes the argument checks of all commands return usage errors.
func usageArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		usageArgs(sub)
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &failure{status: exitUsage, err: err}
		}
		return nil
	}
}

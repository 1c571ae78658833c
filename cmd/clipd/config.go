package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// settingMark is the annotation of flags that may also come from the environment and the configuration file.
const settingMark = "clipd_setting"

// markSettings lets all flags of the set be given as CLIPD_NAME and in the configuration file, and says so in their
// help.
func markSettings(flags *pflag.FlagSet) {
	flags.VisitAll(markSetting)
}

func markSetting(flag *pflag.Flag) {
	flag.Annotations = map[string][]string{settingMark: {"true"}}
	flag.Usage += " [" + envName(flag.Name) + "]"
}

func envName(flag string) string {
	return "CLIPD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configure gives each setting that is absent from the command line its value of the environment, else of the
// configuration file. What then has none keeps its default.
func (a *app) configure(cmd *cobra.Command) error {
	file, err := a.readConfig(cmd)
	if err != nil {
		return err
	}
	var failed error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if failed != nil || flag.Changed || flag.Annotations[settingMark] == nil {
			return
		}
		value, origin, found := a.lookupSetting(flag.Name, file)
		if !found {
			return
		}
		if err := setAll(flag, value); err != nil {
			failed = badValue(flag, strings.Join(value, ","), origin, err)
		}
	})
	return failed
}

// setAll sets a flag, list flags to the whole list.
func setAll(flag *pflag.Flag, values []string) error {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(values)
	}
	return flag.Value.Set(strings.Join(values, ","))
}

// lookupSetting returns a setting's value and where it comes from.
func (a *app) lookupSetting(name string, file *viper.Viper) (value []string, origin string, found bool) {
	if text, set := a.lookupEnv(envName(name)); set {
		return strings.Split(text, ","), envName(name), true
	}
	if file.IsSet(name) {
		if _, list := file.Get(name).([]any); list {
			return file.GetStringSlice(name), file.ConfigFileUsed(), true
		}
		return []string{file.GetString(name)}, file.ConfigFileUsed(), true
	}
	return nil, "", false
}

// readConfig reads the file of --config or CLIPD_CONFIG, else clipd.yaml in the user's configuration directory, which
// need not exist.
func (a *app) readConfig(cmd *cobra.Command) (*viper.Viper, error) {
	file := viper.New()
	path, chosen := a.settings.config, true
	if path == "" {
		path, _ = a.lookupEnv(envName("config"))
	}
	if path == "" {
		path, chosen = defaultConfig(), false
	}
	file.SetConfigFile(path)
	err := file.ReadInConfig()
	if errors.Is(err, fs.ErrNotExist) && !chosen {
		return file, nil
	}
	if err != nil {
		return nil, usagef("--config %q: %v", path, err)
	}
	return file, checkKeys(file, settingNames(cmd.Root()))
}

// defaultConfig is where the configuration file is looked for.
func defaultConfig() string { return filepath.Join(xdg.ConfigHome, "clipd", "clipd.yaml") }

// checkKeys refuses a file with a key that is no setting: a typing error must not be ignored silently.
func checkKeys(file *viper.Viper, names []string) error {
	for _, key := range file.AllKeys() {
		if !slices.Contains(names, key) {
			return usagef("--config %q: unknown key %q; the keys are %s", file.ConfigFileUsed(), key, strings.Join(names, ", "))
		}
	}
	return nil
}

// settingNames are the settings of all commands, sorted.
func settingNames(root *cobra.Command) []string {
	var names []string
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, flags := range []*pflag.FlagSet{cmd.PersistentFlags(), cmd.Flags()} {
			flags.VisitAll(func(flag *pflag.Flag) {
				if flag.Annotations[settingMark] != nil && flag.Name != "config" {
					names = append(names, flag.Name)
				}
			})
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	slices.Sort(names)
	return slices.Compact(names)
}

// positive is the check of numbers that must be at least 1.
func positive(flag string, value int64) error {
	if value < 1 {
		return usagef("--%s %d: want a whole number of at least 1", flag, value)
	}
	return nil
}

// defaultData is where collections are kept: clipd in the XDG data home.
func defaultData() string { return filepath.Join(xdg.DataHome, "clipd") }

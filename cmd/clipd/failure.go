package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clipd/clipd/api"
)

// Exit statuses of clipd.
const (
	exitDone        = 0   // all went well
	exitFailed      = 1   // the command failed; stderr has one line that says why
	exitUsage       = 2   // wrong command, flag or argument
	exitPartial     = 3   // the command did its work, but some items failed; its output lists them
	exitInterrupted = 130 // stopped by Ctrl-C or SIGTERM
)

// failure is an error with an exit status. Where said is true, the command has told the user already.
type failure struct {
	status int
	said   bool
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usagef is an error of the one who typed the command.
func usagef(format string, args ...any) error {
	return &failure{status: exitUsage, err: fmt.Errorf(format, args...)}
}

// statusOf is the exit status for what a command returned.
func statusOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &f):
		return f.status
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

// report writes the one line of an error: "clipd search: …".
func (a *app) report(command string, err error) {
	var f *failure
	if errors.As(err, &f) && f.said {
		return
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(a.err, "%s: %s\n", command, plain(err))
}

// plain is an error's text on one line; of an answer of the API its message, without code and HTTP status.
func plain(err error) string {
	text := err.Error()
	if refused := (*api.Error)(nil); errors.As(err, &refused) {
		text = strings.Replace(text, refused.Error(), refused.Detail.Message, 1)
	}
	return strings.Join(strings.Split(strings.TrimSpace(text), "\n"), "; ")
}

// flagError turns the flag parser's errors into this project's form: --max-pixels "12x": want a whole number.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return badValue(invalid.GetFlag(), invalid.GetValue(), "", invalid.Unwrap())
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		err = fmt.Errorf("%w%s", err, didYouMean(similarFlags(cmd, unknown.GetSpecifiedName())))
	}
	return &failure{status: exitUsage, err: err}
}

// similarFlags are the command's flags that a mistyped name is near to, by cobra's measure for commands.
func similarFlags(cmd *cobra.Command, name string) (near []string) {
	names := &cobra.Command{SuggestionsMinimumDistance: cmd.Root().SuggestionsMinimumDistance}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	for _, flag := range names.SuggestionsFor(name) {
		near = append(near, "--"+flag)
	}
	return near
}

func didYouMean(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// badValue is the error of a setting that cannot be read; origin names the environment variable or the file, if any.
func badValue(flag *pflag.Flag, value, origin string, cause error) error {
	if origin != "" {
		origin = " (from " + origin + ")"
	}
	return usagef("--%s %q%s: want %s", flag.Name, value, origin, wanted(flag, cause))
}

// wanted says in words what values a flag takes.
func wanted(flag *pflag.Flag, cause error) string {
	switch flag.Value.Type() {
	case "int", "int64", "uint", "uint64":
		return "a whole number"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a duration such as 30s or 5m"
	case "size":
		return "a size such as 500kB, 64MiB or 1GiB"
	case "kind", "mode", "choice":
		return flag.Value.(interface{ Choices() string }).Choices()
	}
	return cause.Error()
}

package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestTheGuideNamesEveryFlag: the table at the end of docs/cli.md has a row for each command, with all of its flags, and
// the rest of the page names no flag that there is not.
func TestTheGuideNamesEveryFlag(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	page, known := string(text), map[string]bool{"help": true}
	for _, cmd := range documented((&app{}).root()) {
		var flags []string
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, nameFlag(f, known)...) })
		cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, nameFlag(f, known)...) })
		row := fmt.Sprintf("| `%s` | %s |", cmd.CommandPath(), strings.Join(flags, " "))
		if len(flags) > 0 && !strings.Contains(page, row+"\n") {
			t.Errorf("docs/cli.md has not this row:\n%s", row)
		}
	}
	for _, flag := range regexp.MustCompile(`[ (`+"`"+`]--([a-z][a-z0-9-]*)`).FindAllStringSubmatch(page, -1) {
		if !known[flag[1]] {
			t.Errorf("docs/cli.md names --%s, which no command has", flag[1])
		}
	}
}

// documented are a command and those below it, but for those that cobra brings along.
func documented(cmd *cobra.Command) []*cobra.Command {
	if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
		return nil
	}
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, documented(sub)...)
	}
	return all
}

func nameFlag(f *pflag.Flag, known map[string]bool) []string {
	known[f.Name] = true
	if f.Hidden || f.Name == "help" {
		return nil
	}
	if f.Shorthand != "" {
		return []string{fmt.Sprintf("`--%s`&nbsp;`-%s`", f.Name, f.Shorthand)}
	}
	return []string{fmt.Sprintf("`--%s`", f.Name)}
}

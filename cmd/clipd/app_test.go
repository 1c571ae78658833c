package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand visits the whole tree below root.
func everyCommand(root *cobra.Command, do func(*cobra.Command)) {
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		do(cmd)
		everyCommand(cmd, do)
	}
}

func TestEveryCommandHelpsWithExamplesThatParse(t *testing.T) {
	count := 0
	root := (&app{console: console{lookupEnv: os.LookupEnv}}).root()
	everyCommand(root, func(cmd *cobra.Command) {
		count++
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s has no help or no example", cmd.CommandPath())
		}
		named := false
		for _, line := range strings.Split(cmd.Example, "\n") {
			for _, words := range shellCommands(line) {
				parseExample(t, line, words)
				named = named || strings.HasPrefix("clipd "+strings.Join(words, " "), cmd.CommandPath())
			}
		}
		if !named {
			t.Errorf("no example of %s shows it", cmd.CommandPath())
		}
	})
	if count < 15 {
		t.Errorf("only %d commands were seen", count)
	}
}

// parseExample checks that words name a command and flags that it has, with values that it takes.
func parseExample(t *testing.T, line string, words []string) {
	t.Helper()
	root := (&app{console: console{lookupEnv: os.LookupEnv}}).root() // a new one: flags keep their values
	cmd, rest, err := root.Find(words)
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Errorf("%s: %v", line, err)
	}
}

// shellCommands returns the arguments of each clipd in a line of shell.
func shellCommands(line string) [][]string {
	var found [][]string
	var words []string
	end := func() {
		for len(words) > 0 && strings.Contains(words[0], "=") && words[0] == strings.TrimLeft(words[0], "-") {
			words = words[1:] // VAR=value before the command
		}
		if len(words) > 0 && words[0] == "clipd" {
			found = append(found, words[1:])
		}
		words = nil
	}
	var word strings.Builder
	var quote rune
	inWord := false
	flush := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ':
			flush()
		case r == '|' || r == '>':
			flush()
			end()
		case r == '#' && !inWord:
			flush()
			end()
			return found
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	flush()
	end()
	return found
}

func TestSettingsComeFromFlagsThenEnvironmentThenFile(t *testing.T) {
	c := newCLI(t)
	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte("threads: 3\nmax-bytes: 1MiB\ncors-origin: [https://a.example, https://b.example]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settled := func(args ...string) *app {
		t.Helper()
		a := &app{console: console{lookupEnv: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }, out: &bytes.Buffer{}, err: &bytes.Buffer{}}}
		root := a.root()
		root.SetArgs(append([]string{"version"}, args...))
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		return a
	}
	if got := settled().settings.threads; got != 0 {
		t.Errorf("default: %d threads", got)
	}
	if a := settled("--config", file); a.settings.threads != 3 || a.settings.maxBytes != 1<<20 {
		t.Errorf("file: %d threads, %d bytes", a.settings.threads, a.settings.maxBytes)
	}
	c.env["CLIPD_THREADS"] = "5"
	if got := settled("--config", file).settings.threads; got != 5 {
		t.Errorf("environment over file: %d threads", got)
	}
	if got := settled("--config", file, "--threads", "7").settings.threads; got != 7 {
		t.Errorf("flag over environment: %d threads", got)
	}
	c.env["CLIPD_API_KEY"] = "one,two"
	if got := settled().settings.apiKeys; len(got) != 2 || got[1] != "two" {
		t.Errorf("a list from the environment: %q", got)
	}
}

func TestBadSettingsNameTheFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	for _, test := range []struct {
		args []string
		env  string
		file string
		want string
	}{
		{args: []string{"serve", "--max-pixels", "12x"}, want: `clipd serve: --max-pixels "12x": want a whole number`},
		{args: []string{"serve", "--max-pixels", "0"}, want: `clipd serve: --max-pixels 0: want a whole number of at least 1`},
		{args: []string{"serve", "--max-body", "big"}, want: `clipd serve: --max-body "big": want a size such as 500kB, 64MiB or 1GiB`},
		{args: []string{"serve", "--shutdown-wait", "5"}, want: `clipd serve: --shutdown-wait "5": want a duration such as 30s or 5m`},
		{args: []string{"serve", "--addr", "7744"}, want: `clipd serve: --addr "7744": want host:port`},
		{args: []string{"serve", "--log-level", "loud"}, want: `clipd serve: --log-level "loud": want debug, info, warn or error`},
		{args: []string{"serve", "--nonsense"}, want: "clipd serve: unknown flag: --nonsense"},
		{args: []string{"search", "--colection", "x"}, want: "clipd search: unknown flag: --colection; did you mean --collection?"},
		{args: []string{"search", "x", "-k", "0"}, want: "clipd search: --k 0: want 1 to 1000"},
		{args: []string{"search", "x", "--offset", "-1"}, want: "clipd search: --offset -1: want 0 to 10000"},
		{args: []string{"search", "x", "--mode", "magic"}, want: `clipd search: --mode "magic": want hybrid, vector or keyword`},
		{args: []string{"search"}, want: "clipd search: nothing to search for"},
		{args: []string{"index"}, want: "clipd index: nothing to index"},
		{args: []string{"classify", "a.jpg", "--labels", "cat"}, want: "clipd classify: --labels: want at least two labels"},
		{args: []string{"classify"}, want: "clipd classify: requires at least 1 arg"},
		{args: []string{"bench", "encode", "--sizes", "640"}, want: `clipd bench encode: --sizes "640": want width x height`},
		{args: []string{"serve", "--load", "soon"}, want: `clipd serve: --load "soon": want start or lazy`},
		{args: []string{"serve", "--unload-after", "-1s"}, want: "clipd serve: --unload-after -1s: want a time such as 10m"},
		{args: []string{"serve", "--max-queue", "0"}, want: "clipd serve: --max-queue"},
		{args: []string{"bench", "encode", "--seconds", "9999"}, want: "clipd bench encode: --seconds 9999"},
		{args: []string{"version"}, env: "many", want: `clipd version: --threads "many" (from CLIPD_THREADS): want a whole number`},
		{args: []string{"version"}, file: "threads: [x]\n", want: `clipd version: --threads "x" (from ` + file + `): want a whole number`},
		{args: []string{"version"}, file: "treads: 3\n", want: `unknown key "treads"`},
		{args: []string{"version"}, file: "a: [\n", want: `clipd version: --config "` + file},
		{args: []string{"searhc"}, want: `clipd: unknown command "searhc"; did you mean "search"?`},
		{args: []string{"collections", "creat"}, want: `clipd collections: unknown command "creat"; did you mean "create"?`},
	} {
		c := newCLI(t)
		if test.env != "" {
			c.env["CLIPD_THREADS"] = test.env
		}
		if test.file != "" {
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			c.env["CLIPD_CONFIG"] = file
		}
		got := c.run(test.args...)
		if got.status != exitUsage || !strings.Contains(got.err, test.want) || strings.Count(got.err, "\n") != 1 {
			t.Errorf("clipd %s: status %d, %q; want status %d and one line with %q", strings.Join(test.args, " "), got.status, got.err, exitUsage, test.want)
		}
	}
}

func TestServeHelpListsAllSettings(t *testing.T) {
	got := newCLI(t).must(t, exitDone, "serve", "--help")
	for _, want := range []string{"--addr", "--api-key", "--cors-origin", "--max-pixels", "--max-bytes", "--max-body", "--model", "--threads", "CLIPD_MAX_PIXELS", "CLIPD_ADDR"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the help does not name %s", want)
		}
	}
}

func TestVersionJSON(t *testing.T) {
	got := decode[build](t, newCLI(t).must(t, exitDone, "version", "--json"))
	if got.Version == "" || got.Go == "" {
		t.Errorf("got %+v", got)
	}
}

func TestCompletion(t *testing.T) {
	if got := newCLI(t).must(t, exitDone, "completion", "bash"); !strings.Contains(got.out, "clipd") {
		t.Error("no completion for bash")
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	got := newCLI(t).must(t, exitFailed, "collections", "--server", "http://127.0.0.1:1")
	if !strings.Contains(got.err, "no clipd server answers at http://127.0.0.1:1") {
		t.Errorf("got %q", got.err)
	}
	newCLI(t).must(t, exitUsage, "collections", "--server", "nowhere")
}

func TestServerFile(t *testing.T) {
	data := t.TempDir()
	if err := writeServerFile(data, serverFile{URL: "http://127.0.0.1:9", PID: os.Getpid(), Key: "secret"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(serverFilePath(data))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: want 0600, for the key", info.Mode(), err)
	}
	other, err := json.Marshal(serverFile{PID: os.Getpid() + 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := removeServerFile(data); err != nil {
		t.Fatal(err)
	}
	if _, err := readServerFile(data); err == nil {
		t.Error("the file is still there")
	}
	if err := os.WriteFile(serverFilePath(data), other, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := removeServerFile(data); err != nil {
		t.Fatal(err)
	}
	if _, err := readServerFile(data); err != nil {
		t.Error("another process's file was removed")
	}
}

func TestFolderCollection(t *testing.T) {
	a, b := folderCollection("/home/me/My Pictures!"), folderCollection("/mnt/My Pictures!")
	if !strings.HasPrefix(a, "dupes-my-pictures-") || a == b {
		t.Errorf("got %q and %q, want readable names that differ", a, b)
	}
	if got := folderCollection("/" + strings.Repeat("x", 300)); len(got) > 64 {
		t.Errorf("%q is too long", got)
	}
	if got := folderCollection("/"); !strings.HasPrefix(got, "dupes-") || strings.Contains(got, "--") {
		t.Errorf("root: %q", got)
	}
}

func TestBelow(t *testing.T) {
	for _, test := range []struct {
		path string
		want bool
	}{{"/a/b/c.jpg", true}, {"/a/b", true}, {"/a/bc/d.jpg", false}, {"/a", false}, {"b/c.jpg", false}, {"/a/b/..c", true}} {
		if got := below(test.path, []string{"/x", "/a/b"}); got != test.want {
			t.Errorf("below(%q) is %v", test.path, got)
		}
	}
}

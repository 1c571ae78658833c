// Command testsum reads the events of `go test -json` and writes what a person wants to know: a line per package, the
// whole output of what failed, every skipped test with its reason, and at the end how many passed and failed. Its exit
// status is 1 where something failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	sum := newSummary(os.Stdout)
	if err := sum.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(2)
	}
	if !sum.finish() {
		os.Exit(1)
	}
}

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action      string
	Package     string
	Test        string
	Elapsed     float64
	Output      string
	ImportPath  string // of build events
	FailedBuild string // of a package that did not compile
}

type counts struct{ passed, failed, skipped int }

type summary struct {
	out      io.Writer
	total    counts
	packages map[string]*counts
	output   map[string]*strings.Builder // by package, test or build
	skips    []string
	broken   int // packages that failed without a failed test: they did not compile, or crashed
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, packages: map[string]*counts{}, output: map[string]*strings.Builder{}}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(s.out, "%s", line) // not from the tests: a message of the go command
			} else {
				s.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) take(e event) {
	switch e.Action {
	case "output":
		s.text(e.Package, e.Test).WriteString(e.Output)
	case "build-output":
		s.text(e.ImportPath, "").WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test != "" {
			s.endTest(e)
		} else if e.Package != "" {
			s.endPackage(e)
		}
	}
}

func (s *summary) text(pkg, test string) *strings.Builder {
	key := pkg + " " + test
	if s.output[key] == nil {
		s.output[key] = &strings.Builder{}
	}
	return s.output[key]
}

func (s *summary) pkg(name string) *counts {
	if s.packages[name] == nil {
		s.packages[name] = &counts{}
	}
	return s.packages[name]
}

func (s *summary) endTest(e event) {
	count := s.pkg(e.Package)
	text := s.text(e.Package, e.Test).String()
	switch e.Action {
	case "pass":
		count.passed++
		s.total.passed++
	case "fail":
		count.failed++
		s.total.failed++
		fmt.Fprintf(s.out, "FAIL  %s %s\n%s", e.Package, e.Test, indented(text))
	case "skip":
		count.skipped++
		s.total.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(text)))
	}
	delete(s.output, e.Package+" "+e.Test)
}

func (s *summary) endPackage(e event) {
	count := s.pkg(e.Package)
	ran := count.passed + count.failed + count.skipped
	switch {
	case e.Action == "fail":
		if count.failed == 0 {
			s.broken++
			text := s.text(e.Package, "").String()
			if e.FailedBuild != e.Package {
				text += s.text(e.FailedBuild, "").String()
			}
			fmt.Fprintf(s.out, "FAIL  %s\n%s", e.Package, indented(text+s.unfinished(e.Package)))
			return
		}
		fmt.Fprintf(s.out, "FAIL  %-52s %3d of %d tests failed, %.1f s\n", e.Package, count.failed, ran, e.Elapsed)
	case ran == 0:
		fmt.Fprintf(s.out, "-     %-52s no tests\n", e.Package)
	default:
		fmt.Fprintf(s.out, "ok    %-52s %4d tests, %.1f s\n", e.Package, ran, e.Elapsed)
	}
}

// unfinished is the output of tests that never ended, because the package crashed.
func (s *summary) unfinished(pkg string) string {
	var texts []string
	for key, text := range s.output {
		if name, test, _ := strings.Cut(key, " "); name == pkg && test != "" {
			texts = append(texts, text.String())
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, "")
}

// reason is what a test logged before it was skipped: the line `file.go:12: why`.
func reason(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		if _, why, found := strings.Cut(line, ": "); found {
			return why
		}
		return line
	}
	return "no reason given"
}

func indented(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "=== ") {
			continue
		}
		out.WriteString("      " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return out.String()
}

// finish writes the end and says whether all is well.
func (s *summary) finish() bool {
	if len(s.skips) > 0 {
		fmt.Fprintf(s.out, "\nSKIPPED, so nothing is known of it:\n")
		for _, skip := range s.skips {
			fmt.Fprintf(s.out, "  %s\n", skip)
		}
	}
	if s.broken > 0 {
		fmt.Fprintf(s.out, "\n%d packages did not compile or crashed.\n", s.broken)
	}
	fmt.Fprintf(s.out, "\n%d passed, %d failed, %d skipped\n", s.total.passed, s.total.failed+s.broken, s.total.skipped)
	return s.total.failed+s.broken == 0 && s.total.passed > 0
}

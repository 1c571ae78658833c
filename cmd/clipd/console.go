package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// console is what a command reads from and writes to. Answers go to out; everything else (progress, notes, questions,
// errors) goes to err, so that an answer can be piped.
type console struct {
	in        io.Reader
	out       io.Writer
	err       io.Writer
	lookupEnv func(string) (string, bool)

	inTerminal  bool // a person is there to be asked
	outTerminal bool
	errTerminal bool // progress may be drawn
}

// newConsole is the process's own standard streams and environment.
func newConsole() console {
	return console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, lookupEnv: os.LookupEnv,
		inTerminal:  isTerminal(os.Stdin),
		outTerminal: isTerminal(os.Stdout),
		errTerminal: isTerminal(os.Stderr),
	}
}

func isTerminal(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd())
}

// coloured says whether output for people may have colours: on a terminal, unless NO_COLOR is set (no-color.org).
func (c console) coloured() bool {
	if value, set := c.lookupEnv("NO_COLOR"); set && value != "" {
		return false
	}
	if term, _ := c.lookupEnv("TERM"); term == "dumb" {
		return false
	}
	return c.outTerminal
}

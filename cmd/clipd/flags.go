package main

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/pflag"
)

// sizeValue is a flag that holds a number of bytes, written as 64MiB or 500kB.
type sizeValue int64

func (s *sizeValue) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || int64(n) < 0 {
		return fmt.Errorf("%q is no size", text)
	}
	*s = sizeValue(n)
	return nil
}

func (s *sizeValue) String() string { return humanize.IBytes(uint64(*s)) }
func (s *sizeValue) Type() string   { return "size" }

// choiceValue is a flag that holds one of a few words.
type choiceValue struct {
	to      *string
	choices []string
}

// choice makes a flag value out of a variable, which holds the default.
func choice(to *string, choices ...string) *choiceValue { return &choiceValue{to, choices} }

func (c *choiceValue) Set(text string) error {
	for _, word := range c.choices {
		if text == word {
			*c.to = text
			return nil
		}
	}
	return fmt.Errorf("%q is not one of them", text)
}

func (c *choiceValue) String() string {
	if c.to == nil {
		return ""
	}
	return *c.to
}
func (c *choiceValue) Type() string { return "choice" }

// Choices is the list in words: "text or image".
func (c *choiceValue) Choices() string {
	last := len(c.choices) - 1
	if last == 0 {
		return c.choices[0]
	}
	return strings.Join(c.choices[:last], ", ") + " or " + c.choices[last]
}

var _, _ pflag.Value = (*sizeValue)(nil), (*choiceValue)(nil)

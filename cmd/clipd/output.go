package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// writeJSON writes one value as indented JSON.
func (a *app) writeJSON(value any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// note writes a line for the person at the terminal, apart from the answer.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, format+"\n", args...)
}

// paint colours text where colours are welcome.
func (a *app) paint(text string, attributes ...color.Attribute) string {
	if !a.coloured() || text == "" {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}

// column is one column of a table.
type column struct {
	title string
	right bool // numbers
}

// table writes rows in aligned columns, without frame.
func (a *app) table(columns []column, rows [][]string) error {
	header, align := make([]string, len(columns)), make(tw.Alignment, len(columns))
	for i, c := range columns {
		header[i], align[i] = a.paint(c.title, color.Bold), tw.AlignLeft
		if c.right {
			align[i] = tw.AlignRight
		}
	}
	plain := tw.Padding{Left: "", Right: "  ", Overwrite: true}
	cells := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
		Padding:    tw.CellPadding{Global: plain},
	}
	var text strings.Builder
	writer := tablewriter.NewTable(&text,
		tablewriter.WithConfig(tablewriter.Config{Header: cells, Row: cells}),
		tablewriter.WithRendition(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
		}),
	)
	if slices.ContainsFunc(columns, func(c column) bool { return c.title != "" }) {
		writer.Header(header)
	}
	if err := writer.Bulk(rows); err != nil {
		return err
	}
	if err := writer.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(a.out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// plural writes a number with its noun: "1 group", "2 groups".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

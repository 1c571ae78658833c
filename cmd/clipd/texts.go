package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/clipd/clipd/api"
)

// textsHelp describes the files that readTexts reads.
const textsHelp = `Texts come from
  .jsonl  one object a line: {"text": "…", "id": "…", "source": "…", "metadata": {…}}; only text is required
  .csv    with a header: the columns text, id and source are what they say, all others become metadata
          (numbers and true/false as such)
  .txt    one text a line; "-" reads such lines from standard input
A text without an id gets one from its source, else from its content.`

// maxTextBytes bounds one line of a texts file.
const maxTextBytes = 4 << 20

// readTexts reads a file of texts; its name says the form. Each record goes to do; a bad one goes to bad, with its
// line, and reading goes on.
func readTexts(name string, r io.Reader, do func(api.NewItem) error, bad func(line int, err error)) error {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl", ".ndjson":
		return readJSONL(r, do, bad)
	case ".csv":
		return readCSV(r, do, bad)
	case ".txt", "":
		return readLines(r, do, bad)
	}
	return usagef("--texts %q: want a .jsonl, .csv or .txt file", name)
}

func readJSONL(r io.Reader, do func(api.NewItem) error, bad func(int, error)) error {
	return eachLine(r, func(n int, line []byte) error {
		item, err := parseTextRecord(line)
		if err != nil {
			bad(n, err)
			return nil
		}
		return do(item)
	}, bad)
}

// textRecord is a line of a .jsonl file. It has no image: pictures are indexed from their files.
type textRecord struct {
	ID       string         `json:"id"`
	Text     string         `json:"text"`
	Source   string         `json:"source"`
	Metadata map[string]any `json:"metadata"`
}

func parseTextRecord(line []byte) (api.NewItem, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	var record textRecord
	if err := decoder.Decode(&record); err != nil {
		return api.NewItem{}, err
	}
	if strings.TrimSpace(record.Text) == "" {
		return api.NewItem{}, errors.New(`it has no "text"`)
	}
	return api.NewItem{ID: record.ID, Text: record.Text, Source: record.Source, Metadata: record.Metadata}, nil
}

func readLines(r io.Reader, do func(api.NewItem) error, bad func(int, error)) error {
	return eachLine(r, func(_ int, line []byte) error { return do(api.NewItem{Text: string(line)}) }, bad)
}

// eachLine gives every line that is not blank, with its number from 1. A line over the bound goes to bad and ends
// the reading.
func eachLine(r io.Reader, do func(n int, line []byte) error, bad func(int, error)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTextBytes)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(line) == 0 {
			continue
		}
		if err := do(n, line); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		bad(n+1, fmt.Errorf("the line is longer than %d bytes; what follows it was not read", maxTextBytes))
		return nil
	}
	return lines.Err()
}

func readCSV(r io.Reader, do func(api.NewItem) error, bad func(int, error)) error {
	rows := csv.NewReader(r)
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if !slices.Contains(header, "text") {
		return fmt.Errorf("the header has no column \"text\"; it has %s", strings.Join(header, ", "))
	}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			bad(parse.Line, parse.Err)
			continue
		}
		if err != nil {
			return err
		}
		line, _ := rows.FieldPos(0)
		item, err := csvItem(header, row)
		if err != nil {
			bad(line, err)
			continue
		}
		if err := do(item); err != nil {
			return err
		}
	}
}

func csvItem(header, row []string) (api.NewItem, error) {
	item := api.NewItem{Metadata: map[string]any{}}
	for i, name := range header {
		switch {
		case name == "text":
			item.Text = row[i]
		case name == "id":
			item.ID = row[i]
		case name == "source":
			item.Source = row[i]
		case row[i] != "":
			item.Metadata[name] = csvValue(row[i])
		}
	}
	if strings.TrimSpace(item.Text) == "" {
		return item, errors.New("its text is empty")
	}
	return item, nil
}

// csvValue reads numbers that are written the usual way and true/false; "007" stays text.
func csvValue(text string) any {
	if number, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(number, 'f', -1, 64) == text {
		return number
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}

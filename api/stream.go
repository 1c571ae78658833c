package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Progress says how far long work is. It comes on lines of its own before the result.
type Progress struct {
	Stage string `json:"stage"` // "store", "vectors", "words", ...
	Done  int    `json:"done"`
	Total int    `json:"total"` // 0: not known
}

// StreamLine is one line of an answer that reports while it works (application/x-ndjson): progress, any number of
// times, and at the end either the result or an error.
type StreamLine[Result any] struct {
	Progress *Progress    `json:"progress,omitempty"`
	Result   *Result      `json:"result,omitempty"`
	Error    *ErrorDetail `json:"error,omitempty"`
}

// maxStreamLine bounds one line: a report with its faults.
const maxStreamLine = 16 << 20

// follow sends in as JSON and reads the answer's lines; watch, where it is not nil, is told each progress.
func follow[Result any](ctx context.Context, c *Client, path string, in any, watch func(Progress)) (Result, error) {
	var none Result
	var content body = emptyBody{}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return none, fmt.Errorf("POST %s: encode the request: %w", path, err)
		}
		content = jsonBody(data)
	}
	resp, err := c.do(ctx, http.MethodPost, path, content)
	if err != nil {
		return none, err
	}
	defer resp.Body.Close()
	result, err := readStream[Result](resp.Body, watch)
	if err != nil {
		return none, fmt.Errorf("POST %s: %w", path, err)
	}
	return result, nil
}

func readStream[Result any](from io.Reader, watch func(Progress)) (Result, error) {
	var none Result
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxStreamLine)
	for lines.Scan() {
		var line StreamLine[Result]
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return none, fmt.Errorf("read the answer: %w", err)
		}
		switch {
		case line.Error != nil:
			return none, &Error{Status: http.StatusOK, Detail: *line.Error}
		case line.Result != nil:
			return *line.Result, nil
		case line.Progress != nil && watch != nil:
			watch(*line.Progress)
		}
	}
	if err := lines.Err(); err != nil {
		return none, fmt.Errorf("read the answer: %w", err)
	}
	return none, errors.New("the answer ended before the work did")
}

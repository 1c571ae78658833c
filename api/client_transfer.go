package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxTransferLine bounds a line of an export: an item with its text, vector and thumbnail.
const maxTransferLine = 64 << 20

// Export calls GET …/export and gives its lines to yield, the header first and the end last. An export that is cut off
// is an error.
func (c *Client) Export(ctx context.Context, collection string, yield func(TransferLine) error) error {
	resp, err := c.do(ctx, http.MethodGet, collectionPath(collection, "export"), emptyBody{})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return readTransfer(resp.Body, yield)
}

func readTransfer(from io.Reader, yield func(TransferLine) error) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), maxTransferLine)
	for lines.Scan() {
		var line TransferLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		if line.Error != nil {
			return &Error{Status: http.StatusOK, Detail: *line.Error}
		}
		if err := yield(line); err != nil {
			return err
		}
		if line.End != nil {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the export: %w", err)
	}
	return errors.New("the export was cut off")
}

// Import calls POST …/import with a header and lines. trust lets a header without fingerprint in: the caller answers for the
// vectors being of the collection's model. Lines that fail are in the response, not in the error.
func (c *Client) Import(ctx context.Context, collection string, header TransferHeader, lines []TransferLine, trust bool) (ImportResponse, error) {
	var out ImportResponse
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(TransferLine{Header: &header}); err != nil {
		return out, fmt.Errorf("import: %w", err)
	}
	for i := range lines {
		if err := encoder.Encode(&lines[i]); err != nil {
			return out, fmt.Errorf("import: line %d: %w", i+2, err)
		}
	}
	path := collectionPath(collection, "import")
	if trust {
		path += "?trust=true"
	}
	err := c.decode(ctx, http.MethodPost, path, ndjsonBody(content.Bytes()), &out)
	return out, err
}

type ndjsonBody []byte

func (b ndjsonBody) open() (io.ReadCloser, string) {
	return io.NopCloser(bytes.NewReader(b)), "application/x-ndjson"
}

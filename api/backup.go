package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Backup calls GET …/backup: a tar archive with a consistent copy of the collection (docs/formats.md). Where check is true,
// the server verifies the copy before it sends it. The caller reads to the end and closes.
func (c *Client) Backup(ctx context.Context, collection string, check bool) (io.ReadCloser, error) {
	resp, err := c.do(ctx, http.MethodGet, fmt.Sprintf("%s?check=%t", collectionPath(collection, "backup"), check), emptyBody{})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Restore calls POST /v1/restore: makes a collection of a backup, which is verified before. An empty name takes that of the
// backup. open begins the archive anew for each attempt.
func (c *Client) Restore(ctx context.Context, name string, open func() (io.ReadCloser, error)) (CheckReport, error) {
	path := "/v1/restore"
	if name != "" {
		path += "?" + url.Values{"name": {name}}.Encode()
	}
	var out CheckReport
	err := c.decode(ctx, http.MethodPost, path, archiveBody{open}, &out)
	return out, err
}

// archiveBody is a tar archive that is read while it is sent.
type archiveBody struct {
	begin func() (io.ReadCloser, error)
}

func (b archiveBody) open() (io.ReadCloser, string) {
	content, err := b.begin()
	if err != nil {
		reader, writer := io.Pipe()
		writer.CloseWithError(err)
		return reader, "application/x-tar"
	}
	return content, "application/x-tar"
}

package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// Upload is an image file on its way to POST …/items or …/search.
type Upload struct {
	Name string                        // file name, for messages
	Item NewItem                       // what is known about it: id, caption, source, modification time, metadata
	Open func() (io.ReadCloser, error) // called once an attempt, when the file's turn comes
}

// Upload sends image files to POST …/items as one multipart stream, one file in memory at a time. The i-th result is
// the i-th file's; a file that cannot be read fails alone, with CodeUnreadable.
func (c *Client) Upload(ctx context.Context, collection string, files []Upload) (AddResponse, error) {
	parts := make([]part, 0, len(files)+1)
	items := AddItems{Items: make([]NewItem, len(files))}
	for i, file := range files {
		items.Items[i] = file.Item
	}
	parts = append(parts, part{field: "items", value: items})
	for i := range files {
		parts = append(parts, part{field: "file", file: &files[i]})
	}
	form := &formBody{parts: parts, maxFile: c.opts.MaxFile}
	var out AddResponse
	err := c.decode(ctx, http.MethodPost, collectionPath(collection, "items"), form, &out)
	if err != nil {
		return out, err
	}
	if len(out.Results) != len(files) {
		return out, fmt.Errorf("the server answered %d results for %d files", len(out.Results), len(files))
	}
	for i, failure := range form.failures() {
		out.Results[i].Error = &ErrorDetail{
			Message: failure.Error(), Type: TypeInvalidRequest, Code: CodeUnreadable, Item: files[i].Name,
		}
	}
	return out, nil
}

// SearchImage calls POST …/search with an image file beside the query.
func (c *Client) SearchImage(ctx context.Context, collection string, req SearchRequest, image Upload) (SearchResponse, error) {
	form := &formBody{
		parts:   []part{{field: "query", value: req}, {field: "image", file: &image}},
		maxFile: c.opts.MaxFile,
	}
	var out SearchResponse
	err := c.decode(ctx, http.MethodPost, collectionPath(collection, "search"), form, &out)
	for _, failure := range form.failures() {
		return out, failure // it explains why the server got an empty image
	}
	return out, err
}

// part is one part of a form: a value, sent as JSON, or a file.
type part struct {
	field string
	value any
	file  *Upload
}

// formBody is a multipart body that is written while it is sent. A file that cannot be read is sent empty, for the
// parts that follow must keep their places; its error is kept.
type formBody struct {
	parts   []part
	maxFile int64
	failed  map[int]error // of the attempt that was made last, by position among the files
	written chan struct{} // closed when that attempt's writer is done
}

func (f *formBody) open() (io.ReadCloser, string) {
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	failed, written := map[int]error{}, make(chan struct{})
	f.failed, f.written = failed, written
	go func() {
		defer close(written)
		// A closed reader ends the writing: the transport closes the body when the request is over.
		writer.CloseWithError(f.write(form, failed))
	}()
	return reader, form.FormDataContentType()
}

// failures waits for the writer of the last attempt and returns the errors of files that could not be read.
func (f *formBody) failures() map[int]error {
	if f.written == nil {
		return nil
	}
	<-f.written
	return f.failed
}

func (f *formBody) write(form *multipart.Writer, failed map[int]error) error {
	position := 0
	for _, p := range f.parts {
		if p.file == nil {
			if err := writeValue(form, p.field, p.value); err != nil {
				return err
			}
			continue
		}
		data, err := readUpload(*p.file, f.maxFile)
		if err != nil {
			failed[position] = err
		}
		if err := writeFile(form, p.field, p.file.Name, data); err != nil {
			return err
		}
		position++
	}
	return form.Close()
}

func writeValue(form *multipart.Writer, field string, value any) error {
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", mime.FormatMediaType("form-data", map[string]string{"name": field}))
	header.Set("Content-Type", "application/json")
	w, err := form.CreatePart(header)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(value)
}

func writeFile(form *multipart.Writer, field, name string, data []byte) error {
	w, err := form.CreateFormFile(field, name)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

func readUpload(file Upload, maxFile int64) ([]byte, error) {
	if file.Open == nil {
		return nil, errors.New("the upload has no content")
	}
	stream, err := file.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(stream, maxFile+1))
	if closeErr := stream.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file.Name, err)
	}
	if int64(len(data)) > maxFile {
		return nil, fmt.Errorf("read %s: more than %d bytes", file.Name, maxFile)
	}
	return data, nil
}
